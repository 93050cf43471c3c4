"""The books' rows. They are written through `book()` and the payment path, and never changed.

When not to write here: outside a recipe. A journal is one business fact; a correction is a new
journal.
"""

from datetime import date, datetime

from sqlalchemy import FetchedValue, Text, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.accounts import account_of
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.recipes import Journal
from app.store.db import Base


class AccountRow(Base):
    """One account of one book in one currency."""

    __tablename__ = "accounts"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str]
    normal_side: Mapped[str]


class JournalRow(Base):
    """One business fact; `(event, source_id)` is unique in a book."""

    __tablename__ = "journals"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    event: Mapped[str]
    source_id: Mapped[str]
    payment_id: Mapped[str | None]
    event_at: Mapped[datetime]
    created_at: Mapped[datetime]
    seq: Mapped[int] = mapped_column(server_default=FetchedValue())


class PostingRow(Base):
    """One debit and one credit of the same amount."""

    __tablename__ = "postings"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    journal_id: Mapped[str] = mapped_column(Text, primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    debit: Mapped[str]
    credit: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    available_on: Mapped[date]
    event_at: Mapped[datetime]
    created_at: Mapped[datetime]


class LedgerEntry(Base):
    """The classical two-sided view: each posting as a DEBIT row and its counterpart CREDIT row."""

    __tablename__ = "ledger_entries"
    __table_args__ = ({"info": {"is_view": True}},)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    counterpart_id: Mapped[str]
    event: Mapped[str]
    source_id: Mapped[str]
    payment_id: Mapped[str | None]
    journal_id: Mapped[str]
    line: Mapped[int]
    entry_type: Mapped[str]
    account: Mapped[str]
    counterpart: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    signed_minor: Mapped[int]
    available_on: Mapped[date]
    event_at: Mapped[datetime]
    created_at: Mapped[datetime]


class AccountBalance(Base):
    """A stored balance, kept only where it decides whether something may happen."""

    __tablename__ = "account_balances"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    balance_minor: Mapped[int]
    updated_at: Mapped[datetime]


def open_accounts(session: Session, merchant_id: str, codes: set[tuple[str, str]]) -> None:
    """Make sure that the accounts (code, currency) exist in the book."""
    rows = [
        {
            "merchant_id": merchant_id,
            "code": code,
            "currency": currency,
            "kind": account_of(code).kind,
            "normal_side": account_of(code).normal,
        }
        for code, currency in sorted(codes)
    ]
    if rows:
        session.execute(insert(AccountRow).values(rows).on_conflict_do_nothing())


def book(
    session: Session, merchant_id: str, journal: Journal, *, payment_id: str | None, at: datetime
) -> str | None:
    """Write one journal in the caller's unit of work; raises IntegrityError if the fact is booked
    already. Gives its id, or None if there was nothing to book.

    Stored balances move in the same unit, in the order of their codes.
    """
    if not journal.postings:
        return None
    codes = {(c, p.amount.currency) for p in journal.postings for c in (p.debit, p.credit)}
    open_accounts(session, merchant_id, codes)
    journal_id = new_id("jr", at)
    session.add(
        JournalRow(
            merchant_id=merchant_id,
            id=journal_id,
            event=journal.event,
            source_id=journal.source_id,
            payment_id=payment_id,
            event_at=at,
            created_at=at,
        )
    )
    session.flush()  # The postings' foreign key needs the journal; no relationship orders them.
    moves: dict[tuple[str, str], int] = {}
    for line, posting in enumerate(journal.postings, start=1):
        amount = posting.amount
        session.add(
            PostingRow(
                merchant_id=merchant_id,
                journal_id=journal_id,
                line=line,
                debit=posting.debit,
                credit=posting.credit,
                currency=amount.currency,
                amount_minor=amount.amount_minor,
                available_on=posting.available_on,
                event_at=at,
                created_at=at,
            )
        )
        for code, sign in ((posting.debit, -1), (posting.credit, 1)):
            if account_of(code).is_authorizing:
                key = (code, amount.currency)
                moves[key] = moves.get(key, 0) + sign * amount.amount_minor
    session.flush()
    for (code, currency), delta in sorted(moves.items()):
        _move_balance(session, merchant_id, code, currency, delta)
    return journal_id


def _move_balance(session: Session, merchant_id: str, code: str, currency: str, delta: int) -> None:
    session.execute(
        text("""
            INSERT INTO account_balances (merchant_id, code, currency, balance_minor)
            VALUES (:merchant_id, :code, :currency, :delta)
            ON CONFLICT (merchant_id, code, currency) DO UPDATE
            SET balance_minor = account_balances.balance_minor + excluded.balance_minor,
                updated_at = now()
        """),
        {"merchant_id": merchant_id, "code": code, "currency": currency, "delta": delta},
    )


def stored_balance(session: Session, merchant_id: str, code: str, currency: str) -> int:
    """A stored balance, locked until the unit of work ends: one that nothing has moved yet, too."""
    query = (
        select(AccountBalance.balance_minor)
        .where(
            AccountBalance.merchant_id == merchant_id,
            AccountBalance.code == code,
            AccountBalance.currency == currency,
        )
        .with_for_update()
    )
    found = session.execute(query).scalar()
    if found is None:
        # Without a row there is nothing to lock, and the first movement would come in between.
        open_accounts(session, merchant_id, {(code, currency)})
        _move_balance(session, merchant_id, code, currency, 0)
        found = session.execute(query).scalar_one()
    return found


def releases_of(session: Session, merchant_id: str, currency: str, day: date) -> int:
    """How often a day's pending money was released before: late refunds release it again."""
    return session.execute(
        select(func.count())
        .select_from(JournalRow)
        .where(
            JournalRow.merchant_id == merchant_id,
            JournalRow.event == "funds_released",
            JournalRow.source_id.like(f"{currency}:{day.isoformat()}:%"),
        )
    ).scalar_one()


def is_booked(session: Session, merchant_id: str, event: str, source_id: str) -> bool:
    """Whether this fact is in the book."""
    query = select(JournalRow.id).where(
        JournalRow.merchant_id == merchant_id,
        JournalRow.event == event,
        JournalRow.source_id == source_id,
    )
    return session.execute(query).scalar() is not None


def booked_of_object(
    session: Session,
    merchant_id: str,
    account: str,
    currency: str,
    *,
    reference: str,
    payment_id: str | None,
) -> int:
    """What the books have as taken of a processor's object: what a payment of ours captured by it, if it is
    that one's own, and what stands in suspense under its name.
    """
    return int(
        session.execute(
            text("""
                SELECT coalesce(sum(CASE WHEN p.debit = :account THEN p.amount_minor
                                         ELSE -p.amount_minor END), 0)
                FROM (
                    SELECT id FROM journals WHERE merchant_id = :merchant_id AND payment_id = :payment_id
                      AND event IN ('payment_captured', 'payment_returned')
                    UNION
                    SELECT id FROM journals WHERE merchant_id = :merchant_id
                      AND event IN ('unmatched_receipt', 'unmatched_refund')
                      AND (source_id = :reference OR starts_with(source_id, :reference || ':'))
                ) j
                JOIN postings p ON p.merchant_id = :merchant_id AND p.journal_id = j.id
                WHERE :account IN (p.debit, p.credit) AND p.currency = :currency
            """),
            {
                "merchant_id": merchant_id,
                "account": account,
                "currency": currency,
                "reference": reference,
                "payment_id": payment_id,
            },
        ).scalar_one()
    )


def unmatched_refund_of(session: Session, merchant_id: str, reference: str) -> Money | None:
    """What a refund that fits no row of ours left in suspense, while it is there."""
    found = session.execute(
        text("""
            SELECT p.amount_minor, p.currency FROM journals j
            JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
            WHERE j.merchant_id = :merchant_id AND j.event = 'unmatched_refund'
              AND j.source_id = :reference
              AND NOT EXISTS (SELECT FROM journals b WHERE b.merchant_id = j.merchant_id
                                AND b.event = 'unmatched_receipt' AND b.source_id = j.source_id)
        """),
        {"merchant_id": merchant_id, "reference": reference},
    ).one_or_none()
    return None if found is None else Money(int(found.amount_minor), found.currency)
