"""What stands over the order and over the end of a payment: at a glance, whether money was taken."""

from dataclasses import dataclass

from app.services.checkout_view import PaymentView


@dataclass(frozen=True, slots=True)
class Slip:
    """The headings of the order's slip; the stamp says at a glance whether money was taken."""

    title: str
    total_label: str
    tone: str = ""
    stamp: str = ""


SLIPS = {
    "form": Slip("You pay", "Total"),
    "declined": Slip("You pay", "Total"),
    "action": Slip("You pay", "Total"),
    "redirect": Slip("You pay", "Total"),
    "checking": Slip("Being checked", "Total", "orange", "Checking"),
    "paid": Slip("You paid", "Total paid", "green", "Paid"),
    "authorized": Slip("Reserved, not taken", "Total reserved", "blue", "Reserved"),
    "verify": Slip("You pay", "Total", "blue", "To verify"),
    "transfer": Slip("To be sent", "Total", "blue", "Waiting"),
    "pending": Slip("To be debited", "Total", "blue", "Pending"),
    "refused": Slip("Order", "Total", "grey", "Not charged"),
    "taken_back": Slip("Order", "Total", "orange", "Taken back"),
    "expired": Slip("Order", "Total", "grey", "Not charged"),
    "canceled": Slip("Order", "Total", "grey", "Not charged"),
    "returned": Slip("Order", "Total", "orange", "Given back"),
}

_REST = Slip("Still to be sent", "Total", "blue", "Part arrived")


def slip_of(view: PaymentView) -> Slip:
    """The slip over an order; of a transfer in parts it is about the rest."""
    is_part = view.phase == "transfer" and view.due is not None and view.due < view.amount
    return _REST if is_part else SLIPS[view.phase]


END_HEADINGS = {
    "paid": "Payment complete",
    "authorized": "Your card is authorised",
    "expired": "This payment page has expired",
    "canceled": "This payment was cancelled",
    "returned": "This payment came too late",
    "refused": "Your bank did not pay",
    "taken_back": "Your bank took this payment back",
}
