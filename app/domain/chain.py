"""The hash chain over a book's journals: what is hashed, and how one seal leans on the last.

A journal's line is one JSON array; its leaf is the line's SHA-256. A seal's hash is the SHA-256 of the last
seal's hash, its own number (8 bytes, the highest first) and the leaves of its journals in their order. So
whoever changes, drops, adds or moves a journal would have to redo every later seal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from json import dumps

GENESIS = bytes(32)
LEAF_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedLine:
    """One posting as it is hashed."""

    line: int
    debit: str
    credit: str
    currency: str
    amount_minor: int
    available_on: date


@dataclass(frozen=True, slots=True)
class SealedJournal:
    """One journal as it is hashed, its lines in their order."""

    merchant_id: str
    id: str
    event: str
    source_id: str
    payment_id: str | None
    event_at: datetime
    created_at: datetime
    lines: tuple[SealedLine, ...]


def line_of(journal: SealedJournal) -> str:
    """The journal as the text that is hashed; the proof that merchants download has the same lines."""
    parts = [
        journal.merchant_id,
        journal.id,
        journal.event,
        journal.source_id,
        journal.payment_id,
        journal.event_at.isoformat(timespec="microseconds"),
        journal.created_at.isoformat(timespec="microseconds"),
        [
            [
                one.line,
                one.debit,
                one.credit,
                one.currency,
                one.amount_minor,
                one.available_on.isoformat(),
            ]
            for one in journal.lines
        ],
    ]
    return dumps(parts, ensure_ascii=False, separators=(",", ":"))


def leaf_of(journal: SealedJournal) -> bytes:
    """The journal's 32 bytes in its seal."""
    return sha256(line_of(journal).encode()).digest()


def seal_hash(previous: bytes, number: int, leaves: Sequence[bytes]) -> bytes:
    """The seal over these leaves."""
    return sha256(b"".join((previous, number.to_bytes(8, "big"), *leaves))).digest()
