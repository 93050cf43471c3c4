"""Idempotency keys: what became of each request under a key, and whether the processor was touched.

The key's own row and the calls to the processor are the truth. How often it was repeated comes from
the request log, which reaches back thirty days.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, literal, select, tuple_

from app.domain.errors import NotFound
from app.reports.developers.attempts import ProcessorCall, calls_of
from app.reports.developers.logs import KeyName, keys, related
from app.reports.developers.words import OUTCOMES, Related, contains, status_label
from app.reports.labels import Label
from app.reports.paging import PAGE_SIZE, Cursor, Page
from app.store.db import db
from app.store.inbox import IdempotencyKey
from app.store.requests import ApiRequest

MOST_REQUESTS = 200
_PLACE = "at_"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key in a list."""

    key: str
    scope: str
    label: Label
    subject_id: str
    repeats: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyedLine:
    """One request that came with the key, as the log has it. `number` counts from the first."""

    id: str
    number: int
    outcome: str
    label: Label
    answered: Label
    key: str
    ip: str
    duration_ms: int
    at: datetime
    body: dict[str, Any] | None
    response: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A parameter of two requests; None where one has it not."""

    name: str
    first: str | None
    other: str | None

    @property
    def is_same(self) -> bool:
        """Whether both say the same, as far as the log shows it."""
        return self.first == self.other


@dataclass(frozen=True, slots=True)
class KeyDetail:
    """One key on one route, with all that came of it."""

    key: str
    scope: str
    label: Label
    state: str
    first_request_id: str | None
    first: KeyedLine | None
    answer: Label | None
    is_forgotten: bool
    is_leased: bool
    kept_until: datetime | None
    subject_id: str | None
    related: Related | None
    requests: list[KeyedLine]
    calls: list[ProcessorCall]
    mismatches: list[tuple[KeyedLine, list[Difference]]]
    created_at: datetime
    finished_at: datetime | None

    def times(self, outcome: str) -> int:
        """How many logged requests ended that way."""
        return sum(one.outcome == outcome for one in self.requests)


def recent(merchant_id: str, q: str, cursor: Cursor) -> Page[KeyLine]:
    """One page of keys, the latest first claimed first."""
    mark = func.md5(IdempotencyKey.scope + " " + IdempotencyKey.key)
    place = tuple_(IdempotencyKey.created_at, mark)
    query = select(IdempotencyKey, IdempotencyKey.leased_until > func.now()).where(
        IdempotencyKey.merchant_id == merchant_id
    )
    if q:
        query = query.where(IdempotencyKey.key.like(contains(q)))
    forward, at = cursor.before is not None, _place(cursor.before or cursor.after)
    if at is not None:
        given = tuple_(literal(at[0]), literal(at[1]))
        query = query.where(place > given if forward else place < given)
    order = (IdempotencyKey.created_at, mark)
    found = query.order_by(*(one.asc() if forward else one.desc() for one in order))
    rows = db.session.execute(found.limit(PAGE_SIZE + 1)).all()
    has_more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    rows = rows[::-1] if forward else rows
    repeats = _repeats(merchant_id, [row[0] for row in rows])
    has_older = bool(rows) and (has_more or forward)
    has_newer = bool(rows) and (has_more if forward else at is not None)
    return Page(
        rows=[_key_line(row, repeats, is_leased=bool(leased)) for row, leased in rows],
        older=_mark(rows[-1][0]) if has_older else None,
        newer=_mark(rows[0][0]) if has_newer else None,
    )


def detail(
    merchant_id: str, scope: str, key: str, *, lives: tuple[timedelta, timedelta]
) -> KeyDetail:
    """One key on one route; raises NotFound. `lives`: how long an answer is kept, and one about
    money.
    """
    found = db.session.execute(
        select(IdempotencyKey, IdempotencyKey.leased_until > func.now()).where(
            *_is(merchant_id, scope, key)
        )
    ).one_or_none()
    if found is None:
        raise NotFound("idempotency key", key)
    row, is_leased = found
    asked = _requests(merchant_id, scope, key, row.request_id)
    first = next((one for one in asked if one.id == row.request_id), None)
    money = (row.subject_id or "").startswith(("pi_", "re_", "op_"))
    is_kept = row.state == "finished" and not row.is_forgotten
    return KeyDetail(
        key=row.key,
        scope=row.scope,
        label=_state(row, is_leased=bool(is_leased)),
        state=row.state,
        first_request_id=row.request_id,
        first=first,
        answer=status_label(row.response_status) if row.response_status else None,
        is_forgotten=row.is_forgotten,
        is_leased=bool(is_leased),
        kept_until=row.created_at + lives[1 if money else 0] if is_kept else None,
        subject_id=row.subject_id,
        related=related(merchant_id, row.subject_id),
        requests=asked,
        calls=calls_of(merchant_id, row, asked),
        mismatches=[
            (one, differences(first.body if first else None, one.body))
            for one in asked
            if one.outcome == "mismatch"
        ][:5],
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def differences(first: dict[str, Any] | None, other: dict[str, Any] | None) -> list[Difference]:
    """The parameters of two bodies, one line each; nothing where the log lacks one of them."""
    if first is None or other is None:
        return []
    left, right = _flat(first), _flat(other)
    names = [*left, *(name for name in right if name not in left)]
    return [Difference(name, left.get(name), right.get(name)) for name in names]


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """`{"a": {"b": 1}}` as `{"a[b]": "1"}`, the way a form is sent."""
    if isinstance(value, dict):
        pairs: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return {name: value if isinstance(value, str) else orjson.dumps(value).decode()}
    found: dict[str, str] = {}
    for part, inner in pairs:
        found |= _flat(inner, f"{name}[{part}]" if name else str(part))
    return found


def _requests(merchant_id: str, scope: str, key: str, first_id: str | None) -> list[KeyedLine]:
    query = (
        select(ApiRequest)
        .where(
            ApiRequest.merchant_id == merchant_id,
            ApiRequest.idempotency_key == key,
            ApiRequest.idempotency_scope == scope,
        )
        .order_by(ApiRequest.id)
        .limit(MOST_REQUESTS)
    )
    names = {one.id: one for one in keys(merchant_id)}
    return [
        _keyed_line(row, number, names, first_id)
        for number, row in enumerate(db.session.execute(query).scalars(), start=1)
    ]


def _keyed_line(
    row: ApiRequest, number: int, names: dict[str, KeyName], first_id: str | None
) -> KeyedLine:
    outcome = row.idempotency_outcome or ""
    if outcome == "first" and first_id not in (None, row.id):
        outcome = ""  # It was refused before anything was done, and gave the key back.
    name = names.get(row.key_id)
    return KeyedLine(
        id=row.id,
        number=number,
        outcome=outcome,
        label=OUTCOMES.get(outcome, Label("Refused", "grey")),
        answered=status_label(row.status),
        key=name.name if name else row.key_id,
        ip=row.ip,
        duration_ms=row.duration_ms,
        at=row.at,
        body=row.request_body if isinstance(row.request_body, dict) else None,
        response=row.response_body,
    )


def _repeats(merchant_id: str, rows: list[IdempotencyKey]) -> dict[tuple[str, str], int]:
    if not rows:
        return {}
    query = (
        select(ApiRequest.idempotency_scope, ApiRequest.idempotency_key, func.count())
        .where(
            ApiRequest.merchant_id == merchant_id,
            ApiRequest.idempotency_key.in_([row.key for row in rows]),
            ApiRequest.idempotency_outcome != "first",
        )
        .group_by(ApiRequest.idempotency_scope, ApiRequest.idempotency_key)
    )
    return {(row[0] or "", row[1] or ""): row[2] for row in db.session.execute(query).all()}


def _key_line(
    row: IdempotencyKey, repeats: dict[tuple[str, str], int], *, is_leased: bool
) -> KeyLine:
    return KeyLine(
        key=row.key,
        scope=row.scope,
        label=_state(row, is_leased=is_leased),
        subject_id=row.subject_id or "",
        repeats=repeats.get((row.scope, row.key), 0),
        created_at=row.created_at,
    )


def _state(row: IdempotencyKey, *, is_leased: bool) -> Label:
    if row.state == "started":
        if is_leased:
            return Label("Running", "blue", is_live=True)
        return Label("Waiting to be repeated", "orange")
    if row.is_forgotten:
        return Label("Answer forgotten", "grey")
    return status_label(row.response_status or 200)


def _is(merchant_id: str, scope: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.merchant_id == merchant_id,
        IdempotencyKey.scope == scope,
        IdempotencyKey.key == key,
    )


def _mark(row: IdempotencyKey) -> str:
    micros = (row.created_at - _EPOCH) // timedelta(microseconds=1)
    digest = hashlib.md5(f"{row.scope} {row.key}".encode(), usedforsecurity=False).hexdigest()
    return f"{_PLACE}{micros:016d}{digest}"


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    body = (cursor or "").removeprefix(_PLACE)
    if len(body) != 48 or not body[:16].isdigit():
        return None
    return _EPOCH + timedelta(microseconds=int(body[:16])), body[16:]
