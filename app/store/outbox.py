"""What merchants are told: events on their way, and the published ones.

The row of the outbox is written with its event, in the same unit of work, and goes when the event
is published. A published event is bytes that never change: every endpoint is sent the same.
"""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.origin import origin
from app.store.db import Base
from app.store.payments import Event


class OutboxRow(Base):
    """An event that is not published yet."""

    __tablename__ = "outbox"

    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)


class PublicEvent(Base):
    """An event as the merchant's software sees it; `body` is what is sent, byte for byte."""

    __tablename__ = "public_events"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str]
    object_id: Mapped[str]
    source_event_id: Mapped[str]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime]


def emit(session: Session, event: Event) -> None:
    """Write an event and that it is to be published, in the caller's unit of work."""
    cause = origin()
    event.request_id, event.idempotency_key = cause.request_id, cause.idempotency_key
    session.add(event)
    session.add(OutboxRow(event_id=event.id, merchant_id=event.merchant_id))
