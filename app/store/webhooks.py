"""Where merchants want to be told, what is to be delivered there, and every try.

A unit of work that locks both an endpoint and its deliveries locks the endpoint first.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ARRAY, CursorResult, Executable, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.db import Base


class WebhookEndpoint(Base):
    """An address of a merchant's software. Deleted ones stay for the record of what they were sent."""

    __tablename__ = "webhook_endpoints"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    url: Mapped[str]
    description: Mapped[str | None]
    enabled_events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str]
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    secret_sealed: Mapped[bytes]
    secret_set_at: Mapped[datetime]
    old_secret_sealed: Mapped[bytes | None]
    old_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    consecutive_failures: Mapped[int]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    def wants(self, event_type: str) -> bool:
        """Whether the endpoint was registered for events of this type."""
        return "*" in self.enabled_events or event_type in self.enabled_events


class Delivery(Base):
    """One event for one endpoint. While it is pending, whoever holds the lease may post it.

    `attempts` counts for ever; `tries` and `first_attempt_at` begin anew when it is asked for again.
    """

    __tablename__ = "deliveries"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    endpoint_id: Mapped[str]
    event_id: Mapped[str]
    event_type: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    tries: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    lease_token: Mapped[str | None]
    is_manual: Mapped[bool]
    last_code: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    first_attempt_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class DeliveryAttempt(Base):
    """One try: what was answered, and how long that took."""

    __tablename__ = "delivery_attempts"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[str]
    at: Mapped[datetime]
    duration_ms: Mapped[int]
    response_code: Mapped[int | None]
    response_body: Mapped[str | None]
    error: Mapped[str | None]
    is_manual: Mapped[bool]


def delivery_id(event_id: str, endpoint_id: str) -> str:
    """One id per event and endpoint, sorted by event; `_ASK_AGAIN` builds the same."""
    return f"dlv_{event_id.partition('_')[2]}_{endpoint_id[-10:]}"


# One microsecond apart, so that what is due at once is still sent in the order of events.
_ASK_AGAIN = """
    INSERT INTO deliveries (merchant_id, id, endpoint_id, event_id, event_type, status,
                            next_attempt_at, created_at)
    SELECT e.merchant_id, 'dlv_' || split_part(e.id, '_', 2) || '_' || right(:endpoint, 10),
           :endpoint, e.id, e.type, 'pending',
           :now + make_interval(secs => 0.000001 * row_number() OVER (ORDER BY e.id)), :now
    FROM public_events e
    WHERE e.merchant_id = :merchant AND e.id >= :low AND e.id < :high
      AND (CAST(:published_from AS timestamptz) IS NULL OR e.published_at >= :published_from)
      AND (:takes_all OR e.type = ANY(:types))
      AND (NOT :only_known OR EXISTS (
          SELECT FROM deliveries d
          WHERE d.merchant_id = e.merchant_id AND d.endpoint_id = :endpoint AND d.event_id = e.id
            AND d.status = ANY(:statuses)))
    ON CONFLICT (merchant_id, endpoint_id, event_id) DO UPDATE
    SET status = 'pending', tries = 0, first_attempt_at = NULL, finished_at = NULL,
        is_manual = false, lease_token = NULL, leased_until = NULL,
        next_attempt_at = excluded.next_attempt_at
    WHERE deliveries.status = ANY(:statuses)
"""


def ask_again(
    session: Session,
    endpoint: WebhookEndpoint,
    between: tuple[str, str],
    *,
    now: datetime,
    statuses: tuple[str, ...],
    only_known: bool = False,
    published_from: datetime | None = None,
) -> int:
    """Make the endpoint's deliveries of a range of event ids pending; gives how many became so.

    Those there are must have one of the statuses; missing ones are made unless `only_known`.
    """
    return changed(
        session,
        text(_ASK_AGAIN),
        {
            "merchant": endpoint.merchant_id,
            "endpoint": endpoint.id,
            "low": between[0],
            "high": between[1],
            "now": now,
            "statuses": list(statuses),
            "only_known": only_known,
            "published_from": published_from,
            "takes_all": "*" in endpoint.enabled_events,
            "types": list(endpoint.enabled_events),
        },
    )


def changed(session: Session, statement: Executable, values: dict[str, Any] | None = None) -> int:
    """Run a statement that changes rows; gives how many it changed."""
    return cast("CursorResult[Any]", session.execute(statement, values)).rowcount
