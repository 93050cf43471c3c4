"""What the control page shows of Adyen's side: the latest payments, and the test cards."""

import orjson

from app.sandbox.adyen import cards
from app.sandbox.adyen_money import show
from app.sandbox.errors import Json
from app.sandbox.store import Transaction

WORDS = {
    "waiting": ("waits for the shopper or the bank", "soft"),
    "refused": ("refused", "bad"),
    "authorised": ("authorised", "soft"),
    "captured": ("captured", "good"),
    "released": ("let go", "soft"),
    "capture_failed": ("capture failed", "bad"),
    "authenticated": ("authenticated only", "soft"),
}
THREE_D = {
    "none": "succeeds",
    "frictionless": "3D Secure: the bank looks at the device and is content",
    "full": "3D Secure: the bank looks at the device, then asks for the password",
    "challenge": "3D Secure: the bank asks for the password",
}


def latest(unit: Transaction, limit: int) -> list[Json]:
    """The latest payments, newest first, as the page shows a charge."""
    rows = unit.run(
        "SELECT account, body FROM objects WHERE kind = 'adyen_payment' ORDER BY seq DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [_row(account, orjson.loads(text)) for account, text in rows]


def _row(account: str, payment: Json) -> Json:
    word, tone = WORDS[payment["state"]]
    if payment["refunded"]:
        is_all = payment["refunded"] == payment["captured"]
        word, tone = "refunded" if is_all else "partly refunded", "soft"
    elif payment["state"] == "refused":
        word = payment["result"]["refusalReason"].lower()
    amount, card = payment["amount"], payment["card"]
    return {
        "account": account,
        "amount": show(amount["value"], amount["currency"]),
        "card": f"{card['brand']} ···· {card['last4']}",
        "created": payment["created"],
        "id": payment["id"],
        "intent": payment["id"],
        "tone": tone,
        "word": word,
    }


def numbers() -> list[tuple[str, str]]:
    """Each number, and what it does."""
    return [
        (
            card.number,
            f"{THREE_D[card.three_d]} ({card.brand} {card.funding.lower()}, {card.country})",
        )
        for card in cards.CARDS
    ]
