"""A payout's row: locked, moved along its table, and told in events of its own."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.domain.states import PAYOUT, PayoutStatus
from app.services.deps import Deps
from app.store.outbox import emit
from app.store.payments import Event
from app.store.payouts import PayoutRow


def load_payout(
    session: Session, merchant_id: str, payout_id: str, *, lock: bool = False
) -> PayoutRow:
    """The payout, locked if wanted; raises NotFound."""
    query = select(PayoutRow).where(PayoutRow.merchant_id == merchant_id, PayoutRow.id == payout_id)
    if lock:
        query = query.with_for_update()
    row = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None:
        raise NotFound("payout", payout_id)
    return row


def move_payout(row: PayoutRow, target: PayoutStatus) -> str:
    """Move along an edge of the table; gives the edge's event, raises InvalidTransition without one."""
    event = PAYOUT.event(PayoutStatus(row.status), target)
    row.status = target
    return event


def payout_event(session: Session, deps: Deps, row: PayoutRow, name: str, actor: str) -> None:
    """Write what happened to a payout, in the caller's unit of work."""
    now = deps.clock.now()
    emit(
        session,
        Event(
            merchant_id=row.merchant_id,
            id=new_id("evt", now),
            name=name,
            subject_type="payout",
            subject_id=row.id,
            payment_id=None,
            actor=actor,
            data={
                "amount_minor": row.amount_minor,
                "currency": row.currency,
                "failure_code": row.failure_code,
                "trace_id": row.trace_id,
                "arrival_date": row.arrival_date.isoformat() if row.arrival_date else None,
            },
            event_at=now,
            created_at=now,
        ),
    )
