"""Refunds: reserved on the payment's row first, sent by the worker, given back only on a definite
failure.

The processor sees one idempotency key per refund. While the outcome is unknown the money stays
reserved, so a second click cannot refund it twice.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.domain import recipes
from app.domain.errors import (
    IdempotencyMismatch,
    RefundTooLarge,
    StaleAmount,
    UnexpectedState,
)
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    RefundAccepted,
    RefundOutcome,
    Unknown,
)
from app.domain.refunds import checked, target_of
from app.domain.states import REFUND, PaymentStatus, RefundStatus
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.escrow_rows import put_back, take_for_refund
from app.services.fee_returns import returned
from app.services.onward import NOTHING, TakeBack, prepare, take_back
from app.services.payments import refuse_inexact
from app.services.refund_calls import ask_refund, not_processed, send_refund
from app.services.refund_facts import record_after_all
from app.services.refund_rows import (
    load_refund,
    lock_payment,
    move_money,
    move_refund,
    refund_event,
    refuse_by_rule,
    remember_reference,
)
from app.services.resolver import BACKOFF
from app.services.settlement import rate_of_payment, reversal, settled
from app.store.db import transaction
from app.store.ledger import book
from app.store.payments import PaymentRow, Refund

log = logging.getLogger(__name__)

_R = RefundStatus


@dataclass(frozen=True)
class RequestRefund:
    """Send `amount` back, out of escrow first where money is held. `expected_refundable` and
    `expected_held` are what the person saw; if one is no longer true, nothing is done.

    `expected_rate_id` is the exchange rate that they saw. `take_back`: what comes from the seller whom the
    payment was sent on to; that stays taken if the refund fails. `refund_id` is given where the request
    may be repeated. `is_sent_now`: the caller sends it itself and the worker looks after it only if that
    did not end.
    """

    merchant_id: str
    payment_id: str
    amount: Money
    actor: str
    reason: str | None = None
    note: str | None = None
    expected_refundable: Money | None = None
    expected_held: Money | None = None
    origin: str = "merchant"
    client_key: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    refund_id: str | None = None
    is_sent_now: bool = False
    expected_rate_id: str | None = None
    take_back: TakeBack = NOTHING


@dataclass(frozen=True)
class RefundUpdate:
    """News of a refund: the answer to our call, or what the processor says of it now."""

    merchant_id: str
    refund_id: str
    outcome: RefundOutcome


def request_refund(deps: Deps, command: RequestRefund) -> str:
    """Reserve the amount and leave the sending to the worker; gives the refund's id.

    Raises StaleAmount, RefundTooLarge, UnexpectedState or NotFound. With a client key it is safe to
    repeat.
    """
    return reserve_refund(deps, command)[0]


def reserve_refund(deps: Deps, command: RequestRefund) -> tuple[str, bool]:
    """As `request_refund`; also tells whether it was this call that reserved the amount."""
    known = _made_before(command)
    if known is not None:
        return known, False
    try:
        refund_id = _reserve(deps, command)
    except IntegrityError:
        known = _made_before(command)
        if known is None:
            raise
        return known, False
    deps.failpoint("refund.intent_recorded")
    if not command.is_sent_now:
        deps.queue.wake("refunds")
    deps.queue.wake("events")
    return refund_id, True


def _reserve(deps: Deps, command: RequestRefund) -> str:
    now = deps.clock.now()
    refund_id = command.refund_id or new_id("re", now)
    rate = rate_of_payment(deps, command.merchant_id, command.payment_id)
    prepare(deps, command.merchant_id, command.payment_id, command.take_back)
    with transaction() as session:
        payment = lock_payment(session, command.merchant_id, command.payment_id)
        _check(payment, command, now)
        refuse_inexact(deps, payment.processor, command.amount)
        fee = returned(session, payment, command.amount)
        net = command.amount - fee
        fx = settled(deps, payment, rate, net, command.origin, command.expected_rate_id)
        from_escrow = take_for_refund(
            session, deps, payment, refund_id, net,
            actor=command.actor, expected=command.expected_held,
        )  # fmt: skip
        taken = take_back(
            session, deps, payment, refund_id, command.amount, command.take_back, command.actor
        )
        payment.refund_reserved_minor += command.amount.amount_minor
        payment.fee_returned_minor += fee.amount_minor
        payment.version += 1
        payment.updated_at = now
        session.add(
            Refund(
                merchant_id=command.merchant_id,
                id=refund_id,
                payment_id=payment.id,
                status=_R.REQUESTED,
                amount_minor=command.amount.amount_minor,
                escrow_minor=from_escrow,
                fee_returned_minor=fee.amount_minor,
                currency=payment.currency,
                reason=command.reason,
                note=command.note,
                requested_by=command.actor,
                origin=command.origin,
                client_key=command.client_key,
                processor_reference=None,
                failure_reason=None,
                metadata_=command.metadata,
                sent_at=now if command.is_sent_now else None,
                attempts=1 if command.is_sent_now else 0,
                next_attempt_at=now + timedelta(seconds=deps.lease_seconds * command.is_sent_now),
                created_at=now,
                updated_at=now,
                **fx.columns,
                **taken,
            )
        )
        data = {
            "amount_minor": command.amount.amount_minor,
            "currency": payment.currency,
            "reason": command.reason,
        }
        refund_event(session, deps, payment, refund_id, REFUND.created, command.actor, data)
        requested = recipes.refund_requested(refund_id, command.amount, fee, now.date())
        for journal in (requested, *fx.journals(refund_id, net, deps.clock)):
            book(session, command.merchant_id, journal, payment_id=payment.id, at=now)
    return refund_id


def _check(payment: PaymentRow, command: RequestRefund, now: datetime) -> None:
    if payment.status != PaymentStatus.CAPTURED:
        hint = " Cancel it instead." if payment.status == PaymentStatus.AUTHORIZED else ""
        raise UnexpectedState(f"Only a captured payment can be refunded.{hint}")
    amount, left = command.amount, payment.refundable
    if command.expected_refundable is not None and command.expected_refundable != left:
        raise StaleAmount(
            f"This payment changed while you were looking: {left} can be refunded now. Check and try again.",
            param="amount",
        )
    if amount.currency != payment.currency or amount.amount_minor <= 0:
        raise RefundTooLarge(f"Refunds of this payment are in {payment.currency}.", param="amount")
    if amount > left:
        raise RefundTooLarge(f"You asked to refund {amount}; {left} is left.", param="amount")
    if command.origin != "late_payment":
        # What came too late goes back in any case: if it cannot, the processor has to say so.
        refuse_by_rule(payment, amount, now)


def _made_before(command: RequestRefund) -> str | None:
    if command.refund_id is not None:
        same = Refund.id == command.refund_id
    elif command.client_key is not None:
        same = Refund.client_key == command.client_key
    else:
        return None
    with transaction() as session:
        known = session.execute(
            select(Refund).where(Refund.merchant_id == command.merchant_id, same)
        ).scalar_one_or_none()
    if known is None:
        return None
    if (known.payment_id, known.amount) != (command.payment_id, command.amount):
        raise IdempotencyMismatch("This key was used for another refund.")
    return known.id


def submit_due(deps: Deps, limit: int = 50) -> int:
    """Send what was requested and ask after what is unknown or pending; gives how many were looked
    at.
    """
    now = deps.clock.now()
    with transaction() as session:
        due = session.execute(
            select(Refund)
            .where(
                Refund.status.in_([_R.REQUESTED, _R.UNKNOWN, _R.PENDING]),
                Refund.next_attempt_at <= now,
            )
            .order_by(Refund.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
        work = []
        for refund in due:
            step = BACKOFF[min(refund.attempts, len(BACKOFF) - 1)]
            refund.attempts += 1
            refund.sent_at = refund.sent_at or now
            refund.next_attempt_at = now + max(step, timedelta(seconds=deps.lease_seconds // 2))
            work.append((refund.merchant_id, refund.id))
    for merchant_id, refund_id in work:
        try:
            submit_refund(deps, merchant_id, refund_id)
        except Exception:
            # One poisonous refund must not hold up the others; it is due again later.
            log.exception("refund.failed_to_send", extra={"refund": refund_id})
    return len(work)


def submit_refund(deps: Deps, merchant_id: str, refund_id: str, *, is_repeat: bool = False) -> None:
    """Ask the processor to refund. Safe to repeat: it sees one key per refund, and is asked first.

    `is_repeat`: somebody else may have sent it before, whatever the row says.
    """
    with transaction() as session:
        refund, payment = load_refund(session, merchant_id, refund_id)
    status = RefundStatus(refund.status)
    if REFUND.is_final(status) or status is _R.SUCCEEDED or payment.processor_reference is None:
        return
    account = account_by_id(deps, payment.processor_account_id)
    ask = partial(ask_refund, deps, account, payment, refund)
    was_tried = is_repeat or status is not _R.REQUESTED or refund.attempts > 1
    outcome = ask() if was_tried else Absent()
    if isinstance(outcome, Absent):
        outcome = send_refund(deps, account, payment, refund, was_tried=was_tried)
        if isinstance(outcome, Unknown) and outcome.is_replay:
            # The first call has ended in an error of the processor's: ask what came of it now.
            again = ask()
            outcome = not_processed(refund) if isinstance(again, Absent) else again
    deps.failpoint("refund.processor_answered")
    apply_update(deps, RefundUpdate(merchant_id, refund_id, outcome))


def apply_update(deps: Deps, update: RefundUpdate, *, actor: str = "system") -> None:
    """Write what became of a refund: row, payment's limits, journal and event together. Safe to
    repeat.
    """
    now = deps.clock.now()
    with transaction() as session:
        refund, payment = load_refund(session, update.merchant_id, update.refund_id, lock=True)
        current = RefundStatus(refund.status)
        outcome = checked(
            update.outcome,
            refund_id=refund.id,
            amount=refund.amount,
            payment_reference=payment.processor_reference,
        )
        if outcome is not update.outcome:
            log.error("refund.integrity_failed", extra={"refund": refund.id, "why": outcome})
        target, data = target_of(outcome)
        if current is _R.FAILED and isinstance(outcome, RefundAccepted):
            record_after_all(session, deps, payment, refund, outcome)
            return
        if target is None or target is current or not REFUND.allows(current, target):
            remember_reference(refund, outcome)
            return
        data |= {"amount_minor": refund.amount_minor, "currency": refund.currency}
        journals = move_money(payment, refund, current, target, now.date())
        if target is _R.FAILED:
            journals += reversal(refund, deps.clock)
        event = move_refund(refund, target)
        remember_reference(refund, outcome)
        refund.failure_reason = data.get("failure_reason")
        refund.updated_at = payment.updated_at = now
        payment.version += 1
        if target is _R.UNKNOWN:
            refund.next_attempt_at = now + BACKOFF[0]
        refund_event(session, deps, payment, refund.id, event, actor, data)
        for journal in journals:
            book(session, payment.merchant_id, journal, payment_id=payment.id, at=now)
        if target is _R.FAILED:
            put_back(session, deps, payment, refund)
