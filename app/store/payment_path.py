"""The payment path: each phase is one statement that takes a list, on an autocommit connection.

`begin_new` writes intents of new payments (claiming idempotency keys), `begin_operation` intents on
existing ones, `record` outcomes: state, journal, events, the stored answer and the handled webhook
together. A row is changed only under the version that was read, so of two writers one finds nothing
to do. How rows travel into a statement is `path_source`'s subject.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg

from app.domain.accounts import account_of
from app.domain.payments import EventDraft, OperationInFlight, Payment
from app.domain.states import PaymentStatus
from app.store import path_sql
from app.store.db import path
from app.store.path_parameters import (
    Answer,
    KeyClaim,
    NewPayment,
    Prepared,
    Recording,
    event_rows,
    prepare_intents,
    prepare_outcomes,
)
from app.store.path_rows import payment_from_row
from app.store.path_source import AS_JSON, EVENTS

__all__ = ["Answer", "Begun", "KeyClaim", "NewPayment", "Recording"]


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of one intent. When not begun, the key's row says why."""

    is_begun: bool
    is_key_valid: bool = True
    state: str | None = None
    request_hash: bytes | None = None
    subject_id: str | None = None
    is_leased: bool = False
    response_status: int | None = None
    response_body: bytes | None = None
    request_id: str | None = None


def _run(ready: Prepared) -> list[Any]:
    """Execute once; again where the server chose it as the victim of a deadlock.

    Safe to repeat: the statement is all or nothing, and writes under the version that was read.
    """
    for last in (False, False, True):
        try:
            with path() as connection:
                return _cursor(connection, ready.statement, ready.parameters).fetchall()
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if last:
                raise
            time.sleep(secrets.randbelow(50) / 1000)
    raise AssertionError("the last round returns or raises")


def _cursor(
    connection: psycopg.Connection[Any], statement: bytes, parameters: Sequence[Any]
) -> psycopg.Cursor[Any]:
    # A raw cursor sends the text as it stands: psycopg's own placeholders are parsed at each execution.
    return psycopg.RawCursor(connection).execute(statement, parameters, prepare=True)


def begin_new(intents: Sequence[NewPayment], at: datetime) -> list[Begun]:
    """Write the intents whose key is free (or that have none); one answer each, in order.

    Raises UniqueViolation when a session or client key has a payment already.
    """
    answers = [Begun(is_begun=False)] * len(intents)
    for found in _run(prepare_intents(intents, at)):
        answers[found[0]] = Begun(*found[1:])
    return answers


def begin_operation(  # noqa: PLR0913 - each is a column of the intent
    payment: Payment,
    operation: OperationInFlight,
    *,
    status: PaymentStatus,
    events: Sequence[EventDraft],
    actor: str,
    at: datetime,
    next_attempt_at: datetime,
    session_must_be_open: bool = False,
    customer: tuple[str | None, str | None] = (None, None),
    payment_method: str | None = None,
    method: str | None = None,
) -> bool:
    """Write the intent of one more call for an existing payment, under the version that was read.

    False if the payment moved meanwhile (or its session closed); raises UniqueViolation when
    another call is in flight.
    """
    row = {
        "merchant_id": payment.merchant_id,
        "payment_id": payment.id,
        "version": payment.version,
        "status": status,
        "at": at,
        "actor": actor,
        "session_id": payment.session_id,
        "session_must_be_open": session_must_be_open,
        "customer_email": customer[0],
        "customer_name": customer[1],
        "operation_id": operation.id,
        "kind": operation.kind,
        "amount_minor": operation.amount_minor,
        "token": operation.payment_method_token,
        "return_url": operation.return_url,
        "reason": operation.reason,
        "customer_reference": operation.customer_reference,
        "is_off_session": operation.is_off_session,
        "payment_method_id": operation.payment_method_id,
        "payment_method": payment_method,
        "details": operation.details,
        "method": method,
        "next_attempt_at": next_attempt_at,
    }
    drafts = EVENTS.parameters(event_rows(0, payment, events, at), AS_JSON)
    parameters = [orjson.dumps(row).decode(), *drafts]
    return bool(_run(Prepared(path_sql.BEGIN_OPERATION, parameters)))


def record(recordings: Sequence[Recording]) -> list[bool]:
    """Write outcomes; for each, whether it was written: False means the payment has moved
    meanwhile.

    Raises UniqueViolation when a journal's fact is booked already.
    """
    ready = prepare_outcomes(recordings)
    try:
        moved = _run(ready)
    except psycopg.errors.ForeignKeyViolation:
        _open_accounts(recordings)
        moved = _run(ready)
    done = [False] * len(recordings)
    for (ord_,) in moved:
        done[ord_] = True
    return done


def _open_accounts(recordings: Sequence[Recording]) -> None:
    """Open the accounts that these outcomes post to: needed once per book and currency."""
    wanted = {
        (item.decision.after.merchant_id, code, posting.amount.currency)
        for item in recordings
        for journal in item.decision.journals
        for posting in journal.postings
        for code in (posting.debit, posting.credit)
    }
    rows = [
        {
            "merchant_id": merchant_id,
            "code": code,
            "currency": currency,
            "kind": account_of(code).kind,
            "normal_side": account_of(code).normal,
        }
        for merchant_id, code, currency in sorted(wanted)
    ]
    _run(Prepared(path_sql.OPEN_ACCOUNTS, [orjson.dumps(rows).decode()]))


def _load(statement: bytes, *parameters: str) -> Payment | None:
    found = _run(Prepared(statement, parameters))
    return payment_from_row(found[0]) if found else None


def load(merchant_id: str, payment_id: str) -> Payment | None:
    """The payment as it stands, with the call in flight."""
    return _load(path_sql.LOAD_BY_ID, merchant_id, payment_id)


def load_by_session(merchant_id: str, session_id: str) -> Payment | None:
    """The payment of a checkout session, if one was begun."""
    return _load(path_sql.LOAD_BY_SESSION, merchant_id, session_id)


def load_by_reference(merchant_id: str, account_id: str, reference: str) -> Payment | None:
    """The payment that a processor's object belongs to, if we know it."""
    return _load(path_sql.LOAD_BY_REFERENCE, merchant_id, account_id, reference)


def _changes(statement: bytes, *parameters: Any) -> bool:
    with path() as connection:
        return _cursor(connection, statement, parameters).rowcount == 1


def take_over(merchant_id: str, scope: str, key: str, lease_token: str, lease_seconds: int) -> bool:
    """Become the owner of a key whose owner has gone; False if its lease still runs."""
    return _changes(path_sql.TAKE_OVER, merchant_id, scope, key, lease_token, lease_seconds)


def release_key(merchant_id: str, scope: str, key: str, lease_token: str) -> None:
    """Let the next request with this key look again: the outcome is not definite yet."""
    _changes(path_sql.RELEASE_KEY, merchant_id, scope, key, lease_token)


def finish_key(merchant_id: str, answer: Answer) -> bool:
    """Store a definite answer under the lease; False if somebody else owns the key by now."""
    return _changes(
        path_sql.FINISH_KEY,
        merchant_id,
        answer.scope,
        answer.key,
        answer.lease_token,
        answer.status,
        answer.body,
    )
