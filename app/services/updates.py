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
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services.deps import Deps
from app.services.payments import load
from app.services.refund_rows import load_refund, lock_payment
from app.store.db import transaction
from app.store.outbox import emit
from app.store.payments import CheckoutSession, Event, Operation, PaymentRow

_P = PaymentStatus
MOST_METADATA = 50
# What may be changed only while nobody is asked about it.
# What a call that is repeated must say in the same words as the first time.
_TOLD = {"description", "customer_email"}
_UNTIL_TRIED = ("customer_id", "payment_method")


@dataclass(frozen=True)
class UpdatePayment:
    """`changes` by column; metadata by key, None removes a key, None for all removes all."""

    merchant_id: str
    payment_id: str
    actor: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    amount: Money | None = None
    metadata: Mapping[str, str | None] | None = field(default_factory=dict)


def update_payment(deps: Deps, command: UpdatePayment) -> Payment:
    """Write the changes; raises NotFound, UnexpectedState or AmountSettled. Safe to repeat."""
    now = deps.clock.now()
    with transaction() as session:
        row = lock_payment(session, command.merchant_id, command.payment_id)
        before = {name: getattr(row, name) for name in command.changes}
        _check(session, row, command)
        for name, value in command.changes.items():
            setattr(row, name, value)
        if command.amount is not None:
            row.amount_minor = command.amount.amount_minor
            row.currency = command.amount.currency
        row.metadata_ = changed(row.metadata_, command.metadata)
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
                actor=command.actor,
                data={"changed": sorted(before)},
                event_at=now,
                created_at=now,
            ),
        )
    deps.queue.wake("events")
    return load(command.merchant_id, command.payment_id)


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
    moved = {name for name in _UNTIL_TRIED if name in command.changes}
    if moved and status not in (_P.OPEN, _P.FAILED):
        raise UnexpectedState(
            f"This payment is {status}; who pays and how can no longer be changed.",
            param="customer" if "customer_id" in moved else "payment_method",
        )
    amount = command.amount
    if amount is None or amount == row.amount:
        return
    if status is not _P.OPEN or row.processor_reference is not None or row.session_id is not None:
        raise AmountSettled(
            "This payment was tried with its amount already. Cancel it and make another one.",
            param="amount",
        )


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
