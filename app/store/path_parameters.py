"""What is written on the payment path, and the parameters it becomes: nothing here reaches the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from app.domain.ids import new_id
from app.domain.onward import goes_on
from app.domain.origin import origin
from app.domain.payments import Decision, EventDraft, OperationInFlight, Payment
from app.store import path_sql
from app.store.path_rows import changeable
from app.store.path_source import (
    AS_JSON,
    EVENTS,
    INTENTS,
    JOURNALS,
    OUTCOMES,
    POSTINGS,
    IntentShape,
    OutcomeShape,
    Row,
)


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """An idempotency key to be claimed together with a new payment."""

    scope: str
    key: str
    request_hash: bytes
    lease_token: str
    lease_seconds: int
    api_key_hash: bytes | None = None
    client_address: IPv4Address | IPv6Address | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment to be written before the processor is asked."""

    payment: Payment
    actor: str
    events: tuple[EventDraft, ...]
    client_key: str | None = None
    operation: OperationInFlight | None = None
    claim: KeyClaim | None = None
    lease_seconds: int = 60
    session_must_be_open: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key's request was answered, to be stored with the outcome."""

    scope: str
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement and what it is sent with."""

    statement: bytes
    parameters: Sequence[Any]


def prepare_intents(intents: Sequence[NewPayment], at: datetime) -> Prepared:
    """What `begin_new` sends."""
    rows = [_intent_row(ord_, intent, at) for ord_, intent in enumerate(intents)]
    events = [
        row
        for ord_, intent in enumerate(intents)
        for row in event_rows(ord_, intent.payment, intent.events, at)
    ]
    is_single = len(rows) == 1
    shape = IntentShape(
        intents=1 if is_single else AS_JSON,
        events=len(events) if is_single else AS_JSON,
        has_key=any(one.claim is not None for one in intents),
        has_api_key=any(one.claim is not None and one.claim.api_key_hash for one in intents),
        has_operation=any(one.operation is not None for one in intents),
        has_session=any(one.session_must_be_open for one in intents),
    )
    return Prepared(
        path_sql.begin_new(shape),
        INTENTS.parameters(rows, shape.intents) + EVENTS.parameters(events, shape.events),
    )


def _intent_row(ord_: int, intent: NewPayment, at: datetime) -> Row:
    payment, claim, operation = intent.payment, intent.claim, intent.operation
    return (
        ord_,
        payment.merchant_id,
        payment.id,
        at,
        intent.actor,
        payment.session_id,
        intent.session_must_be_open,
        intent.client_key,
        payment.status,
        payment.amount.amount_minor,
        payment.amount.currency,
        payment.capture_method,
        payment.fee_schedule,
        payment.processor,
        payment.processor_account_id,
        payment.description,
        payment.customer_email,
        payment.customer_name,
        payment.metadata,
        payment.created_at,
        payment.customer_id,
        payment.payment_method,
        payment.escrow,
        claim.scope if claim else None,
        claim.key if claim else None,
        claim.request_id if claim else None,
        _bytea(claim.request_hash) if claim else None,
        claim.lease_token if claim else None,
        claim.lease_seconds if claim else intent.lease_seconds,
        _bytea(claim.api_key_hash) if claim else None,
        str(claim.client_address) if claim and claim.client_address else None,
        operation.id if operation else None,
        operation.kind if operation else None,
        operation.payment_method_token if operation else None,
        operation.return_url if operation else None,
        operation.customer_reference if operation else None,
        operation.is_off_session if operation else False,
        operation.payment_method_id if operation else None,
        operation.details if operation else None,
        payment.method,
        payment.method_types,
    )


def _bytea(value: bytes | None) -> str | None:
    return None if value is None else "\\x" + value.hex()


def prepare_outcomes(recordings: Sequence[Recording]) -> Prepared:
    """What `record` sends."""
    rows: list[Row] = []
    events: list[Row] = []
    journals: list[Row] = []
    postings: list[Row] = []
    for ord_, item in enumerate(recordings):
        rows.append(_outcome_row(ord_, item))
        drafts = [*item.decision.events, *item.extra_events]
        if item.session_event is not None:
            drafts.append(item.session_event)
        events += event_rows(ord_, item.decision.after, drafts, item.at)
        _add_journals(journals, postings, ord_, item)
    is_single = len(rows) == 1
    shape = OutcomeShape(
        outcomes=1 if is_single else AS_JSON,
        events=len(events) if is_single else AS_JSON,
        journals=len(journals) if is_single else AS_JSON,
        postings=len(postings) if is_single else AS_JSON,
        has_operation=any(_call_of(one.decision) is not None for one in recordings),
        has_finish=any(_is_finish(one.decision) for one in recordings),
        has_session=any(one.session_event is not None for one in recordings),
        has_answer=any(one.answer is not None for one in recordings),
        has_news=any(one.inbox_id is not None for one in recordings),
        has_hold=any(_books(one, "escrow_held") for one in recordings),
        has_onward=any(
            goes_on(one.decision.after.escrow) and _books(one, "payment_captured")
            for one in recordings
        ),
    )
    parameters = OUTCOMES.parameters(rows, shape.outcomes)
    parameters += EVENTS.parameters(events, shape.events)
    parameters += JOURNALS.parameters(journals, shape.journals)
    parameters += POSTINGS.parameters(postings, shape.postings)
    return Prepared(path_sql.record(shape), parameters)


def _outcome_row(ord_: int, item: Recording) -> Row:
    decision, answer, after = item.decision, item.answer, item.decision.after
    return (
        ord_,
        after.merchant_id,
        after.id,
        decision.before.version,
        item.at,
        item.actor,
        after.session_id,
        item.session_event is not None,
        _call_of(decision),
        decision.operation_status,
        decision.operation_error,
        item.next_attempt_at,
        answer.scope if answer else None,
        answer.key if answer else None,
        answer.lease_token if answer else None,
        answer.status if answer else None,
        answer.body.decode() if answer else None,
        item.inbox_id,
        *changeable(after),
    )


def _books(item: Recording, event: str) -> bool:
    return any(one.event == event and one.postings for one in item.decision.journals)


def _call_of(decision: Decision) -> str | None:
    """The call that this is the outcome of: the one in flight, or the one that a bank answered now."""
    before, after = decision.before, decision.after
    if before.operation is not None and decision.operation_status is not None:
        return before.operation.id
    has_charge = after.charge_attempt_id != before.charge_attempt_id
    return after.charge_attempt_id if has_charge else None


def _is_finish(decision: Decision) -> bool:
    operation = decision.before.operation
    return operation is not None and operation.kind == "finish"


def _add_journals(journals: list[Row], postings: list[Row], ord_: int, item: Recording) -> None:
    for journal in item.decision.journals:
        if not journal.postings:
            continue
        journal_id = new_id("jr", item.at)
        journals.append((ord_, journal_id, journal.event, journal.source_id))
        postings += [
            (
                ord_,
                journal_id,
                line,
                posting.debit,
                posting.credit,
                posting.amount.currency,
                posting.amount.amount_minor,
                posting.available_on,
            )
            for line, posting in enumerate(journal.postings, start=1)
        ]


def event_rows(
    ord_: int, payment: Payment, drafts: Sequence[EventDraft], at: datetime
) -> list[Row]:
    cause = origin()
    return [
        (
            ord_,
            new_id("evt", at),
            draft.name,
            draft.name.partition(".")[0],
            payment.session_id if draft.name.startswith("checkout.") else payment.id,
            draft.data,
            cause.request_id,
            cause.idempotency_key,
        )
        for draft in drafts
    ]
