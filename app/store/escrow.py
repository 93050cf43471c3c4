"""Holds, their releases, and the sellers to whom transfers go: the rows.

A hold's row is the only judge of what may leave it: whoever moves its money has it locked. It is written
by the payment path, in the statement that captures.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.escrow import Plan, plan_from
from app.domain.money import Money
from app.store.db import Base

OPEN = ("held", "partly_released")


class ConnectedSeller(Base):
    """A merchant account that a platform may transfer to."""

    __tablename__ = "connected_sellers"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    seller_merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    is_active: Mapped[bool]
    commission_basis_points: Mapped[int]
    created_at: Mapped[datetime]


class EscrowHold(Base):
    """What is held of one payment. Its CHECK refuses to let more out than came in."""

    __tablename__ = "escrow_holds"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    payment_id: Mapped[str]
    status: Mapped[str]
    currency: Mapped[str]
    held_minor: Mapped[int]
    released_minor: Mapped[int]
    refunded_minor: Mapped[int]
    plan: Mapped[dict[str, Any]]
    transfer_group: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    frozen_reason: Mapped[str | None]
    auto_release_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def left(self) -> Money:
        """What is held now."""
        left = self.held_minor - self.released_minor - self.refunded_minor
        return Money(left, self.currency)

    @property
    def as_planned(self) -> Plan:
        """For whom it is held."""
        return plan_from(self.plan)


class EscrowRelease(Base):
    """One release: `amount_minor` left the hold, of which the commission stayed with the platform."""

    __tablename__ = "escrow_releases"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    hold_id: Mapped[str]
    release_key: Mapped[str]
    asked: Mapped[str]
    amount_minor: Mapped[int]
    commission_minor: Mapped[int]
    currency: Mapped[str]
    milestone: Mapped[str | None]
    actor: Mapped[str]
    created_at: Mapped[datetime]


class Transfer(Base):
    """What went to a seller's book: a part of a release, or, without one, what was captured for them, of
    which the platform kept an application fee.
    """

    __tablename__ = "transfers"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    release_id: Mapped[str | None]
    hold_id: Mapped[str | None]
    payment_id: Mapped[str]
    seller_merchant_id: Mapped[str]
    amount_minor: Mapped[int]
    commission_minor: Mapped[int]
    application_fee_minor: Mapped[int]
    application_fee_refunded_minor: Mapped[int]
    reversed_minor: Mapped[int]
    currency: Mapped[str]
    available_on: Mapped[date]
    transfer_group: Mapped[str | None]
    description: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    created_at: Mapped[datetime]

    @property
    def left(self) -> Money:
        """What was not given back."""
        return Money(self.amount_minor - self.reversed_minor, self.currency)


class TransferReversal(Base):
    """A part of a transfer that the seller gave back to the platform."""

    __tablename__ = "transfer_reversals"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    transfer_id: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    actor: Mapped[str]
    description: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    created_at: Mapped[datetime]


def lock_hold(session: Session, merchant_id: str, hold_id: str) -> EscrowHold | None:
    """The hold, locked until the unit of work ends."""
    return session.get(
        EscrowHold, (merchant_id, hold_id), with_for_update=True, populate_existing=True
    )


def lock_hold_of(session: Session, merchant_id: str, payment_id: str) -> EscrowHold | None:
    """The hold of a payment, locked; the payment's own row, where it is needed, is locked before."""
    query = (
        select(EscrowHold)
        .where(EscrowHold.merchant_id == merchant_id, EscrowHold.payment_id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.execute(query).scalar_one_or_none()


def lock_transfer(session: Session, merchant_id: str, transfer_id: str) -> Transfer | None:
    """The transfer, locked until the unit of work ends."""
    return session.get(
        Transfer, (merchant_id, transfer_id), with_for_update=True, populate_existing=True
    )


def release_of_key(
    session: Session, merchant_id: str, hold_id: str, key: str
) -> EscrowRelease | None:
    """The release that this key made, if it did."""
    query = select(EscrowRelease).where(
        EscrowRelease.merchant_id == merchant_id,
        EscrowRelease.hold_id == hold_id,
        EscrowRelease.release_key == key,
    )
    return session.execute(query).scalar_one_or_none()


def done_milestones(session: Session, merchant_id: str, hold_id: str) -> frozenset[str]:
    """The milestones that were released."""
    query = select(EscrowRelease.milestone).where(
        EscrowRelease.merchant_id == merchant_id, EscrowRelease.hold_id == hold_id
    )
    return frozenset(name for name in session.execute(query).scalars() if name is not None)


def transfers_of_release(session: Session, merchant_id: str, release_id: str) -> Sequence[Transfer]:
    """Who got what by one release."""
    query = (
        select(Transfer)
        .where(Transfer.merchant_id == merchant_id, Transfer.release_id == release_id)
        .order_by(Transfer.id)
    )
    return session.execute(query).scalars().all()


def sellers(
    session: Session, merchant_id: str, wanted: Iterable[str] | None = None
) -> dict[str, ConnectedSeller]:
    """The platform's active sellers, by account; of some accounts if asked."""
    query = select(ConnectedSeller).where(
        ConnectedSeller.merchant_id == merchant_id, ConnectedSeller.is_active
    )
    if wanted is not None:
        query = query.where(ConnectedSeller.seller_merchant_id.in_(list(wanted)))
    return {row.seller_merchant_id: row for row in session.execute(query).scalars()}


def holds_due(session: Session, now: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """Holds whose day of release has come, longest waiting first."""
    query = (
        select(EscrowHold.merchant_id, EscrowHold.id)
        .where(
            EscrowHold.auto_release_at <= now,
            EscrowHold.status.in_(OPEN),
            or_(EscrowHold.next_attempt_at.is_(None), EscrowHold.next_attempt_at <= now),
        )
        .order_by(EscrowHold.auto_release_at)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query).all()]
