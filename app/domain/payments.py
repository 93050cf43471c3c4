"""What an outcome means for a payment: pure decisions, from a snapshot of the row to what to write.

`decide` is the only judge. The payment path, webhooks and the resolver all come to it with an
outcome and write what it says under the row's version; whoever comes second finds nothing to do.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from app.domain import recipes
from app.domain.clock import add_business_days
from app.domain.fees import METHOD, PriceList, Sale
from app.domain.payment import Decision, EventDraft, OperationInFlight, Payment
from app.domain.processor import (
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Facts,
    Outcome,
    Pending,
    Unknown,
)
from app.domain.recipes import Journal
from app.domain.states import PAYMENT, OperationStatus, PaymentStatus

__all__ = ["Decision", "EventDraft", "OperationInFlight", "Payment", "decide"]

SETTLEMENT_BUSINESS_DAYS = 2

_P = PaymentStatus

# Once the processor confirmed one of these, older news of a hold is stale.
_OVER = (_P.CANCELED, _P.EXPIRED)


def decide(  # noqa: C901 - one case per outcome
    payment: Payment, outcome: Outcome, *, fees: PriceList, now: datetime, is_answer: bool
) -> Decision:
    """What `outcome` changes. `is_answer`: it answers the operation in flight, it is not mere news.

    News that an earlier try was refused says nothing about a call under way, and leaves it alone.
    """
    operation = payment.operation
    if operation is not None and operation.kind != "authorize":
        return _decide_command(payment, outcome, fees=fees, now=now, is_answer=is_answer)
    match outcome:
        case Captured():
            return _captured(payment, outcome, fees, now)
        case Authorized() if payment.status not in _OVER or payment.processor_reference is None:
            return _authorized(payment, outcome)
        case ActionRequired() if is_answer or operation is None:
            return _action_required(payment, outcome)
        case Canceled() if outcome.facts is not None or operation is None:
            return _canceled(payment, outcome, now)
        case Pending() if is_answer or operation is None:
            return _pending(payment, outcome)
        case Declined() if is_answer or operation is None:
            return _declined(payment, outcome)
        case Unknown() if is_answer:
            return _unknown(payment, outcome)
    return Decision(payment, payment)


def _move(
    payment: Payment, target: PaymentStatus, data: dict[str, Any], **changes: Any
) -> tuple[Payment, tuple[EventDraft, ...]]:
    """The payment after the move, and the event of its edge; no edge or no move means no change."""
    if payment.status is target or not PAYMENT.allows(payment.status, target):
        return payment, ()
    event = PAYMENT.event(payment.status, target)
    # Whoever paid was told that nothing was taken, or an API's caller has a stored refusal in hand.
    told = payment.status in _OVER or payment.session_id is None
    late = event.endswith("_late") and told
    after = replace(
        payment, status=target, needs_reversal=payment.needs_reversal or late, **changes
    )
    return after, (EventDraft(event, data),)


def _finished(payment: Payment, status: OperationStatus) -> OperationStatus | None:
    return status if payment.operation is not None else None


def _succeeded(payment: Payment, after: Payment, events: tuple[EventDraft, ...]) -> Decision:
    return Decision(payment, after, _finished(payment, OperationStatus.SUCCEEDED), None, (), events)


def _identified(payment: Payment, facts: Facts | None) -> dict[str, Any]:
    if facts is None or payment.processor_reference is not None:
        return {}
    return {"processor_reference": facts.reference}


def _captured(payment: Payment, outcome: Captured, fees: PriceList, now: datetime) -> Decision:
    amount, currency, card = outcome.amount, payment.currency, outcome.card or payment.card
    on = outcome.available_on or add_business_days(now.date(), SETTLEMENT_BUSINESS_DAYS)
    country = card.country if card else ""
    price = fees.price(Sale(amount, METHOD, payment.created_at, payment.fee_schedule, country))
    fee = price.fee
    after, events = _move(
        payment,
        _P.CAPTURED,
        {"amount_minor": amount.amount_minor, "currency": currency, "fee_minor": fee.amount_minor},
        authorized_minor=max(payment.authorized_minor, amount.amount_minor),
        captured_minor=amount.amount_minor,
        charge_attempt_id=payment.attempt_id,
        fee_minor=fee.amount_minor,
        fee_schedule=price.schedule.id,
        fee_parts=price.parts,
        card=card,
        processor_charge_reference=outcome.charge_reference or payment.processor_charge_reference,
        decline_reason=None,
        decline_code=None,
        client_secret=None,
        available_on=on,
        captured_at=now,
        **_identified(payment, outcome.facts),
    )
    journals: tuple[Journal, ...] = ()
    if events:
        journals = (recipes.payment_captured(payment.processor, payment.id, amount, fee, on),)
        if payment.escrow is not None:
            # In the same statement: nobody ever sees the money captured and not held.
            journals += (recipes.escrow_held(payment.id, amount - fee, on),)
    if after.processor_fee_minor is None and outcome.processor_fee is not None:
        journals += _processor_fee(payment, outcome, on)
        if outcome.processor_fee.currency == currency:
            after = replace(after, processor_fee_minor=outcome.processor_fee.amount_minor)
    status = _finished(payment, OperationStatus.SUCCEEDED)
    return Decision(payment, after, status, None, journals, events)


def _processor_fee(payment: Payment, outcome: Captured, on: date) -> tuple[Journal, ...]:
    fee, source = outcome.processor_fee, outcome.fee_reference or payment.id
    if fee is None or fee.currency != payment.currency or not fee:
        return ()
    return (recipes.processor_fee_charged(payment.processor, source, fee, on),)


def _authorized(payment: Payment, outcome: Authorized) -> Decision:
    after, events = _move(
        payment,
        _P.AUTHORIZED,
        {"amount_minor": outcome.amount.amount_minor, "currency": payment.currency},
        authorized_minor=outcome.amount.amount_minor,
        charge_attempt_id=payment.attempt_id,
        card=outcome.card or payment.card,
        processor_charge_reference=outcome.charge_reference or payment.processor_charge_reference,
        decline_reason=None,
        decline_code=None,
        client_secret=None,
        capture_before=outcome.capture_before,
        **_identified(payment, outcome.facts),
    )
    return _succeeded(payment, after, events)


def _action_required(payment: Payment, outcome: ActionRequired) -> Decision:
    after, events = _move(
        payment,
        _P.REQUIRES_ACTION,
        {},
        client_secret=outcome.client_secret,
        **_identified(payment, outcome.facts),
    )
    return _succeeded(payment, after, events)


def _pending(payment: Payment, outcome: Pending) -> Decision:
    if payment.status not in (_P.PROCESSING, _P.UNKNOWN, _P.REQUIRES_ACTION):
        return Decision(payment, payment)
    after, events = _move(payment, _P.PROCESSING, {}, **_identified(payment, outcome.facts))
    if not events:
        after = replace(payment, **_identified(payment, outcome.facts))
    return _succeeded(payment, after, events)


def _declined(payment: Payment, outcome: Declined) -> Decision:
    charge = payment.attempt_id if outcome.reached_bank else payment.charge_attempt_id
    tries = {"attempt_id": payment.attempt_id, "charge_attempt_id": charge}
    told = {"reason": outcome.reason.value, "code": outcome.code, "was": payment.status.value}
    after, events = _move(
        payment,
        _P.FAILED,
        told | tries,
        charge_attempt_id=charge,
        decline_reason=outcome.reason,
        decline_code=outcome.code,
        card=outcome.card or payment.card,
        client_secret=None,
        **_identified(payment, outcome.facts),
    )
    status = _finished(payment, OperationStatus.FAILED)
    return Decision(payment, after, status, outcome.code, (), events)


def _canceled(payment: Payment, outcome: Canceled, now: datetime) -> Decision:
    target = _P.EXPIRED if outcome.is_expired else _P.CANCELED
    reason = outcome.reason or ("expired" if outcome.is_expired else "canceled at the processor")
    if payment.operation is not None and payment.operation.kind == "cancel":
        reason = payment.operation.reason or reason
        target = _P.EXPIRED if reason == "expired" else target
    after, events = _move(
        payment,
        target,
        {"reason": reason},
        cancel_reason=reason,
        canceled_at=now,
        client_secret=None,
        **_identified(payment, outcome.facts),
    )
    is_cancel = payment.operation is not None and payment.operation.kind == "cancel"
    status = OperationStatus.SUCCEEDED if is_cancel else OperationStatus.FAILED
    return Decision(payment, after, _finished(payment, status), None, (), events)


def _unknown(payment: Payment, outcome: Unknown) -> Decision:
    after, events = _move(payment, _P.UNKNOWN, {"detail": outcome.detail[:200]})
    waiting = payment.operation is None or payment.operation.status is OperationStatus.UNKNOWN
    status = None if waiting else OperationStatus.UNKNOWN
    return Decision(payment, after, status, outcome.detail[:500], (), events)


def _decide_command(
    payment: Payment, outcome: Outcome, *, fees: PriceList, now: datetime, is_answer: bool
) -> Decision:
    """The outcome of a capture or a cancellation: what did not happen leaves the payment as it was."""
    operation = payment.operation
    if operation is None:
        raise AssertionError("a command's outcome needs its operation")
    match outcome:
        case Captured():
            decision = _captured(payment, outcome, fees, now)
            failed = operation.kind == "cancel"
            return replace(
                decision,
                operation_status=OperationStatus.FAILED if failed else OperationStatus.SUCCEEDED,
                operation_error="It was captured before." if failed else None,
            )
        case Canceled():
            return _canceled(payment, outcome, now)
        case Declined() if is_answer:
            why = {"reason": outcome.reason.value, "code": outcome.code}
            event = EventDraft(f"payment.{operation.kind}_refused", why)
            return Decision(payment, payment, OperationStatus.FAILED, outcome.code, (), (event,))
        case Unknown() if is_answer and operation.status is OperationStatus.REQUESTED:
            detail = outcome.detail[:500]
            event = EventDraft(f"payment.{operation.kind}_unknown", {"detail": detail[:200]})
            return Decision(payment, payment, OperationStatus.UNKNOWN, detail, (), (event,))
    return Decision(payment, payment)
