"""A hold's row and its status: moved together, told in events of their own.

Locks are taken in the order payment, hold, books by merchant id. A release locks the payment too: its
transfers refer to it, and a refund that has it locked may be waiting for the hold.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import NotFound, StaleAmount
from app.domain.escrow import status_of
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.states import ESCROW, EscrowStatus
from app.services.deps import Deps
from app.services.refund_rows import lock_payment
from app.store.escrow import EscrowHold, Transfer, lock_hold, lock_hold_of
from app.store.ledger import book
from app.store.outbox import emit
from app.store.payments import Event, PaymentRow, Refund


def locked(session: Session, merchant_id: str, hold_id: str) -> EscrowHold:
    """The hold, locked after its payment; raises NotFound for another merchant's."""
    known = session.get(EscrowHold, (merchant_id, hold_id))
    if known is not None:
        lock_payment(session, merchant_id, known.payment_id)
    hold = lock_hold(session, merchant_id, hold_id)
    if hold is None:
        raise NotFound("escrow hold", hold_id)
    return hold


def check_seen(hold: EscrowHold, expected: Money | None) -> None:
    """Refuse what was decided on an amount that is no longer true."""
    if expected is not None and expected != hold.left:
        raise StaleAmount(
            f"This hold changed while you were looking: {hold.left} is held now. Check and try again.",
            param="amount",
        )


def settle_status(hold: EscrowHold, now: datetime) -> str | None:
    """Bring the status to what the amounts say; gives the event of the move, None if it stands."""
    hold.updated_at = now
    current = EscrowStatus(hold.status)
    target = status_of(
        held=hold.held_minor,
        released=hold.released_minor,
        refunded=hold.refunded_minor,
        is_frozen=hold.frozen_at is not None,
    )
    if target is current:
        return None
    event = ESCROW.event(current, target)
    hold.status = target
    return event


def hold_event(
    session: Session, deps: Deps, hold: EscrowHold, name: str, actor: str, data: dict[str, Any]
) -> None:
    """Write what happened to a hold, in the caller's unit of work."""
    _emit(session, deps, hold, ("escrow", hold.id), name, actor, data)


def transfer_event(
    session: Session, deps: Deps, transfer: Transfer, name: str, actor: str, data: dict[str, Any]
) -> None:
    """Write what happened to a transfer, in the caller's unit of work."""
    _emit(session, deps, transfer, ("transfer", transfer.id), name, actor, data)


def _emit(
    session: Session,
    deps: Deps,
    of: EscrowHold | Transfer,
    subject: tuple[str, str],
    name: str,
    actor: str,
    data: dict[str, Any],
) -> None:
    now = deps.clock.now()
    emit(
        session,
        Event(
            merchant_id=of.merchant_id,
            id=new_id("evt", now),
            name=name,
            subject_type=subject[0],
            subject_id=subject[1],
            payment_id=of.payment_id,
            actor=actor,
            data={"currency": of.currency, **data},
            event_at=now,
            created_at=now,
        ),
    )


def take_for_refund(
    session: Session,
    deps: Deps,
    payment: PaymentRow,
    refund_id: str,
    amount: Money,
    *,
    actor: str,
    expected: Money | None = None,
) -> int:
    """Take a refund's money out of escrow as far as it is held; gives how much that was.

    The rest is the platform's own, as for any payment. The payment's row is locked already.
    """
    hold = None
    if payment.escrow is not None:
        hold = lock_hold_of(session, payment.merchant_id, payment.id)
    if hold is None:
        return 0
    check_seen(hold, expected)
    part = min(hold.left, amount)
    if not part:
        return 0
    now = deps.clock.now()
    hold.refunded_minor += part.amount_minor
    event = settle_status(hold, now)
    if event is not None:
        hold_event(session, deps, hold, event, actor, {"amount_minor": part.amount_minor})
    journal = recipes.escrow_refunded(refund_id, part, now.date())
    book(session, payment.merchant_id, journal, payment_id=payment.id, at=now)
    return part.amount_minor


def put_back(session: Session, deps: Deps, payment: PaymentRow, refund: Refund) -> None:
    """A refund failed or came back: what it had taken from escrow is held again.

    Nothing releases it by itself then: the customer wanted it, so a person decides.
    """
    if not refund.escrow_minor:
        return
    hold = lock_hold_of(session, payment.merchant_id, payment.id)
    if hold is None:
        raise AssertionError("a refund took from a hold that is not there")
    now = deps.clock.now()
    part = Money(refund.escrow_minor, refund.currency)
    hold.refunded_minor -= part.amount_minor
    hold.auto_release_at = None
    event = settle_status(hold, now)
    if event is not None:
        hold_event(session, deps, hold, event, "system", {"amount_minor": part.amount_minor})
    journal = recipes.escrow_held(refund.id, part, now.date())
    book(session, payment.merchant_id, journal, payment_id=payment.id, at=now)
