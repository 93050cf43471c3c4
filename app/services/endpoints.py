"""Addresses where a merchant's software is told: made, changed, switched off and on, and their
secrets.

An address is asked for at the name server before anything is written, never while a unit of work is
open. A disabled endpoint is told nothing; what it missed is sent when it is enabled with backfill.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.deliveries import new_webhook_secret
from app.domain.errors import Conflict, InvalidRequest, NotFound
from app.domain.ids import lowest_id
from app.services.deps import Deps
from app.store.db import transaction
from app.store.merchants import Merchant
from app.store.webhooks import Delivery, WebhookEndpoint, ask_again

MOST_ENDPOINTS = 16
LONGEST_OVERLAP = timedelta(hours=24)
# Another machine's clock may be behind ours; a delivery that is there already is not made twice.
CLOCK_SLACK = timedelta(minutes=1)
LONGEST_IN_OUTBOX = timedelta(days=1)


@dataclass(frozen=True)
class CreateEndpoint:
    """Tell this address of these events (`*` for all). The id is the caller's, so a repeat is safe."""

    merchant_id: str
    id: str
    url: str
    enabled_events: tuple[str, ...]
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class UpdateEndpoint:
    """What is None stays as it is; an empty description takes it away."""

    merchant_id: str
    endpoint_id: str
    url: str | None = None
    enabled_events: tuple[str, ...] | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CreatedEndpoint:
    """The endpoint and its secret, which is to be shown now; none where it was replaced since."""

    endpoint: WebhookEndpoint
    secret: str | None


@dataclass(frozen=True, slots=True)
class EnabledEndpoint:
    """The endpoint and how many missed events are on their way to it."""

    endpoint: WebhookEndpoint
    backfilled: int


def create_endpoint(deps: Deps, command: CreateEndpoint) -> CreatedEndpoint:
    """Make an endpoint. An id that is there already gives that one, whatever else is asked for.

    Raises AddressRefused, InvalidRequest or Conflict.
    """
    known = _made_before(command)
    if known is not None:
        return _created(deps, known)
    _check_events(command.enabled_events)
    deps.sender.check(command.url)
    now = deps.clock.now()
    secret = new_webhook_secret()
    with transaction() as session:
        # Two at once take turns, or both would find the last free place.
        session.execute(
            select(Merchant.id)
            .where(Merchant.id == command.merchant_id)
            .with_for_update(key_share=True)
        ).scalar_one()
        known = session.get(WebhookEndpoint, (command.merchant_id, command.id))
        if known is None and _live(session, command.merchant_id) >= MOST_ENDPOINTS:
            raise Conflict(f"An account has at most {MOST_ENDPOINTS} webhook endpoints.")
        session.execute(
            insert(WebhookEndpoint)
            .values(
                merchant_id=command.merchant_id,
                id=command.id,
                url=command.url,
                description=command.description or None,
                enabled_events=list(command.enabled_events),
                status="enabled",
                secret_sealed=deps.sealer.seal(secret),
                secret_set_at=now,
                metadata_=command.metadata,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing()
        )
        endpoint = find_endpoint(session, command.merchant_id, command.id)
    return _created(deps, endpoint)


def _made_before(command: CreateEndpoint) -> WebhookEndpoint | None:
    """What this request made when it came first; a deleted endpoint too."""
    with transaction() as session:
        return session.get(WebhookEndpoint, (command.merchant_id, command.id))


def _created(deps: Deps, row: WebhookEndpoint) -> CreatedEndpoint:
    # A secret that was rolled since is another's to tell.
    is_first = row.secret_set_at == row.created_at and row.deleted_at is None
    return CreatedEndpoint(row, deps.sealer.open(row.secret_sealed) if is_first else None)


def update_endpoint(deps: Deps, command: UpdateEndpoint) -> WebhookEndpoint:
    """Change what is given. Raises AddressRefused, InvalidRequest or NotFound."""
    if command.enabled_events is not None:
        _check_events(command.enabled_events)
    if command.url is not None:
        deps.sender.check(command.url)
    with transaction() as session:
        row = find_endpoint(session, command.merchant_id, command.endpoint_id, lock=True)
        if command.url is not None:
            row.url = command.url
        if command.enabled_events is not None:
            row.enabled_events = list(command.enabled_events)
        if command.description is not None:
            row.description = command.description or None
        if command.metadata is not None:
            row.metadata_ = command.metadata
        row.updated_at = deps.clock.now()
    return row


def delete_endpoint(deps: Deps, merchant_id: str, endpoint_id: str) -> None:
    """Tell this address nothing more, for ever. Raises NotFound."""
    with transaction() as session:
        row = find_endpoint(session, merchant_id, endpoint_id, lock=True)
        row.deleted_at = row.updated_at = deps.clock.now()
        _cancel(session, deps, row)


def disable_endpoint(deps: Deps, merchant_id: str, endpoint_id: str) -> WebhookEndpoint:
    """Tell this address nothing until it is enabled again. Raises NotFound; safe to repeat."""
    with transaction() as session:
        row = find_endpoint(session, merchant_id, endpoint_id, lock=True)
        if row.status == "enabled":
            switch_off(session, deps, row, "by_merchant")
    return row


def switch_off(session: Session, deps: Deps, row: WebhookEndpoint, reason: str) -> None:
    """Disable a locked endpoint and cancel what waits for it, in the caller's unit of work."""
    now = deps.clock.now()
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.merchant_id == row.merchant_id, WebhookEndpoint.id == row.id)
        .values(status="disabled", disabled_reason=reason, disabled_at=now, updated_at=now)
    )
    _cancel(session, deps, row)


def enable_endpoint(
    deps: Deps, merchant_id: str, endpoint_id: str, *, with_backfill: bool = False
) -> EnabledEndpoint:
    """Tell this address again, with backfill also what it missed meanwhile. Raises NotFound; safe
    to repeat.
    """
    with transaction() as session:
        row = find_endpoint(session, merchant_id, endpoint_id, lock=True)
        if row.status == "enabled" or row.disabled_at is None:
            return EnabledEndpoint(row, 0)
        missed_since = _missed_since(session, row, row.disabled_at)
        now = deps.clock.now()
        session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.merchant_id == merchant_id, WebhookEndpoint.id == endpoint_id)
            .values(
                status="enabled",
                disabled_reason=None,
                disabled_at=None,
                failing_since=None,
                consecutive_failures=0,
                updated_at=now,
            )
        )
        count = _backfill(session, deps, row, missed_since) if with_backfill else 0
    if count:
        deps.queue.wake("deliveries")
    return EnabledEndpoint(row, count)


def roll_secret(
    deps: Deps, merchant_id: str, endpoint_id: str, *, valid_old_for: timedelta = timedelta()
) -> str:
    """Give the endpoint a new secret; the old one signs too for a while. Raises NotFound or
    InvalidRequest.
    """
    if not timedelta() <= valid_old_for <= LONGEST_OVERLAP:
        raise InvalidRequest(
            "The old secret can stay valid for up to 24 hours.", param="expires_in"
        )
    now = deps.clock.now()
    secret = new_webhook_secret()
    with transaction() as session:
        row = find_endpoint(session, merchant_id, endpoint_id, lock=True)
        row.old_secret_sealed = row.secret_sealed if valid_old_for else None
        row.old_secret_until = now + valid_old_for if valid_old_for else None
        row.secret_sealed = deps.sealer.seal(secret)
        row.secret_set_at = row.updated_at = now
    return secret


def reveal_secret(deps: Deps, merchant_id: str, endpoint_id: str) -> str:
    """The endpoint's secret; whoever asks writes down that it was shown. Raises NotFound."""
    with transaction() as session:
        row = find_endpoint(session, merchant_id, endpoint_id)
    return deps.sealer.open(row.secret_sealed)


def find_endpoint(
    session: Session, merchant_id: str, endpoint_id: str, *, lock: bool = False
) -> WebhookEndpoint:
    """A merchant's endpoint that is not deleted, locked if wanted; raises NotFound."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.merchant_id == merchant_id,
        WebhookEndpoint.id == endpoint_id,
        WebhookEndpoint.deleted_at.is_(None),
    )
    if lock:
        query = query.with_for_update(key_share=True)
    row = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return row


def _check_events(enabled_events: tuple[str, ...]) -> None:
    if not enabled_events:
        raise InvalidRequest("Choose at least one event, or '*' for all.", param="enabled_events")
    if "*" in enabled_events and len(enabled_events) > 1:
        raise InvalidRequest("'*' means all events: it stands alone.", param="enabled_events")


def _live(session: Session, merchant_id: str) -> int:
    return session.execute(
        select(func.count())
        .select_from(WebhookEndpoint)
        .where(WebhookEndpoint.merchant_id == merchant_id, WebhookEndpoint.deleted_at.is_(None))
    ).scalar_one()


def _cancel(session: Session, deps: Deps, row: WebhookEndpoint) -> None:
    session.execute(
        update(Delivery)
        .where(
            Delivery.merchant_id == row.merchant_id,
            Delivery.endpoint_id == row.id,
            Delivery.status == "pending",
        )
        .values(status="canceled", next_attempt_at=None, finished_at=deps.clock.now())
        .execution_options(synchronize_session=False)
    )


def _missed_since(session: Session, row: WebhookEndpoint, disabled_at: datetime) -> datetime:
    """What still waited when the endpoint was switched off was given up then: it was missed too."""
    oldest = session.execute(
        select(func.min(Delivery.created_at)).where(
            Delivery.merchant_id == row.merchant_id,
            Delivery.endpoint_id == row.id,
            Delivery.status == "canceled",
            Delivery.finished_at >= disabled_at,
        )
    ).scalar()
    return min(oldest or disabled_at, row.failing_since or disabled_at, disabled_at)


def _backfill(session: Session, deps: Deps, row: WebhookEndpoint, since: Any) -> int:
    now = deps.clock.now()
    # The id tells when an event happened, which may be well before it was published.
    between = (lowest_id("evt", since - LONGEST_IN_OUTBOX), lowest_id("evt", now + CLOCK_SLACK))
    return ask_again(
        session,
        row,
        between,
        now=now,
        statuses=("canceled", "failed"),
        published_from=since - CLOCK_SLACK,
    )
