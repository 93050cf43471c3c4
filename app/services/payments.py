"""Payments: taking money, capturing what is held, letting it go.

Each command records its intent, calls the processor with no unit of work open, and records the
outcome. A crash anywhere leaves an operation in flight, which the resolver finishes.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import Any

from psycopg.errors import UniqueViolation

from app.domain.asked import said_of
from app.domain.bank_money import due
from app.domain.errors import (
    AmountNotExact,
    CaptureTooLarge,
    NotFound,
    OperationInProgress,
    UnexpectedState,
)
from app.domain.ids import new_id
from app.domain.methods import CARD, method_of
from app.domain.methods.facts import name_in
from app.domain.money import Money
from app.domain.payments import TRIES, EventDraft, OperationInFlight, Payment
from app.domain.processor import (
    Canceled,
)
from app.domain.states import PAYMENT, OperationStatus, PaymentStatus
from app.services.accounts import account_by_id
from app.services.calls import call
from app.services.deps import Deps
from app.services.settle import settle
from app.services.tokens import kept, sealed, shown
from app.store import payment_path
from app.store.db import db, end_read
from app.store.payments import Operation

_P = PaymentStatus
MOST_ROUNDS = 5


@dataclass(frozen=True)
class ConfirmPayment:
    """A try, or a further try, to take an existing payment."""

    merchant_id: str
    payment_id: str
    payment_method_token: str
    actor: str
    return_url: str | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    payment_method: str | None = None
    payment_method_id: str | None = None
    customer_reference: str | None = None
    is_off_session: bool = False
    operation_id: str | None = None
    method: str | None = None
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CapturePayment:
    """Take what is held, or part of it (`amount`); the rest is let go."""

    merchant_id: str
    payment_id: str
    actor: str
    amount: Money | None = None
    operation_id: str | None = None


@dataclass(frozen=True)
class CancelPayment:
    """Let go of what is held, or end a payment that was not made."""

    merchant_id: str
    payment_id: str
    actor: str
    reason: str = "requested_by_customer"
    operation_id: str | None = None


def load(merchant_id: str, payment_id: str) -> Payment:
    """The payment as it stands; raises NotFound for another merchant's."""
    payment = payment_path.load(merchant_id, payment_id)
    if payment is None:
        raise NotFound("payment", payment_id)
    return payment


def was_begun(merchant_id: str, operation_id: str) -> bool:
    """Whether the intent of this call was recorded, whatever became of it."""
    found = db.session.get(Operation, (merchant_id, operation_id))
    end_read()
    return found is not None


def confirm_payment(deps: Deps, command: ConfirmPayment) -> Payment:
    """Try a payment that is open, was declined, or waits for the customer; raises UnexpectedState."""
    payment = load(command.merchant_id, command.payment_id)
    if payment.status not in (_P.OPEN, _P.FAILED, _P.REQUIRES_ACTION):
        raise UnexpectedState(f"This payment is {payment.status}; it cannot be tried again.")
    _refuse_funded(payment)
    operation = new_operation(
        deps,
        "authorize",
        payment.amount,
        operation_id=command.operation_id,
        token=kept(deps, payment.processor, command.payment_method_token),
        return_url=command.return_url,
        customer_reference=command.customer_reference,
        is_off_session=command.is_off_session,
        payment_method_id=command.payment_method_id,
        details=said_of([command.method] if command.method else payment.method_types, command.said),
    )
    payment = begin(
        deps,
        payment,
        operation,
        target=_P.PROCESSING,
        actor=command.actor,
        customer=(command.customer_email, command.customer_name),
        payment_method=shown(deps, payment.processor, command.payment_method),
        method=command.method or _kind_of(payment, command.payment_method_token),
    )
    # News may have finished it already: then there is nothing left to ask.
    return perform(deps, payment, actor=command.actor)


def finish_payment(deps: Deps, payment: Payment, details: str, *, actor: str) -> Payment:
    """Take what the customer's browser brought back from the bank to the processor, once; raises
    UnexpectedState or OperationInProgress.
    """
    if payment.status is not _P.REQUIRES_ACTION or payment.attempt_id is None:
        raise UnexpectedState(f"This payment is {payment.status}; there is nothing to confirm.")
    token = sealed(deps, details)
    operation = new_operation(deps, "finish", payment.amount, token=token)
    payment = begin(deps, payment, operation, target=_P.PROCESSING, actor=actor)
    return perform(deps, payment, actor=actor)


def _kind_of(payment: Payment, token: str) -> str:
    """The kind that a token is of, as far as it is known before it was tried: no kind that has none."""
    if name_in(token) is not None or not method_of(payment.method).is_by_name:
        return payment.method
    others = (name for name in payment.method_types if not method_of(name).is_by_name)
    return next(others, CARD)


def _refuse_funded(payment: Payment) -> None:
    """What a part of has come by transfer is not taken in another way besides."""
    if payment.status is _P.REQUIRES_ACTION and due(payment) < payment.amount:
        raise UnexpectedState(
            f"A part of this payment has come; {due(payment)} is still due. Cancel it, and that part stays"
            " the customer's."
        )


def capture_payment(deps: Deps, command: CapturePayment) -> Payment:
    """Capture once; raises UnexpectedState, CaptureTooLarge or OperationInProgress."""
    payment = load(command.merchant_id, command.payment_id)
    if payment.status is not _P.AUTHORIZED:
        raise UnexpectedState(
            f"This payment is {payment.status}; only an authorised one can be captured."
        )
    held = Money(payment.authorized_minor, payment.currency)
    amount = held if command.amount is None else command.amount
    if amount.currency != held.currency or not 0 < amount.amount_minor <= held.amount_minor:
        raise CaptureTooLarge(
            f"You asked to capture {amount}; {held} is authorised.", param="amount"
        )
    refuse_inexact(deps, payment.processor, amount)
    operation = new_operation(deps, "capture", amount, operation_id=command.operation_id)
    payment = begin(deps, payment, operation, target=_P.AUTHORIZED, actor=command.actor)
    return perform(deps, payment, actor=command.actor)


def refuse_inexact(deps: Deps, processor: str, amount: Money, param: str = "amount") -> None:
    """Raise AmountNotExact for an amount that the processor cannot be asked for exactly."""
    problem = deps.processors[processor].amount_problem(amount)
    if problem is not None:
        raise AmountNotExact(problem, param=param)


def cancel_payment(deps: Deps, command: CancelPayment) -> Payment:
    """Cancel what is not captured; raises UnexpectedState or OperationInProgress."""
    payment = load(command.merchant_id, command.payment_id)
    if not PAYMENT.allows(payment.status, _P.CANCELED) or payment.status in (
        _P.PROCESSING,
        _P.UNKNOWN,
    ):
        raise UnexpectedState(f"This payment is {payment.status}; it cannot be canceled.")
    if payment.processor_reference is None:
        return _cancel_here(deps, payment, command)
    operation = new_operation(
        deps, "cancel", payment.amount, operation_id=command.operation_id, reason=command.reason
    )
    payment = begin(deps, payment, operation, target=payment.status, actor=command.actor)
    return perform(deps, payment, actor=command.actor)


def begin(  # noqa: PLR0913 - each is a column of the intent
    deps: Deps,
    payment: Payment,
    operation: OperationInFlight,
    *,
    target: PaymentStatus,
    actor: str,
    customer: tuple[str | None, str | None] = (None, None),
    payment_method: str | None = None,
    method: str | None = None,
) -> Payment:
    """Record the intent of a call on an existing payment; raises OperationInProgress if it moved.

    News that told nothing new only moved the row's version: the intent is recorded on the row as it
    is now.
    """
    for _ in range(MOST_ROUNDS):
        now = deps.clock.now()
        try:
            done = payment_path.begin_operation(
                payment,
                operation,
                status=target,
                events=[_requested(payment, operation, target)],
                actor=actor,
                at=now,
                next_attempt_at=now + timedelta(seconds=deps.lease_seconds),
                session_must_be_open=operation.kind in TRIES and payment.session_id is not None,
                customer=customer,
                payment_method=payment_method,
                method=method,
            )
        except UniqueViolation:
            break
        if done:
            deps.failpoint("payment.intent_recorded")
            return load(payment.merchant_id, payment.id)
        fresh = load(payment.merchant_id, payment.id)
        if fresh.version == payment.version or not _is_as_judged(fresh, payment):
            break
        payment = fresh
    raise OperationInProgress(
        "Something else is under way with this payment; look again in a moment."
    )


def _requested(payment: Payment, operation: OperationInFlight, target: PaymentStatus) -> EventDraft:
    if target is payment.status:
        name = f"payment.{operation.kind}_requested"
    else:
        name = PAYMENT.event(payment.status, target)
    data = {"amount_minor": operation.amount_minor, "currency": payment.currency}
    return EventDraft(name, data)


# What a command was judged by: if none of it moved, the judgement stands.
_JUDGED = attrgetter(
    "status", "amount", "authorized_minor", "captured_minor", "customer_id", "payment_method",
    "processor_reference", "needs_reversal", "operation", "action",
)  # fmt: skip


def _is_as_judged(fresh: Payment, known: Payment) -> bool:
    return bool(_JUDGED(fresh) == _JUDGED(known))


def perform(deps: Deps, payment: Payment, *, actor: str) -> Payment:
    """Make the call that is in flight and write its outcome. Safe to repeat: one key per operation."""
    account = account_by_id(deps, payment.processor_account_id)
    if payment.operation is None:
        return payment
    outcome = call(deps, account, payment)
    deps.failpoint("payment.processor_answered")
    settled = settle(deps, payment, outcome, is_live=account.is_live, is_answer=True, actor=actor)
    deps.failpoint("payment.outcome_recorded")
    return settled


def start_cancel(deps: Deps, payment: Payment, *, reason: str, actor: str) -> Payment:
    """Cancel for a reason of the system's own: an expired checkout, a late authorisation."""
    operation = new_operation(deps, "cancel", payment.amount, reason=reason)
    payment = begin(deps, payment, operation, target=payment.status, actor=actor)
    return perform(deps, payment, actor=actor)


def new_operation(  # noqa: PLR0913 - each says something else about the call
    deps: Deps,
    kind: str,
    amount: Money,
    *,
    operation_id: str | None = None,
    token: str | None = None,
    return_url: str | None = None,
    reason: str | None = None,
    customer_reference: str | None = None,
    is_off_session: bool = False,
    payment_method_id: str | None = None,
    details: dict[str, Any] | None = None,
) -> OperationInFlight:
    """A call to be recorded before it is made; its id is given where a request may be repeated."""
    now = deps.clock.now()
    return OperationInFlight(
        id=operation_id or new_id("op", now),
        kind=kind,
        status=OperationStatus.REQUESTED,
        amount_minor=amount.amount_minor,
        payment_method_token=token,
        return_url=return_url,
        reason=reason,
        attempts=1,
        created_at=now,
        customer_reference=customer_reference,
        is_off_session=is_off_session,
        payment_method_id=payment_method_id,
        details=details or {},
    )


def _cancel_here(deps: Deps, payment: Payment, command: CancelPayment) -> Payment:
    """The processor never heard of it: canceling it is a decision of ours alone."""
    account = account_by_id(deps, payment.processor_account_id)
    outcome = Canceled(None, is_expired=command.reason == "expired", reason=command.reason)
    settled = settle(
        deps, payment, outcome, is_live=account.is_live, is_answer=True, actor=command.actor
    )
    if settled.status not in (_P.CANCELED, _P.EXPIRED):
        raise OperationInProgress("Somebody is paying this just now; look again in a moment.")
    return settled
