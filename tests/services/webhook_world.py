"""What tests of webhooks share: a renderer of their own, endpoints, and the rows as they are."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update

from app.domain.ids import new_id
from app.services.deps import Deps
from app.services.endpoints import CreatedEndpoint, CreateEndpoint, create_endpoint
from app.services.publishing import PublicDraft, SourceEvent, publish_due
from app.store.db import db, transaction
from app.store.outbox import emit
from app.store.payments import Event
from app.store.webhooks import Delivery, WebhookEndpoint
from tests.factories import Shop


def render(sources: Sequence[SourceEvent]) -> list[PublicDraft]:
    """One public event for each, of its own name; `test.twice` gives two, `test.broken` raises."""
    drafts = []
    for source in sources:
        if source.name == "test.broken":
            raise ValueError("it cannot be rendered")
        ids = [source.id, f"{source.id}b"] if source.name == "test.twice" else [source.id]
        for public_id in ids:
            body = json.dumps({"id": public_id, "object": "event", "type": source.name}).encode()
            drafts.append(
                PublicDraft(public_id, source.name, source.subject_id, body, source.event_at)
            )
    return drafts


def happen(deps: Deps, shop: Shop, name: str = "test.happened", count: int = 1) -> list[str]:
    """Something happens; gives the ids of the events."""
    now = deps.clock.now()
    ids = [new_id("evt", now) for _ in range(count)]
    with transaction() as session:
        for event_id in ids:
            emit(session, _event(shop.merchant_id, event_id, name, now))
    return ids


def _event(merchant_id: str, event_id: str, name: str, now: datetime) -> Event:
    return Event(
        merchant_id=merchant_id,
        id=event_id,
        name=name,
        subject_type="test",
        subject_id="tst_1",
        payment_id=None,
        actor="system",
        data={},
        event_at=now,
        created_at=now,
    )


def tell(deps: Deps, shop: Shop, name: str = "test.happened", count: int = 1) -> list[str]:
    """Something happens and is published."""
    ids = happen(deps, shop, name, count)
    publish_due(deps, render)
    return ids


def listen(deps: Deps, shop: Shop, url: str, *events: str) -> CreatedEndpoint:
    """An endpoint at an address."""
    command = CreateEndpoint(
        merchant_id=shop.merchant_id,
        id=new_id("we", deps.clock.now()),
        url=url,
        enabled_events=events or ("*",),
    )
    return create_endpoint(deps, command)


def endpoint_row(made: CreatedEndpoint) -> WebhookEndpoint:
    """The endpoint as it is now."""
    db.session.rollback()
    key = (made.endpoint.merchant_id, made.endpoint.id)
    return db.session.get_one(WebhookEndpoint, key, populate_existing=True)


def deliveries(made: CreatedEndpoint) -> list[Delivery]:
    """The endpoint's deliveries as they are now, in the order of events."""
    db.session.rollback()
    query = db.select(Delivery).where(Delivery.endpoint_id == made.endpoint.id)
    rows: Any = db.session.execute(
        query.order_by(Delivery.id).execution_options(populate_existing=True)
    ).scalars()
    return list(rows)


def statuses(made: CreatedEndpoint) -> list[str]:
    """What became of each delivery."""
    return [row.status for row in deliveries(made)]


def mark_delivered() -> None:
    """Every pending delivery has arrived."""
    with transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.status == "pending")
            .values(status="delivered", next_attempt_at=None)
        )
