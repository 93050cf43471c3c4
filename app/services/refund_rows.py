"""The rows of a refund: locked in the order payment, refund; told in events of their own."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import NotFound, UnexpectedState
from app.domain.ids import new_id
from app.domain.methods import method_of
from app.domain.money import Money
from app.domain.processor import RefundOutcome
from app.domain.recipes import Journal
from app.domain.refunds import rule_problem
from app.domain.states import REFUND, RefundStatus
from app.services.deps import Deps
from app.store.outbox import emit
from app.store.payments import Event, PaymentRow, Refund

_R = RefundStatus


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
    # How much of the payment goes or went back by then: what a reader later cannot know.
    given_back = payment.refunded_minor + payment.refund_reserved_minor
    emit(
        session,
        Event(
            merchant_id=payment.merchant_id,
            id=new_id("evt", now),
            name=name,
            subject_type="refund",
            subject_id=refund_id,
            payment_id=payment.id,
            actor=actor,
            data={**data, "refunded_minor": given_back},
            event_at=now,
            created_at=now,
        ),
    )


def move_refund(refund: Refund, target: RefundStatus) -> str:
    """Move along an edge of the table; gives the edge's event, raises InvalidTransition without one."""
    event = REFUND.event(RefundStatus(refund.status), target)
    refund.status = target
    return event


def move_money(
    payment: PaymentRow, refund: Refund, current: RefundStatus, target: RefundStatus, on: date
) -> tuple[Journal, ...]:
    """Move the refund between reserved and refunded on the payment's row; gives what is to be booked
    today, which is `on`.

    The fee that goes back is kept after all with a refund that fails.
    """
    amount, fee = refund.amount, refund.fee_returned
    if target is _R.FAILED:
        payment.fee_returned_minor -= fee.amount_minor
    if target is _R.SUCCEEDED:
        payment.refund_reserved_minor -= amount.amount_minor
        payment.refunded_minor += amount.amount_minor
        return (recipes.refund_settled(payment.processor, refund.id, amount, on),)
    if target is _R.FAILED and current is _R.SUCCEEDED:
        payment.refunded_minor -= amount.amount_minor
        return (recipes.refund_returned(payment.processor, refund.id, amount, fee, on),)
    if target is _R.FAILED:
        payment.refund_reserved_minor -= amount.amount_minor
        return (recipes.refund_failed(refund.id, amount, fee, on),)
    return ()


def remember_reference(refund: Refund, outcome: RefundOutcome) -> None:
    """Keep the processor's name for the refund, the first time it is heard."""
    reference = getattr(outcome, "reference", None)
    if reference and refund.processor_reference is None:
        refund.processor_reference = reference


def refuse_by_rule(payment: PaymentRow, amount: Money, now: datetime) -> None:
    """Raise UnexpectedState for a refund that the payment's method does not take, or no longer."""
    if payment.captured_at is None:
        return
    method, paid = method_of(payment.method), payment.captured_at.astimezone(UTC).date()
    today = now.astimezone(UTC).date()
    problem = rule_problem(method, paid, today, is_whole=amount == payment.captured)
    if problem is not None:
        raise UnexpectedState(problem)
