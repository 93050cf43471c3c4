"""Which calls to the processor were made under an idempotency key, and by which of its requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from app.reports.labels import Label
from app.store.db import db
from app.store.inbox import IdempotencyKey
from app.store.payments import Operation, Refund

# Clocks of two processes; what an answer took is logged in whole milliseconds.
SLACK = timedelta(milliseconds=50)

_WORDS = {
    "authorize": "Authorization",
    "finish": "Confirmation",
    "capture": "Capture",
    "cancel": "Cancellation",
    "refund": "Refund",
}
_LABELS = {
    "requested": Label("Under way", "blue", is_live=True),
    "pending": Label("Pending", "blue"),
    "unknown": Label("Checking…", "orange", is_live=True),
    "succeeded": Label("Succeeded", "green"),
    "failed": Label("Refused", "red"),
}


class Asked(Protocol):
    """A logged request: what became of it under the key, when it came, and how long it took."""

    @property
    def id(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def duration_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ProcessorCall:
    """One call to the processor: sent under one key of ours however often it was asked about."""

    id: str
    what: str
    label: Label
    attempts: int
    error: str
    request_id: str | None
    at: datetime
    finished_at: datetime | None


def calls_of(merchant_id: str, row: IdempotencyKey, asked: Sequence[Asked]) -> list[ProcessorCall]:
    """The calls that the key's requests began, in their order; none where nothing was sent."""
    subject = row.subject_id or ""
    if subject.startswith("re_"):
        return _of_refund(merchant_id, subject, asked)
    query = select(Operation).where(Operation.merchant_id == merchant_id)
    if subject.startswith("op_"):
        query = query.where(Operation.id == subject)
    elif subject.startswith("pi_"):
        # Later calls of the same payment were made under other keys: they came after the answer.
        query = query.where(
            Operation.payment_id == subject, Operation.created_at >= row.created_at - SLACK
        )
        if row.finished_at is not None:
            query = query.where(Operation.created_at <= row.finished_at)
    else:
        return []
    rows = db.session.execute(query.order_by(Operation.id).limit(20)).scalars()
    return [_call(one, asked) for one in rows]


def _call(row: Operation, asked: Sequence[Asked]) -> ProcessorCall:
    return ProcessorCall(
        id=row.id,
        what=_WORDS[row.kind],
        label=_LABELS[row.status],
        attempts=row.attempts,
        error=row.error or "",
        request_id=_begun_by(row.created_at, asked),
        at=row.created_at,
        finished_at=row.finished_at,
    )


def _of_refund(merchant_id: str, refund_id: str, asked: Sequence[Asked]) -> list[ProcessorCall]:
    row = db.session.get(Refund, (merchant_id, refund_id))
    if row is None or row.attempts == 0:
        return []
    is_over = row.status in ("succeeded", "failed")
    call = ProcessorCall(
        id=row.id,
        what=_WORDS["refund"],
        label=_LABELS[row.status],
        attempts=row.attempts,
        error=(row.failure_reason or "").replace("_", " "),
        request_id=_begun_by(row.created_at, asked),
        at=row.sent_at or row.created_at,
        finished_at=row.updated_at if is_over else None,
    )
    return [call]


def _begun_by(at: datetime, asked: Sequence[Asked]) -> str | None:
    """The request that was running when the call was written down."""
    for one in asked:
        if one.outcome not in ("first", "resumed"):
            continue
        if one.at - SLACK <= at <= one.at + timedelta(milliseconds=one.duration_ms) + SLACK:
            return one.id
    return None
