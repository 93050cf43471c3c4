"""What a processor's script in the browser makes and only the processor can read: checked for its form.

Encrypted card fields and the proof of an answer to the bank pass through us; nothing in them may be
what a card number could hide in.
"""

import json
import re
from typing import Any

from flask import request

SEALED = "scheme:"
_LONGEST_TOKEN = 40_000
_LONGEST_PROOF = 100_000
_MANY_DIGITS = re.compile(r"\d{13,}")
# The names in a sealed card: what is encrypted, who holds it, and the browser that it was typed into.
_CARD = frozenset(
    {
        "type", "brand", "holderName", "checkoutAttemptId", "sdkData", "browserInfo",
        "encryptedCardNumber", "encryptedExpiryMonth", "encryptedExpiryYear",
        "encryptedSecurityCode",
    }
)  # fmt: skip
_NEEDED = frozenset({"encryptedCardNumber", "encryptedExpiryMonth", "encryptedExpiryYear"})


def is_sealed_card(text: str) -> bool:
    """Whether it is a card as a processor's fields encrypt it, and nothing else."""
    if not text.startswith(SEALED) or len(text) > _LONGEST_TOKEN or _MANY_DIGITS.search(text):
        return False
    card = _object(text.removeprefix(SEALED))
    if card is None or not _NEEDED <= card.keys() <= _CARD:
        return False
    return all(
        isinstance(value, dict) if name == "browserInfo" else isinstance(value, str)
        for name, value in card.items()
    )


def proof_of(text: str | None) -> str | None:
    """What the browser brought back from the bank, if it is that at all."""
    if not text or len(text) > _LONGEST_PROOF:
        return None
    brought = _object(text)
    if brought is None or not isinstance(brought.get("details"), dict):
        return None
    return text


def is_back_from_elsewhere() -> bool:
    """Whether the address of this request is one that a provider's or a bank's page sent the browser to."""
    return not {"redirect_status", "redirectResult"}.isdisjoint(request.args)


def proof_in_address() -> str | None:
    """The same, out of the address that a bank's page sent the browser back to."""
    result = request.args.get("redirectResult")
    return proof_of(json.dumps({"details": {"redirectResult": result}})) if result else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
