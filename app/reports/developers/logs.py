"""The API's request log as developers read it: a list that the address filters, and one request."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, true

from app.domain.errors import NotFound
from app.reports.developers.words import Related, contains, status_label
from app.reports.labels import Label
from app.reports.paging import Count, Cursor, Page, count_each, fetch, first_id
from app.reports.periods import days
from app.store.db import db
from app.store.merchants import ApiKey
from app.store.outbox import PublicEvent
from app.store.payments import CheckoutSession, Operation, PaymentRow, Refund
from app.store.requests import ApiRequest

TABS = ("all", "succeeded", "failed")
METHODS = ("GET", "POST", "DELETE")
CLASSES = ("2xx", "4xx", "5xx")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the person asked to see. `status` is a class (`4xx`) or a code (`402`)."""

    tab: str = "all"
    method: str = ""
    status: str = ""
    path: str = ""
    key: str = ""
    idempotency_key: str = ""
    request_id: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the tab was chosen."""
        texts = (self.method, self.status, self.path, self.key, self.idempotency_key)
        return any((*texts, self.request_id, self.first, self.last))


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request in a list."""

    id: str
    method: str
    path: str
    label: Label
    error_code: str
    key: str
    duration_ms: int
    is_replay: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event about the same object."""

    id: str
    type: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key that made a request, as far as it is shown."""

    id: str
    name: str
    hint: str


@dataclass(frozen=True, slots=True)
class LogDetail:
    """One request with all that the log has."""

    row: ApiRequest
    label: Label
    key: KeyName | None
    related: Related | None
    events: list[LoggedEvent]

    @property
    def error(self) -> dict[str, Any]:
        """The error object that was answered, if one was."""
        body = self.row.response_body
        found = body.get("error") if isinstance(body, dict) else None
        return found if isinstance(found, dict) else {}


def lines(merchant_id: str, wanted: LogFilter, cursor: Cursor, *, timezone: str) -> Page[LogLine]:
    """One page of requests, newest first."""
    names = {key.id: key.name for key in keys(merchant_id)}
    query = _base(merchant_id, wanted, timezone).where(_tab(wanted.tab))
    return fetch(query, ApiRequest.id, cursor, lambda record: _line(record[0], names))


def counts(merchant_id: str, wanted: LogFilter, *, timezone: str) -> dict[str, Count]:
    """How many requests each tab would show."""
    base = _base(merchant_id, wanted, timezone).with_only_columns(ApiRequest.id)
    return count_each({tab: base.where(_tab(tab)) for tab in TABS})


def keys(merchant_id: str) -> list[KeyName]:
    """The merchant's keys, to choose from."""
    query = (
        select(ApiKey)
        .where(ApiKey.merchant_id == merchant_id)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.created_at.desc())
        .limit(200)
    )
    return [
        KeyName(row.id, row.name, f"{row.prefix}…{row.last4}")
        for row in db.session.execute(query).scalars()
    ]


def detail(merchant_id: str, request_id: str) -> LogDetail:
    """One request; raises NotFound for one that is unknown or older than the log."""
    row = db.session.get(ApiRequest, (merchant_id, request_id))
    if row is None:
        raise NotFound("request", request_id)
    known = {key.id: key for key in keys(merchant_id)}
    return LogDetail(
        row=row,
        label=status_label(row.status),
        key=known.get(row.key_id),
        related=related(merchant_id, row.object_id),
        events=_events(merchant_id, row.object_id),
    )


def rows_of(merchant_id: str, request_ids: Iterable[str]) -> dict[str, ApiRequest]:
    """The log's rows of some requests, as far as it has them."""
    query = select(ApiRequest).where(
        ApiRequest.merchant_id == merchant_id, ApiRequest.id.in_(list(request_ids))
    )
    return {row.id: row for row in db.session.execute(query).scalars()}


def related(merchant_id: str, object_id: str | None) -> Related | None:
    """Where an object is shown in the dashboard: a refund or a charge is on its payment's page."""
    if not object_id:
        return None
    prefix, _, body = object_id.partition("_")
    if prefix in ("pi", "we", "evt"):
        pages = {"pi": "payment", "we": "endpoint", "evt": "event"}
        return Related(object_id, pages[prefix], object_id)
    payment_id = _payment_of(merchant_id, prefix, body, object_id)
    return Related(object_id, "payment", payment_id) if payment_id else Related(object_id)


def _payment_of(merchant_id: str, prefix: str, body: str, object_id: str) -> str | None:
    query: Select[str]
    if prefix == "re":
        query = select(Refund.payment_id).where(
            Refund.merchant_id == merchant_id, Refund.id == object_id
        )
    elif prefix in ("ch", "op"):
        query = select(Operation.payment_id).where(
            Operation.merchant_id == merchant_id, Operation.id == f"op_{body}"
        )
    elif prefix == "cs":
        query = (
            select(PaymentRow.id)
            .join(
                CheckoutSession,
                (CheckoutSession.merchant_id == PaymentRow.merchant_id)
                & (CheckoutSession.id == PaymentRow.session_id),
            )
            .where(PaymentRow.merchant_id == merchant_id, CheckoutSession.id == object_id)
        )
    else:
        return None
    return db.session.execute(query).scalar()


def _events(merchant_id: str, object_id: str | None) -> list[LoggedEvent]:
    if not object_id:
        return []
    query = (
        select(PublicEvent.id, PublicEvent.type, PublicEvent.created_at)
        .where(PublicEvent.merchant_id == merchant_id, PublicEvent.object_id == object_id)
        .order_by(PublicEvent.id.desc())
        .limit(10)
    )
    return [LoggedEvent(*row) for row in db.session.execute(query).all()]


def _base(merchant_id: str, wanted: LogFilter, timezone: str) -> Select[Any]:
    query = select(ApiRequest).where(ApiRequest.merchant_id == merchant_id)
    exact = {
        ApiRequest.method: wanted.method,
        ApiRequest.key_id: wanted.key,
        ApiRequest.idempotency_key: wanted.idempotency_key,
        ApiRequest.id: wanted.request_id,
    }
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    if wanted.status:
        query = query.where(_status(wanted.status))
    if wanted.path:
        pattern = contains(wanted.path)
        query = query.where(ApiRequest.path.like(pattern) | ApiRequest.route.like(pattern))
    if wanted.first or wanted.last:
        first, last = wanted.first or date(2000, 1, 1), wanted.last or date(2999, 12, 30)
        period = days(first, last, timezone)
        query = query.where(
            ApiRequest.id >= first_id("req", period.start),
            ApiRequest.id < first_id("req", period.end),
        )
    return query


def _status(wanted: str) -> ColumnElement[bool]:
    if wanted in CLASSES:
        low = int(wanted[0]) * 100
        return ApiRequest.status.between(low, low + 99)
    return ApiRequest.status == int(wanted)


def _tab(tab: str) -> ColumnElement[bool]:
    if tab == "all":
        return true()
    return ApiRequest.status >= 400 if tab == "failed" else ApiRequest.status < 400


def _line(row: ApiRequest, names: dict[str, str]) -> LogLine:
    return LogLine(
        id=row.id,
        method=row.method,
        path=row.path,
        label=status_label(row.status),
        error_code=row.error_code or "",
        key=names.get(row.key_id, row.key_id),
        duration_ms=row.duration_ms,
        is_replay=row.idempotency_outcome == "replayed",
        at=row.at,
    )
