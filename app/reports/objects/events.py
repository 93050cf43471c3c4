"""Published events, as they were sent: those of the last thirty days."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, column, exists, func, not_, select, values
from sqlalchemy import Text as SqlText

from app.domain.ids import lowest_id
from app.reports.objects.bounded import bounded
from app.reports.objects.paging import Between, Slice
from app.reports.objects.payments import window
from app.store.db import db, end_read
from app.store.outbox import PublicEvent
from app.store.webhooks import Delivery

E = PublicEvent
SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Published:
    """One event: the bytes that are sent, and how many endpoints are still to be told."""

    id: str
    body: bytes
    pending: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: `types` None for all, `is_delivered` None for both."""

    types: Collection[str] | None = None
    created: Between | None = None
    is_delivered: bool | None = None


def event(merchant_id: str, event_id: str, *, now: datetime) -> Published | None:
    """One event of the merchant, while it is shown."""
    found = _published(merchant_id, [event_id] if event_id >= _oldest(now) else [])
    return found[0] if found else None


def is_there(merchant_id: str, event_id: str) -> bool:
    """Whether the merchant has this event."""
    query = select(E.id).where(E.merchant_id == merchant_id, E.id == event_id)
    found = db.session.execute(query).scalar()
    end_read()
    return found is not None


def listed(
    merchant_id: str, cut: Slice, wanted: Wanted, *, now: datetime
) -> tuple[Sequence[Published], bool]:
    """A page of events, newest first, and whether there are more in its direction."""
    if wanted.types is not None and not wanted.types:
        return [], False
    with bounded("delivery_success") as session:
        ids = session.execute(_page(merchant_id, cut, wanted, now)).scalars().all()
    has_more, ids = len(ids) > cut.limit, ids[: cut.limit]
    return _published(merchant_id, ids), has_more


def _oldest(now: datetime) -> str:
    return lowest_id("evt", now - SHOWN_FOR)


def _page(merchant_id: str, cut: Slice, wanted: Wanted, now: datetime) -> Select[str]:
    """The ids of a page and one more. Of each type as many are taken as a page can hold, so that
    neither many types nor rare ones make it read on and on.
    """
    query = select(E.id).where(E.merchant_id == merchant_id, *_conditions(cut, wanted, now))
    order = E.id.asc() if cut.before is not None else E.id.desc()
    if wanted.types is None:
        return query.order_by(order).limit(cut.limit + 1)
    types = values(column("type", SqlText), name="types").data([(one,) for one in wanted.types])
    of_type = (
        query.where(E.type == types.c.type).order_by(order).limit(cut.limit + 1).lateral("of_type")
    )
    found = of_type.c.id
    return (
        select(found)
        .select_from(types)
        .join(of_type, of_type.c.id.is_not(None))
        .order_by(found.asc() if cut.before is not None else found.desc())
        .limit(cut.limit + 1)
    )


def _conditions(cut: Slice, wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    limits = window("evt", cut, wanted.created)
    conditions = [E.id >= max(_oldest(now), limits.from_id or "")]
    if limits.until_id is not None:
        conditions.append(E.id < limits.until_id)
    if cut.after is not None:
        conditions.append(E.id < cut.after)
    if cut.before is not None:
        conditions.append(E.id > cut.before)
    if wanted.is_delivered is not None:
        is_owed = exists().where(
            Delivery.merchant_id == E.merchant_id,
            Delivery.event_id == E.id,
            Delivery.status.in_(("pending", "failed")),
        )
        conditions.append(not_(is_owed) if wanted.is_delivered else is_owed)
    return conditions


def _published(merchant_id: str, ids: Sequence[str]) -> list[Published]:
    """The merchant's events among these, newest first."""
    pending = (
        select(func.count())
        .where(
            Delivery.merchant_id == merchant_id,
            Delivery.event_id == E.id,
            Delivery.status == "pending",
        )
        .scalar_subquery()
    )
    query = (
        select(E.id, E.body, pending)
        .where(E.merchant_id == merchant_id, E.id.in_(ids))
        .order_by(E.id.desc())
    )
    rows = db.session.execute(query).all()
    end_read()
    return [Published(event_id, bytes(body), count) for event_id, body, count in rows]
