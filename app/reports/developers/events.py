"""Published events: the list, and one with its bytes and where it was delivered."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select

from app.domain.errors import NotFound
from app.reports.developers.logs import related
from app.reports.developers.words import Related, contains, delivery_label
from app.reports.labels import Label
from app.reports.paging import Cursor, Page, fetch
from app.store.db import db
from app.store.outbox import PublicEvent
from app.store.webhooks import Delivery, WebhookEndpoint


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What the person asked to see: part of a type's name, an object's id."""

    type: str = ""
    object_id: str = ""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in a list."""

    id: str
    type: str
    object_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """What became of an event at one endpoint."""

    id: str
    endpoint_id: str
    url: str
    label: Label
    attempts: int
    last_code: int | None
    last_error: str
    next_attempt_at: datetime | None
    can_resend: bool


@dataclass(frozen=True, slots=True)
class EventDetail:
    """One event, whole."""

    id: str
    type: str
    related: Related | None
    body: str
    created_at: datetime
    published_at: datetime
    deliveries: list[EventDelivery]

    @property
    def is_live(self) -> bool:
        """Whether a delivery is under way, or will be in a moment."""
        return any(one.label.is_live for one in self.deliveries)


def events(merchant_id: str, wanted: EventFilter, cursor: Cursor) -> Page[EventLine]:
    """One page of events, newest first."""
    query = select(
        PublicEvent.id, PublicEvent.type, PublicEvent.object_id, PublicEvent.created_at
    ).where(PublicEvent.merchant_id == merchant_id)
    if wanted.type:
        query = query.where(PublicEvent.type.like(contains(wanted.type)))
    if wanted.object_id:
        query = query.where(PublicEvent.object_id == wanted.object_id)
    return fetch(query, PublicEvent.id, cursor, lambda record: EventLine(*record[:4]))


def detail(merchant_id: str, event_id: str, *, now: datetime) -> EventDetail:
    """One event; raises NotFound."""
    row = db.session.get(PublicEvent, (merchant_id, event_id))
    if row is None:
        raise NotFound("event", event_id)
    return EventDetail(
        id=row.id,
        type=row.type,
        related=related(merchant_id, row.object_id),
        body=pretty(bytes(row.body)),
        created_at=row.created_at,
        published_at=row.published_at,
        deliveries=_deliveries(merchant_id, event_id, now),
    )


def pretty(body: bytes) -> str:
    """JSON for a reader; what is no JSON as it is."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _deliveries(merchant_id: str, event_id: str, now: datetime) -> list[EventDelivery]:
    query = (
        select(Delivery, WebhookEndpoint)
        .join(
            WebhookEndpoint,
            (WebhookEndpoint.merchant_id == Delivery.merchant_id)
            & (WebhookEndpoint.id == Delivery.endpoint_id),
        )
        .where(Delivery.merchant_id == merchant_id, Delivery.event_id == event_id)
        .order_by(WebhookEndpoint.created_at)
    )
    return [
        EventDelivery(
            id=row.id,
            endpoint_id=row.endpoint_id,
            url=endpoint.url,
            label=delivery_label(row, now),
            attempts=row.attempts,
            last_code=row.last_code,
            last_error=row.last_error or "",
            next_attempt_at=row.next_attempt_at,
            can_resend=endpoint.status == "enabled" and endpoint.deleted_at is None,
        )
        for row, endpoint in db.session.execute(query).all()
    ]
