"""Payouts as people read them: the list, one with its waterfall, and the lines behind each bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from app.domain.money import Money
from app.domain.payouts import CATEGORIES, Category, Terms, events_of
from app.domain.states import PayoutStatus
from app.reports.labels import Label, payout_label
from app.reports.paging import Cursor, Page, fetch
from app.store.bank_accounts import BankAccount
from app.store.db import db
from app.store.ledger import JournalRow
from app.store.payments import PaymentRow
from app.store.payouts import PayoutLine, PayoutRow, PayoutSettings, ReserveRow

LINES_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout in a list."""

    id: str
    number: int
    status: PayoutStatus
    amount: Money
    created_at: datetime
    arrival_date: date | None
    is_automatic: bool
    bank_account_id: str
    trace_id: str | None
    failure_code: str | None
    line_count: int
    bank: str

    @property
    def label(self) -> Label:
        """Its state in words."""
        return payout_label(self.status.value)


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the waterfall; `category` is empty at its two ends."""

    name: str
    amount: Money
    category: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Detail:
    """A payout and why it is what it is: the bars add up from `opening` to the amount and `carried`."""

    payout: Payout
    opening: Money
    bars: tuple[Bar, ...]
    carried: Money
    description: str | None
    statement_descriptor: str | None
    requested_by: str
    rail: str
    sent_at: datetime | None
    ended_at: datetime | None
    period_since: datetime | None
    reserve_release_on: date | None

    @property
    def can_be_canceled(self) -> bool:
        """Whether the bank was not asked yet, and a person made it."""
        payout = self.payout
        return (
            payout.status is PayoutStatus.PENDING
            and self.sent_at is None
            and not payout.is_automatic
        )

    @property
    def arrival(self) -> date | datetime | None:
        """When it arrived or is expected: what the bank estimated, unless it was paid before that."""
        estimate, ended = self.payout.arrival_date, self.ended_at
        is_paid = self.payout.status is PayoutStatus.PAID
        if is_paid and ended is not None and (estimate is None or ended.date() <= estimate):
            return ended
        return estimate


@dataclass(frozen=True, slots=True)
class Line:
    """One movement behind a bar, and what it was about."""

    journal_id: str
    event: str
    gross: Money
    fee: Money
    net: Money
    at: datetime
    payment_id: str | None
    description: str | None


_ITS_ACCOUNT = (BankAccount.merchant_id == PayoutRow.merchant_id) & (
    BankAccount.id == PayoutRow.bank_account_id
)
BAR_NAMES = {
    Category.GROSS: "Payments",
    Category.FEES: "Fees",
    Category.REFUNDS: "Refunds",
    Category.DISPUTES: "Disputes and returns",
    Category.RESERVE: "Reserve",
    Category.FX: "Currency conversion",
    Category.TRANSFERS: "Escrow and transfers",
    Category.RETURNED: "Payouts that came back",
    Category.OTHER: "Other",
}


def payouts(merchant_id: str, cursor: Cursor, currency: str = "") -> Page[Payout]:
    """A page of payouts, newest first."""
    query = select(PayoutRow, BankAccount).join(BankAccount, _ITS_ACCOUNT)
    query = query.where(PayoutRow.merchant_id == merchant_id)
    if currency:
        query = query.where(PayoutRow.currency == currency)
    return fetch(query, PayoutRow.id, cursor, lambda record: _payout(record[0], record[1]))


def payout(merchant_id: str, payout_id: str) -> Detail | None:
    """One payout with its waterfall."""
    found = db.session.execute(
        select(PayoutRow, BankAccount)
        .join(BankAccount, _ITS_ACCOUNT)
        .where(PayoutRow.merchant_id == merchant_id, PayoutRow.id == payout_id)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        return None
    row, account = found
    counts = _counts(merchant_id, payout_id)
    currency = row.currency
    bars = tuple(
        Bar(
            BAR_NAMES[one],
            Money(getattr(row, f"{one.value}_minor"), currency),
            one.value,
            counts.get(one, 0),
        )
        for one in Category
        if getattr(row, f"{one.value}_minor") or counts.get(one, 0)
    )
    before = _before(merchant_id, row)
    return Detail(
        payout=_payout(row, account),
        opening=Money(row.opening_minor, currency),
        bars=bars,
        carried=Money(row.carried_minor, currency),
        description=row.description,
        statement_descriptor=row.statement_descriptor,
        requested_by=row.requested_by,
        rail=row.rail,
        sent_at=row.sent_at,
        ended_at=row.ended_at,
        period_since=before.created_at if before else None,
        reserve_release_on=_reserve_ends(merchant_id, payout_id),
    )


def _payout(row: PayoutRow, account: BankAccount) -> Payout:
    return Payout(
        id=row.id,
        number=row.number,
        status=PayoutStatus(row.status),
        amount=row.amount,
        created_at=row.created_at,
        arrival_date=row.arrival_date,
        is_automatic=row.is_automatic,
        bank_account_id=row.bank_account_id,
        trace_id=row.trace_id,
        failure_code=row.failure_code,
        line_count=row.line_count,
        bank=account.label,
    )


def _counts(merchant_id: str, payout_id: str) -> dict[Category, int]:
    """How many lines are behind each bar; a line with a fee is behind that of fees too."""
    rows = db.session.execute(
        select(
            PayoutLine.event,
            func.count(),
            func.count().filter(PayoutLine.fee_minor != 0),
        )
        .where(PayoutLine.merchant_id == merchant_id, PayoutLine.payout_id == payout_id)
        .group_by(PayoutLine.event)
    ).all()
    found: dict[Category, int] = {}
    for event, count, with_fee in rows:
        bar = CATEGORIES.get(event, Category.OTHER)
        found[bar] = found.get(bar, 0) + count
        if with_fee:
            found[Category.FEES] = found.get(Category.FEES, 0) + with_fee
    return found


def _before(merchant_id: str, row: PayoutRow) -> PayoutRow | None:
    return db.session.execute(
        select(PayoutRow).where(
            PayoutRow.merchant_id == merchant_id,
            PayoutRow.currency == row.currency,
            PayoutRow.number == row.number - 1,
        )
    ).scalar_one_or_none()


def _reserve_ends(merchant_id: str, payout_id: str) -> date | None:
    return db.session.execute(
        select(ReserveRow.release_on).where(
            ReserveRow.merchant_id == merchant_id, ReserveRow.payout_id == payout_id
        )
    ).scalar_one_or_none()


def lines(
    merchant_id: str, payout_id: str, currency: str, category: str, cursor: Cursor
) -> Page[Line]:
    """The movements behind a bar, or all of the payout's, newest first."""
    query = (
        select(PayoutLine, JournalRow, PaymentRow.description)
        .join(
            JournalRow,
            (JournalRow.merchant_id == PayoutLine.merchant_id)
            & (JournalRow.id == PayoutLine.journal_id),
        )
        .outerjoin(
            PaymentRow,
            (PaymentRow.merchant_id == JournalRow.merchant_id)
            & (PaymentRow.id == JournalRow.payment_id),
        )
        .where(PayoutLine.merchant_id == merchant_id, PayoutLine.payout_id == payout_id)
    )
    return fetch(
        _behind(query, category),
        PayoutLine.journal_id,
        cursor,
        lambda record: _line(record, currency),
        LINES_A_PAGE,
    )


def _behind(query: Any, category: str) -> Any:
    if category not in set(Category):
        return query
    bar = Category(category)
    if bar is Category.FEES:
        return query.where(PayoutLine.fee_minor != 0)
    if bar is Category.OTHER:
        return query.where(PayoutLine.event.not_in(list(CATEGORIES)))
    return query.where(PayoutLine.event.in_(events_of(bar)))


def _line(record: Sequence[Any], currency: str) -> Line:
    line, journal, description = record[:3]
    return Line(
        journal_id=line.journal_id,
        event=line.event,
        gross=Money(line.gross_minor, currency),
        fee=Money(-line.fee_minor, currency),
        net=Money(line.gross_minor - line.fee_minor, currency),
        at=journal.created_at,
        payment_id=journal.payment_id,
        description=description,
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """A merchant's terms in one currency; `held_reason` says why a due payout was not made."""

    currency: str
    terms: Terms
    next_on: date | None
    held_reason: str | None


def schedules(merchant_id: str) -> dict[str, Schedule]:
    """The merchant's terms by currency, as far as any were chosen."""
    rows = db.session.execute(
        select(PayoutSettings)
        .where(PayoutSettings.merchant_id == merchant_id)
        .order_by(PayoutSettings.currency)
        .execution_options(populate_existing=True)
    ).scalars()
    return {
        row.currency: Schedule(row.currency, row.terms, row.next_on, row.held_reason)
        for row in rows
    }
