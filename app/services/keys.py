"""API keys: a merchant's software, what it may do, from where and until when.

A key has 192 random bits, so its SHA-256 is all that is kept, and its text is shown once. Publishable
keys open nothing and may be shown again. A key is never given its powers back: a revoked one stays
revoked, and every change is written in the account's diary.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, cast

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.domain.errors import (
    Conflict,
    FarthingError,
    InvalidRequest,
    KeyExpired,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from app.domain.ids import new_id
from app.domain.networks import Network, is_inside, parse_networks
from app.domain.permissions import PERMISSION_LEVELS, PERMISSION_RESOURCES
from app.services import audit
from app.services.audit import SYSTEM, By
from app.services.deps import Deps
from app.store.db import transaction
from app.store.merchants import ApiKey, Merchant, find_key

PREFIXES = {"secret": "sk", "restricted": "rk", "publishable": "pk"}
OVERLAP_SECONDS = (0, 3_600, 86_400, 259_200, 604_800)
LONGEST_NAME = 80
MOST_NETWORKS = 50
USE_NOTED_EVERY = timedelta(minutes=5)
UNKNOWN = "Invalid API Key provided."


@dataclass(frozen=True)
class Caller:
    """A merchant's software, known by its key. Only a restricted key has `permissions`."""

    merchant_id: str
    key_id: str
    kind: str
    is_live: bool
    key_hash: bytes
    permissions: Mapping[str, str] = field(default_factory=dict)
    allowed_networks: tuple[Network, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A key as it stood when it was read."""

    caller: Caller
    revoked_at: datetime | None


@dataclass(frozen=True)
class CreateKey:
    """A key to make; `permissions` are for restricted ones."""

    merchant_id: str
    kind: str = "secret"
    name: str = "Server"
    permissions: Mapping[str, str] = field(default_factory=dict)
    allowed_networks: tuple[str, ...] = ()
    by: By = SYSTEM


@dataclass(frozen=True)
class ChangeKey:
    """What a key is to be called and may do from now on."""

    merchant_id: str
    key_id: str
    name: str
    permissions: Mapping[str, str]
    allowed_networks: tuple[str, ...]
    by: By


@dataclass(frozen=True)
class RollKey:
    """A key to replace; the old one goes on for `overlap_seconds`."""

    merchant_id: str
    key_id: str
    overlap_seconds: int
    by: By


@dataclass(frozen=True)
class NewKey:
    """A key that was just made; `text` is shown once."""

    id: str
    kind: str
    name: str
    text: str = field(repr=False)


def key_hash(key: str) -> bytes:
    """What is kept of an API key."""
    return hashlib.sha256(key.encode(errors="replace")).digest()


def authenticate_key(deps: Deps, key: str, ip: str, *, is_checked_later: bool = False) -> Caller:
    """Whose key it is; raises NotSignedIn, or NotAllowed where the key may not be used from there.

    Which kinds of keys will do is the caller's to judge. `is_checked_later`: its own statement looks
    at the key once more, so a row that was read some seconds ago will do; see `why_refused`.
    """
    hashed = key_hash(key)
    if is_checked_later:
        remembered = deps.callers.get(hashed, lambda: _load(deps, hashed, ip))
        known = cast("_Known | None", remembered)
    else:
        known = _load(deps, hashed, ip)
    if known is None:
        raise NotSignedIn(UNKNOWN)
    refusal = _refusal(known, ip, deps.clock.now())
    if refusal is not None:
        raise refusal
    return known.caller


def why_refused(deps: Deps, hashed: bytes, ip: str) -> FarthingError:
    """What a statement that would not have the key has found, told from the row of now."""
    known = _load(deps, hashed, ip)
    refusal = _refusal(known, ip, deps.clock.now()) if known is not None else None
    return refusal or NotSignedIn(UNKNOWN)


def _load(deps: Deps, hashed: bytes, ip: str) -> _Known | None:
    now = deps.clock.now()
    row = find_key(hashed)
    if row is None:
        return None
    caller = Caller(
        merchant_id=row.merchant_id,
        key_id=row.id,
        kind=row.kind,
        is_live=row.mode == "live",
        key_hash=hashed,
        permissions=row.permissions,
        allowed_networks=tuple(ip_network(text) for text in row.allowed_networks),
        expires_at=row.expires_at,
    )
    known = _Known(caller, row.revoked_at)
    if _is_due(row.last_used_at, now) and _refusal(known, ip, now) is None:
        _note_use(hashed, ip, now)
    return known


def _is_due(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or now - last_used_at > USE_NOTED_EVERY


def _note_use(hashed: bytes, ip: str, now: datetime) -> None:
    before = now - USE_NOTED_EVERY
    with transaction() as session:
        session.execute(
            update(ApiKey)
            .where(
                ApiKey.key_hash == hashed,
                or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < before),
            )
            .values(last_used_at=now, last_used_ip=ip or None)
        )


def _refusal(known: _Known, ip: str, now: datetime) -> FarthingError | None:
    """Why the key will not do; only whoever has the key learns it."""
    caller = known.caller
    if known.revoked_at is not None:
        return NotSignedIn("This API key was revoked.")
    if caller.expires_at is not None and caller.expires_at <= now:
        return KeyExpired("This API key has expired.")
    if caller.allowed_networks and not is_inside(ip, caller.allowed_networks):
        return NotAllowed(f"This API key may not be used from the address {ip or 'you have'}.")
    return None


def create_key(deps: Deps, command: CreateKey) -> NewKey:
    """Make a key; its text is in the result and, unless it is publishable, nowhere else."""
    now = deps.clock.now()
    name = _name(command.name)
    permissions = _permissions(command.kind, command.permissions)
    networks = _networks(command.allowed_networks)
    with transaction() as session:
        merchant = session.get(Merchant, command.merchant_id)
        if merchant is None:
            raise NotFound("account", command.merchant_id)
        row, made = _new_row(merchant, command.kind, name, now)
        row.permissions, row.allowed_networks = dict(permissions), list(networks)
        row.created_by = command.by.actor
        session.add(row)
        _note(session, command.by, "key.created", row, now, _powers(row) | {"kind": row.kind})
    return made


def _new_row(merchant: Merchant, kind: str, name: str, now: datetime) -> tuple[ApiKey, NewKey]:
    if kind not in PREFIXES:
        raise InvalidRequest("A key is secret, restricted or publishable.", param="kind")
    prefix = f"{PREFIXES[kind]}_{merchant.mode}_"
    text = prefix + secrets.token_urlsafe(24).replace("-", "x").replace("_", "y")
    made = NewKey(new_id("key", now), kind, name, text)
    row = ApiKey(
        key_hash=key_hash(text),
        merchant_id=merchant.id,
        id=made.id,
        kind=kind,
        prefix=prefix,
        last4=text[-4:],
        name=name,
        created_at=now,
        publishable_text=text if kind == "publishable" else None,
    )
    return row, made


def change_key(deps: Deps, command: ChangeKey) -> None:
    """Rename a key, or change what it may do and from where; the rest of a secret key is fixed."""
    now = deps.clock.now()
    name = _name(command.name)
    networks = _networks(command.allowed_networks)
    with transaction() as session:
        row = _living(session, command.merchant_id, command.key_id, now)
        before = _powers(row) | {"name": row.name}
        row.name = name
        row.permissions = dict(_permissions(row.kind, command.permissions))
        row.allowed_networks = list(networks)
        after = _powers(row) | {"name": row.name}
        if after != before:
            changed = {part: [before[part], after[part]] for part in after}
            changed = {part: pair for part, pair in changed.items() if pair[0] != pair[1]}
            _note(session, command.by, "key.changed", row, now, changed)
    deps.callers.forget()


def roll_key(deps: Deps, command: RollKey) -> NewKey:
    """Make a key that may do the same; the old one ends at once or after the overlap."""
    if command.overlap_seconds not in OVERLAP_SECONDS:
        raise InvalidRequest("Choose how long the old key goes on.", param="overlap")
    now = deps.clock.now()
    with transaction() as session:
        old = _living(session, command.merchant_id, command.key_id, now)
        if old.replaced_by is not None:
            raise Conflict("This key was rolled already. Roll the one that replaced it.")
        merchant = session.get_one(Merchant, command.merchant_id)
        row, made = _new_row(merchant, old.kind, old.name, now)
        row.permissions, row.allowed_networks = old.permissions, old.allowed_networks
        row.created_by = command.by.actor
        session.add(row)
        ends_at = now + timedelta(seconds=command.overlap_seconds)
        old.expires_at, old.replaced_by = ends_at, made.id
        if command.overlap_seconds == 0:
            old.revoked_at = now
        told = {"replaced_by": made.id, "expires_at": ends_at.isoformat()}
        _note(session, command.by, "key.rolled", old, now, told)
    deps.callers.forget()
    return made


def revoke_key(deps: Deps, merchant_id: str, key_id: str, by: By) -> None:
    """Refuse the key from now on, in every process; once is enough and twice is no mistake."""
    now = deps.clock.now()
    with transaction() as session:
        row = _locked(session, merchant_id, key_id)
        if row.revoked_at is None:
            row.revoked_at = now
            _note(session, by, "key.revoked", row, now, {})
    deps.callers.forget()


def _locked(session: Session, merchant_id: str, key_id: str) -> ApiKey:
    query = select(ApiKey).where(ApiKey.merchant_id == merchant_id, ApiKey.id == key_id)
    row = session.execute(query.with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound("key", key_id)
    return row


def _living(session: Session, merchant_id: str, key_id: str, now: datetime) -> ApiKey:
    row = _locked(session, merchant_id, key_id)
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise Conflict("This key does not work any more. Create a new one.")
    return row


def _powers(row: ApiKey) -> dict[str, Any]:
    return {"permissions": row.permissions, "allowed_networks": row.allowed_networks}


def _note(
    session: Session, by: By, action: str, row: ApiKey, now: datetime, data: dict[str, Any]
) -> None:
    told = {"name": row.name, "hint": f"{row.prefix}…{row.last4}"} | data
    audit.write(
        session, by, action, merchant_id=row.merchant_id, subject_id=row.id, at=now, data=told
    )


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(f"A name has 1 to {LONGEST_NAME} characters.", param="name")
    return name


def _permissions(kind: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """What is given, in the table's order; "none" is not written down."""
    for resource, level in wanted.items():
        if resource not in PERMISSION_RESOURCES or level not in PERMISSION_LEVELS:
            raise InvalidRequest("There is no such permission.", param="permissions")
    given = {
        resource: wanted[resource]
        for resource in PERMISSION_RESOURCES
        if wanted.get(resource, "none") != "none"
    }
    if kind != "restricted" and given:
        raise InvalidRequest("Only a restricted key has permissions.", param="permissions")
    if kind == "restricted" and not given:
        raise InvalidRequest("Give the key at least one permission.", param="permissions")
    return given


def _networks(texts: Iterable[str]) -> tuple[str, ...]:
    return parse_networks(texts, most=MOST_NETWORKS, param="allowed_networks")
