"""Payments, calls to processors, refunds, checkouts and events: the rows, for reading and for
commands.

The payment path itself does not come through here: see `payment_path`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.money import Money
from app.store.db import Base


class PaymentLink(Base):
    """An address that opens a new checkout each time it is followed."""

    __tablename__ = "payment_links"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    is_active: Mapped[bool]
    escrow: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class CheckoutSession(Base):
    """One hosted checkout: what is bought, and whether it is over."""

    __tablename__ = "checkout_sessions"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    status: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    line_items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    capture_method: Mapped[str]
    submit_type: Mapped[str]
    customer_email: Mapped[str | None]
    success_url: Mapped[str | None]
    cancel_url: Mapped[str | None]
    client_reference_id: Mapped[str | None]
    description: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    payment_metadata: Mapped[dict[str, Any]]
    payment_link_id: Mapped[str | None]
    customer_id: Mapped[str | None]
    locale: Mapped[str | None]
    escrow: Mapped[dict[str, Any] | None]
    methods: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]

    @property
    def amount(self) -> Money:
        """The total to pay."""
        return Money(self.amount_minor, self.currency)


class PaymentRow(Base):
    """One payment. Its limits are CHECKs on this row, so one row lock decides."""

    __tablename__ = "payments"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    session_id: Mapped[str | None]
    client_key: Mapped[str | None]
    status: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    capture_method: Mapped[str]
    authorized_minor: Mapped[int]
    captured_minor: Mapped[int]
    refunded_minor: Mapped[int]
    refund_reserved_minor: Mapped[int]
    fee_minor: Mapped[int]
    fee_schedule: Mapped[str]
    fee_parts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    fee_returned_minor: Mapped[int]
    processor: Mapped[str]
    processor_account_id: Mapped[str]
    processor_reference: Mapped[str | None]
    processor_charge_reference: Mapped[str | None]
    processor_fee_minor: Mapped[int | None]
    description: Mapped[str | None]
    customer_email: Mapped[str | None]
    customer_name: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    card_brand: Mapped[str | None]
    card_last4: Mapped[str | None]
    card_exp_month: Mapped[int | None]
    card_exp_year: Mapped[int | None]
    card_country: Mapped[str | None]
    card_funding: Mapped[str | None]
    card_fingerprint: Mapped[str | None]
    card_cvc_check: Mapped[str | None]
    card_postal_check: Mapped[str | None]
    three_d_secure: Mapped[str | None]
    authorization_code: Mapped[str | None]
    card_wallet: Mapped[str | None]
    card_device_last4: Mapped[str | None]
    client_secret: Mapped[str | None]
    decline_reason: Mapped[str | None]
    decline_code: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    needs_reversal: Mapped[bool]
    available_on: Mapped[date | None]
    capture_before: Mapped[datetime | None]
    attempt_id: Mapped[str | None]
    charge_attempt_id: Mapped[str | None]
    customer_id: Mapped[str | None]
    payment_method: Mapped[str | None]
    escrow: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    captured_at: Mapped[datetime | None]
    canceled_at: Mapped[datetime | None]
    method: Mapped[str]
    method_types: Mapped[list[str]] = mapped_column(JSONB)
    method_details: Mapped[dict[str, Any]]
    action: Mapped[dict[str, Any] | None]
    returned_at: Mapped[datetime | None]
    return_code: Mapped[str | None]
    settlement_currency: Mapped[str | None]
    fx_rate_id: Mapped[str | None]
    settled_minor: Mapped[int | None]
    fx_fee_minor: Mapped[int | None]

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)

    @property
    def captured(self) -> Money:
        """What was taken."""
        return Money(self.captured_minor, self.currency)

    @property
    def refundable(self) -> Money:
        """What can still be refunded."""
        left = self.captured_minor - self.refunded_minor - self.refund_reserved_minor
        return Money(left, self.currency)


class Operation(Base):
    """One call to the processor: written before it is made, finished when its outcome is known."""

    __tablename__ = "operations"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    payment_id: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[int]
    payment_method_token: Mapped[str | None]
    return_url: Mapped[str | None]
    reason: Mapped[str | None]
    actor: Mapped[str]
    error: Mapped[str | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    customer_reference: Mapped[str | None]
    is_off_session: Mapped[bool]
    payment_method_id: Mapped[str | None]
    reached_bank: Mapped[bool]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Refund(Base):
    """Money on its way back. While it is not final, the payment keeps the amount reserved."""

    __tablename__ = "refunds"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    payment_id: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[int]
    escrow_minor: Mapped[int]
    fee_returned_minor: Mapped[int]
    reversal_id: Mapped[str | None]
    reversed_minor: Mapped[int | None]
    application_fee_minor: Mapped[int | None]
    currency: Mapped[str]
    reason: Mapped[str | None]
    note: Mapped[str | None]
    requested_by: Mapped[str]
    origin: Mapped[str]
    client_key: Mapped[str | None]
    processor_reference: Mapped[str | None]
    failure_reason: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    settlement_currency: Mapped[str | None]
    fx_rate_id: Mapped[str | None]
    settled_minor: Mapped[int | None]

    @property
    def amount(self) -> Money:
        """How much goes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def fee_returned(self) -> Money:
        """What our fee gives back with it; kept after all if it fails."""
        return Money(self.fee_returned_minor, self.currency)

    @property
    def net(self) -> Money:
        """What it takes from the merchant."""
        return self.amount - self.fee_returned


class Event(Base):
    """What happened, once for ever: timeline, audit trail and outbox. Never changed."""

    __tablename__ = "events"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    payment_id: Mapped[str | None]
    actor: Mapped[str]
    data: Mapped[dict[str, Any]]
    event_at: Mapped[datetime]
    created_at: Mapped[datetime]
    request_id: Mapped[str | None]
    idempotency_key: Mapped[str | None]


def payment_named(
    session: Session, merchant_id: str, account_id: str, reference: str
) -> str | None:
    """The payment whose own object at the processor has this name."""
    query = select(PaymentRow.id).where(
        PaymentRow.merchant_id == merchant_id,
        PaymentRow.processor_account_id == account_id,
        PaymentRow.processor_reference == reference,
    )
    return session.execute(query).scalar()
