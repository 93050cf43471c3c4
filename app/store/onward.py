"""Payments whose money goes on to a seller: what is due was written by the statement that captured."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.money import Money
from app.domain.states import RefundStatus
from app.store.db import Base
from app.store.escrow import Transfer
from app.store.payments import Refund


class OnwardPayment(Base):
    """What is to be transferred of one captured payment: due until it was transferred, or dropped since
    the money goes back.
    """

    __tablename__ = "onward_payments"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    payment_id: Mapped[str] = mapped_column(Text, primary_key=True)
    seller_merchant_id: Mapped[str]
    amount_minor: Mapped[int]
    application_fee_minor: Mapped[int]
    currency: Mapped[str]
    transfer_group: Mapped[str | None]
    transfer_id: Mapped[str | None]
    dropped_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    created_at: Mapped[datetime]

    @property
    def is_due(self) -> bool:
        """Whether it is still to be sent on."""
        return self.transfer_id is None and self.dropped_at is None

    @property
    def amount(self) -> Money:
        """What the seller is sent."""
        return Money(self.amount_minor, self.currency)

    @property
    def application_fee(self) -> Money:
        """What comes back of it."""
        return Money(self.application_fee_minor, self.currency)


def due(session: Session, now: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """Merchants and payments whose money is to go on, longest waiting first."""
    query = (
        select(OnwardPayment.merchant_id, OnwardPayment.payment_id)
        .where(
            OnwardPayment.transfer_id.is_(None),
            OnwardPayment.dropped_at.is_(None),
            OnwardPayment.next_attempt_at <= now,
        )
        .order_by(OnwardPayment.next_attempt_at)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query).all()]


def lock_onward(session: Session, merchant_id: str, payment_id: str) -> OnwardPayment | None:
    """The row, locked after its payment's."""
    return session.get(
        OnwardPayment, (merchant_id, payment_id), with_for_update=True, populate_existing=True
    )


def lock_transfer_of(session: Session, merchant_id: str, payment_id: str) -> Transfer | None:
    """The transfer that a payment's money went on by, locked."""
    query = (
        select(Transfer)
        .where(
            Transfer.merchant_id == merchant_id,
            Transfer.payment_id == payment_id,
            Transfer.release_id.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.execute(query).scalar_one_or_none()


def taken_before(session: Session, merchant_id: str, payment_id: str) -> tuple[int, int]:
    """What refunds that took the transfer back were of, and what they took."""
    return _before(session, merchant_id, payment_id, Refund.reversed_minor)


def fee_given_before(session: Session, merchant_id: str, payment_id: str) -> tuple[int, int]:
    """What refunds that gave the application fee back were of, and what they gave."""
    return _before(session, merchant_id, payment_id, Refund.application_fee_minor)


def _before(session: Session, merchant_id: str, payment_id: str, part: Any) -> tuple[int, int]:
    # A refund that failed gave the customer nothing, but what it took stays taken: the next one needs
    # only what is missing.
    is_given = Refund.status != RefundStatus.FAILED
    query = select(
        func.coalesce(func.sum(Refund.amount_minor).filter(is_given), 0),
        func.coalesce(func.sum(part), 0),
    ).where(Refund.merchant_id == merchant_id, Refund.payment_id == payment_id, part.is_not(None))
    of, taken = session.execute(query).one()
    return int(of), int(taken)
