"""The payment path: each phase is one statement that takes a list, on an autocommit connection.

`begin_new` writes intents of new payments (claiming idempotency keys), `begin_operation` intents on
existing ones, `record` outcomes: state, journal, events, the stored answer and the handled webhook
together. A row is changed only under the version that was read, so of two writers one finds nothing
to do. A row's amounts, ids and times travel as one JSON document, which costs a fifth of psycopg's
dumping of thirty arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import psycopg

from app.domain.accounts import account_of
from app.domain.ids import new_id
from app.domain.payments import Decision, EventDraft, OperationInFlight, Payment
from app.domain.states import PaymentStatus
from app.store import path_sql
from app.store.db import path
from app.store.path_rows import payment_from_row, payment_to_row


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """An idempotency key to be claimed together with a new payment."""

    key: str
    request_hash: bytes
    lease_token: str
    lease_seconds: int
    api_key_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment to be written before the processor is asked."""

    payment: Payment
    fee_schedule: str
    actor: str
    events: tuple[EventDraft, ...]
    client_key: str | None = None
    operation: OperationInFlight | None = None
    claim: KeyClaim | None = None
    session_must_be_open: bool = False


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key's request was answered, to be stored with the outcome."""

    key: str
    lease_token: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """One decision to be written, and what is finished by it."""

    decision: Decision
    actor: str
    at: datetime
    answer: Answer | None = None
    inbox_id: str | None = None
    session_event: EventDraft | None = None
    next_attempt_at: datetime | None = None
    extra_events: tuple[EventDraft, ...] = field(default=())


def _run(statement: bytes, document: str) -> list[Any]:
    with path() as connection:
        return connection.execute(statement, (document,), prepare=True).fetchall()


def _json(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()


def _events(
    ord_: int, payment: Payment, drafts: Sequence[EventDraft], actor: str, at: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "ord": ord_,
            "id": new_id("evt", at),
            "name": draft.name,
            "subject_type": draft.name.partition(".")[0],
            "subject_id": (
                payment.session_id if draft.name.startswith("checkout.") else payment.id
            ),
            "payment_id": payment.id,
            "actor": actor,
            "data": draft.data,
            "event_at": at,
        }
        for draft in drafts
    ]


def begin_new(intents: Sequence[NewPayment], at: datetime) -> list[Begun]:
    """Write the intents whose key is free (or that have none); one answer each, in order.

    Raises UniqueViolation when a session or client key has a payment already.
    """
    answers = [Begun(is_begun=False)] * len(intents)
    for found in _run(path_sql.BEGIN_NEW, intents_document(intents, at)):
        answers[found[0]] = Begun(*found[1:])
    return answers


def intents_document(intents: Sequence[NewPayment], at: datetime) -> str:
    """What `begin_new` sends."""
    rows: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for ord_, intent in enumerate(intents):
        claim, operation = intent.claim, intent.operation
        row = payment_to_row(intent.payment)
        row |= {
            "ord": ord_,
            "client_key": intent.client_key,
            "fee_schedule": intent.fee_schedule,
            "actor": intent.actor,
            "at": at,
            "session_must_be_open": intent.session_must_be_open,
            "key": claim.key if claim else None,
            "request_hash": claim.request_hash.hex() if claim else None,
            "lease_token": claim.lease_token if claim else None,
            "lease_seconds": claim.lease_seconds if claim else None,
            "api_key_hash": claim.api_key_hash.hex() if claim and claim.api_key_hash else None,
            "operation_id": operation.id if operation else None,
            "operation_kind": operation.kind if operation else None,
            "operation_token": operation.payment_method_token if operation else None,
            "operation_return_url": operation.return_url if operation else None,
        }
        rows.append(row)
        events += _events(ord_, intent.payment, intent.events, intent.actor, at)
    return _json({"rows": rows, "events": events})


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
) -> bool:
    """Write the intent of one more call for an existing payment, under the version that was read.

    False if the payment moved meanwhile (or its session closed); raises UniqueViolation when
    another call is in flight.
    """
    document = {
        "row": {
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
            "next_attempt_at": next_attempt_at,
        },
        "events": _events(0, payment, events, actor, at),
    }
    return bool(_run(path_sql.BEGIN_OPERATION, _json(document)))


def record(recordings: Sequence[Recording]) -> list[bool]:
    """Write outcomes; for each, whether it was written: False means the payment has moved
    meanwhile.

    Raises UniqueViolation when a journal's fact is booked already.
    """
    document = outcomes_document(recordings)
    try:
        moved = _run(path_sql.RECORD, document)
    except psycopg.errors.ForeignKeyViolation:
        _open_accounts(recordings)
        moved = _run(path_sql.RECORD, document)
    done = [False] * len(recordings)
    for (ord_,) in moved:
        done[ord_] = True
    return done


def outcomes_document(recordings: Sequence[Recording]) -> str:
    """What `record` sends."""
    document: dict[str, list[dict[str, Any]]] = {
        "rows": [],
        "events": [],
        "journals": [],
        "postings": [],
    }
    for ord_, item in enumerate(recordings):
        _add_recording(document, ord_, item)
    return _json(document)


def _add_recording(document: dict[str, list[dict[str, Any]]], ord_: int, item: Recording) -> None:
    decision, answer = item.decision, item.answer
    before, after = decision.before, decision.after
    operation = before.operation
    row = payment_to_row(after)
    row |= {
        "ord": ord_,
        "expected_version": before.version,
        "at": item.at,
        "operation_id": operation.id if operation and decision.operation_status else None,
        "operation_status": decision.operation_status,
        "operation_error": decision.operation_error,
        "next_attempt_at": item.next_attempt_at,
        "key": answer.key if answer else None,
        "lease_token": answer.lease_token if answer else None,
        "response_status": answer.status if answer else None,
        "response_body": answer.body.decode() if answer else None,
        "inbox_id": item.inbox_id,
        "session_completed": item.session_event is not None,
    }
    document["rows"].append(row)
    drafts = [*decision.events, *item.extra_events]
    if item.session_event is not None:
        drafts.append(item.session_event)
    document["events"] += _events(ord_, after, drafts, item.actor, item.at)
    for journal in decision.journals:
        if not journal.postings:
            continue
        journal_id = new_id("jr", item.at)
        document["journals"].append(
            {
                "ord": ord_,
                "id": journal_id,
                "event": journal.event,
                "source_id": journal.source_id,
                "payment_id": after.id,
                "at": item.at,
            }
        )
        document["postings"] += [
            {
                "ord": ord_,
                "journal_id": journal_id,
                "line": line,
                "debit": posting.debit,
                "credit": posting.credit,
                "currency": posting.amount.currency,
                "amount_minor": posting.amount.amount_minor,
                "available_on": posting.available_on,
                "at": item.at,
            }
            for line, posting in enumerate(journal.postings, start=1)
        ]


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
    _run(path_sql.OPEN_ACCOUNTS, _json({"rows": rows}))


def load(merchant_id: str, payment_id: str) -> Payment | None:
    """The payment as it stands, with the call in flight."""
    with path() as connection:
        row = connection.execute(
            path_sql.LOAD_BY_ID, (merchant_id, payment_id), prepare=True
        ).fetchone()
    return payment_from_row(row) if row else None


def load_by_session(merchant_id: str, session_id: str) -> Payment | None:
    """The payment of a checkout session, if one was begun."""
    with path() as connection:
        row = connection.execute(
            path_sql.LOAD_BY_SESSION, (merchant_id, session_id), prepare=True
        ).fetchone()
    return payment_from_row(row) if row else None


def load_by_reference(merchant_id: str, account_id: str, reference: str) -> Payment | None:
    """The payment that a processor's object belongs to, if we know it."""
    with path() as connection:
        row = connection.execute(
            path_sql.LOAD_BY_REFERENCE, (merchant_id, account_id, reference), prepare=True
        ).fetchone()
    return payment_from_row(row) if row else None


def take_over(merchant_id: str, key: str, lease_token: str, lease_seconds: int) -> bool:
    """Become the owner of a key whose owner has gone; False if its lease still runs."""
    with path() as connection:
        return (
            connection.execute(
                path_sql.TAKE_OVER, (lease_token, lease_seconds, merchant_id, key), prepare=True
            ).rowcount
            == 1
        )


def release_key(merchant_id: str, key: str, lease_token: str) -> None:
    """Let the next request with this key look again: the outcome is not definite yet."""
    with path() as connection:
        connection.execute(path_sql.RELEASE_KEY, (merchant_id, key, lease_token), prepare=True)


def finish_key(merchant_id: str, answer: Answer) -> bool:
    """Store a definite answer under the lease; False if somebody else owns the key by now."""
    with path() as connection:
        return (
            connection.execute(
                path_sql.FINISH_KEY,
                (answer.status, answer.body, merchant_id, answer.key, answer.lease_token),
                prepare=True,
            ).rowcount
            == 1
        )
