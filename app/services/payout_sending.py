"""Payouts on their way: the bank is asked, asked again, and believed only when it was understood.

One key a payout, whatever happens: an order whose answer was lost is looked for before it is sent again.
An unknown outcome is never called failed. What the bank says later (it came back) is a fact and is
always written.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.rails import (
    Absent,
    Accepted,
    Paid,
    PayoutOrder,
    PayoutRail,
    RailOutcome,
    Refused,
    Returned,
    Unknown,
)
from app.domain.recipes import Journal
from app.domain.states import PAYOUT, PayoutStatus
from app.services import bank_accounts
from app.services.deps import Deps
from app.services.payout_rows import load_payout, move_payout, payout_event
from app.store.db import transaction
from app.store.ledger import book
from app.store.merchants import Merchant
from app.store.payouts import PayoutRow

log = logging.getLogger(__name__)

_P = PayoutStatus
BACKOFF = tuple(timedelta(seconds=n) for n in (5, 30, 120, 600, 3600))
# How often a payout that is on its way, or that may still come back, is asked after.
LOOK_AGAIN = timedelta(hours=1)
# A bank sends money back within some business days; later it arrives as any other receipt.
MAY_RETURN = timedelta(days=10)


def submit_due(deps: Deps, limit: int = 50) -> int:
    """Send what is owed and ask after what is on its way; gives how many were looked at."""
    now = deps.clock.now()
    with transaction() as session:
        due = session.execute(
            select(PayoutRow)
            .where(
                PayoutRow.status.in_([_P.PENDING, _P.UNKNOWN, _P.IN_TRANSIT, _P.PAID]),
                PayoutRow.next_attempt_at <= now,
            )
            .order_by(PayoutRow.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
        work = []
        for row in due:
            was_tried = row.sent_at is not None
            step = BACKOFF[min(row.attempts, len(BACKOFF) - 1)]
            row.attempts += 1
            row.sent_at = row.sent_at or now
            row.next_attempt_at = now + max(step, timedelta(seconds=deps.lease_seconds // 2))
            work.append((row.merchant_id, row.id, was_tried))
    for merchant_id, payout_id, was_tried in work:
        try:
            submit_payout(deps, merchant_id, payout_id, was_tried=was_tried)
        except Exception:
            # One poisonous payout must not hold up the others; it is due again later.
            log.exception("payout.failed_to_send", extra={"payout": payout_id})
    return len(work)


def submit_payout(deps: Deps, merchant_id: str, payout_id: str, *, was_tried: bool) -> None:
    """Ask the bank to carry a payout, or what became of it. Safe to repeat: it sees one key a payout."""
    with transaction() as session:
        row = load_payout(session, merchant_id, payout_id)
        is_live = session.get_one(Merchant, merchant_id).mode == "live"
    status = PayoutStatus(row.status)
    if PAYOUT.is_final(status):
        return
    rail = deps.rails[row.rail]
    order = _order(deps, row, is_live=is_live)
    outcome = _asked(rail, order, status, was_tried=was_tried)
    deps.failpoint("payout.bank_answered")
    apply_update(deps, merchant_id, payout_id, outcome)


def _order(deps: Deps, row: PayoutRow, *, is_live: bool) -> PayoutOrder:
    return PayoutOrder(
        merchant_id=row.merchant_id,
        payout_id=row.id,
        amount=row.amount,
        destination=bank_accounts.destination(deps, row.merchant_id, row.bank_account_id),
        statement_descriptor=row.statement_descriptor or "PAYOUT",
        idempotency_key=f"{row.id}:payout",
        is_live=is_live,
        created_at=row.created_at,
    )


def _asked(
    rail: PayoutRail, order: PayoutOrder, status: PayoutStatus, *, was_tried: bool
) -> RailOutcome:
    if not was_tried:
        return rail.send(order)
    outcome = rail.query(order)
    if isinstance(outcome, Absent) and status in (_P.PENDING, _P.UNKNOWN):
        return rail.send(order)
    if isinstance(outcome, Absent):
        return Unknown("the bank does not know an order that it told us of")
    return outcome


def apply_update(
    deps: Deps, merchant_id: str, payout_id: str, outcome: RailOutcome, *, actor: str = "system"
) -> None:
    """Write what became of a payout: row, journal and event together. Safe to repeat."""
    now = deps.clock.now()
    with transaction() as session:
        row = load_payout(session, merchant_id, payout_id, lock=True)
        current = PayoutStatus(row.status)
        _remember(row, outcome)
        target = _target(current, outcome)
        row.next_attempt_at = _next_look(row, target or current, now)
        if target is None or target is current or not PAYOUT.allows(current, target):
            return
        if isinstance(outcome, Refused | Returned):
            row.failure_code = outcome.code.value
        event = move_payout(row, target)
        row.updated_at = now
        if target in (_P.PAID, _P.FAILED):
            row.ended_at = now
            _book(session, row, current, target, now)
        payout_event(session, deps, row, event, actor)
    if isinstance(outcome, Refused | Returned):
        bank_accounts.report_failure(deps, merchant_id, row.bank_account_id, outcome.code)
    log.info("payout.moved", extra={"payout": payout_id, "status": target.value})
    deps.queue.wake("events")


def _target(current: PayoutStatus, outcome: RailOutcome) -> PayoutStatus | None:
    match outcome:
        case Accepted():
            return _P.IN_TRANSIT if current is not _P.PAID else None
        case Paid():
            return _P.PAID
        case Refused() if current is not _P.PAID:
            return _P.FAILED
        case Returned():
            return _P.FAILED
        case Unknown() if current is _P.PENDING:
            return _P.UNKNOWN
    return None


def _book(
    session: Session,
    row: PayoutRow,
    current: PayoutStatus,
    target: PayoutStatus,
    now: datetime,
) -> None:
    for journal in _journals(row, current, target, now):
        book(session, row.merchant_id, journal, payment_id=None, at=now)


def _journals(
    row: PayoutRow, current: PayoutStatus, target: PayoutStatus, now: datetime
) -> list[Journal]:
    if target is _P.PAID:
        return [recipes.payout_paid(row.id, row.amount, now.date())]
    if current is _P.PAID:
        return [recipes.payout_returned(row.id, row.amount, now.date())]
    return [recipes.payout_failed(row.id, row.amount, now.date())]


def _remember(row: PayoutRow, outcome: RailOutcome) -> None:
    """Keep what the bank calls it, and when it is expected."""
    if isinstance(outcome, Accepted | Paid | Returned):
        row.rail_reference = row.rail_reference or outcome.reference
    if isinstance(outcome, Accepted | Paid):
        row.trace_id = row.trace_id or outcome.trace_id
    if isinstance(outcome, Accepted):
        row.arrival_date = outcome.arrival_date or row.arrival_date
    if isinstance(outcome, Paid) and row.arrival_date is None:
        row.arrival_date = outcome.paid_at.date()


def _next_look(row: PayoutRow, status: PayoutStatus, now: datetime) -> datetime | None:
    """When to ask again; None once nothing more can come."""
    if PAYOUT.is_final(status):
        return None
    if row.next_attempt_at is not None and row.next_attempt_at <= now:
        # Since it was leased somebody brought news of it, which this answer does not have.
        return row.next_attempt_at
    if status is _P.PAID:
        ended = row.ended_at or now
        return now + LOOK_AGAIN if now - ended < MAY_RETURN else None
    if status is _P.IN_TRANSIT:
        return now + LOOK_AGAIN
    return now + BACKOFF[min(row.attempts, len(BACKOFF) - 1)]
