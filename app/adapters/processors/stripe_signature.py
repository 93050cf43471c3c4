"""Stripe's webhook signature, checked on the raw bytes.

Stricter than the SDK's check: a time stamp from the future is refused like a stale one, the clock
is ours, and a header with many signatures is not worth reading.
"""

import hashlib
import hmac
from datetime import datetime

from app.domain.errors import SignatureInvalid

TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 10


def verify(body: bytes, header: str, secrets: tuple[str, ...], now: datetime) -> None:
    """Accept if any signature was made with any of the secrets; raises SignatureInvalid saying why
    not.
    """
    if not secrets:
        raise SignatureInvalid("No webhook secret is set for this account.")
    timestamp, signatures = _parse(header)
    if abs(int(now.timestamp()) - timestamp) > TOLERANCE_SECONDS:
        raise SignatureInvalid("The signature's time stamp is outside the tolerance.")
    signed = str(timestamp).encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(a, b) for a in expected for b in signatures]
    if not any(matches):
        raise SignatureInvalid("No signature matches the body and the secret.")


def _parse(header: str) -> tuple[int, list[str]]:
    times: list[str] = []
    signatures: list[str] = []
    for item in header.split(","):
        name, _, value = item.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            signatures.append(value)
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12):
        raise SignatureInvalid("The signature header has no single time stamp.")
    if not signatures:
        raise SignatureInvalid("The signature header has no v1 signature.")
    if len(signatures) > MOST_SIGNATURES:
        raise SignatureInvalid("The signature header has too many signatures.")
    if not all(value.isascii() for value in signatures):
        raise SignatureInvalid("The signature header has a signature that is not text.")
    return int(times[0]), signatures
