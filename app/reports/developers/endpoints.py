"""Webhook endpoints: how each did in the last 24 hours, and its deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, case, func, select

from app.domain.errors import NotFound
from app.reports.developers.words import delivery_label, endpoint_label
from app.reports.labels import Label
from app.reports.paging import Count, Cursor, Page, count_each, fetch
from app.store.db import db
from app.store.outbox import PublicEvent
from app.store.webhooks import Delivery, DeliveryAttempt, WebhookEndpoint

WINDOW = timedelta(hours=24)
HOURS = 24
TABS = ("all", "delivered", "pending", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Hour:
    """The attempts of one hour."""

    arrived: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The last 24 hours of one endpoint: attempts, the middle response time, and hour by hour."""

    sent: int
    failed: int
    median_ms: int | None
    hours: Sequence[Hour]

    @property
    def busiest(self) -> int:
        """The most attempts in one hour, at least one: the height of the bars."""
        return max((hour.arrived + hour.failed for hour in self.hours), default=0) or 1

    @property
    def failed_percent(self) -> int:
        """How many of a hundred failed; a failure is never rounded away."""
        if not self.sent:
            return 0
        return -(-100 * self.failed // self.sent)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint with its figures."""

    id: str
    url: str
    description: str
    enabled_events: list[str]
    label: Label
    is_enabled: bool
    disabled_reason: str
    disabled_at: datetime | None
    failing_since: datetime | None
    consecutive_failures: int
    old_secret_until: datetime | None
    figures: Figures
    created_at: datetime

    @property
    def takes_all(self) -> bool:
        """Whether it is told everything."""
        return "*" in self.enabled_events


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery in a list."""

    id: str
    event_id: str
    event_type: str
    object_id: str
    label: Label
    attempts: int
    last_code: int | None
    last_error: str
    next_attempt_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try."""

    number: int
    at: datetime
    duration_ms: int
    code: int | None
    body: str
    error: str
    is_manual: bool

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.code is not None and 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One delivery: what is sent, and every try."""

    line: DeliveryLine
    status: str
    endpoint_id: str
    url: str
    body: str
    attempts: list[Attempt]
    can_resend: bool


def endpoints(merchant_id: str, *, now: datetime) -> list[Endpoint]:
    """The merchant's endpoints, the oldest first."""
    query = (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.merchant_id == merchant_id, WebhookEndpoint.deleted_at.is_(None))
        .order_by(WebhookEndpoint.created_at)
    )
    rows = db.session.execute(query).scalars().all()
    found = _figures(merchant_id, now)
    return [_endpoint(row, found.get(row.id), now) for row in rows]


def endpoint(merchant_id: str, endpoint_id: str, *, now: datetime) -> Endpoint:
    """One endpoint; raises NotFound for a deleted one too."""
    row = db.session.get(WebhookEndpoint, (merchant_id, endpoint_id))
    if row is None or row.deleted_at is not None:
        raise NotFound("webhook endpoint", endpoint_id)
    return _endpoint(row, _figures(merchant_id, now, endpoint_id).get(endpoint_id), now)


def deliveries(
    merchant_id: str, endpoint_id: str, tab: str, cursor: Cursor, *, now: datetime
) -> Page[DeliveryLine]:
    """One page of an endpoint's deliveries, newest first."""
    query = (
        select(Delivery, PublicEvent.object_id)
        .outerjoin(
            PublicEvent,
            (PublicEvent.merchant_id == Delivery.merchant_id)
            & (PublicEvent.id == Delivery.event_id),
        )
        .where(*_tab(merchant_id, endpoint_id, tab))
    )
    return fetch(query, Delivery.id, cursor, lambda record: _line(record[0], record[1], now))


def counts(merchant_id: str, endpoint_id: str) -> dict[str, Count]:
    """How many deliveries each tab shows."""
    return count_each(
        {tab: select(Delivery.id).where(*_tab(merchant_id, endpoint_id, tab)) for tab in TABS}
    )


def delivery(
    merchant_id: str, endpoint_id: str, delivery_id: str, *, now: datetime
) -> DeliveryDetail:
    """One delivery of an endpoint; raises NotFound."""
    row = db.session.get(Delivery, (merchant_id, delivery_id))
    if row is None or row.endpoint_id != endpoint_id:
        raise NotFound("delivery", delivery_id)
    receiver = db.session.get_one(WebhookEndpoint, (merchant_id, endpoint_id))
    event = db.session.get(PublicEvent, (merchant_id, row.event_id))
    tries = (
        select(DeliveryAttempt)
        .where(
            DeliveryAttempt.merchant_id == merchant_id,
            DeliveryAttempt.delivery_id == delivery_id,
        )
        .order_by(DeliveryAttempt.number.desc())
        .limit(100)
    )
    return DeliveryDetail(
        line=_line(row, event.object_id if event else None, now),
        status=row.status,
        endpoint_id=endpoint_id,
        url=receiver.url,
        body=bytes(event.body).decode("utf-8", "replace") if event else "",
        attempts=[_attempt(one) for one in db.session.execute(tries).scalars()],
        can_resend=event is not None
        and receiver.status == "enabled"
        and receiver.deleted_at is None,
    )


def _tab(merchant_id: str, endpoint_id: str, tab: str) -> tuple[Any, ...]:
    ours = (Delivery.merchant_id == merchant_id, Delivery.endpoint_id == endpoint_id)
    return ours if tab == "all" else (*ours, Delivery.status == tab)


def _figures(merchant_id: str, now: datetime, endpoint_id: str | None = None) -> dict[str, Figures]:
    """The attempts of the last 24 hours by endpoint: one statement for the hours, one for the middle."""
    first = now - WINDOW
    hour = func.floor(func.extract("epoch", DeliveryAttempt.at - first) / 3600).cast(Integer)
    is_failed = DeliveryAttempt.response_code.is_(None) | ~DeliveryAttempt.response_code.between(
        200, 299
    )
    mine = [DeliveryAttempt.merchant_id == merchant_id, DeliveryAttempt.at >= first]
    if endpoint_id is not None:
        mine.append(DeliveryAttempt.endpoint_id == endpoint_id)
    failed = func.sum(case((is_failed, 1), else_=0)).cast(Integer)
    by_hour = (
        select(DeliveryAttempt.endpoint_id, hour.label("hour"), func.count(), failed)
        .where(*mine)
        .group_by(DeliveryAttempt.endpoint_id, "hour")
    )
    middle = func.percentile_disc(0.5).within_group(DeliveryAttempt.duration_ms)
    by_endpoint = (
        select(DeliveryAttempt.endpoint_id, middle)
        .where(*mine)
        .group_by(DeliveryAttempt.endpoint_id)
    )
    middles: dict[str, int] = {row[0]: row[1] for row in db.session.execute(by_endpoint).all()}
    hours: dict[str, list[Hour]] = {}
    for one, place, count, bad in db.session.execute(by_hour).all():
        bars = hours.setdefault(one, [Hour()] * HOURS)
        bars[min(max(place, 0), HOURS - 1)] = Hour(count - bad, bad)
    return {
        one: Figures(
            sent=sum(bar.arrived + bar.failed for bar in bars),
            failed=sum(bar.failed for bar in bars),
            median_ms=middles.get(one),
            hours=bars,
        )
        for one, bars in hours.items()
    }


def _endpoint(row: WebhookEndpoint, figures: Figures | None, now: datetime) -> Endpoint:
    is_rolling = row.old_secret_until is not None and row.old_secret_until > now.astimezone(UTC)
    return Endpoint(
        id=row.id,
        url=row.url,
        description=row.description or "",
        enabled_events=list(row.enabled_events),
        label=endpoint_label(row.status, row.disabled_reason, row.consecutive_failures),
        is_enabled=row.status == "enabled",
        disabled_reason=row.disabled_reason or "",
        disabled_at=row.disabled_at,
        failing_since=row.failing_since,
        consecutive_failures=row.consecutive_failures,
        old_secret_until=row.old_secret_until if is_rolling else None,
        figures=figures or Figures(0, 0, None, [Hour()] * HOURS),
        created_at=row.created_at,
    )


def _line(row: Delivery, object_id: str | None, now: datetime) -> DeliveryLine:
    return DeliveryLine(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        object_id=object_id or "",
        label=delivery_label(row, now),
        attempts=row.attempts,
        last_code=row.last_code,
        last_error=row.last_error or "",
        next_attempt_at=row.next_attempt_at,
        created_at=row.created_at,
    )


def _attempt(row: DeliveryAttempt) -> Attempt:
    return Attempt(
        number=row.number,
        at=row.at,
        duration_ms=row.duration_ms,
        code=row.response_code,
        body=row.response_body or "",
        error=row.error or "",
        is_manual=row.is_manual,
    )
