"""Where to send a bank transfer, as a customer reads it: each fact on a line of its own, to be copied."""

from dataclasses import dataclass

from app.domain.methods.facts import ActionKind
from app.domain.money import Money
from app.services.checkout_view import PaymentView
from app.web.render import amount as written

# Our fact → what a customer's bank calls it.
_IBAN = (("holder", "Recipient"), ("iban", "IBAN"), ("bic", "BIC"))
_ABA = (
    ("holder", "Recipient"),
    ("routing", "Routing number"),
    ("number", "Account number"),
    ("account_type", "Account type"),
    ("bank", "Bank"),
)
_LINES = {"iban": _IBAN, "aba": _ABA}


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One fact: `value` is what is copied, `shown` the same in groups that are easier to read."""

    name: str
    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is still to be sent and where. `received` is nothing before a first part has come."""

    lines: tuple[TransferLine, ...]
    due: str
    received: str


def transfer_of(view: PaymentView) -> Transfer | None:
    """The instructions of a payment that waits for a transfer."""
    if view.action.get("kind") != ActionKind.TRANSFER or view.due is None:
        return None
    account = view.method_details.get("account") or {}
    facts = [
        (name, str(account[fact]))
        for fact, name in _LINES.get(str(account.get("kind")), ())
        if account.get(fact)
    ]
    facts.append(("Reference", str(view.method_details.get("reference") or view.payment_id)))
    facts.append(("Amount", f"{view.due.decimal:f}"))
    received = view.amount - view.due
    return Transfer(
        lines=tuple(_line(name, value, view.due) for name, value in facts),
        due=written(view.due),
        received=written(received) if received else "",
    )


def end_words(view: PaymentView, amount: str) -> tuple[str, str, str] | None:
    """What an end says of a payment that is made by transfer: of the money, what came of it, and a note."""
    shop = view.merchant_name
    match view.phase:
        case "paid":
            kept = f"If you sent more, the rest is kept for you: {shop} can send it back."
            return f"{amount} has arrived by bank transfer.", "Thank you.", kept
        case "returned":
            return (
                f"{amount} arrived after the payment had ended. It is kept for you.",
                f"{shop} can send it to your bank account.",
                f"To buy after all, start again at {shop}.",
            )
        case "canceled":
            sent = f"If you sent some already, it is kept for you: ask {shop} to send it back."
            return "Do not send any more money.", sent, ""
    return None


def _line(name: str, value: str, due: Money) -> TransferLine:
    shown = {"IBAN": _in_fours(value), "Amount": written(due)}.get(name, value)
    return TransferLine(name, value, shown)


def _in_fours(text: str) -> str:
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
