"""Money that came too late: a customer was told that nothing was taken, so it goes back by itself."""

import logging

from sqlalchemy import select

from app.domain.errors import FarthingError
from app.domain.states import PaymentStatus
from app.services.deps import Deps
from app.services.payments import start_cancel
from app.services.refunds import RequestRefund, request_refund
from app.store import payment_path
from app.store.db import db, end_read, transaction
from app.store.payments import PaymentRow

log = logging.getLogger(__name__)


def reverse_due(deps: Deps, limit: int = 50) -> int:
    """Refund late captures and let late holds go; gives how many were looked at. Safe to repeat."""
    rows = db.session.execute(
        select(PaymentRow.merchant_id, PaymentRow.id).where(PaymentRow.needs_reversal).limit(limit)
    ).all()
    end_read()
    for merchant_id, payment_id in rows:
        try:
            _reverse(deps, merchant_id, payment_id)
        except FarthingError as error:
            log.warning("reversal.postponed", extra={"payment": payment_id, "why": error.message})
    return len(rows)


def _reverse(deps: Deps, merchant_id: str, payment_id: str) -> None:
    payment = payment_path.load(merchant_id, payment_id)
    if payment is None or payment.operation is not None:
        return
    if payment.status is PaymentStatus.AUTHORIZED:
        payment = start_cancel(deps, payment, reason="expired", actor="system")
        if payment.status is PaymentStatus.AUTHORIZED:
            return
    elif payment.status is PaymentStatus.CAPTURED:
        with transaction() as session:
            row = session.get_one(PaymentRow, (merchant_id, payment_id))
            left = row.refundable
        if left:
            request_refund(
                deps,
                RequestRefund(
                    merchant_id=merchant_id,
                    payment_id=payment_id,
                    amount=left,
                    actor="system",
                    reason="requested_by_customer",
                    note="It was paid after the checkout had ended.",
                    origin="late_payment",
                    client_key=f"late:{payment_id}",
                ),
            )
    with transaction() as session:
        row = session.get_one(PaymentRow, (merchant_id, payment_id), with_for_update=True)
        row.needs_reversal = False
        row.version += 1
