"""Money that came too late: a customer was told that nothing was taken, so it goes back by itself."""

import logging

from sqlalchemy import func, or_, select

from app.domain.errors import FarthingError
from app.domain.money import Money
from app.domain.states import PaymentStatus
from app.services.deps import Deps
from app.services.payments import start_cancel
from app.services.refunds import RequestRefund, request_refund
from app.store import payment_path
from app.store.db import db, end_read
from app.store.payments import PaymentRow

log = logging.getLogger(__name__)


def reverse_due(deps: Deps, limit: int = 50) -> int:
    """Refund late captures and let late holds go; gives how many were looked at. Safe to repeat.

    The mark on a late payment stays: what is still to be done follows from its money.
    """
    rows = db.session.execute(
        select(PaymentRow.merchant_id, PaymentRow.id)
        .where(
            PaymentRow.needs_reversal,
            or_(
                PaymentRow.status == PaymentStatus.AUTHORIZED,
                # What a bank took back has gone back, and would be looked at for ever.
                (PaymentRow.status == PaymentStatus.CAPTURED)
                & (
                    PaymentRow.captured_minor
                    > PaymentRow.refunded_minor + PaymentRow.refund_reserved_minor
                ),
            ),
        )
        .order_by(func.random())
        .limit(limit)
    ).all()
    end_read()
    for merchant_id, payment_id in rows:
        try:
            _reverse(deps, merchant_id, payment_id)
        except FarthingError as error:
            log.warning("reversal.postponed", extra={"payment": payment_id, "why": error.message})
        except Exception:
            log.exception("reversal.failed", extra={"payment": payment_id})
    return len(rows)


def _reverse(deps: Deps, merchant_id: str, payment_id: str) -> None:
    payment = payment_path.load(merchant_id, payment_id)
    if payment is None or payment.operation is not None:
        return
    if payment.status is PaymentStatus.AUTHORIZED:
        start_cancel(deps, payment, reason="expired", actor="system")
        return
    left = payment.captured_minor - payment.refunded_minor - payment.refund_reserved_minor
    if payment.status is not PaymentStatus.CAPTURED or left <= 0:
        return
    request_refund(
        deps,
        RequestRefund(
            merchant_id=merchant_id,
            payment_id=payment_id,
            amount=Money(left, payment.currency),
            actor="system",
            reason="requested_by_customer",
            note="It was paid after the checkout had ended.",
            origin="late_payment",
            # Once: if a bank sends it back, a human has to decide.
            client_key=f"late:{payment_id}",
        ),
    )
