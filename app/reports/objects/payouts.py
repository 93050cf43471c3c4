"""Payouts as the API lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from app.reports.objects.paging import Between, Slice, created_between, page
from app.store.db import db, end_read
from app.store.payouts import PayoutRow

__all__ = ["PayoutRow", "Wanted", "by_ids", "listed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which payouts: empty fields leave nothing out."""

    created: Between | None = None
    arrival: Between | None = None
    destination: str | None = None
    statuses: tuple[str, ...] = ()


def by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[PayoutRow]:
    """The merchant's payouts among these."""
    rows = db.session.execute(
        select(PayoutRow)
        .where(PayoutRow.merchant_id == merchant_id, PayoutRow.id.in_(ids))
        .execution_options(populate_existing=True)
    ).scalars()
    found = rows.all()
    end_read()
    return found


def listed(merchant_id: str, cut: Slice, wanted: Wanted) -> tuple[Sequence[PayoutRow], bool]:
    """A page of payouts, newest first, and whether there are more in its direction."""
    query: Any = (
        select(PayoutRow)
        .where(PayoutRow.merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )
    query = created_between(query, PayoutRow.created_at, wanted.created)
    if wanted.arrival is not None:
        query = _arriving(query, wanted.arrival)
    if wanted.destination is not None:
        query = query.where(PayoutRow.bank_account_id == wanted.destination)
    if wanted.statuses:
        query = query.where(PayoutRow.status.in_(wanted.statuses))
    rows, has_more = page(query, PayoutRow.id, cut)
    return [row[0] for row in rows], has_more


def _arriving(query: Any, between: Between) -> Any:
    """Arrivals are days; their moment is the day's beginning in UTC."""
    day = PayoutRow.arrival_date
    if between.since is not None:
        query = query.where(day >= _day_from(between.since))
    if between.later_than is not None:
        query = query.where(day > _day(between.later_than))
    if between.until is not None:
        query = query.where(day <= _day(between.until))
    if between.earlier_than is not None:
        query = query.where(day < _day_from(between.earlier_than))
    return query


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _day_from(at: datetime) -> date:
    """The first day that begins at that moment or later."""
    moment = at.astimezone(UTC)
    is_whole = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return date.fromordinal(moment.toordinal() + (0 if is_whole else 1))
