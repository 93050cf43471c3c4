"""Sending again what was sent before, or never arrived: one delivery, or all of some days.

What is asked for again begins anew: it is tried for three days like a new event, and carries the id
that it always had.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from app.domain.errors import Conflict, InvalidRequest, NotFound
from app.domain.ids import lowest_id
from app.services.deps import Deps
from app.services.endpoints import find_endpoint
from app.store.db import transaction
from app.store.outbox import PublicEvent
from app.store.webhooks import Delivery, WebhookEndpoint, ask_again


@dataclass(frozen=True)
class RedeliverRange:
    """Every event from `since` until before `until` that the endpoint wants, or only what did not
    arrive.
    """

    merchant_id: str
    endpoint_id: str
    since: datetime
    until: datetime
    only_failed: bool = True


def redeliver(
    deps: Deps,
    merchant_id: str,
    delivery_id: str,
    *,
    event_id: str | None = None,
    endpoint_id: str | None = None,
) -> None:
    """Send one delivery now; only if it is of this event and endpoint, where the address names them.

    Raises NotFound, or Conflict when its endpoint is disabled. One that is being posted at this
    moment is not posted twice.
    """
    now = deps.clock.now()
    named = [
        column == wanted
        for column, wanted in ((Delivery.event_id, event_id), (Delivery.endpoint_id, endpoint_id))
        if wanted is not None
    ]
    with transaction() as session:
        receiver = session.execute(
            select(Delivery.endpoint_id)
            .join(
                PublicEvent,
                (PublicEvent.merchant_id == Delivery.merchant_id)
                & (PublicEvent.id == Delivery.event_id),
            )
            .where(Delivery.merchant_id == merchant_id, Delivery.id == delivery_id, *named)
        ).scalar_one_or_none()
        if receiver is None:
            raise NotFound("delivery", delivery_id)
        _must_be_enabled(find_endpoint(session, merchant_id, receiver, lock=True))
        session.execute(
            update(Delivery)
            .where(
                Delivery.merchant_id == merchant_id,
                Delivery.id == delivery_id,
                Delivery.leased_until.is_(None) | (Delivery.leased_until <= now),
            )
            .values(
                status="pending",
                tries=0,
                first_attempt_at=None,
                finished_at=None,
                next_attempt_at=now,
                is_manual=True,
                lease_token=None,
                leased_until=None,
            )
            .execution_options(synchronize_session=False)
        )
    deps.queue.wake("deliveries")


def redeliver_range(deps: Deps, command: RedeliverRange) -> int:
    """Send a time's events again, in their order; gives how many. Raises NotFound, InvalidRequest, or
    Conflict when the endpoint is disabled.
    """
    if command.since >= command.until:
        raise InvalidRequest("The range ends before it begins.", param="until")
    now = deps.clock.now()
    with transaction() as session:
        endpoint = find_endpoint(session, command.merchant_id, command.endpoint_id, lock=True)
        _must_be_enabled(endpoint)
        count = ask_again(
            session,
            endpoint,
            (lowest_id("evt", command.since), lowest_id("evt", command.until)),
            now=now,
            statuses=("failed", "canceled")
            if command.only_failed
            else ("failed", "canceled", "delivered"),
            only_known=command.only_failed,
        )
    if count:
        deps.queue.wake("deliveries")
    return count


def _must_be_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.status != "enabled":
        raise Conflict("This webhook endpoint is disabled: enable it first.")
