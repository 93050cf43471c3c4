"""News from processors: stored first, answered, then applied once by the worker.

An event is a hint. What is applied is what the processor says when asked about the object, so
early, late, repeated and out-of-order events, and events that lie, all end in the same state. Of a processor
that cannot be asked all events of a payment are read together, whichever of them came last.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import IntegrityFailure, SignatureInvalid
from app.domain.ids import new_id
from app.domain.payments import Payment
from app.domain.processor import (
    Captured,
    Declined,
    News,
    Outcome,
    ProcessorAccount,
    Query,
    Unknown,
)
from app.domain.states import PaymentStatus
from app.services import bank_money, beside, foreign
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.heard import query_of
from app.services.settle import facts_of, settle
from app.store import inbox, payment_path
from app.store.db import transaction
from app.store.inbox import InboxRow

log = logging.getLogger(__name__)

# Of these payments something can have been given back.
TAKEN = (PaymentStatus.CAPTURED, PaymentStatus.RETURNED)

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
    brought = processor.read_news(account, command.body, command.headers, now)
    for news in brought:
        _check(account, news)
    is_new = store(deps, account, brought, now) > 0
    deps.failpoint("inbox.received")
    if is_new:
        deps.queue.wake("inbox")
    return is_new


def answer_to(deps: Deps, account_id: str) -> str | None:
    """What the processor of an account wants to read when its news is stored; None for our own words."""
    return deps.processors[account_by_id(deps, account_id).processor].news_answer


def _check(account: ProcessorAccount, news: News) -> None:
    if news.is_live != account.is_live:
        raise SignatureInvalid("A test event came to a live account, or the other way round.")
    ids = (
        news.external_id, news.kind, news.payment_reference, news.refund_reference,
        news.payer_reference, news.told_payment_id,
    )  # fmt: skip
    if any(part and "\x00" in part for part in ids):
        raise SignatureInvalid("The body is not an event.")


def store(deps: Deps, account: ProcessorAccount, heard: list[News], now: datetime) -> int:
    """Put news into the inbox, each once however often it is told; gives how many were new. All of one
    message are stored, or none.
    """
    is_told = deps.processors[account.processor].is_told
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
            "told_payment_id": news.told_payment_id,
            "is_told": is_told,
            "body": news.body,
            "status": "ignored" if news.why_ignored else "received",
            "error": news.why_ignored,
            "handled_at": now if news.why_ignored else None,
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
    if row.is_told:
        return _apply_told(deps, account, row)
    found = _fetch(deps, account, row)
    deps.failpoint("inbox.fetched")
    if isinstance(found, Unknown):
        return _keep_open(deps, row, f"The processor could not be asked: {found.detail}")
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
        _does_not_fit(deps, account, row, payment, found, error)


def _does_not_fit(
    deps: Deps,
    account: ProcessorAccount,
    row: InboxRow,
    payment: Payment,
    found: Outcome,
    error: IntegrityFailure,
) -> None:
    is_other = payment.processor_reference not in (None, row.payment_reference)
    if isinstance(found, Captured) and is_other:
        # Real money under our name beside the payment's own: booked, for a human to explain.
        foreign.book_unmatched_receipt(deps, account, found)
    foreign.note_integrity_failure(deps, payment, error.message)
    _finish(deps, row, "failed", error.message)


def _apply_told(deps: Deps, account: ProcessorAccount, row: InboxRow) -> None:
    """Read all that was told of the payment, and write what follows. Safe to repeat."""
    payment = _told_payment(account, row)
    # The object that the news names, though the payment may have another: money taken twice is seen so.
    query = (
        _query_of_row(account, row)
        if payment is None
        else query_of(deps, payment, row.payment_reference)
    )
    found = deps.processors[account.processor].query(account, query)
    deps.failpoint("inbox.fetched")
    if isinstance(found, Unknown) and not found.is_silent:
        return _keep_open(deps, row, f"What was told is not understood: {found.detail}")
    if payment is None:
        return _no_payment(deps, account, row, found)
    status, why = _settle_told(deps, account, row, payment, found)
    if not beside.hold_in_suspense(deps, account, payment, found, query, cause=row.id):
        return _keep_open(deps, row, "More was told meanwhile.")
    if status == "failed":
        foreign.note_integrity_failure(deps, payment, why or "")
    _finish(deps, row, status, why)
    deps.failpoint("inbox.handled")
    return None


def _settle_told(
    deps: Deps, account: ProcessorAccount, row: InboxRow, payment: Payment, found: Outcome
) -> tuple[str, str | None]:
    """Write what was told of the payment and its refunds; gives what becomes of the news, and why."""
    try:
        if not isinstance(found, Unknown):
            # A refusal is told of the last try or of the call in flight, or not at all.
            payment = settle(
                deps, payment, found,
                is_live=account.is_live, is_answer=isinstance(found, Declined),
            )  # fmt: skip
        is_early = row.refund_reference is not None and payment.status not in TAKEN
        if is_early and row.attempts < len(BACKOFF) - 1:
            return row.status, "It is not known yet what was taken."
        if row.refund_reference is not None or payment.status in TAKEN:
            # Whatever came first: a refund may have been told before the payment that it is of.
            foreign.sync_refunds(deps, account, payment)
    except IntegrityFailure as error:
        return "failed", error.message
    return "handled", None


def _told_payment(account: ProcessorAccount, row: InboxRow) -> Payment | None:
    if row.told_payment_id is not None:
        return payment_path.load(account.merchant_id, row.told_payment_id)
    return payment_path.load_by_reference(
        account.merchant_id, account.id, row.payment_reference or ""
    )


def _query_of_row(account: ProcessorAccount, row: InboxRow) -> Query:
    told, reference = row.told_payment_id, row.payment_reference
    heard = inbox.heard(account.merchant_id, account.id, told, reference)
    return Query(account.merchant_id, told or "", reference, row.received_at, heard=heard)


def _no_payment(deps: Deps, account: ProcessorAccount, row: InboxRow, found: Outcome) -> None:
    """Nothing of ours: someone else's business, or our row is not there yet, or never will be."""
    facts = facts_of(found)
    if facts is None and row.told_payment_id is not None:
        _finish(deps, row, "ignored", f"Nothing was made under the name of {row.told_payment_id}.")
    elif facts is None or facts.payment_id is None:
        _finish(deps, row, "ignored", "The object carries no reference of ours.")
    elif facts.merchant_id != account.merchant_id:
        _finish(deps, row, "failed", "The object names another merchant.")
        log.error("inbox.foreign_merchant", extra={"inbox": row.id})
    elif row.attempts < len(BACKOFF) - 1:
        _finish(deps, row, "unmatched", f"No payment {facts.payment_id} yet.")
    elif isinstance(found, Captured):
        foreign.book_unmatched_receipt(deps, account, found)
        _finish(
            deps, row, "failed", f"No payment {facts.payment_id}; what was taken is in suspense."
        )
    else:
        # Held or taken at once: only our lost row knew. Somebody has to look there.
        log.error("inbox.no_payment", extra={"inbox": row.id})
        why = f"No payment {facts.payment_id}, and it is not known whether anything was taken."
        _finish(deps, row, "failed", why)


def _keep_open(deps: Deps, row: InboxRow, why: str) -> None:
    """Looked at again later, until somebody mends what is wrong: the age of what is open is watched."""
    _finish(deps, row, row.status, why)


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
