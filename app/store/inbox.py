"""What processors told us: one row per webhook, unique, kept until its effects are committed."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db import Base


class InboxRow(Base):
    """One webhook as it came; `status` says what became of it."""

    __tablename__ = "inbox"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    processor_account_id: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    payment_reference: Mapped[str | None]
    refund_reference: Mapped[str | None]
    payer_reference: Mapped[str | None]
    body: Mapped[bytes]
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    error: Mapped[str | None]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """One API request by its route and key: who runs it now, and what it was answered.

    The reply is forgotten after a while; what the request made (`subject_id`) is not.
    """

    __tablename__ = "idempotency_keys"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[str | None]
    request_hash: Mapped[bytes]
    state: Mapped[str]
    lease_token: Mapped[str]
    leased_until: Mapped[datetime]
    subject_id: Mapped[str | None]
    response_status: Mapped[int | None]
    response_body: Mapped[bytes | None]
    is_forgotten: Mapped[bool]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
