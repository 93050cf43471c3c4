"""From what happened to what merchants are told: the outbox becomes public events and deliveries.

One batch is one unit of work: the events are published, their deliveries made and their rows of the
outbox gone together, or none of it. An event is published once, in the bytes it has then.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.services.deps import Deps
from app.store.db import transaction
from app.store.merchants import Merchant
from app.store.outbox import OutboxRow, PublicEvent
from app.store.payments import Event
from app.store.webhooks import Delivery, WebhookEndpoint, delivery_id

log = logging.getLogger(__name__)

# The money's jobs wait behind this one; what is left is for the next run, a second later.
RUN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """What happened, in our words."""

    merchant_id: str
    id: str
    name: str
    subject_type: str
    subject_id: str
    payment_id: str | None
    actor: str
    data: dict[str, Any]
    event_at: datetime
    is_live: bool
    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class PublicDraft:
    """What merchants are told: `body` is sent as it is.

    The id is that of what happened; of further drafts of the same event, that and one letter.
    """

    id: str
    type: str
    object_id: str
    body: bytes
    created_at: datetime


Render = Callable[[Sequence[SourceEvent]], Sequence[PublicDraft]]
Key = tuple[str, str]
Sourced = tuple[PublicDraft, SourceEvent]


def publish_due(deps: Deps, render: Render, limit: int = 200) -> int:
    """Publish what stands in the outbox, oldest first; gives how many events left it.

    An event that cannot be rendered stays, is said aloud at each run, and holds up no other.
    """
    done = 0
    after: Key | None = ("", "")
    until = time.monotonic() + RUN_SECONDS
    while after is not None and time.monotonic() < until:
        count, after = _publish_batch(deps, render, after, limit)
        done += count
    if done:
        deps.queue.wake("deliveries")
    return done


def _publish_batch(deps: Deps, render: Render, after: Key, limit: int) -> tuple[int, Key | None]:
    """Publish the next rows; gives how many were, and where to go on, or None at the end."""
    with transaction() as session:
        sources = _lock_next(session, after, limit)
        if not sources:
            return 0, None
        drafts, failed = _rendered(session, render, sources)
        endpoints = _endpoints(session, {source.merchant_id for source in sources})
        # Only now is it known which endpoints are enabled: whoever disables one waits for us.
        _insert(session, drafts, endpoints, deps.clock.now())
        gone = [(source.id, source.merchant_id) for source in sources if source.id not in failed]
        if gone:
            session.execute(
                delete(OutboxRow).where(tuple_(OutboxRow.event_id, OutboxRow.merchant_id).in_(gone))
            )
    last = (sources[-1].id, sources[-1].merchant_id)
    return len(gone), last if len(sources) == limit else None


def _lock_next(session: Session, after: Key, limit: int) -> list[SourceEvent]:
    rows = session.execute(
        select(Event, Merchant.mode)
        .join(
            OutboxRow,
            (OutboxRow.event_id == Event.id) & (OutboxRow.merchant_id == Event.merchant_id),
        )
        .join(Merchant, Merchant.id == Event.merchant_id)
        .where(tuple_(OutboxRow.event_id, OutboxRow.merchant_id) > tuple_(*after))
        .order_by(OutboxRow.event_id, OutboxRow.merchant_id)
        .limit(limit)
        .with_for_update(of=OutboxRow, skip_locked=True)
    ).all()
    return [
        SourceEvent(
            merchant_id=event.merchant_id,
            id=event.id,
            name=event.name,
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            payment_id=event.payment_id,
            actor=event.actor,
            data=event.data,
            event_at=event.event_at,
            is_live=mode == "live",
            request_id=event.request_id,
            idempotency_key=event.idempotency_key,
        )
        for event, mode in rows
    ]


def _rendered(
    session: Session, render: Render, sources: list[SourceEvent]
) -> tuple[list[Sourced], set[str]]:
    """The drafts of all that can be rendered, and the ids of what cannot."""
    try:
        with session.begin_nested():
            return _with_source(render(sources), sources), set()
    except Exception:
        log.warning("events.rendered_one_by_one", exc_info=True)
    drafts: list[Sourced] = []
    failed: set[str] = set()
    for source in sources:
        try:
            with session.begin_nested():
                drafts += _with_source(render([source]), [source])
        except Exception:
            log.exception("event.not_published", extra={"event": source.id, "what": source.name})
            failed.add(source.id)
    return drafts, failed


def _endpoints(session: Session, merchant_ids: set[str]) -> dict[str, list[WebhookEndpoint]]:
    """Every endpoint of the merchants, held so that none is switched on or off meanwhile.

    The disabled ones too: one that is being enabled just now is waited for, and then told.
    """
    rows = session.execute(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.merchant_id.in_(merchant_ids), WebhookEndpoint.deleted_at.is_(None))
        .order_by(WebhookEndpoint.merchant_id, WebhookEndpoint.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).scalars()
    found: dict[str, list[WebhookEndpoint]] = {}
    for row in rows:
        if row.status == "enabled":
            found.setdefault(row.merchant_id, []).append(row)
    return found


def _with_source(drafts: Sequence[PublicDraft], sources: Sequence[SourceEvent]) -> list[Sourced]:
    by_id = {source.id: source for source in sources}
    return [(draft, by_id.get(draft.id) or by_id[draft.id[:-1]]) for draft in drafts]


def _insert(
    session: Session,
    drafts: Sequence[Sourced],
    endpoints: dict[str, list[WebhookEndpoint]],
    now: datetime,
) -> None:
    if not drafts:
        return
    events = [
        {
            "merchant_id": source.merchant_id,
            "id": draft.id,
            "type": draft.type,
            "object_id": draft.object_id,
            "source_event_id": source.id,
            "body": draft.body,
            "created_at": draft.created_at,
            "published_at": now,
        }
        for draft, source in drafts
    ]
    session.execute(insert(PublicEvent).on_conflict_do_nothing(), events)
    deliveries = [
        {
            "merchant_id": source.merchant_id,
            "id": delivery_id(draft.id, endpoint.id),
            "endpoint_id": endpoint.id,
            "event_id": draft.id,
            "event_type": draft.type,
            "status": "pending",
            "next_attempt_at": now,
            "created_at": now,
        }
        for draft, source in drafts
        for endpoint in endpoints.get(source.merchant_id, ())
        if endpoint.wants(draft.type)
    ]
    if deliveries:
        session.execute(insert(Delivery).on_conflict_do_nothing(), deliveries)
