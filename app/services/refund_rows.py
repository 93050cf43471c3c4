"""The rows of a refund: locked in the order payment, refund; told in events of their own."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.services.deps import Deps
from app.store.payments import Event, PaymentRow, Refund


def lock_payment(session: Session, merchant_id: str, payment_id: str) -> PaymentRow:
    """The payment's row, locked until the unit of work ends; raises NotFound."""
    row = session.execute(
        select(PaymentRow)
        .where(PaymentRow.merchant_id == merchant_id, PaymentRow.id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("payment", payment_id)
    return row


def load_refund(
    session: Session, merchant_id: str, refund_id: str, *, lock: bool = False
) -> tuple[Refund, PaymentRow]:
    """The refund and its payment; locked in the order payment, refund."""
    query = (
        select(Refund)
        .where(Refund.merchant_id == merchant_id, Refund.id == refund_id)
        .execution_options(populate_existing=True)
    )
    refund = session.execute(query).scalar_one_or_none()
    if refund is None:
        raise NotFound("refund", refund_id)
    if lock:
        payment = lock_payment(session, merchant_id, refund.payment_id)
        return session.execute(query.with_for_update()).scalar_one(), payment
    payment = session.execute(
        select(PaymentRow)
        .where(PaymentRow.merchant_id == merchant_id, PaymentRow.id == refund.payment_id)
        .execution_options(populate_existing=True)
    ).scalar_one()
    return refund, payment


def refund_event(
    session: Session,
    deps: Deps,
    payment: PaymentRow,
    refund_id: str,
    name: str,
    actor: str,
    data: dict[str, Any],
) -> None:
    """Write what happened to a refund, in the caller's unit of work."""
    now = deps.clock.now()
    session.add(
        Event(
            merchant_id=payment.merchant_id,
            id=new_id("evt", now),
            name=name,
            subject_type="refund",
            subject_id=refund_id,
            payment_id=payment.id,
            actor=actor,
            data=data,
            event_at=now,
            created_at=now,
        )
    )
