"""The overview: today against yesterday, what needs attention, and thirty days as a chart.

One currency at a time; amounts of two currencies are never added up. Days are those of the account's zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, cast, exists, func, select

from app.domain.money import Money
from app.reports.paging import MOST_COUNTED, capped, first_id
from app.reports.periods import Period, day_start, days, local_day
from app.reports.search import EXPIRES_SOON, LONGEST_HOLD, came_late
from app.store.db import db
from app.store.payments import Event, PaymentRow, Refund

P = PaymentRow

CHART_DAYS = 30
FAILED_REFUND_DAYS = 30


@dataclass(frozen=True, slots=True)
class Figures:
    """What one day brought in one currency."""

    day: date
    gross: Money
    payments: int
    refunds: Money
    refund_count: int
    fees: Money
    net: Money


@dataclass(frozen=True, slots=True)
class ChartDay:
    """One day of the chart; the rate is in per cent, None when nobody tried to pay."""

    day: date
    volume: Money
    payments: int
    attempts: int
    approved: int

    @property
    def approval_percent(self) -> int | None:
        """Approved tries of all tries that ended, rounded."""
        return round(100 * self.approved / self.attempts) if self.attempts else None


@dataclass(frozen=True, slots=True)
class Attention:
    """How many things wait for somebody."""

    unknown: int
    expiring: int
    failed_refunds: int
    late_money: int

    def __bool__(self) -> bool:
        return bool(self.unknown or self.expiring or self.failed_refunds or self.late_money)


def has_payments(merchant_id: str) -> bool:
    """Whether anybody ever tried to pay this merchant."""
    query = select(exists().where(P.merchant_id == merchant_id))
    return bool(db.session.execute(query).scalar())


def figures(merchant_id: str, currency: str, day: date, timezone: str) -> Figures:
    """What a day brought: by the moment of capture, and of the refund's request."""
    period = days(day, day, timezone)
    gross, fees, count = _captured(merchant_id, currency, period)
    refunded, given_back, refund_count = _refunded(merchant_id, currency, period)
    fees -= given_back
    return Figures(
        day=day,
        gross=Money(gross, currency),
        payments=count,
        refunds=Money(refunded, currency),
        refund_count=refund_count,
        fees=Money(fees, currency),
        net=Money(gross - fees - refunded, currency),
    )


def _captured(merchant_id: str, currency: str, period: Period) -> tuple[int, int, int]:
    query = select(
        func.coalesce(func.sum(P.captured_minor), 0),
        func.coalesce(func.sum(P.fee_minor), 0),
        func.count(),
    ).where(
        P.merchant_id == merchant_id,
        P.currency == currency,
        P.captured_at >= period.start,
        P.captured_at < period.end,
        P.id >= first_id("pi", period.start - LONGEST_HOLD),
        P.id < first_id("pi", period.end),
    )
    gross, fees, count = db.session.execute(query).one()
    return int(gross), int(fees), count


def _refunded(merchant_id: str, currency: str, period: Period) -> tuple[int, int, int]:
    query = select(
        func.coalesce(func.sum(Refund.amount_minor), 0),
        func.coalesce(func.sum(Refund.fee_returned_minor), 0),
        func.count(),
    ).where(
        Refund.merchant_id == merchant_id,
        Refund.currency == currency,
        Refund.status == "succeeded",
        Refund.id >= first_id("re", period.start),
        Refund.id < first_id("re", period.end),
    )
    total, given_back, count = db.session.execute(query).one()
    return int(total), int(given_back), count


def attention(merchant_id: str, *, now: datetime) -> Attention:
    """What waits for somebody, over all currencies."""
    payments = select(P.id).where(P.merchant_id == merchant_id)
    since = first_id("re", now - timedelta(days=FAILED_REFUND_DAYS))
    queries = {
        "unknown": payments.where(P.status == "unknown"),
        "expiring": payments.where(P.status == "authorized", P.capture_before < now + EXPIRES_SOON),
        "failed_refunds": select(Refund.id).where(
            Refund.merchant_id == merchant_id, Refund.status == "failed", Refund.id >= since
        ),
        "late_money": payments.where(came_late()),
    }
    columns = [
        select(func.count()).select_from(capped(query)).scalar_subquery().label(name)
        for name, query in queries.items()
    ]
    row = db.session.execute(select(*columns)).mappings().one()
    return Attention(**{name: min(row[name], MOST_COUNTED) for name in queries})


def chart(merchant_id: str, currency: str, today: date, timezone: str) -> list[ChartDay]:
    """Volume and approval for the thirty days up to today, a row for each day, quiet ones too."""
    first = today - timedelta(days=CHART_DAYS - 1)
    start = day_start(first, timezone)
    local = cast(func.timezone(timezone, P.created_at), Date)
    approved = P.status.in_(("captured", "authorized")) | (P.captured_minor > 0)
    query = (
        select(
            local.label("day"),
            func.coalesce(func.sum(P.captured_minor), 0).label("volume"),
            func.count().filter(P.captured_minor > 0).label("payments"),
            func.count().filter(approved).label("approved"),
        )
        .where(
            P.merchant_id == merchant_id,
            P.currency == currency,
            P.id >= first_id("pi", start),
        )
        .group_by(local)
    )
    found: dict[date, Any] = {row.day: row for row in db.session.execute(query)}
    refused = _refusals(merchant_id, currency, start, timezone)
    days_shown = [first + timedelta(days=number) for number in range(CHART_DAYS)]
    return [_chart_day(day, found.get(day), refused.get(day, 0), currency) for day in days_shown]


def _chart_day(day: date, row: Any, refused: int, currency: str) -> ChartDay:
    if row is None:
        return ChartDay(day, Money(0, currency), 0, refused, 0)
    volume = Money(int(row.volume), currency)
    return ChartDay(day, volume, row.payments, row.approved + refused, row.approved)


def _refusals(merchant_id: str, currency: str, start: datetime, timezone: str) -> dict[date, int]:
    """How often a bank said no, by day: one payment may be refused several times and then succeed."""
    local = cast(func.timezone(timezone, Event.event_at), Date)
    query = (
        select(local, func.count())
        .join(P, (P.merchant_id == Event.merchant_id) & (P.id == Event.payment_id))
        .where(
            Event.merchant_id == merchant_id,
            Event.id >= first_id("evt", start),
            Event.name == "payment.failed",
            P.currency == currency,
        )
        .group_by(local)
    )
    return dict(db.session.execute(query).all())


def today_of(now: datetime, timezone: str) -> date:
    """The day it is for the merchant."""
    return local_day(now, timezone)


def day_before(day: date) -> date:
    """Yesterday, seen from `day`."""
    return day - timedelta(days=1)
