"""Notification items of Adyen's as tests need them, signed or not."""

import json
from typing import Any

from app.adapters.processors.adyen_news import signature_of
from app.domain.processor import ProcessorAccount

KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
MERCHANT = "CornerShop"
ACCOUNT = ProcessorAccount(
    "pac_1", "acct_1", "adyen", False, "test_client", "AQEtest", (KEY,), MERCHANT
)
PAYMENT, TRY, PSP = "pi_ours", "op_first", "PSPAUTHORISED001"


def item(code: str, *, success: bool = True, **more: Any) -> dict[str, Any]:
    """One item about the payment: of a try under `PSP`, of a modification under a name of its own."""
    is_try = code in ("AUTHORISATION", "OFFER_CLOSED")
    found = {
        "eventCode": code,
        "success": str(success).lower(),
        "pspReference": PSP if is_try else f"PSP{code}"[:16],
        "merchantReference": f"{PAYMENT}.{TRY}",
        "merchantAccountCode": MERCHANT,
        "amount": {"currency": "USD", "value": 5000},
        "eventDate": "2026-03-05T10:00:00+00:00",
        "reason": "" if success else "Refused",
        "additionalData": {},
        **({} if is_try else {"originalReference": PSP}),
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def heard(*items: dict[str, Any]) -> tuple[bytes, ...]:
    """Items as the inbox keeps them."""
    return tuple(json.dumps(one, sort_keys=True).encode() for one in items)


def message(*items: dict[str, Any], key: str = KEY, live: str = "false") -> bytes:
    """What is posted: each item signed."""
    signed = [
        {
            **one,
            "additionalData": {**one["additionalData"], "hmacSignature": signature_of(one, key)},
        }
        for one in items
    ]
    wrapped = [{"NotificationRequestItem": one} for one in signed]
    return json.dumps({"live": live, "notificationItems": wrapped}).encode()
