"""Idempotency keys with Stripe's v1 rules.

A key belongs to one account. The first request claims it before anything is done; its status and
body are stored in the transaction of its effect, whatever they are, 402 and 500 included. The same
key with other parameters is an error, while the first is running a conflict, afterwards the stored
answer. A claim whose request never began (refused parameters, a cut line) is given up, so the key
can be used again. Keys live for 24 hours.
"""

from dataclasses import dataclass
from hashlib import sha256

from app.sandbox.errors import StripeError
from app.sandbox.store import Transaction

LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that was given before."""

    status: int
    body: bytes
    request_id: str


def fingerprint(method: str, path: str, body: bytes) -> str:
    """One value per distinct request; parameters are never kept in clear."""
    return sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def check_key(key: str) -> None:
    """Refuse keys that Stripe would refuse."""
    if len(key) > 255:
        raise StripeError(
            "Idempotency-Key is too long: at most 255 characters.",
            kind="idempotency_error",
            is_validation=True,
        )


def claim(
    unit: Transaction, account: str, key: str, print_: str, request_id: str, now: int
) -> Stored | None:
    """Take the key for this request (None), or answer what was stored, or raise 400/409."""
    unit.run(
        "DELETE FROM idempotency WHERE account = ? AND key = ? AND created < ?",
        (account, key, now - LIFETIME_SECONDS),
    )
    row = unit.run(
        "SELECT fingerprint, status, body, request_id FROM idempotency"
        " WHERE account = ? AND key = ?",
        (account, key),
    ).fetchone()
    if row is None:
        unit.run(
            "INSERT INTO idempotency (account, key, fingerprint, request_id, created)"
            " VALUES (?,?,?,?,?)",
            (account, key, print_, request_id, now),
        )
        return None
    if row[0] != print_:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            kind="idempotency_error",
            is_validation=True,
        )
    if row[1] is None:
        raise StripeError(
            "There is currently another in-progress request using this Stripe Idempotent Key "
            "(that probably means you submitted twice, and the other request is still going "
            f"through): {key}. If you still need this request to succeed, please retry later.",
            status=409,
            kind="idempotency_error",
            code="idempotency_key_in_use",
            is_validation=True,
        )
    return Stored(row[1], bytes(row[2], "utf-8"), row[3])


def keep(unit: Transaction, account: str, key: str, status: int, body: bytes) -> None:
    """Store the answer, in the transaction of the effect."""
    unit.run(
        "UPDATE idempotency SET status = ?, body = ? WHERE account = ? AND key = ?",
        (status, body.decode(), account, key),
    )


def give_up(unit: Transaction, account: str, key: str) -> None:
    """The request never began: forget the claim."""
    unit.run(
        "DELETE FROM idempotency WHERE account = ? AND key = ? AND status IS NULL", (account, key)
    )


def forget_unfinished(unit: Transaction) -> None:
    """After a restart nothing is running: a claim without an answer had no effect."""
    unit.run("DELETE FROM idempotency WHERE status IS NULL")


def prune(unit: Transaction, account: str | None, before: int) -> int:
    """Forget finished keys older than `before`; answers how many."""
    return unit.run(
        "DELETE FROM idempotency WHERE status IS NOT NULL AND created <= ?"
        " AND (? IS NULL OR account = ?)",
        (before, account, account),
    ).rowcount
