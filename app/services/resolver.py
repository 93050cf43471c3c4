"""Finishing what has no outcome: unknown answers, and calls whose process died.

First the processor is asked what happened, or what it told is read where it cannot be asked. If that says
nothing conclusive, the same call is made again with the same key, which cannot move money twice. Nothing is
called failed before the processor says so.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import text

from app.domain.declines import DeclineReason
from app.domain.errors import IntegrityFailure, OperationInProgress, UnexpectedState
from app.domain.methods import SLOW
from app.domain.payments import TRIES, OperationInFlight, Payment
from app.domain.processor import (
    AbandonRequest,
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Outcome,
    Pending,
    ProcessorAccount,
    Returned,
    Unknown,
)
from app.services.accounts import account_by_id
from app.services.bank_money import NotHeard
from app.services.calls import call
from app.services.deps import Deps
from app.services.heard import query_of
from app.services.payments import finish_payment, load
from app.services.settle import facts_of, settle
from app.services.tokens import is_erased
from app.store import payment_path
from app.store.db import db, end_read, transaction

log = logging.getLogger(__name__)

BACKOFF = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)

# After so long no request of ours can still be on its way.
IN_FLIGHT = timedelta(minutes=5)

# How long after the last news a debit is asked about.
SLOW_NEWS = timedelta(hours=6)

CONCLUSIVE: dict[str, tuple[type, ...]] = {
    "authorize": (Captured, Returned, Authorized, Canceled),
    "finish": (Captured, Returned, Authorized, Canceled),
    "capture": (Captured, Returned, Canceled),
    "cancel": (Canceled, Captured, Returned),
}


def resolve_due(deps: Deps, limit: int = 50) -> int:
    """Resolve the operations whose time has come; gives how many were looked at."""
    due = _lease_due(deps.clock.now(), limit)
    for merchant_id, payment_id in due:
        payment = payment_path.load(merchant_id, payment_id)
        if payment is None or payment.operation is None:
            continue
        try:
            resolve(deps, payment)
        except Exception as error:
            # One poisonous payment must not hold up the others; it is due again later.
            log.exception("resolver.failed", extra={"payment": payment_id, "why": str(error)})
    return len(due)


def resolve(deps: Deps, payment: Payment) -> Payment:
    """Find out what became of the operation in flight, and write it. Safe to repeat."""
    operation = payment.operation
    if operation is None:
        return payment
    account = account_by_id(deps, payment.processor_account_id)
    found = _query(deps, account, payment)
    if _is_open(deps, payment, operation, found):
        found = _ask_again(deps, account, payment, found)
    return settle(deps, payment, found, is_live=account.is_live, is_answer=True)


def _query(deps: Deps, account: ProcessorAccount, payment: Payment) -> Outcome:
    return deps.processors[payment.processor].query(account, query_of(deps, payment))


def _is_open(deps: Deps, payment: Payment, operation: OperationInFlight, found: Outcome) -> bool:
    """Whether what is known says nothing of this call, so that it may have to be made again."""
    if deps.processors[payment.processor].is_told:
        # Nothing was told yet: that is no failure to ask, and no news would ever come of a lost call.
        return isinstance(found, Unknown) and not operation.is_received
    return not isinstance(found, (*CONCLUSIVE[operation.kind], Unknown, Pending))


def _ask_again(deps: Deps, account: ProcessorAccount, payment: Payment, found: Outcome) -> Outcome:
    """Nothing conclusive is at the processor: repeat the call, unless it may not be repeated any
    more.
    """
    operation = payment.operation
    if operation is None:
        raise AssertionError("nothing to repeat")
    age = deps.clock.now() - operation.created_at
    is_try = operation.kind in TRIES
    is_over = is_try and age > IN_FLIGHT and _is_abandoned(deps, payment)
    is_forgotten = age > deps.processors[payment.processor].key_life
    if is_over or is_forgotten or is_erased(operation.payment_method_token):
        if isinstance(found, Unknown) and is_try:
            _abandon(deps, account, payment)
        return _shown(operation.kind, found)
    answer = call(deps, account, payment)
    if isinstance(answer, Declined) and answer.is_unheard:
        return Unknown(answer.code)
    if isinstance(answer, Unknown) and answer.is_replay:
        # The first call has ended in an error of the processor's. What came of it is asked now:
        # what was seen before this repetition may be older than that end.
        again = _query(deps, account, payment)
        if isinstance(again, (*CONCLUSIVE[operation.kind], Unknown, Pending)):
            return again
        return _shown(operation.kind, again)
    return answer


def _abandon(deps: Deps, account: ProcessorAccount, payment: Payment) -> None:
    """Nobody can say what became of a try, and it is not made again: the processor lets go of it, and tells
    what it was. Safe to repeat.
    """
    operation = payment.operation
    if operation is not None and payment.attempt_id is not None:
        key = f"{operation.id}:abandon"
        deps.processors[payment.processor].abandon(
            account, AbandonRequest(payment.id, payment.attempt_id, key)
        )


def _shown(kind: str, found: Outcome) -> Outcome:
    """What the processor's object says of a call that has ended without taking anything. Where none could be
    looked at, nothing is known.
    """
    if isinstance(found, Unknown):
        return found
    if kind == "authorize" and isinstance(found, ActionRequired):
        return found
    return Declined(DeclineReason.TECHNICAL, "not_processed", facts_of(found))


def _is_abandoned(deps: Deps, payment: Payment) -> bool:
    """Whether the checkout it belongs to is over: nobody expects to be charged any more."""
    if payment.session_id is None:
        return False
    expires_at = db.session.execute(
        text("SELECT expires_at FROM checkout_sessions WHERE merchant_id = :m AND id = :id"),
        {"m": payment.merchant_id, "id": payment.session_id},
    ).scalar_one()
    end_read()
    return bool(expires_at < deps.clock.now())


def refresh(deps: Deps, payment: Payment) -> Payment:
    """Ask the processor how the payment stands and write it: news, not an answer. Safe to repeat."""
    if payment.operation is not None:
        return resolve(deps, payment)
    account = account_by_id(deps, payment.processor_account_id)
    found = _query(deps, account, payment)
    try:
        return settle(deps, payment, found, is_live=account.is_live, is_answer=False)
    except NotHeard as error:
        log.warning("resolver.not_heard", extra={"payment": payment.id, "why": str(error)})
        return payment  # What pays for it cannot be asked for just now: it is asked about again.


def returned_from_bank(deps: Deps, payment: Payment, details: str | None) -> Payment:
    """The customer is back: what their browser brought is taken to a processor that cannot be asked, the
    others are asked. Whoever comes second finds what the first one did.
    """
    if details is None or not deps.processors[payment.processor].is_told:
        return refresh(deps, payment)
    try:
        return finish_payment(deps, payment, details, actor="customer")
    except (OperationInProgress, UnexpectedState):
        return load(payment.merchant_id, payment.id)


def refresh_stale(deps: Deps, limit: int = 50) -> int:
    """Ask about payments that a lost webhook may have left behind: pending ones and expired holds.

    A debit or a transfer waits for days anyway: those are asked about in a share of their own, so that
    their number never keeps the others waiting.
    """
    now = deps.clock.now()
    rows = [*_stale(now, limit), *_slow(now, limit)]
    for merchant_id, payment_id in rows:
        payment = payment_path.load(merchant_id, payment_id)
        if payment is None:
            continue
        try:
            refresh(deps, payment)
        except IntegrityFailure as error:
            log.error("resolver.integrity", extra={"payment": payment_id, "why": error.message})  # noqa: TRY400 - expected, and told in full
    return len(rows)


def _stale(now: datetime, limit: int) -> list[tuple[str, str]]:
    rows = db.session.execute(
        text("""
            SELECT merchant_id, id FROM payments p
            WHERE ((status IN ('processing', 'requires_action') AND updated_at < :stale)
                   OR (status = 'authorized' AND capture_before < :now))
              AND NOT (status IN ('processing', 'requires_action') AND method = ANY(:slow))
              AND status IN ('processing', 'unknown', 'requires_action', 'authorized')
              AND NOT EXISTS (SELECT FROM operations o WHERE o.merchant_id = p.merchant_id
                  AND o.payment_id = p.id AND o.status IN ('requested', 'unknown'))
            ORDER BY random() LIMIT :limit
        """),
        {"stale": now - timedelta(minutes=10), "now": now, "limit": limit, "slow": list(SLOW)},
    ).all()
    end_read()
    return [(merchant_id, payment_id) for merchant_id, payment_id in rows]


def _slow(now: datetime, limit: int) -> list[tuple[str, str]]:
    rows = db.session.execute(
        text("""
            SELECT merchant_id, id FROM payments p
            WHERE status IN ('processing', 'requires_action') AND method = ANY(:slow)
              AND updated_at < :since
              AND NOT EXISTS (SELECT FROM operations o WHERE o.merchant_id = p.merchant_id
                  AND o.payment_id = p.id AND o.status IN ('requested', 'unknown'))
            ORDER BY random() LIMIT :limit
        """),
        {"slow": list(SLOW), "since": now - SLOW_NEWS, "limit": limit},
    ).all()
    end_read()
    return [(merchant_id, payment_id) for merchant_id, payment_id in rows]


def _lease_due(now: datetime, limit: int) -> list[tuple[str, str]]:
    """Take the due operations, and set when they are due next in case this process dies."""
    with transaction() as session:
        rows = session.execute(
            text("""
                WITH due AS MATERIALIZED (
                    SELECT merchant_id, id FROM operations
                    WHERE status IN ('requested', 'unknown') AND next_attempt_at <= :now
                    ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED
                )
                UPDATE operations o
                SET attempts = o.attempts + 1,
                    next_attempt_at = :now + (:steps)[least(o.attempts, :most)]
                FROM due
                WHERE o.merchant_id = due.merchant_id AND o.id = due.id
                RETURNING o.merchant_id, o.payment_id
            """),
            {"now": now, "steps": list(BACKOFF), "most": len(BACKOFF), "limit": limit},
        ).all()
    return [(merchant_id, payment_id) for merchant_id, payment_id in rows]
