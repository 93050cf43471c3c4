"""A month of a balance: what it began with, what came and went, what it ended with. It adds up or says so.

A statement is about the merchant's payable money (pending and available) in one currency, by the moment
of writing in the account's own zone: so a month that is over never changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from app.domain.ids import lowest_id
from app.domain.money import Money
from app.domain.payouts import CATEGORIES, Category
from app.domain.recipes import AVAILABLE, PENDING
from app.reports.as_of import TICK, standing
from app.reports.paging import Cursor, Page
from app.reports.payouts import BAR_NAMES
from app.reports.periods import day_start
from app.store.books import FEE, GROSS, IS_OWN, WITH_FEE, sealed_to
from app.store.db import db
from app.store.payments import PaymentRow

SLACK = timedelta(seconds=1)
HOUR = timedelta(hours=1)
PAYOUTS = "Paid out"
BATCH = 2_000

# What each journal of a period did to the payable money, by the period's ids: never the whole history.
_MOVES = f"""
    SELECT p.journal_id, j.event, j.source_id, j.payment_id, j.created_at,
           max(p.available_on) AS available_on, {GROSS} AS gross, {FEE} AS fee
    FROM postings p
    JOIN journals j ON j.merchant_id = p.merchant_id AND j.id = p.journal_id
    WHERE p.merchant_id = :merchant_id AND p.currency = :currency
      AND p.journal_id >= :first_id AND p.journal_id < :end_id AND p.journal_id > :after_id
      AND j.id >= :first_id AND j.id < :end_id AND j.id > :after_id
      AND j.created_at >= :start AND j.created_at < :end
      AND j.event <> 'funds_released' AND {IS_OWN}
    GROUP BY p.journal_id, j.event, j.source_id, j.payment_id, j.created_at
"""  # noqa: S608 - constants of ours

# Whole hours from the sums behind the seals; what is not sealed yet, and the edges, from postings.
_ONE = f"""
    SELECT j.event, count(DISTINCT p.journal_id) AS moves, {GROSS} AS gross, {FEE} AS fee,
           {WITH_FEE} AS with_fee
    FROM journals j
    JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    WHERE j.merchant_id = :merchant_id AND p.currency = :currency
      AND j.event <> 'funds_released' AND {IS_OWN}
"""  # noqa: S608 - constants of ours
_SUMS = f"""
    WITH edge AS (SELECT coalesce(max(sealed_seq), 0) AS seq FROM books
                  WHERE merchant_id = :merchant_id),
    parts AS (
        SELECT event, moves, gross_minor AS gross, fee_minor AS fee, with_fee FROM movement_hours
        WHERE merchant_id = :merchant_id AND currency = :currency
          AND hour >= :first_hour AND hour < :last_hour
        UNION ALL
        {_ONE} AND j.seq > :sealed AND j.seq > (SELECT seq FROM edge)
          AND j.created_at >= :first_hour AND j.created_at < :last_hour
        GROUP BY j.event
        UNION ALL
        {_ONE} AND j.id >= :start_id AND j.id < :first_hour_id
          AND j.created_at >= :start AND j.created_at < :first_hour
        GROUP BY j.event
        UNION ALL
        {_ONE} AND j.id >= :last_hour_id AND j.id < :until_id
          AND j.created_at >= :last_hour AND j.created_at < :end AND j.created_at <= :until
        GROUP BY j.event)
    SELECT event, sum(moves)::bigint AS moves, sum(gross)::bigint AS gross, sum(fee)::bigint AS fee,
           sum(with_fee)::bigint AS with_fee
    FROM parts GROUP BY event
"""  # noqa: S608 - constants of ours


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in the account's zone."""

    year: int
    month: int
    timezone: str

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return day_start(date(self.year, self.month, 1), self.timezone)

    @property
    def end(self) -> datetime:
        """The first moment of the next."""
        return day_start(self.next_first, self.timezone)

    @property
    def next_first(self) -> date:
        """The first day of the next month."""
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class Sum:
    """One kind of movement in the month."""

    name: str
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """A month in one currency. `is_sound`: opening and sums come to what the books say at its end."""

    month: Month
    currency: str
    opening: Money
    sums: tuple[Sum, ...]
    closing: Money
    is_over: bool

    @property
    def is_sound(self) -> bool:
        """Whether it adds up."""
        total = self.opening.amount_minor + sum(one.amount.amount_minor for one in self.sums)
        return total == self.closing.amount_minor


@dataclass(frozen=True, slots=True)
class Move:
    """One movement: what came or went, the fee within it, and the balance after it where it is told.

    `about` says which payment it belongs to, where that is asked for.
    """

    journal_id: str
    event: str
    source_id: str
    payment_id: str | None
    at: datetime
    available_on: date
    gross: Money
    fee: Money
    net: Money
    balance: Money | None = None
    about: str = ""


def statement(merchant_id: str, currency: str, month: Month, now: datetime) -> Statement:
    """The month's statement; one that is not over ends now."""
    until = min(month.end - TICK, now)
    sealed = {"sealed": sealed_to(db.session(), merchant_id)}
    edges = _edges(merchant_id, currency, month, until)
    rows = db.session.execute(text(_SUMS), edges | sealed).all()
    return Statement(
        month=month,
        currency=currency,
        opening=_payable(merchant_id, currency, month.start - TICK),
        sums=_sums(rows, currency),
        closing=_payable(merchant_id, currency, until),
        is_over=month.end <= now,
    )


def _edges(merchant_id: str, currency: str, month: Month, until: datetime) -> dict[str, object]:
    """The month's whole hours, and what lies before and after them."""
    start, end = month.start, month.end
    first = start.replace(minute=0, second=0, microsecond=0)
    first_hour = first if first == start else first + HOUR
    # A month that is over ends with a whole hour, wherever the zone's hours are ours.
    last = min(until + TICK, end).replace(minute=0, second=0, microsecond=0)
    last_hour = max(last, first_hour)
    return {
        "merchant_id": merchant_id,
        "currency": currency,
        "start": start,
        "end": end,
        "until": until,
        "first_hour": first_hour,
        "last_hour": last_hour,
        "start_id": lowest_id("jr", start - SLACK),
        "first_hour_id": lowest_id("jr", first_hour + SLACK),
        "last_hour_id": lowest_id("jr", last_hour - SLACK),
        "until_id": lowest_id("jr", until + SLACK),
    }


def _payable(merchant_id: str, currency: str, at: datetime) -> Money:
    found = standing(merchant_id, at)
    return found.of(PENDING, currency) + found.of(AVAILABLE, currency)


def _sums(rows: Any, currency: str) -> tuple[Sum, ...]:
    """By bar, in the order of the waterfall; payouts last."""
    counts: dict[str, int] = {}
    totals: dict[str, int] = {}
    for row in rows:
        is_payout = row.event == "payout_sent"
        name = PAYOUTS if is_payout else BAR_NAMES[CATEGORIES.get(row.event, Category.OTHER)]
        counts[name] = counts.get(name, 0) + int(row.moves)
        totals[name] = totals.get(name, 0) + int(row.gross)
        if row.with_fee:
            fees = BAR_NAMES[Category.FEES]
            counts[fees] = counts.get(fees, 0) + int(row.with_fee)
            totals[fees] = totals.get(fees, 0) - int(row.fee)
    order = [*BAR_NAMES.values(), PAYOUTS]
    return tuple(
        Sum(name, counts[name], Money(totals[name], currency)) for name in order if name in counts
    )


def _window(merchant_id: str, currency: str, month: Month) -> dict[str, object]:
    return {
        "merchant_id": merchant_id,
        "currency": currency,
        "start": month.start,
        "end": month.end,
        "first_id": lowest_id("jr", month.start - SLACK),
        "end_id": lowest_id("jr", month.end + SLACK),
        "after_id": "",
    }


def moves(
    merchant_id: str, currency: str, month: Month, cursor: Cursor, size: int = 25
) -> Page[Move]:
    """A page of the month's movements, newest first."""
    window = _window(merchant_id, currency, month)
    is_back = cursor.before is not None
    if cursor.after:
        window["end_id"] = min(str(window["end_id"]), cursor.after)
    if cursor.before:
        window["after_id"] = cursor.before
    query = f"{_MOVES} ORDER BY p.journal_id {'ASC' if is_back else 'DESC'} LIMIT :size"
    rows = db.session.execute(text(query), window | {"size": size + 1}).all()
    has_more, kept = len(rows) > size, list(rows[:size])
    if is_back:
        kept.reverse()
    about = _about(merchant_id, {row.payment_id for row in kept if row.payment_id})
    found = [
        replace(_move(row, currency, None), about=about.get(row.payment_id, "")) for row in kept
    ]
    has_older = has_more if not is_back else bool(found)
    has_newer = has_more if is_back else bool(cursor.after and found)
    return Page(
        rows=found,
        older=found[-1].journal_id if has_older else None,
        newer=found[0].journal_id if has_newer else None,
    )


def _about(merchant_id: str, payment_ids: set[str]) -> dict[str, str]:
    """By payment, what it was for, or else who paid, or its id."""
    query = select(PaymentRow.id, PaymentRow.description, PaymentRow.customer_email).where(
        PaymentRow.merchant_id == merchant_id, PaymentRow.id.in_(payment_ids)
    )
    return {
        payment_id: description or email or payment_id
        for payment_id, description, email in db.session.execute(query).all()
    }


def export(merchant_id: str, currency: str, month: Month) -> Iterator[Move]:
    """Every movement of the month, oldest first, with the balance after it; read in batches."""
    balance = _payable(merchant_id, currency, month.start - TICK).amount_minor
    window = _window(merchant_id, currency, month)
    while True:
        rows = db.session.execute(
            text(f"{_MOVES} ORDER BY p.journal_id LIMIT :size"), window | {"size": BATCH}
        ).all()
        for row in rows:
            balance += int(row.gross) - int(row.fee)
            yield _move(row, currency, Money(balance, currency))
        if len(rows) < BATCH:
            return
        window["after_id"] = rows[-1].journal_id


def _move(row: Any, currency: str, balance: Money | None) -> Move:
    gross, fee = int(row.gross), int(row.fee)
    return Move(
        journal_id=row.journal_id,
        event=row.event,
        source_id=row.source_id,
        payment_id=row.payment_id,
        at=row.created_at.astimezone(UTC),
        available_on=row.available_on,
        gross=Money(gross, currency),
        fee=Money(-fee, currency),
        net=Money(gross - fee, currency),
        balance=balance,
    )
