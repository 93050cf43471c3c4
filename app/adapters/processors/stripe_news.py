"""What an event of Stripe's is about. An event is a hint: the object itself is asked for."""

from typing import Any

from app.domain.processor import News

ABOUT_PAYMENTS = ("payment_intent.", "charge.", "refund.")


def news_of(event: dict[str, Any]) -> News:
    payment, refund = _subject(event["data"]["object"])
    return News(str(event["id"]), str(event["type"]), bool(event["livemode"]), payment, refund)


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
