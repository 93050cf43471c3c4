"""API keys and idempotency keys, by Adyen's rules.

Any API key opens any merchant account, but for two: one of the form `adyen_test_NAME` opens the
merchant account NAME alone, and one that begins with `expired` or `wrong` opens nothing. An
idempotency key is good for 31 days: the first request claims it, its final answer is stored with its
effect, errors included, and given again to the same request. An answer that is transient is not
stored, and its key may be sent again as if it were new.
"""

import re
from dataclasses import dataclass

from app.sandbox import idempotency
from app.sandbox.adyen.errors import (
    AdyenError,
    in_progress,
    invalid,
    key_was_used,
    not_allowed,
    unauthorized,
)
from app.sandbox.auth import ACCOUNT as STRIPE
from app.sandbox.store import Transaction

LIFETIME_SECONDS = 31 * 24 * 3600
LONGEST = 64
_KEY = re.compile(r"[\x21-\x7e]{8,512}", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", re.ASCII)
_OF_ONE = "adyen_test_"
OTHERS = (STRIPE, "bank_sbx_")


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that was given before."""

    status: int
    body: bytes


def check_api_key(key: str | None) -> str:
    """The key, if it opens anything."""
    if key is None or not _KEY.fullmatch(key) or key.startswith(("expired", "wrong")):
        raise unauthorized()
    return key


def check_account(name: object, key: str) -> str:
    """The merchant account, if the key opens it."""
    if not isinstance(name, str) or not name:
        raise invalid("901", "Required field 'merchantAccount' is not provided.")
    if not _ACCOUNT.fullmatch(name) or name.startswith(OTHERS):
        raise AdyenError(403, "901", "Invalid Merchant Account", kind="security")
    if key.startswith(_OF_ONE) and key.removeprefix(_OF_ONE) != name:
        raise not_allowed()
    return name


def claim(unit: Transaction, account: str, key: str, mark: str, now: int) -> Stored | None:
    """Take the key for this request (None), or answer what was stored; raises 704."""
    if len(key) > LONGEST:
        raise invalid("702", f"Idempotency-Key is too long: at most {LONGEST} characters")
    unit.run(
        "DELETE FROM idempotency WHERE account = ? AND key = ? AND created < ?",
        (account, key, now - LIFETIME_SECONDS),
    )
    row = unit.run(
        "SELECT fingerprint, status, body FROM idempotency WHERE account = ? AND key = ?",
        (account, key),
    ).fetchone()
    if row is None:
        unit.run(
            "INSERT INTO idempotency (account, key, fingerprint, request_id, created)"
            " VALUES (?,?,?,'',?)",
            (account, key, mark, now),
        )
        return None
    if row[0] != mark:
        raise key_was_used()
    if row[1] is None:
        raise in_progress()
    return Stored(row[1], bytes(row[2], "utf-8"))


keep = idempotency.keep
give_up = idempotency.give_up
fingerprint = idempotency.fingerprint
