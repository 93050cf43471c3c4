"""Refunds that came back without the name of the refund: the processor has that money again, and only a human
can say of which one.
"""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.payments import Payment
from app.domain.processor import RefundAccepted, RefundRefused
from app.domain.states import RefundStatus
from app.services.deps import Deps
from app.services.refund_rows import lock_payment
from app.store.db import transaction
from app.store.ledger import book, is_booked
from app.store.payments import Refund

log = logging.getLogger(__name__)


def book_returns(deps: Deps, payment: Payment, known: list[RefundAccepted | RefundRefused]) -> None:
    """Put to suspense what came back so, each once. Safe to repeat.

    While there was only one refund of that amount, it was that one which came back, and the books have it: as
    many are left out as there are such refunds.
    """
    returns = [one for one in known if isinstance(one, RefundRefused) and one.is_unnamed]
    if not returns:
        return
    now = deps.clock.now()
    with transaction() as session:
        lock_payment(session, payment.merchant_id, payment.id)
        taken_back = [
            one.amount
            for one in known
            if isinstance(one, RefundAccepted) and _is_taken_back(session, payment, one.reference)
        ]
        for item in sorted(returns, key=lambda one: one.reference or ""):
            if item.amount is None or item.reference is None:
                raise ValueError("what came back tells neither name nor amount")
            if item.amount in taken_back:
                taken_back.remove(item.amount)
            elif not is_booked(session, payment.merchant_id, "unmatched_receipt", item.reference):
                journal = recipes.unmatched_receipt(
                    payment.processor, item.reference, item.amount, now.date()
                )
                book(session, payment.merchant_id, journal, payment_id=payment.id, at=now)
                log.error("refund.came_back_unnamed", extra={"reference": item.reference})


def _is_taken_back(session: Session, payment: Payment, reference: str) -> bool:
    """Whether the books have this refund as one that came back."""
    failed = select(Refund.id).where(
        Refund.merchant_id == payment.merchant_id,
        Refund.processor_reference == reference,
        Refund.status == RefundStatus.FAILED,
    )
    return session.execute(failed).scalar() is not None or is_booked(
        session, payment.merchant_id, "unmatched_receipt", reference
    )
