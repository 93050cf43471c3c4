"""Delivering an event: when it is tried again, when it is given up, and how it is signed.

The names and forms of the headers are fixed by what receivers verify with: the older scheme signs
with the whole secret as text, the standard one with the bytes that its second part encodes.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

BACKOFF_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
JITTER_PERCENT = 20
TRIED_FOR = timedelta(days=3)
MOST_RETRY_AFTER_SECONDS = 3_600

# From so many failures on, an endpoint is tried with one delivery at a time.
FAILING_FROM = 5
DISABLED_AFTER = timedelta(days=3)
DISABLED_FROM = 10
GONE = 410
ASKS_TO_WAIT = (429, 503)

SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of every secret, known to all.


def new_webhook_secret() -> str:
    """`whsec_` and 32 random bytes in base 64: one secret for both ways of signing."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def pause(tries: int, code: int | None, retry_after_seconds: int | None) -> timedelta:
    """How long to wait after the `tries`-th try: longer each time, and never all at once."""
    step = BACKOFF_SECONDS[min(max(tries, 1), len(BACKOFF_SECONDS)) - 1]
    spread = step * 1_000 * JITTER_PERCENT // 100
    wait = timedelta(milliseconds=step * 1_000 - spread + secrets.randbelow(2 * spread + 1))
    if code in ASKS_TO_WAIT and retry_after_seconds is not None:
        return max(wait, timedelta(seconds=min(retry_after_seconds, MOST_RETRY_AFTER_SECONDS)))
    return wait


def is_given_up(first_attempt_at: datetime, next_attempt_at: datetime) -> bool:
    """Whether the next try would come too late to be made."""
    return next_attempt_at > first_attempt_at + TRIED_FOR


def is_to_be_disabled(failures: int, failing_since: datetime, now: datetime) -> bool:
    """Whether an endpoint has failed for so long that it is told nothing any more."""
    return failures >= DISABLED_FROM and now - failing_since >= DISABLED_AFTER


def signed_headers(
    event_id: str, body: bytes, keys: Sequence[str], now: datetime
) -> Mapping[str, str]:
    """What an event is sent with: signed with each secret that is valid now, the newest first."""
    timestamp = int(now.timestamp())
    older = [_hex(key.encode(), b"%d.%b" % (timestamp, body)) for key in keys]
    signed = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    standard = [_base64(_decoded(key), signed) for key in keys]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Farthing/1.0",
        "Stripe-Signature": ",".join([f"t={timestamp}", *(f"v1={mac}" for mac in older)]),
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{mac}" for mac in standard),
    }


def _decoded(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def _hex(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _base64(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()
