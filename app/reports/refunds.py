"""The refunds list."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, true

from app.domain.money import Money
from app.reports.labels import Label, refund_label
from app.reports.paging import Count, Cursor, Page, count_each, fetch, first_id
from app.reports.periods import days
from app.reports.timeline import actor_words
from app.store.payments import Refund

TABS = ("all", "underway", "succeeded", "failed")


@dataclass(frozen=True, slots=True)
class RefundFilter:
    """What the person asked to see."""

    tab: str = "all"
    currency: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund in a list."""

    id: str
    payment_id: str
    amount: Money
    label: Label
    reason: str
    requested_by: str
    failure_reason: str
    created_at: datetime


def refunds(
    merchant_id: str, wanted: RefundFilter, cursor: Cursor, *, timezone: str
) -> Page[RefundRow]:
    """One page of the merchant's refunds, newest first."""
    query = _base(merchant_id, wanted, timezone).where(_tab(wanted.tab))
    return fetch(query, Refund.id, cursor, lambda record: _row(record[0]))


def counts(merchant_id: str, wanted: RefundFilter, *, timezone: str) -> dict[str, Count]:
    """How many refunds each tab would show."""
    base = _base(merchant_id, wanted, timezone)
    return count_each({tab: base.where(_tab(tab)).with_only_columns(Refund.id) for tab in TABS})


def _base(merchant_id: str, wanted: RefundFilter, timezone: str) -> Select[Any]:
    query = select(Refund).where(Refund.merchant_id == merchant_id)
    if wanted.currency:
        query = query.where(Refund.currency == wanted.currency)
    if wanted.first or wanted.last:
        first, last = wanted.first or date(2000, 1, 1), wanted.last or date(2999, 12, 30)
        period = days(first, last, timezone)
        query = query.where(
            Refund.id >= first_id("re", period.start), Refund.id < first_id("re", period.end)
        )
    return query


def _tab(tab: str) -> ColumnElement[bool]:
    return {
        "underway": Refund.status.in_(("requested", "pending", "unknown")),
        "succeeded": Refund.status == "succeeded",
        "failed": Refund.status == "failed",
    }.get(tab, true())


def _row(row: Refund) -> RefundRow:
    return RefundRow(
        id=row.id,
        payment_id=row.payment_id,
        amount=row.amount,
        label=refund_label(row.status),
        reason=(row.reason or "").replace("_", " "),
        requested_by=actor_words(row.requested_by),
        failure_reason=(row.failure_reason or "").replace("_", " "),
        created_at=row.created_at,
    )
