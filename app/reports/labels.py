"""What a status is called on a screen, and its colour: words come from the money, not from the status alone.

A captured payment of which half went back reads "Partial refund"; the row in the table still says captured.
"""

from dataclasses import dataclass
from typing import Any

from app.domain.bank_money import is_transfer
from app.domain.methods import CARD, DELAYED, METHODS, method_of


@dataclass(frozen=True, slots=True)
class Label:
    """Words for a status. `is_live`: it will change by itself, so the screen keeps asking."""

    text: str
    tone: str
    is_live: bool = False


_PAYMENT = {
    "open": Label("Not started", "hollow"),
    "processing": Label("Processing", "blue", is_live=True),
    "unknown": Label("Checking…", "orange", is_live=True),
    "requires_action": Label("Waiting for customer", "blue", is_live=True),
    "authorized": Label("Uncaptured", "blue"),
    "returned": Label("Taken back", "red"),
    "failed": Label("Failed", "red"),
    "canceled": Label("Canceled", "grey"),
    "expired": Label("Expired", "grey"),
}
# A bank answers in days: no screen has to ask again every two seconds.
_AT_THE_BANK = Label("Waiting for bank", "blue")
_TO_COME = Label("Waiting for transfer", "blue")

_REFUND = {
    "requested": Label("Requested", "blue", is_live=True),
    "pending": Label("Pending", "blue"),
    "unknown": Label("Checking…", "orange", is_live=True),
    "succeeded": Label("Succeeded", "green"),
    "failed": Label("Failed", "red"),
}

_PAYOUT = {
    "pending": Label("Pending", "blue"),
    "unknown": Label("Checking…", "orange"),
    "in_transit": Label("On its way", "blue"),
    "paid": Label("Paid", "green"),
    "failed": Label("Failed", "red"),
    "canceled": Label("Canceled", "grey"),
}

_CHECKOUT = {
    "open": Label("Open", "blue"),
    "complete": Label("Complete", "green"),
    "expired": Label("Expired", "grey"),
}


def payment_label(
    status: str,
    *,
    captured: int,
    refunded: int,
    reserved: int,
    is_declined: bool,
    is_accepted: bool = False,
) -> Label:
    """What the payment is called, given its amounts in minor units.

    A payment that ended after a refusal failed, whatever else ended it in the books.
    """
    if is_accepted and status == "processing":
        return _AT_THE_BANK
    if is_declined and status in ("canceled", "expired"):
        return _PAYMENT["failed"]
    if status != "captured":
        return _PAYMENT[status]
    if reserved:
        return Label("Refund pending", "blue", is_live=True)
    if refunded >= captured > 0:
        return Label("Refunded", "grey")
    if refunded:
        return Label("Partial refund", "grey")
    return Label("Succeeded", "green")


def refund_label(status: str) -> Label:
    """What the refund is called."""
    return _REFUND[status]


_ESCROW = {
    "held": Label("Held", "blue"),
    "partly_released": Label("Partly released", "blue"),
    "frozen": Label("Frozen", "orange"),
    "released": Label("Released", "green"),
    "refunded": Label("Refunded", "grey"),
    "closed": Label("Released and refunded", "grey"),
}


def escrow_label(status: str) -> Label:
    """What a hold is called."""
    return _ESCROW[status]


def checkout_label(status: str) -> Label:
    """What the checkout session is called."""
    return _CHECKOUT[status]


BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


def brand_name(brand: str | None) -> str:
    """A card network's name as it writes itself."""
    return BRANDS.get(brand or "", (brand or "Card").capitalize())


def payout_label(status: str) -> Label:
    """What a payout's state is called."""
    return _PAYOUT[status]


def label_of(row: Any) -> Label:
    """What the payment of this row is called."""
    if row.status == "requires_action" and is_transfer(row.method):
        return _TO_COME
    is_slow = row.method in DELAYED and row.processor_reference is not None
    return payment_label(
        row.status,
        captured=row.captured_minor,
        refunded=row.refunded_minor,
        reserved=row.refund_reserved_minor,
        is_declined=row.decline_reason is not None,
        is_accepted=is_slow,
    )


def title_of(row: Any) -> str:
    """What the payment of this row is paid with: a card's brand, else the method; empty if not known.

    The wallet that a card came from is told apart, by `wallet_of`.
    """
    if row.method == CARD:
        return brand_name(row.card_brand) if row.card_last4 else ""
    return method_of(row.method).title


def wallet_of(row: Any) -> str:
    """The wallet that the card of this row came from, as it is called; empty if it was typed."""
    return METHODS[row.card_wallet].title if row.card_wallet in METHODS else ""
