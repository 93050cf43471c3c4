"""News from processors: stored first, answered, then applied once by the worker.

An event is a hint. What is applied is what the processor says when asked about the object, so
early, late, repeated and out-of-order events, and events that lie, all end in the same state.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import IntegrityFailure, SignatureInvalid
from app.domain.ids import new_id
from app.domain.processor import Captured, News, Outcome, ProcessorAccount, Query, Unknown
from app.services import bank_money, foreign
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.settle import facts_of, settle
from app.store import payment_path
from app.store.db import transaction
from app.store.inbox import InboxRow

log = logging.getLogger(__name__)

BACKOFF = (5, 15, 60, 300, 900, 1800, 3600, 3600, 3600, 3600)


@dataclass(frozen=True)
class ReceiveNews:
    """A webhook as it came to the address of one account."""

    account_id: str
    body: bytes
    headers: Mapping[str, str]


def receive(deps: Deps, command: ReceiveNews) -> bool:
    """Verify and store; gives whether it is new. Raises SignatureInvalid or NotFound; nothing is
    stored then.
    """
    account = account_by_id(deps, command.account_id)
    now = deps.clock.now()
    processor = deps.processors[account.processor]
    news = processor.read_news(account, command.body, command.headers, now)
    if news.is_live != account.is_live:
        raise SignatureInvalid("A test event came to a live account, or the other way round.")
    ids = (
        news.external_id, news.kind, news.payment_reference, news.refund_reference,
        news.payer_reference,
    )  # fmt: skip
    if any(part and "\x00" in part for part in ids):
        raise SignatureInvalid("The body is not an event.")
    is_new = store(account, [news], command.body, now) == 1
    deps.failpoint("inbox.received")
    if is_new:
        deps.queue.wake("inbox")
    return is_new


def store(account: ProcessorAccount, heard: list[News], body: bytes, now: datetime) -> int:
    """Put news into the inbox, each once however often it is told; gives how many were new."""
    rows = [
        {
            "merchant_id": account.merchant_id,
            "id": new_id("in", now),
            "processor_account_id": account.id,
            "external_id": news.external_id,
            "kind": news.kind,
            "payment_reference": news.payment_reference,
            "refund_reference": news.refund_reference,
            "payer_reference": news.payer_reference,
            "body": body,
            "status": "received",
            "next_attempt_at": now,
            "received_at": now,
        }
        for news in heard
    ]
    with transaction() as session:
        return sum(
            session.execute(
                insert(InboxRow).values(row).on_conflict_do_nothing().returning(InboxRow.id)
            ).scalar()
            is not None
            for row in rows
        )


def handle_due(deps: Deps, limit: int = 100) -> int:
    """Handle the news whose time has come; gives how many were looked at."""
    now = deps.clock.now()
    with transaction() as session:
        rows = session.execute(
            text("""
                WITH due AS MATERIALIZED (
                    SELECT merchant_id, id FROM inbox
                    WHERE status IN ('received', 'unmatched') AND next_attempt_at <= :now
                    ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED
                )
                UPDATE inbox n
                SET attempts = n.attempts + 1,
                    next_attempt_at = :now + make_interval(secs => (:steps)[least(n.attempts + 1, :most)])
                FROM due
                WHERE n.merchant_id = due.merchant_id AND n.id = due.id
                RETURNING n.merchant_id, n.id
            """),
            {"now": now, "steps": list(BACKOFF), "most": len(BACKOFF), "limit": limit},
        ).all()
    for merchant_id, inbox_id in rows:
        try:
            handle(deps, merchant_id, inbox_id)
        except Exception:
            # One poisonous event must not hold up the others; it stays due and is tried again later.
            log.exception("inbox.crashed", extra={"inbox": inbox_id})
    return len(rows)


def handle(deps: Deps, merchant_id: str, inbox_id: str) -> None:
    """Ask the processor what the event is about and apply that. Safe to repeat."""
    with transaction() as session:
        row = session.execute(
            select(InboxRow).where(InboxRow.merchant_id == merchant_id, InboxRow.id == inbox_id)
        ).scalar_one()
    if row.status not in ("received", "unmatched"):
        return None
    account = account_by_id(deps, row.processor_account_id)
    if row.payer_reference is not None:
        bank_money.hear(deps, account, row.payer_reference)
        return _finish(deps, row, "handled", None)
    if row.payment_reference is None:
        return _finish(deps, row, "ignored", "It is not about a payment.")
    found = _fetch(deps, account, row)
    deps.failpoint("inbox.fetched")
    if isinstance(found, Unknown):
        return _finish(deps, row, row.status, f"The processor could not be asked: {found.detail}")
    _apply(deps, account, row, found)
    deps.failpoint("inbox.handled")
    return None


def _fetch(deps: Deps, account: ProcessorAccount, row: InboxRow) -> Outcome:
    query = Query(account.merchant_id, "", row.payment_reference, row.received_at)
    return deps.processors[account.processor].query(account, query)


def _apply(deps: Deps, account: ProcessorAccount, row: InboxRow, found: Outcome) -> None:
    reference = row.payment_reference or ""
    facts = facts_of(found)
    payment = payment_path.load_by_reference(account.merchant_id, account.id, reference)
    if payment is None and facts is not None and facts.payment_id is not None:
        payment = payment_path.load(account.merchant_id, facts.payment_id)
    if payment is None:
        _no_payment(deps, account, row, found)
        return
    live = account.is_live
    try:
        if row.refund_reference is not None or row.kind.startswith(("charge.refund", "refund.")):
            # The capture first: a refund of what we do not know to be captured would fit no row.
            payment = settle(deps, payment, found, is_live=live, is_answer=False)
            foreign.sync_refunds(deps, account, payment)
        settle(deps, payment, found, is_live=live, is_answer=False, inbox_id=row.id)
    except IntegrityFailure as error:
        is_other = payment.processor_reference not in (None, reference)
        if isinstance(found, Captured) and is_other:
            # Real money under our name beside the payment's own: booked, for a human to explain.
            foreign.book_unmatched_receipt(deps, account, found)
        foreign.note_integrity_failure(deps, payment, error.message)
        _finish(deps, row, "failed", error.message)


def _no_payment(deps: Deps, account: ProcessorAccount, row: InboxRow, found: Outcome) -> None:
    """Nothing of ours: someone else's business, or our row is not there yet, or never will be."""
    facts = facts_of(found)
    if facts is None or facts.payment_id is None:
        _finish(deps, row, "ignored", "The object carries no reference of ours.")
    elif facts.merchant_id != account.merchant_id:
        _finish(deps, row, "failed", "The object names another merchant.")
        log.error("inbox.foreign_merchant", extra={"inbox": row.id})
    elif row.attempts < len(BACKOFF) - 1:
        _finish(deps, row, "unmatched", f"No payment {facts.payment_id} yet.")
    else:
        if isinstance(found, Captured):
            foreign.book_unmatched_receipt(deps, account, found)
        _finish(
            deps, row, "failed", f"No payment {facts.payment_id}; what was taken is in suspense."
        )


def _finish(deps: Deps, row: InboxRow, status: str, why: str | None) -> None:
    now: datetime = deps.clock.now()
    closed = status in ("ignored", "failed", "handled")
    with transaction() as session:
        session.execute(
            update(InboxRow)
            .where(InboxRow.merchant_id == row.merchant_id, InboxRow.id == row.id)
            .values(status=status, error=why, handled_at=now if closed else None)
        )


def oldest_unhandled(now: datetime) -> timedelta | None:
    """The age of the oldest news not yet applied; None when there is none."""
    with transaction() as session:
        at = session.execute(
            text("SELECT min(received_at) FROM inbox WHERE status IN ('received', 'unmatched')")
        ).scalar()
    return now - at if at is not None else None
