"""Idempotency keys: one request a key and route, whatever the network does to it.

A key is claimed before the work and answered after it. Who finds it claimed waits, or, when its
owner has died, does the same work again under the same ids, so that nothing is made twice. Work that
calls a processor records its intent under those ids first. The reply is kept for a day (a week where
money moves) and the fact that money was moved under this key for ever.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import IdempotencyInUse, IdempotencyMismatch
from app.services.deps import Deps
from app.store.db import transaction
from app.store.inbox import IdempotencyKey

REPLY_LIFE = timedelta(hours=24)
MONEY_REPLY_LIFE = timedelta(days=7)
# What these made must never be made again under the same key.
KEPT_FOR_EVER = tuple(f"{kind}\\_%" for kind in ("pi", "re", "op", "po", "tr", "trr", "rel"))
REAPED_AT_ONCE = 1000
MOST_ROUNDS = 5


@dataclass(frozen=True)
class KeyedRequest:
    """A request under a key; `subject_id` is the id of what it would make or do."""

    merchant_id: str
    scope: str
    key: str
    request_hash: bytes
    request_id: str
    subject_id: str | None


@dataclass(frozen=True)
class Claim:
    """The right to answer. `subject_id` is the first request's: whoever resumes works under it."""

    merchant_id: str
    scope: str
    key: str
    lease_token: str
    subject_id: str | None
    is_resumed: bool


@dataclass(frozen=True)
class StoredReply:
    """What the first request was answered; `body` is None once that is forgotten."""

    status: int | None
    body: bytes | None
    request_id: str | None
    subject_id: str | None


def claim(deps: Deps, request: KeyedRequest) -> Claim | StoredReply:
    """Claim the key, or give the stored reply; raises IdempotencyMismatch or IdempotencyInUse."""
    for _ in range(MOST_ROUNDS):
        found = _claim_once(deps, request)
        if found is not None:
            return found
    raise in_use()


def _claim_once(deps: Deps, request: KeyedRequest) -> Claim | StoredReply | None:
    """As `claim`; None if the key's owner gave it back between our two looks at it."""
    now = deps.clock.now()
    token = secrets.token_hex(16)
    lease = func.now() + timedelta(seconds=deps.lease_seconds)
    with transaction() as session:
        made = session.execute(
            insert(IdempotencyKey)
            .values(
                merchant_id=request.merchant_id,
                scope=request.scope,
                key=request.key,
                request_id=request.request_id,
                request_hash=request.request_hash,
                state="started",
                lease_token=token,
                leased_until=lease,
                subject_id=request.subject_id,
                is_forgotten=False,
                created_at=now,
            )
            .on_conflict_do_nothing()
            .returning(IdempotencyKey.key)
        ).scalar()
        if made is not None:
            return _claim(request, token, request.subject_id, is_resumed=False)
        there = session.execute(
            select(IdempotencyKey, IdempotencyKey.leased_until > func.now())
            .where(*_is(request.merchant_id, request.scope, request.key))
            .with_for_update()
        ).one_or_none()
        if there is None:
            return None
        row, is_leased = there
        if bytes(row.request_hash) != request.request_hash:
            raise mismatch(request.key)
        if row.state == "finished":
            return _reply(row)
        if is_leased:
            raise in_use()
        row.lease_token, row.leased_until = token, lease
        return _claim(request, token, row.subject_id, is_resumed=True)


def _reply(row: IdempotencyKey) -> StoredReply:
    body = None if row.response_body is None else bytes(row.response_body)
    return StoredReply(row.response_status, body, row.request_id, row.subject_id)


def reply_of_another(claimed: Claim) -> StoredReply:
    """What was stored by whoever took the key over from us; raises IdempotencyInUse while they run."""
    with transaction() as session:
        row = session.execute(
            select(IdempotencyKey).where(*_is(claimed.merchant_id, claimed.scope, claimed.key))
        ).scalar_one_or_none()
    if row is None or row.state != "finished":
        raise in_use()
    return _reply(row)


def finish(deps: Deps, claimed: Claim, status: int, body: bytes | None) -> bool:
    """Store the answer; False if the lease had gone to somebody else, whose answer counts then.

    Without a body only the status is kept: a repeat is told again what was made.
    """
    with transaction() as session:
        done = session.execute(
            update(IdempotencyKey)
            .where(*_owned(claimed))
            .values(
                state="finished",
                response_status=status,
                response_body=body,
                finished_at=deps.clock.now(),
            )
            .returning(IdempotencyKey.key)
        ).scalar()
    return done is not None


def release(claimed: Claim) -> bool:
    """No answer yet: let the next request with this key go on where we stopped. False as in `finish`."""
    with transaction() as session:
        done = session.execute(
            update(IdempotencyKey)
            .where(*_owned(claimed))
            .values(leased_until=func.now())
            .returning(IdempotencyKey.key)
        ).scalar()
    return done is not None


def drop(claimed: Claim) -> bool:
    """The request was refused before anything was done: its key is as new. False as in `finish`.

    A resumed one may have done something the first time, so its key stays.
    """
    if claimed.is_resumed:
        return release(claimed)
    with transaction() as session:
        done = session.execute(
            delete(IdempotencyKey).where(*_owned(claimed)).returning(IdempotencyKey.key)
        ).scalar()
    return done is not None


def reap(deps: Deps) -> int:
    """Forget replies past their time; gives how many. Keys without an answer are never touched."""
    now = deps.clock.now()
    subject = func.coalesce(IdempotencyKey.subject_id, "")
    is_money = or_(*(subject.like(pattern) for pattern in KEPT_FOR_EVER))
    answered = (IdempotencyKey.state == "finished") & ~IdempotencyKey.is_forgotten
    old = answered & (IdempotencyKey.created_at < now - REPLY_LIFE) & ~is_money
    # A refusal is kept: to forget it would be to do later what was refused.
    was_done = IdempotencyKey.response_status < 400
    old_money = (
        answered & (IdempotencyKey.created_at < now - MONEY_REPLY_LIFE) & is_money & was_done
    )
    with transaction() as session:
        gone = session.execute(delete(IdempotencyKey).where(_some(old)).returning(1)).all()
        hollow = session.execute(
            update(IdempotencyKey)
            .where(_some(old_money))
            .values(is_forgotten=True, response_status=None, response_body=None)
            .returning(1)
        ).all()
    return len(gone) + len(hollow)


def mismatch(key: str) -> IdempotencyMismatch:
    """The error about a key that came with another request."""
    return IdempotencyMismatch(
        "Keys for idempotent requests can only be used with the same parameters they were first used"
        f" with. Use another key than '{key}' for a different request."
    )


def in_use() -> IdempotencyInUse:
    """The error about a key whose first request still runs."""
    return IdempotencyInUse("Another request with this idempotency key is being processed.")


def _claim(request: KeyedRequest, token: str, subject_id: str | None, *, is_resumed: bool) -> Claim:
    return Claim(
        request.merchant_id, request.scope, request.key, token, subject_id, is_resumed=is_resumed
    )


def _is(merchant_id: str, scope: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.merchant_id == merchant_id,
        IdempotencyKey.scope == scope,
        IdempotencyKey.key == key,
    )


def _owned(claimed: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        *_is(claimed.merchant_id, claimed.scope, claimed.key),
        IdempotencyKey.lease_token == claimed.lease_token,
        IdempotencyKey.state == "started",
    )


def _some(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A batch of the rows that fit: deleting a million at once would hold them all locked."""
    key = tuple_(IdempotencyKey.merchant_id, IdempotencyKey.scope, IdempotencyKey.key)
    chosen = (
        select(IdempotencyKey.merchant_id, IdempotencyKey.scope, IdempotencyKey.key)
        .where(condition)
        .limit(REAPED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return key.in_(chosen)
