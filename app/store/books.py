"""Closed books: which journals are final, the seals over them, and the sums that follow the seals.

Only `services.books` writes here. A reader takes the sums for what is sealed and the postings for what
is not, in one statement: then it sees each journal once, whatever is sealed meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.chain import SealedJournal, SealedLine
from app.store.db import Base


class BookRow(Base):
    """How far a book is sealed; `head` is the hash of its last seal."""

    __tablename__ = "books"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed_seq: Mapped[int]
    seals: Mapped[int]
    head: Mapped[bytes] = mapped_column(LargeBinary)


class SealRow(Base):
    """One seal: the journals numbered above `from_seq` up to `to_seq`, and a leaf for each."""

    __tablename__ = "seals"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    from_seq: Mapped[int]
    to_seq: Mapped[int]
    journal_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Mark:
    """A number, and who must be done before everything up to it is final."""

    seq: int
    next_transaction: int


def mark(session: Session) -> Mark:
    """The highest number given so far. It is read first: whoever has it has begun by then."""
    seq = session.execute(text("SELECT last_value FROM journals_seq")).scalar_one()
    following = session.execute(
        text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    ).scalar_one()
    return Mark(int(seq), int(following))


def is_final(session: Session, at: Mark) -> bool:
    """Whether every transaction that may have taken a number up to the mark has ended."""
    oldest = session.execute(
        text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    ).scalar_one()
    return int(oldest) >= at.next_transaction


def unsealed_books(session: Session, up_to: int) -> Sequence[str]:
    """The merchants who have journals between the horizon and `up_to`."""
    horizon = session.execute(text("SELECT sealed_seq FROM ledger_horizon")).scalar_one()
    rows = session.execute(
        text("""
            SELECT DISTINCT merchant_id FROM journals WHERE seq > :horizon AND seq <= :up_to
            ORDER BY merchant_id
        """),
        {"horizon": horizon, "up_to": up_to},
    ).scalars()
    return list(rows)


def move_horizon(session: Session, up_to: int) -> None:
    """Every book is sealed up to here."""
    session.execute(
        text("UPDATE ledger_horizon SET sealed_seq = greatest(sealed_seq, :up_to)"),
        {"up_to": up_to},
    )


def lock_book(session: Session, merchant_id: str, genesis: bytes) -> BookRow:
    """The book's row, made if need be, locked: two who seal take turns."""
    session.execute(
        text("""
            INSERT INTO books (merchant_id, head) VALUES (:merchant_id, :head)
            ON CONFLICT DO NOTHING
        """),
        {"merchant_id": merchant_id, "head": genesis},
    )
    return session.get_one(BookRow, merchant_id, with_for_update=True, populate_existing=True)


_JOURNALS = """
    SELECT j.seq, j.merchant_id, j.id, j.event, j.source_id, j.payment_id, j.event_at, j.created_at,
           (SELECT json_agg(json_build_array(p.line, p.debit, p.credit, p.currency, p.amount_minor,
                                             p.available_on) ORDER BY p.line)
            FROM postings p WHERE p.merchant_id = j.merchant_id AND p.journal_id = j.id) AS lines
    FROM journals j
    WHERE j.merchant_id = :merchant_id AND j.seq > :from_seq AND j.seq <= :to_seq
    ORDER BY j.seq
    LIMIT :limit
"""


def journals_between(
    session: Session, merchant_id: str, from_seq: int, to_seq: int, limit: int
) -> list[tuple[int, SealedJournal]]:
    """Journals numbered above `from_seq` up to `to_seq`, in order, with their numbers."""
    rows = session.execute(
        text(_JOURNALS),
        {"merchant_id": merchant_id, "from_seq": from_seq, "to_seq": to_seq, "limit": limit},
    ).all()
    return [(int(row.seq), _journal(row)) for row in rows]


def _journal(row: Any) -> SealedJournal:
    return SealedJournal(
        merchant_id=row.merchant_id,
        id=row.id,
        event=row.event,
        source_id=row.source_id,
        payment_id=row.payment_id,
        event_at=row.event_at,
        created_at=row.created_at,
        lines=tuple(_line(*line) for line in row.lines or ()),
    )


def _line(
    number: int, debit: str, credit: str, currency: str, amount_minor: int, available_on: str
) -> SealedLine:
    return SealedLine(
        number, debit, credit, currency, amount_minor, date.fromisoformat(available_on)
    )


_SIDES = "(VALUES (p.debit, p.amount_minor, 0::bigint), (p.credit, 0::bigint, p.amount_minor))"
_SEALED = """FROM journals j
    JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id"""
_RANGE = "j.merchant_id = :merchant_id AND j.seq > :from_seq AND j.seq <= :to_seq"


def _add_accounts(table: str, column: str, bucket: str) -> str:
    return f"""
    INSERT INTO {table} (merchant_id, code, currency, {column}, debit_minor, credit_minor)
    SELECT p.merchant_id, side.code, p.currency, {bucket}, sum(side.debit), sum(side.credit)
    {_SEALED}
    CROSS JOIN LATERAL {_SIDES} AS side (code, debit, credit)
    WHERE {_RANGE}
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (merchant_id, code, currency, {column}) DO UPDATE
    SET debit_minor = {table}.debit_minor + excluded.debit_minor,
        credit_minor = {table}.credit_minor + excluded.credit_minor
    """  # noqa: S608 - constants of ours


_ADD_DAYS = _add_accounts("account_days", "day", "(p.created_at AT TIME ZONE 'UTC')::date")
_ADD_HOURS = _add_accounts("account_hours", "hour", "date_trunc('hour', p.created_at)")

# What a posting does to the merchant's payable money, and how much of that is fees.
OWN = "('merchant_pending', 'merchant_available')"
FEE_ACCOUNTS = "('platform_fees', 'fx_fees')"
IS_OWN = f"(p.debit IN {OWN} OR p.credit IN {OWN})"
GROSS = f"""sum(CASE WHEN p.credit IN {OWN} AND p.debit NOT IN {FEE_ACCOUNTS}
                     THEN p.amount_minor ELSE 0 END)
    - sum(CASE WHEN p.debit IN {OWN} AND p.credit NOT IN {FEE_ACCOUNTS}
               THEN p.amount_minor ELSE 0 END)"""
# Below zero where a fee goes back with a refund.
FEE = f"""sum(CASE WHEN p.debit IN {OWN} AND p.credit IN {FEE_ACCOUNTS} THEN p.amount_minor
                   WHEN p.credit IN {OWN} AND p.debit IN {FEE_ACCOUNTS} THEN -p.amount_minor
                   ELSE 0 END)"""
WITH_FEE = f"""count(DISTINCT p.journal_id)
    FILTER (WHERE p.debit IN {FEE_ACCOUNTS} OR p.credit IN {FEE_ACCOUNTS})"""

_ADD_MOVES = f"""
    INSERT INTO movement_hours (merchant_id, currency, event, hour, moves, gross_minor, fee_minor,
                                with_fee)
    SELECT p.merchant_id, p.currency, j.event, date_trunc('hour', p.created_at),
           count(DISTINCT p.journal_id), {GROSS}, {FEE}, {WITH_FEE}
    {_SEALED}
    WHERE {_RANGE} AND j.event <> 'funds_released' AND {IS_OWN}
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (merchant_id, currency, event, hour) DO UPDATE
    SET moves = movement_hours.moves + excluded.moves,
        gross_minor = movement_hours.gross_minor + excluded.gross_minor,
        fee_minor = movement_hours.fee_minor + excluded.fee_minor,
        with_fee = movement_hours.with_fee + excluded.with_fee
"""  # noqa: S608 - constants above

_ADD_PENDING = """
    INSERT INTO pending_days (merchant_id, currency, available_on, net_minor)
    SELECT p.merchant_id, p.currency, p.available_on,
           sum(CASE WHEN p.credit = 'merchant_pending' THEN p.amount_minor ELSE -p.amount_minor END)
    FROM journals j
    JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    WHERE j.merchant_id = :merchant_id AND j.seq > :from_seq AND j.seq <= :to_seq
      AND 'merchant_pending' IN (p.debit, p.credit)
    GROUP BY 1, 2, 3
    ON CONFLICT (merchant_id, currency, available_on) DO UPDATE
    SET net_minor = pending_days.net_minor + excluded.net_minor
"""


def add_sums(session: Session, merchant_id: str, from_seq: int, to_seq: int) -> None:
    """Add the postings of what is being sealed to the sums."""
    found = {"merchant_id": merchant_id, "from_seq": from_seq, "to_seq": to_seq}
    for statement in (_ADD_DAYS, _ADD_HOURS, _ADD_MOVES, _ADD_PENDING):
        session.execute(text(statement), found)


def sealed_to(session: Session, merchant_id: str) -> int:
    """The number up to which the book is sealed, at the least.

    Statements that read what is not sealed compare with it besides the number that they find for
    themselves: only of a number that it is told does the planner know how little lies beyond.
    """
    found = session.execute(
        text("SELECT sealed_seq FROM books WHERE merchant_id = :merchant_id"),
        {"merchant_id": merchant_id},
    ).scalar_one_or_none()
    return int(found or 0)


_PENDING = """
    WITH edge AS (SELECT coalesce(max(sealed_seq), 0) AS seq FROM books
                  WHERE merchant_id = :merchant_id),
    parts AS (
        SELECT currency, available_on, net_minor FROM pending_days
        WHERE merchant_id = :merchant_id AND net_minor <> 0
        UNION ALL
        SELECT p.currency, p.available_on,
               CASE WHEN p.credit = 'merchant_pending' THEN p.amount_minor ELSE -p.amount_minor END
        FROM journals j
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        WHERE j.merchant_id = :merchant_id AND j.seq > :sealed
          AND j.seq > (SELECT seq FROM edge)
          AND 'merchant_pending' IN (p.debit, p.credit))
    SELECT currency, available_on, sum(net_minor)::bigint FROM parts
    GROUP BY currency, available_on HAVING sum(net_minor) <> 0
    ORDER BY available_on, currency
"""


def pending_days(session: Session, merchant_id: str) -> list[tuple[str, date, int]]:
    """What is pending now: currency, the day on which it becomes available, minor units (never 0)."""
    found = {"merchant_id": merchant_id, "sealed": sealed_to(session, merchant_id)}
    rows = session.execute(text(_PENDING), found).all()
    return [(currency, on, int(net)) for currency, on, net in rows]


def books_with_pending(session: Session, today: date) -> Sequence[str]:
    """Merchants with sealed pending money whose day has come."""
    rows = session.execute(
        text("""
            SELECT DISTINCT merchant_id FROM pending_days
            WHERE net_minor <> 0 AND available_on <= :today ORDER BY merchant_id
        """),
        {"today": today},
    ).scalars()
    return list(rows)
