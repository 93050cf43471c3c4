"""Notifications: each a fact of its own, signed, told at least once and in no promised order.

A notification is written in the transaction of what it tells, as an event is; the couriers deliver
it. The event faults act where deliveries are planned.
"""

import base64
import hmac
import time
from dataclasses import dataclass, field
from typing import Any

from app.sandbox import events, faults
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.ids import new_id

ENDPOINT = "adyen_endpoint"
SIGNED = (
    "pspReference",
    "originalReference",
    "merchantAccountCode",
    "merchantReference",
    "value",
    "currency",
    "eventCode",
    "success",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, before it is put into Adyen's form."""

    code: str
    psp: str
    reference: str
    amount: Json
    is_success: bool = True
    reason: str = ""
    original: str = ""
    method: str = ""
    operations: tuple[str, ...] = ()
    more: dict[str, str] = field(default_factory=dict)


def item_of(call: Call, notice: Notice) -> Json:
    """The notification item, not yet signed."""
    item: Json = {
        "additionalData": dict(notice.more),
        "amount": {"currency": notice.amount["currency"], "value": notice.amount["value"]},
        "eventCode": notice.code,
        "eventDate": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(call.now)),
        "merchantAccountCode": call.account,
        "merchantReference": notice.reference,
        "paymentMethod": notice.method,
        "pspReference": notice.psp,
        "reason": notice.reason,
        "success": "true" if notice.is_success else "false",
    }
    if notice.original:
        item["originalReference"] = notice.original
    if notice.operations:
        item["operations"] = list(notice.operations)
    return item


def tell(call: Call, notice: Notice) -> None:
    """Tell every endpoint of the account, unless a fault lies or keeps it back."""
    item = item_of(call, notice)
    lie = faults.take(call.unit, "lying_event", call.account, notice.code)
    if lie is not None:
        item["eventCode"] = str(lie.get("type", notice.code))
        item["success"] = str(lie.get("status", "true"))
    send(call, item)


def send(call: Call, item: Json) -> Json:
    """Write a notification, true or not, and plan its deliveries."""
    event = call.insert(
        {
            "id": new_id("evt"),
            "object": "event",
            "created": call.now,
            "type": item["eventCode"],
            "item": item,
        }
    )
    for endpoint in call.unit.every(call.account, ENDPOINT):
        events.plan(call, event, endpoint["id"])
    return event


def sign(item: Json, hmac_key: str) -> str:
    """The item's `hmacSignature`: over eight of its values, joined as they are."""
    values: dict[str, Any] = {**item, **item["amount"]}
    text = ":".join(str(values.get(name, "")) for name in SIGNED)
    mac = hmac.digest(bytes.fromhex(hmac_key), text.encode(), "sha256")
    return base64.b64encode(mac).decode()


def envelope(items: list[Json], hmac_key: str) -> Json:
    """The body of one delivery."""
    return {
        "live": "false",
        "notificationItems": [
            {
                "NotificationRequestItem": {
                    **item,
                    "additionalData": {
                        **item["additionalData"],
                        "hmacSignature": sign(item, hmac_key),
                    },
                }
            }
            for item in items
        ],
    }
