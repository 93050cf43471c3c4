"""What an outcome means for a payment: pure decisions, from a snapshot of the row to what to write.

`decide` is the only judge. The payment path, webhooks and the resolver all come to it with an
outcome and write what it says under the row's version; whoever comes second finds nothing to do.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from app.domain import bank_money, recipes
from app.domain.fees import PriceList, Sale
from app.domain.methods import CARD, made_with, method_of
from app.domain.methods.facts import PATIENT
from app.domain.money import Money
from app.domain.onward import goes_on
from app.domain.payment import RECEIVED, Decision, EventDraft, OperationInFlight, Payment
from app.domain.processor import (
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Facts,
    Outcome,
    Pending,
    Returned,
    Unknown,
)
from app.domain.recipes import Journal
from app.domain.states import PAYMENT, OperationStatus, PaymentStatus

__all__ = [
    "TRIES", "Decision", "EventDraft", "OperationInFlight", "Payment", "decide", "is_accepted",
]  # fmt: skip

_P = PaymentStatus

# Calls that try to take the money: the first word, and the answer to the bank's question.
TRIES = ("authorize", "finish")

# Once the processor confirmed one of these, older news of a hold is stale.
_OVER = (_P.CANCELED, _P.EXPIRED)


def decide(  # noqa: C901 - one case per outcome
    payment: Payment, outcome: Outcome, *, fees: PriceList, now: datetime, is_answer: bool
) -> Decision:
    """What `outcome` changes. `is_answer`: it answers the operation in flight, it is not mere news.

    News that an earlier try was refused says nothing about a call under way, and leaves it alone.
    """
    operation = payment.operation
    if operation is not None and operation.kind not in TRIES:
        return _decide_command(payment, outcome, fees=fees, now=now, is_answer=is_answer)
    match outcome:
        case Captured():
            return _captured(payment, outcome, fees, now)
        case Returned():
            return _returned(payment, outcome, fees, now)
        case Authorized() if payment.status not in _OVER or payment.processor_reference is None:
            return _authorized(payment, outcome, now)
        case ActionRequired() if is_answer or operation is None:
            return _action_required(payment, outcome)
        case Canceled() if outcome.facts is not None or operation is None:
            return _canceled(payment, outcome, now)
        case Pending() if is_answer or operation is None:
            return _pending(payment, outcome, now)
        case Declined() if is_answer or operation is None:
            return _declined(payment, outcome)
        case Unknown() if is_answer:
            return _unknown(payment, outcome)
    return Decision(payment, payment)


def is_accepted(payment: Payment) -> bool:
    """Whether the customer has done their part and only their bank's word, days away, is missing."""
    if payment.operation is not None or payment.processor_reference is None:
        return False
    if payment.status is _P.REQUIRES_ACTION:
        return payment.action is not None and payment.action.get("kind") in PATIENT
    return payment.status is _P.PROCESSING and method_of(payment.method).is_delayed


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
    if facts is None or not facts.reference or payment.processor_reference is not None:
        return {}
    return {"processor_reference": facts.reference}


def _told_of(
    payment: Payment, outcome: Captured | Authorized | Declined | Pending | ActionRequired
) -> dict[str, Any]:
    """What an outcome tells of itself: its name there, and the method; whatever was asked for is over."""
    method, card = outcome.method, getattr(outcome, "card", None) or payment.card
    changes = {"action": None, "card": card, **_identified(payment, outcome.facts)}
    if method is not None:
        # Where a transfer was to go is told once, and stays to be told.
        known = payment.method_details if bank_money.is_transfer(method.name) else {}
        changes |= {"method": method.name, "method_details": {**known, **method.details}}
        changes["card"] = card if method.name == CARD else None
    return changes


def _money_data(amount: Money) -> dict[str, Any]:
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}


def _returned(payment: Payment, outcome: Returned, fees: PriceList, now: datetime) -> Decision:
    """A debit that the bank took back. Where the capture was never heard of, it is booked first."""
    first = _captured(payment, outcome.captured, fees, now)
    amount, booked = outcome.amount, first.after
    after, events = _move(
        booked,
        _P.RETURNED,
        {**_money_data(amount), "code": outcome.code},
        returned_at=now,
        return_code=outcome.code,
    )
    # On the day of the captured money, if that is still to come: then neither is ever paid out.
    on = max(now.date(), booked.available_on or now.date())
    journals = first.journals
    if events:
        journals += (recipes.payment_returned(payment.processor, outcome.reference, amount, on),)
    return replace(first, after=after, journals=journals, events=first.events + events)


def _captured(payment: Payment, outcome: Captured, fees: PriceList, now: datetime) -> Decision:
    amount, currency = outcome.amount, payment.currency
    card = outcome.card or payment.card
    name = outcome.method.name if outcome.method else payment.method
    method = made_with(name, card.wallet if card else "")
    on = outcome.available_on or method.available_on(now.date())
    country = _payer_country(payment, outcome)
    made, is_converted = payment.created_at, fees.is_converting
    price = fees.price(
        Sale(amount, method.fee_class, made, payment.fee_schedule, country, is_converted)
    )
    fee = price.fee
    after, events = _move(
        payment,
        _P.CAPTURED,
        {**_money_data(amount), "fee_minor": fee.amount_minor},
        authorized_minor=max(payment.authorized_minor, amount.amount_minor),
        captured_minor=amount.amount_minor,
        charge_attempt_id=payment.attempt_id,
        fee_minor=fee.amount_minor,
        fee_schedule=price.schedule.id,
        fee_parts=price.parts,
        processor_charge_reference=outcome.charge_reference or payment.processor_charge_reference,
        decline_reason=None,
        decline_code=None,
        client_secret=None,
        available_on=on,
        captured_at=now,
        **_told_of(payment, outcome),
    )
    journals: tuple[Journal, ...] = ()
    if events:
        journals = (recipes.payment_captured(payment.processor, payment.id, amount, fee, on),)
        if payment.escrow is not None and not goes_on(payment.escrow):
            # In the same statement: nobody ever sees the money captured and not held.
            journals += (recipes.escrow_held(payment.id, amount - fee, on),)
        journals += bank_money.applied(payment, method.name, amount, now.date())
    if after.processor_fee_minor is None and outcome.processor_fee is not None:
        journals += _processor_fee(payment, outcome, on)
        if outcome.processor_fee.currency == currency:
            after = replace(after, processor_fee_minor=outcome.processor_fee.amount_minor)
    status = _finished(payment, OperationStatus.SUCCEEDED)
    return Decision(payment, after, status, None, journals, events)


def _payer_country(payment: Payment, outcome: Captured) -> str:
    """Where who paid is, as far as it was told; an earlier try's card says nothing of another method."""
    if outcome.method is not None and outcome.method.name != CARD:
        return str(outcome.method.details.get("country") or "")
    card = outcome.card or payment.card
    return card.country if card else ""


def _processor_fee(payment: Payment, outcome: Captured, on: date) -> tuple[Journal, ...]:
    fee, source = outcome.processor_fee, outcome.fee_reference or payment.id
    if fee is None or fee.currency != payment.currency or not fee:
        return ()
    return (recipes.processor_fee_charged(payment.processor, source, fee, on),)


def _authorized(payment: Payment, outcome: Authorized, now: datetime) -> Decision:
    method = method_of(outcome.method.name if outcome.method else payment.method)
    held_until = now + timedelta(days=method.hold_days) if method.hold_days else None
    after, events = _move(
        payment,
        _P.AUTHORIZED,
        _money_data(outcome.amount),
        authorized_minor=outcome.amount.amount_minor,
        charge_attempt_id=payment.attempt_id,
        processor_charge_reference=outcome.charge_reference or payment.processor_charge_reference,
        decline_reason=None,
        decline_code=None,
        client_secret=None,
        capture_before=outcome.capture_before or held_until,
        **_told_of(payment, outcome),
    )
    return _succeeded(payment, after, events)


def _action_required(payment: Payment, outcome: ActionRequired) -> Decision:
    asked = {"kind": outcome.kind.value, **outcome.details}
    after, events = _move(
        payment,
        _P.REQUIRES_ACTION,
        {"kind": outcome.kind},
        client_secret=outcome.client_secret,
        **_told_of(payment, outcome) | {"action": asked},
    )
    more = bank_money.progress(payment, outcome)
    if more and not events and payment.status is _P.REQUIRES_ACTION:
        after = replace(payment, action=asked)
    return _succeeded(payment, after, events + more if after is not payment else events)


def _pending(payment: Payment, outcome: Pending, now: datetime) -> Decision:
    if payment.status not in (_P.PROCESSING, _P.UNKNOWN, _P.REQUIRES_ACTION):
        return Decision(payment, payment)
    told = _told_of(payment, outcome)
    method = method_of(told.get("method", payment.method))
    if method.is_delayed:
        # What was promised to the customer first stands.
        known = payment.method_details.get("expected_on") if is_accepted(payment) else None
        expected = known or method.expected_on(now.date()).isoformat()
        details = told.get("method_details", payment.method_details)
        told["method_details"] = {**details, "expected_on": expected}
        # The bank has it now, and the processor a charge for it.
        told["charge_attempt_id"] = payment.attempt_id
    after, events = _move(payment, _P.PROCESSING, {}, **told)
    if not events:
        after = replace(payment, **told)
    if method.is_delayed and (events or payment.operation is not None):
        events += (EventDraft("payment.submitted", _money_data(payment.amount)),)
    return _succeeded(payment, after, events)


def _declined(payment: Payment, outcome: Declined) -> Decision:
    charge = payment.attempt_id if outcome.reached_bank else payment.charge_attempt_id
    tries = {"attempt_id": payment.attempt_id, "charge_attempt_id": charge}
    told = {"reason": outcome.reason.value, "code": outcome.code, "was": payment.status.value}
    told["method"] = outcome.method.name if outcome.method else payment.method
    after, events = _move(
        payment,
        _P.FAILED,
        told | tries,
        charge_attempt_id=charge,
        decline_reason=outcome.reason,
        decline_code=outcome.code,
        client_secret=None,
        **_told_of(payment, outcome),
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
        case Captured() | Returned():
            decision = (
                _returned(payment, outcome, fees, now)
                if isinstance(outcome, Returned)
                else _captured(payment, outcome, fees, now)
            )
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
        case Pending() if is_answer and not operation.is_received:
            # It was received, and news will tell what became of it: until then it stays in flight.
            return Decision(payment, payment, OperationStatus.UNKNOWN, RECEIVED)
        case Unknown() if is_answer and operation.status is OperationStatus.REQUESTED:
            detail = outcome.detail[:500]
            event = EventDraft(f"payment.{operation.kind}_unknown", {"detail": detail[:200]})
            return Decision(payment, payment, OperationStatus.UNKNOWN, detail, (), (event,))
    return Decision(payment, payment)
