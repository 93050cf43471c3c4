"""Changing what is written on a payment: notes at any time, what it is about until it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import (
    AmountSettled,
    InvalidRequest,
    NotFound,
    OperationInProgress,
    UnexpectedState,
)
from app.domain.escrow import check_plan, plan_from
from app.domain.ids import new_id
from app.domain.money import Money, parse_amount
from app.domain.onward import check_onward, goes_on, onward_from
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import customers, methods
from app.services.deps import Deps
from app.services.payments import load
from app.services.refund_rows import load_refund, lock_payment
from app.store.customers import NamedCard, PaymentMethod
from app.store.db import transaction
from app.store.outbox import emit
from app.store.payments import CheckoutSession, Event, Operation, PaymentRow

_P = PaymentStatus
MOST_METADATA = 50
# What a call that is repeated must say in the same words as the first time.
_TOLD = {"description", "customer_email"}
# What may be changed only while nobody is asked about it.
_UNTIL_TRIED = {"customer_id", "payment_method"}


@dataclass(frozen=True)
class UpdatePayment:
    """`changes` by column, a method as the caller names it; the amount as it came, in part or whole;
    metadata by key, None removes a key, None for all removes all.
    """

    merchant_id: str
    payment_id: str
    actor: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    amount: int | str | None = None
    currency: str | None = None
    metadata: Mapping[str, str | None] | None = field(default_factory=dict)


def update_payment(deps: Deps, command: UpdatePayment) -> Payment:
    """Write the changes; raises NotFound, UnexpectedState, AmountSettled or MethodNotTheirs. Safe to
    repeat.

    All is judged by the row as it stands when it is written: what the caller left out may have been
    changed by somebody else a moment ago.
    """
    text = command.changes.get("payment_method")
    named = None if text is None else methods.find_named(deps, command.merchant_id, text)
    with transaction() as session:
        row = lock_payment(session, command.merchant_id, command.payment_id)
        _check(session, row, command)
        wanted = {**command.changes, **_amount(row, command)}
        wanted |= _paid_with(session, row, command, named)
        wanted["metadata_"] = changed(row.metadata_, command.metadata)
        different = {name for name, value in wanted.items() if getattr(row, name) != value}
        if different:
            _write(deps, session, row, {name: wanted[name] for name in different}, command.actor)
    if different:
        deps.queue.wake("events")
    return load(command.merchant_id, command.payment_id)


def _write(
    deps: Deps, session: Session, row: PaymentRow, changes: Mapping[str, Any], actor: str
) -> None:
    now = deps.clock.now()
    for name, value in changes.items():
        setattr(row, name, value)
    # A decision that was made on the row before this change is made again.
    row.version += 1
    row.updated_at = now
    emit(
        session,
        Event(
            merchant_id=row.merchant_id,
            id=new_id("evt", now),
            name="payment.updated",
            subject_type="payment",
            subject_id=row.id,
            payment_id=row.id,
            actor=actor,
            data={"changed": sorted(name.rstrip("_") for name in changes)},
            event_at=now,
            created_at=now,
        ),
    )


def _is_asked(session: Session, row: PaymentRow) -> bool:
    found = session.execute(
        select(Operation.id).where(
            Operation.merchant_id == row.merchant_id,
            Operation.payment_id == row.id,
            Operation.status.in_(["requested", "unknown"]),
        )
    ).scalar()
    return found is not None


def _check(session: Session, row: PaymentRow, command: UpdatePayment) -> None:
    status = _P(row.status)
    if _TOLD & command.changes.keys() and _is_asked(session, row):
        raise OperationInProgress(
            "The processor is being asked about this payment just now; try again in a moment."
        )
    moved = _UNTIL_TRIED & command.changes.keys()
    if moved and status not in (_P.OPEN, _P.FAILED):
        raise UnexpectedState(
            f"This payment is {status}; who pays and how can no longer be changed.",
            param="customer" if "customer_id" in moved else "payment_method",
        )


def _amount(row: PaymentRow, command: UpdatePayment) -> dict[str, Any]:
    """The amount's columns; what was not sent of it stays."""
    if command.amount is None and command.currency is None:
        return {}
    amount = parse_amount(
        row.amount_minor if command.amount is None else command.amount,
        row.currency if command.currency is None else command.currency,
    )
    is_tried = row.processor_reference is not None or row.session_id is not None
    if amount != row.amount and (is_tried or row.status != _P.OPEN):
        raise AmountSettled(
            "This payment was tried with its amount already. Cancel it and make another one.",
            param="amount",
        )
    _check_split(row.escrow, amount)
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}


def _check_split(plan: Mapping[str, Any] | None, amount: Money) -> None:
    """Refuse an amount that the sellers' parts no longer fit."""
    if plan is not None and goes_on(plan):
        check_onward(onward_from(plan), amount)
    elif plan is not None:
        check_plan(plan_from(plan), amount)


def _paid_with(
    session: Session, row: PaymentRow, command: UpdatePayment, named: NamedCard | None
) -> dict[str, Any]:
    """The method's column, after it and the customer were found to fit each other."""
    changes = command.changes
    customer_id = changes.get("customer_id", row.customer_id)
    if changes.get("customer_id") is not None:
        customers.locked(
            session, row.merchant_id, changes["customer_id"], param="customer", is_shared=True
        )
    if named is not None:
        text = changes["payment_method"]
        choice = methods.choose(named, text, customer_id)
        return {"payment_method": choice.payment_method_id or text}
    is_kept = "customer_id" in changes and "payment_method" not in changes
    if is_kept and row.status == _P.OPEN and row.payment_method is not None:
        card = session.get(PaymentMethod, (row.merchant_id, row.payment_method))
        if card is not None:
            owned = NamedCard(card.id, card.processor_token, card.customer_id, None, False)
            methods.choose(owned, card.id, customer_id)
    return {}


def changed(known: Mapping[str, Any], changes: Mapping[str, str | None] | None) -> dict[str, Any]:
    """Metadata after the changes; raises InvalidRequest if it grew too large."""
    if changes is None:
        return {}
    kept = {key: value for key, value in {**known, **changes}.items() if value is not None}
    if len(kept) > MOST_METADATA:
        raise InvalidRequest(
            f"metadata is an object of at most {MOST_METADATA} keys.", param="metadata"
        )
    return kept


def update_refund(
    deps: Deps, merchant_id: str, refund_id: str, metadata: Mapping[str, str | None] | None
) -> None:
    """Change a refund's metadata; raises NotFound."""
    with transaction() as session:
        refund, _ = load_refund(session, merchant_id, refund_id, lock=True)
        refund.metadata_ = changed(refund.metadata_, metadata)
        refund.updated_at = deps.clock.now()


def update_session(
    merchant_id: str, session_id: str, metadata: Mapping[str, str | None] | None
) -> None:
    """Change a checkout's metadata; raises NotFound."""
    with transaction() as session:
        row = session.get(CheckoutSession, (merchant_id, session_id), with_for_update=True)
        if row is None:
            raise NotFound("checkout session", session_id)
        row.metadata_ = changed(row.metadata_, metadata)
