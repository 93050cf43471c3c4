"""Checks of books as rows, the keys that sign their downloads, and what a check reads besides journals.

Only `services.proof` and `services.proof_keys` write here.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import LargeBinary, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.proof import Account, AccountDay, Seal, Sides
from app.store.books import BookRow, SealRow
from app.store.db import Base
from app.store.ledger import AccountBalance, JournalRow, PostingRow


class BookProof(Base):
    """One check of one book. While `result` is empty it runs, and `tally` holds what it has summed up.

    `totals` of a finished one are the sums of every account through its last seal.
    """

    __tablename__ = "book_proofs"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    requested_by: Mapped[str]
    result: Mapped[str | None]
    offence_kind: Mapped[str | None]
    offender: Mapped[str | None]
    offence: Mapped[str | None]
    seals: Mapped[int]
    through_seal: Mapped[int]
    through_seq: Mapped[int]
    head: Mapped[bytes] = mapped_column(LargeBinary)
    journals: Mapped[int]
    unsealed: Mapped[int]
    postings: Mapped[int]
    tally: Mapped[dict[str, Any] | None]
    totals: Mapped[dict[str, Any] | None]
    attempts: Mapped[int]
    leased_until: Mapped[datetime | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ProofKey(Base):
    """A key pair that signs downloads; the newest signs, all are published. Never changed."""

    __tablename__ = "proof_keys"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


_BEGIN = """
    INSERT INTO book_proofs (merchant_id, id, requested_by, seals, head, started_at)
    SELECT m.id, :id, :requested_by, coalesce(b.seals, 0), :genesis, :now
    FROM merchants m LEFT JOIN books b ON b.merchant_id = m.id
    WHERE m.id = :merchant_id
    ON CONFLICT (merchant_id) WHERE result IS NULL DO NOTHING
"""

_RUNNING = "SELECT id FROM book_proofs WHERE merchant_id = :merchant_id AND result IS NULL"


def begin(session: Session, merchant_id: str, **values: Any) -> str | None:
    """Write a new check unless one of the book is running; gives the id of the one that runs.

    None if there is no such merchant.
    """
    given = {"merchant_id": merchant_id, **values}
    session.execute(text(_BEGIN), given)
    found: str | None = session.execute(text(_RUNNING), given).scalar_one_or_none()
    return found


_DUE = """
    SELECT b.merchant_id FROM books b
    WHERE b.seals > 0 AND NOT EXISTS (
        SELECT FROM book_proofs p WHERE p.merchant_id = b.merchant_id AND p.id >= :since)
    ORDER BY b.merchant_id LIMIT :limit
"""


def books_unproved_since(session: Session, since_id: str, limit: int) -> Sequence[str]:
    """Merchants with a sealed book of which no check began since."""
    rows = session.execute(text(_DUE), {"since": since_id, "limit": limit}).scalars()
    return list(rows)


# Materialized: a join may run a subquery once for each row, and then each run would take another check.
_LEASE = """
    WITH due AS MATERIALIZED (
        SELECT merchant_id, id FROM book_proofs
        WHERE result IS NULL AND (leased_until IS NULL OR leased_until <= :now)
          AND (CAST(:merchant_id AS text) IS NULL OR merchant_id = :merchant_id)
        ORDER BY requested_by = 'schedule', attempts, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE book_proofs p SET leased_until = :until, attempts = p.attempts + 1
    FROM due
    WHERE p.merchant_id = due.merchant_id AND p.id = due.id
    RETURNING p.merchant_id, p.id
"""


def lease(
    session: Session, now: datetime, until: datetime, merchant_id: str | None = None
) -> BookProof | None:
    """Take a running check that nobody works on: what people asked for first."""
    values = {"now": now, "until": until, "merchant_id": merchant_id}
    key = session.execute(text(_LEASE), values).one_or_none()
    return session.get(BookProof, tuple(key), populate_existing=True) if key else None


def hold(session: Session, merchant_id: str, proof_id: str, through_seal: int) -> BookProof | None:
    """The check, locked, if it still runs and stands where its worker left it."""
    query = (
        select(BookProof)
        .where(
            BookProof.merchant_id == merchant_id,
            BookProof.id == proof_id,
            BookProof.result.is_(None),
            BookProof.through_seal == through_seal,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.execute(query).scalar_one_or_none()


def running(session: Session) -> bool:
    """Whether any check runs."""
    query = select(BookProof.id).where(BookProof.result.is_(None)).limit(1)
    return session.execute(query).first() is not None


def seal_at(session: Session, merchant_id: str, number: int) -> Seal | None:
    """One seal by its number."""
    row = session.get(SealRow, (merchant_id, number))
    if row is None:
        return None
    ids, leaves = list(row.journal_ids), bytes(row.leaves)
    previous, hash_ = bytes(row.previous), bytes(row.hash)
    return Seal(row.number, row.from_seq, row.to_seq, ids, leaves, previous, hash_)


def book_of(session: Session, merchant_id: str) -> BookRow | None:
    """How far the book is sealed, as the session sees it."""
    return session.get(BookRow, merchant_id)


_STRAYED = """
    SELECT j.id FROM journals j
    JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    WHERE j.merchant_id = :merchant_id AND j.seq > :from_seq AND j.seq <= :to_seq
      AND p.created_at <> j.created_at
    LIMIT 1
"""


def strayed(session: Session, merchant_id: str, from_seq: int, to_seq: int) -> str | None:
    """A journal of these with a posting that claims another time of writing; the seal has the journal's."""
    values = {"merchant_id": merchant_id, "from_seq": from_seq, "to_seq": to_seq}
    found: str | None = session.execute(text(_STRAYED), values).scalar_one_or_none()
    return found


def stored_days(session: Session, merchant_id: str) -> dict[AccountDay, Sides]:
    """The sums by account and day that follow the seals."""
    rows = session.execute(
        text("""
            SELECT code, currency, day, debit_minor, credit_minor FROM account_days
            WHERE merchant_id = :merchant_id
        """),
        {"merchant_id": merchant_id},
    )
    return {(row[0], row[1], row[2]): (int(row[3]), int(row[4])) for row in rows}


def stored_pending(session: Session, merchant_id: str) -> dict[tuple[str, date], int]:
    """The sums of pending money by day that follow the seals."""
    rows = session.execute(
        text("""
            SELECT currency, available_on, net_minor FROM pending_days
            WHERE merchant_id = :merchant_id
        """),
        {"merchant_id": merchant_id},
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def stored_balances(session: Session, merchant_id: str) -> dict[Account, int]:
    """Every stored balance of the book."""
    query = select(AccountBalance).where(AccountBalance.merchant_id == merchant_id)
    rows = session.execute(query).scalars()
    return {(row.code, row.currency): row.balance_minor for row in rows}


def counts(session: Session, merchant_id: str) -> tuple[int, int]:
    """How many journals and postings the book has."""
    journals = select(func.count()).where(JournalRow.merchant_id == merchant_id)
    postings = select(func.count()).where(PostingRow.merchant_id == merchant_id)
    return session.execute(journals).scalar_one(), session.execute(postings).scalar_one()


_ODD = """
    SELECT journal_id FROM (
        (SELECT j.id AS journal_id FROM journals j
         WHERE j.merchant_id = :merchant_id AND j.seq <= 0 ORDER BY j.seq LIMIT 1)
        UNION ALL
        (SELECT p.journal_id FROM postings p
         WHERE p.merchant_id = :merchant_id AND NOT EXISTS (
             SELECT FROM journals j WHERE j.merchant_id = p.merchant_id AND j.id = p.journal_id)
         ORDER BY p.journal_id LIMIT 1)) AS odd
    LIMIT 1
"""


def outside_every_seal(session: Session, merchant_id: str) -> str | None:
    """A journal that no range of numbers holds, or one that has postings and is not there itself."""
    values = {"merchant_id": merchant_id}
    found: str | None = session.execute(text(_ODD), values).scalar_one_or_none()
    return found


def last_sound(
    session: Session, merchant_id: str, through_seal: int | None = None
) -> BookProof | None:
    """The furthest check that found nothing wrong, up to a seal if one is given."""
    query = select(BookProof).where(
        BookProof.merchant_id == merchant_id, BookProof.result == "sound"
    )
    if through_seal is not None:
        query = query.where(BookProof.through_seal <= through_seal)
    query = query.order_by(BookProof.through_seal.desc(), BookProof.id.desc()).limit(1)
    return session.execute(query).scalar_one_or_none()
