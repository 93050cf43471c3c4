"""The bank's side of a payment: what is held, taken, let go and given back.

Money moves here and nowhere else, and each movement is written to the true record in the same
transaction. No fee is taken: Adyen tells its fees in the settlement report.
"""

from app.sandbox import record
from app.sandbox.call import Call
from app.sandbox.errors import Json

HELD_SECONDS = 7 * 24 * 3600


def _write(call: Call, fact: str, value: int, payment: Json, refund: Json | None = None) -> None:
    charge = {
        "id": payment["id"],
        "payment_intent": payment["id"],
        "currency": payment["amount"]["currency"].lower(),
        "metadata": {
            "reference": payment["reference"],
            **({"merchantOrderReference": payment["order"]} if payment["order"] else {}),
            **payment["metadata"],
        },
    }
    about = refund and {
        "id": refund["id"],
        "metadata": {"refund_reference": refund["reference"] or ""},
    }
    record.write(call, fact, value, charge, refund=about)


def hold(call: Call, payment: Json, value: int) -> None:
    """The issuer holds the amount."""
    payment["state"] = "authorised"
    payment["authorised"] = value
    _write(call, "authorised", value, payment)


def take(call: Call, payment: Json, value: int) -> None:
    """Take `value` of what is held; the rest is let go."""
    payment["state"] = "captured"
    payment["captured"] = value
    _write(call, "captured", value, payment)
    if value < payment["authorised"]:
        _write(call, "released", payment["authorised"] - value, payment)


def let_go(call: Call, payment: Json) -> None:
    """Nothing is held any more."""
    payment["state"] = "released"
    _write(call, "released", payment["authorised"], payment)


def lose(call: Call, payment: Json) -> None:
    """The scheme does not pay what was captured."""
    payment["state"] = "capture_failed"
    _write(call, "returned", payment["captured"], payment)


def give_back(call: Call, payment: Json, value: int, refund: Json) -> None:
    """To the shopper's card."""
    payment["refunded"] += value
    _write(call, "refunded", value, payment, refund)


def get_back(call: Call, payment: Json, value: int, refund: Json) -> None:
    """A refund did not reach the card."""
    payment["refunded"] -= value
    _write(call, "refund_failed", value, payment, refund)
