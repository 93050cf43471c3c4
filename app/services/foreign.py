"""Facts that do not come from a command of ours: refunds made at the processor, money that fits no
row.

They are always recorded; what breaks a rule goes to suspense and is said aloud.
"""

import logging
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.bank_money import is_transfer
from app.domain.ids import new_id
from app.domain.payments import Payment
from app.domain.processor import Captured, ProcessorAccount, RefundAccepted, RefundRefused, Unknown
from app.domain.states import PaymentStatus, RefundStatus
from app.services import bank_money, unnamed
from app.services.deps import Deps
from app.services.escrow_rows import take_for_refund
from app.services.fee_returns import returned
from app.services.heard import heard_of
from app.services.refund_rows import lock_payment
from app.services.refunds import RefundUpdate, apply_update
from app.store.db import transaction
from app.store.ledger import book, is_booked, unmatched_refund_of
from app.store.outbox import emit
from app.store.payments import Event, PaymentRow, Refund

log = logging.getLogger(__name__)


def sync_refunds(deps: Deps, account: ProcessorAccount, payment: Payment) -> None:
    """Bring our refunds of a payment to what the processor says of all of them. Safe to repeat."""
    if payment.processor_reference is None:
        return
    known = deps.processors[account.processor].refunds_of(
        account, payment.processor_reference, heard_of(deps, payment)
    )
    if isinstance(known, Unknown):
        raise ConnectionError(known.detail)
    for item in known:
        if isinstance(item, RefundRefused) and item.is_unnamed:
            continue
        ours = _refund_of(payment, item)
        if ours is not None:
            apply_update(deps, RefundUpdate(payment.merchant_id, ours, item), actor="processor")
        elif isinstance(item, RefundAccepted):
            _record_foreign(deps, payment, item)
        if isinstance(item, RefundRefused) and item.reference is not None:
            _take_back(deps, payment, item.reference)
    unnamed.book_returns(deps, payment, known)


def _refund_of(payment: Payment, item: RefundAccepted | RefundRefused) -> str | None:
    with transaction() as session:
        query = select(Refund.id).where(Refund.merchant_id == payment.merchant_id)
        if item.refund_id is not None:
            found = session.execute(query.where(Refund.id == item.refund_id)).scalar()
            if found is not None:
                return found
        if item.reference is None:
            return None
        return session.execute(query.where(Refund.processor_reference == item.reference)).scalar()


def _record_foreign(deps: Deps, payment: Payment, item: RefundAccepted) -> None:
    """A refund that somebody made at the processor itself: as a row if it fits, else to suspense."""
    now = deps.clock.now()
    try:
        with transaction() as session:
            row = lock_payment(session, payment.merchant_id, payment.id)
            if _is_known(session, row, item):
                return
            fits = item.amount.currency == row.currency and item.amount <= row.refundable
            refund_id = new_id("re", now)
            name = "refund.found_at_processor"
            if row.status == PaymentStatus.CAPTURED and fits:
                _record_fitting(session, deps, row, item, refund_id)
            else:
                name = "refund.unmatched"
                journal = recipes.unmatched_refund(
                    row.processor, item.reference, item.amount, now.date()
                )
                book(session, row.merchant_id, journal, payment_id=row.id, at=now)
                log.error("refund.unmatched", extra={"reference": item.reference})
            emit(session, _event(payment, now, name, refund_id, item))
    except IntegrityError:
        # Another worker recorded the same refund a moment ago.
        log.info("refund.found_twice", extra={"reference": item.reference})


def _take_back(deps: Deps, payment: Payment, reference: str) -> None:
    """A refund that went to suspense failed: the processor has that money again. Safe to repeat."""
    now = deps.clock.now()
    with transaction() as session:
        lock_payment(session, payment.merchant_id, payment.id)
        amount = unmatched_refund_of(session, payment.merchant_id, reference)
        if amount is None:
            return
        journal = recipes.unmatched_receipt(payment.processor, reference, amount, now.date())
        book(session, payment.merchant_id, journal, payment_id=payment.id, at=now)
    log.warning("refund.unmatched_came_back", extra={"reference": reference})


def _record_fitting(
    session: Session, deps: Deps, row: PaymentRow, item: RefundAccepted, refund_id: str
) -> None:
    """The refund as one of ours: with what it gives back of the fee, out of escrow first."""
    now = deps.clock.now()
    fee = returned(session, row, item.amount)
    from_escrow = take_for_refund(
        session, deps, row, refund_id, item.amount - fee, actor="processor"
    )
    _add_refund(session, row, item, refund_id, now, from_escrow, fee.amount_minor)
    journals = [recipes.refund_requested(refund_id, item.amount, fee, now.date())]
    if item.is_settled:
        journals.append(recipes.refund_settled(row.processor, refund_id, item.amount, now.date()))
    for journal in journals:
        book(session, row.merchant_id, journal, payment_id=row.id, at=now)


def _is_known(session: Session, row: PaymentRow, item: RefundAccepted) -> bool:
    """Whether another worker recorded it while we waited for the payment's lock, or it went to suspense
    before: it stays there, though there may be room for it by now.
    """
    query = select(Refund.id).where(
        Refund.merchant_id == row.merchant_id, Refund.processor_reference == item.reference
    )
    return session.execute(query).scalar() is not None or is_booked(
        session, row.merchant_id, "unmatched_refund", item.reference
    )


def _add_refund(
    session: Session,
    row: PaymentRow,
    item: RefundAccepted,
    refund_id: str,
    now: datetime,
    from_escrow: int,
    fee_returned: int,
) -> None:
    amount = item.amount.amount_minor
    row.version += 1
    row.updated_at = now
    row.fee_returned_minor += fee_returned
    if item.is_settled:
        row.refunded_minor += amount
    else:
        row.refund_reserved_minor += amount
    session.add(
        Refund(
            merchant_id=row.merchant_id,
            id=refund_id,
            payment_id=row.id,
            status=RefundStatus.SUCCEEDED if item.is_settled else RefundStatus.PENDING,
            amount_minor=amount,
            escrow_minor=from_escrow,
            fee_returned_minor=fee_returned,
            reversal_id=None,
            reversed_minor=None,
            application_fee_minor=None,
            currency=row.currency,
            reason=None,
            note=None,
            requested_by="processor",
            origin="processor",
            client_key=None,
            processor_reference=item.reference,
            failure_reason=None,
            metadata_={},
            sent_at=None,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
            updated_at=now,
            # Converted by the next run, since it was nobody's command: the money is gone already.
            settlement_currency=row.settlement_currency,
            fx_rate_id=None,
            settled_minor=None,
        )
    )


def _event(
    payment: Payment, now: datetime, name: str, refund_id: str, item: RefundAccepted
) -> Event:
    return Event(
        merchant_id=payment.merchant_id,
        id=new_id("evt", now),
        name=name,
        subject_type="refund",
        subject_id=refund_id,
        payment_id=payment.id,
        actor="processor",
        data={
            "amount_minor": item.amount.amount_minor,
            "currency": item.amount.currency,
            "processor_reference": item.reference,
        },
        event_at=now,
        created_at=now,
    )


def book_unmatched_receipt(deps: Deps, account: ProcessorAccount, found: Captured) -> None:
    """Money was taken for a payment that we have no row of: to suspense, once. Safe to repeat."""
    payer = found.method.details.get("payer") if found.method is not None else None
    if payer is not None and found.method is not None and is_transfer(found.method.name):
        # It came to a payer's balance before, and is booked with that one's facts.
        bank_money.hear(deps, account, str(payer))
        return
    now = deps.clock.now()
    journal = recipes.unmatched_receipt(
        account.processor, found.facts.reference, found.amount, now.date()
    )
    try:
        with transaction() as session:
            book(session, account.merchant_id, journal, payment_id=None, at=now)
    except IntegrityError:
        log.info("receipt.booked_already", extra={"reference": found.facts.reference})
    log.error("receipt.unmatched", extra={"reference": found.facts.reference})


def note_integrity_failure(deps: Deps, payment: Payment, why: str) -> None:
    """Write into the payment's timeline that something was refused for not matching."""
    now = deps.clock.now()
    with transaction() as session:
        emit(
            session,
            Event(
                merchant_id=payment.merchant_id,
                id=new_id("evt", now),
                name="payment.integrity_failed",
                subject_type="payment",
                subject_id=payment.id,
                payment_id=payment.id,
                actor="processor",
                data={"why": why},
                event_at=now,
                created_at=now,
            ),
        )
