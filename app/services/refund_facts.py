"""A refund that was made although we had called it failed: a fact, so it is booked."""

import logging

from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.processor import RefundAccepted
from app.services.deps import Deps
from app.services.refund_rows import refund_event
from app.store.ledger import book
from app.store.payments import PaymentRow, Refund

log = logging.getLogger(__name__)


def record_after_all(
    session: Session, deps: Deps, payment: PaymentRow, refund: Refund, outcome: RefundAccepted
) -> None:
    """A refund that we called failed was made after all: the money left, so it is booked, to suspense.

    Older news of a refund that failed later says nothing: that one's reference is known.
    """
    if refund.processor_reference is not None:
        return
    now = deps.clock.now()
    refund.processor_reference = outcome.reference
    journal = recipes.unmatched_refund(
        payment.processor, outcome.reference, outcome.amount, now.date()
    )
    book(session, payment.merchant_id, journal, payment_id=payment.id, at=now)
    data = {
        "amount_minor": outcome.amount.amount_minor,
        "currency": outcome.amount.currency,
        "processor_reference": outcome.reference,
    }
    refund_event(session, deps, payment, refund.id, "refund.unmatched", "processor", data)
    log.error("refund.made_after_all", extra={"refund": refund.id})
