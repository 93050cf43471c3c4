"""What an event of Stripe's is about. An event is a hint: the object itself is asked for."""

from typing import Any

from app.domain.processor import News

ABOUT_PAYMENTS = (
    "payment_intent.", "charge.", "refund.", "cash_balance.", "customer_cash_balance_transaction.",
)  # fmt: skip
# Objects that belong to a customer's balance and not to one payment.
_ABOUT_PAYERS = ("cash_balance", "customer_cash_balance_transaction")


def news_of(event: dict[str, Any]) -> News:
    thing = event["data"]["object"]
    about = (str(event["id"]), str(event["type"]), bool(event["livemode"]))
    payer = _payer(thing)
    if payer is not None:
        return News(*about, None, None, payer)
    return News(*about, *_subject(thing))


def _payer(thing: dict[str, Any]) -> str | None:
    """Whose balance it is about, if it is about one."""
    if thing["object"] not in _ABOUT_PAYERS:
        return None
    customer = thing["customer"]
    return str(customer["id"] if isinstance(customer, dict) else customer)


def _subject(thing: dict[str, Any]) -> tuple[str | None, str | None]:
    kind = thing["object"]
    if kind == "payment_intent":
        return str(thing["id"]), None
    payment = thing.get("payment_intent")
    payment = payment.get("id") if isinstance(payment, dict) else payment
    return payment, str(thing["id"]) if kind == "refund" else None


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
