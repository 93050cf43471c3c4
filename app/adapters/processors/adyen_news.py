"""Adyen's notifications: each item's signature checked, then read for what it is about.

A message is taken whole or not at all: one item whose signature is wrong, or that belongs to another account,
refuses them all, and Adyen sends the message again. The signature covers the references, the amount, the code
and the success; the rest is only shown.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from typing import Any

from app.adapters.processors.adyen_facts import IGNORED, MEANT, Fact, read_fact
from app.adapters.processors.stripe_news import no_duplicates
from app.domain.errors import SignatureInvalid
from app.domain.processor import News, ProcessorAccount

log = logging.getLogger(__name__)

MOST_ITEMS = 100

# In the order of the signature; these two stand in `amount`, the others in the item.
_OF_AMOUNT = ("value", "currency")
_SIGNED = (
    "pspReference",
    "originalReference",
    "merchantAccountCode",
    "merchantReference",
    "value",
    "currency",
    "eventCode",
    "success",
)


def signature_of(item: dict[str, Any], key: str) -> str:
    """The HMAC of an item, made with a key in hexadecimal. The values are joined as they are: Adyen escapes
    nothing. Each is taken from where it is read afterwards, and from nowhere else.
    """
    amount = item.get("amount") or {}
    text = ":".join(_text((amount if name in _OF_AMOUNT else item).get(name)) for name in _SIGNED)
    digest = hmac.new(binascii.unhexlify(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _text(value: object) -> str:
    return "" if value is None else str(value)


def read(account: ProcessorAccount, body: bytes) -> list[News]:
    """Every item of the message; raises SignatureInvalid."""
    if not account.webhook_secrets:
        raise SignatureInvalid("No HMAC key is set for this account.")
    try:
        message = json.loads(body, object_pairs_hook=no_duplicates)
        items = [one["NotificationRequestItem"] for one in message["notificationItems"]]
        is_live = {"true": True, "false": False}[str(message["live"]).lower()]
        for item in items:
            _verify(account, item)
        news = [_news(item, is_live=is_live) for item in items]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SignatureInvalid("The body is no notification.") from error
    if not 0 < len(news) <= MOST_ITEMS:
        raise SignatureInvalid("The body has no items, or too many.")
    return news


def _verify(account: ProcessorAccount, item: dict[str, Any]) -> None:
    given = (item.get("additionalData") or {}).get("hmacSignature")
    if not isinstance(given, str) or not given.isascii():
        raise SignatureInvalid("An item has no signature.")
    if not any(_matches(given, item, account.webhook_secrets)):
        raise SignatureInvalid("No signature matches the item and the key.")
    if item.get("merchantAccountCode") != account.external_account:
        raise SignatureInvalid("An item belongs to another merchant account.")


def _matches(given: str, item: dict[str, Any], keys: Sequence[str]) -> list[bool]:
    # All of them, so that the time does not tell which key it was.
    return [hmac.compare_digest(signature_of(item, key), given) for key in keys]


def _news(item: dict[str, Any], *, is_live: bool) -> News:
    fact = read_fact(item)
    return News(
        external_id=f"{fact.psp}:{fact.code}:{str(fact.is_success).lower()}",
        kind=fact.code,
        is_live=is_live,
        payment_reference=fact.about,
        refund_reference=fact.psp if fact.is_refund else None,
        told_payment_id=fact.payment_id,
        body=json.dumps(item, sort_keys=True, separators=(",", ":")).encode(),
        why_ignored=_why_ignored(fact),
    )


def _why_ignored(fact: Fact) -> str | None:
    if fact.code in MEANT:
        return None
    why = IGNORED.get(fact.code)
    if why is None:
        log.error("processor.event_unknown", extra={"code": fact.code[:60]})
    return why or "This event code is not known here."
