"""The end of what was not paid: nothing is left at the processor that could be finished later.

A checkout has a time of its own; a payment that a merchant's software made waits a day for the bank.
"""

import logging
from datetime import timedelta

from sqlalchemy import select, text

from app.domain.errors import FarthingError, NotFound, UnexpectedState
from app.domain.methods.facts import PATIENT
from app.domain.states import CHECKOUT, CheckoutStatus, PaymentStatus
from app.services.checkout import session_event
from app.services.deps import Deps
from app.services.payments import CancelPayment, cancel_payment, start_cancel
from app.store import payment_path
from app.store.db import db, end_read, transaction
from app.store.outbox import emit
from app.store.payments import CheckoutSession, PaymentRow

log = logging.getLogger(__name__)

_P = PaymentStatus

# A cancellation that the processor refused is not asked for again at every sweep.
AGAIN_AFTER = timedelta(hours=1)

# So long a customer may take to answer the bank where no checkout says how long.
WAITING = timedelta(hours=24)


def expire_session(deps: Deps, merchant_id: str, session_id: str, *, actor: str) -> None:
    """End an open checkout that nobody is paying just now; raises UnexpectedState otherwise."""
    now = deps.clock.now()
    with transaction() as session:
        row = session.execute(
            select(CheckoutSession)
            .where(CheckoutSession.merchant_id == merchant_id, CheckoutSession.id == session_id)
            .with_for_update()
        ).scalar_one_or_none()
        if row is None:
            raise NotFound("checkout session", session_id)
        if row.status != CheckoutStatus.OPEN:
            raise UnexpectedState(
                f"This checkout is {row.status}; only an open one can be expired."
            )
        # Every try to pay takes this session's lock first, so none can begin between look and move.
        status = session.execute(
            select(PaymentRow.status).where(
                PaymentRow.merchant_id == merchant_id, PaymentRow.session_id == session_id
            )
        ).scalar()
        if status in (_P.PROCESSING, _P.UNKNOWN):
            raise UnexpectedState("This checkout is being paid just now; it cannot be expired.")
        event = move_session(row, CheckoutStatus.EXPIRED)
        row.expires_at = min(row.expires_at, now)
        emit(session, session_event(deps, merchant_id, session_id, event, actor))
    _end_payment(deps, merchant_id, session_id)


def move_session(row: CheckoutSession, target: CheckoutStatus) -> str:
    """Move along an edge of the table; gives the edge's event, raises InvalidTransition without one."""
    event = CHECKOUT.event(CheckoutStatus(row.status), target)
    row.status = target
    return event


def expire_due(deps: Deps, limit: int = 100) -> int:
    """Expire what is past its time, and end payments left over from an expiry that was cut short."""
    now = deps.clock.now()
    due = db.session.execute(
        text("""
            SELECT s.merchant_id, s.id, s.status FROM checkout_sessions s
            LEFT JOIN payments p ON p.merchant_id = s.merchant_id AND p.session_id = s.id
            WHERE (s.status = 'open' AND s.expires_at <= :now
                   AND (p.id IS NULL OR p.status NOT IN ('processing', 'unknown')))
               OR (s.status = 'expired' AND p.status IN ('open', 'failed', 'requires_action')
                   AND NOT EXISTS (SELECT FROM operations o
                       WHERE o.merchant_id = p.merchant_id AND o.payment_id = p.id
                         AND o.kind = 'cancel' AND o.created_at > :refused))
            ORDER BY s.expires_at LIMIT :limit
        """),
        {"now": now, "limit": limit, "refused": now - AGAIN_AFTER},
    ).all()
    end_read()
    for merchant_id, session_id, status in due:
        try:
            if status == CheckoutStatus.OPEN:
                expire_session(deps, merchant_id, session_id, actor="system")
            else:
                _end_payment(deps, merchant_id, session_id)
        except FarthingError:
            continue  # It moved meanwhile; the next sweep looks again.
        except Exception:
            log.exception("checkout.not_expired", extra={"session": session_id})
    return len(due)


def abandon_waiting(deps: Deps, limit: int = 100) -> int:
    """Cancel payments without a checkout whose customer never answered the bank; gives how many were due.

    Every change of the row begins its time anew: a further try, and a cancellation that was refused.
    """
    rows = db.session.execute(
        text("""
            SELECT merchant_id, id FROM payments p
            WHERE status = 'requires_action' AND session_id IS NULL AND updated_at <= :since
              AND (action IS NULL OR NOT action ->> 'kind' = ANY(:patient))
              AND NOT EXISTS (SELECT FROM operations o WHERE o.merchant_id = p.merchant_id
                  AND o.payment_id = p.id AND o.status IN ('requested', 'unknown'))
            ORDER BY updated_at LIMIT :limit
        """),
        {
            "since": deps.clock.now() - WAITING,
            "limit": limit,
            "patient": [str(kind) for kind in PATIENT],
        },
    ).all()
    end_read()
    for merchant_id, payment_id in rows:
        try:
            _abandon(deps, merchant_id, payment_id)
        except FarthingError:
            continue  # It moved meanwhile; the next sweep looks again.
        except Exception:
            log.exception("payment.not_abandoned", extra={"payment": payment_id})
    return len(rows)


def _abandon(deps: Deps, merchant_id: str, payment_id: str) -> None:
    payment = payment_path.load(merchant_id, payment_id)
    if payment is None or payment.operation is not None:
        return
    if payment.status is _P.REQUIRES_ACTION:
        start_cancel(deps, payment, reason="abandoned", actor="system")


def _end_payment(deps: Deps, merchant_id: str, session_id: str) -> None:
    """Cancel what an expired checkout left at the processor, so that nobody can finish it later."""
    payment = payment_path.load_by_session(merchant_id, session_id)
    if payment is None or payment.operation is not None:
        return
    if payment.status not in (_P.OPEN, _P.FAILED, _P.REQUIRES_ACTION):
        return
    if payment.processor_reference is None:
        cancel_payment(deps, CancelPayment(merchant_id, payment.id, "system", reason="expired"))
    else:
        start_cancel(deps, payment, reason="expired", actor="system")
