"""Who and what can get in: a merchant's keys, and a person's signed-in browsers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.domain.errors import NotFound
from app.domain.networks import written
from app.store.db import db
from app.store.merchants import ApiKey, Merchant, UserSession


@dataclass(frozen=True, slots=True)
class Key:
    """A key as far as it is ever shown again: only a publishable one has its `text`.

    `ends_at` is when it ended or will. `networks` are as a person writes them.
    """

    id: str
    kind: str
    name: str
    hint: str
    text: str | None
    permissions: Mapping[str, str]
    networks: tuple[str, ...]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    last_used_ip: str | None
    ends_at: datetime | None
    replaced_by: str | None
    is_revoked: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of an account: the secret and publishable, the restricted, and those that are over."""

    standard: list[Key]
    restricted: list[Key]
    over: list[Key]

    def is_last(self, key: Key) -> bool:
        """Whether software has no other key to come in with."""
        ways_in = [one for one in self.standard if one.kind == "secret"] + self.restricted
        return key.kind != "publishable" and [one.id for one in ways_in] == [key.id]


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """One live session of a person. `handle` names it in a form; it opens nothing."""

    handle: str
    browser: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    is_this_one: bool


def keys(merchant_id: str, *, now: datetime) -> Keys:
    """The merchant's keys, newest first; those that are over by when they ended."""
    query = (
        select(ApiKey)
        .where(ApiKey.merchant_id == merchant_id)
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    )
    found = [_key(row, now) for row in db.session.execute(query).scalars()]
    living = [one for one in found if not one.is_over]
    return Keys(
        standard=[one for one in living if one.kind != "restricted"],
        restricted=[one for one in living if one.kind == "restricted"],
        over=sorted(
            (one for one in found if one.is_over), key=lambda one: one.ends_at or now, reverse=True
        ),
    )


def key(merchant_id: str, key_id: str, *, now: datetime) -> Key:
    """One key; raises NotFound."""
    query = select(ApiKey).where(ApiKey.merchant_id == merchant_id, ApiKey.id == key_id)
    row = db.session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound("key", key_id)
    return _key(row, now)


def _key(row: ApiKey, now: datetime) -> Key:
    ends = [at for at in (row.revoked_at, row.expires_at) if at is not None]
    ends_at = min(ends, default=None)
    return Key(
        id=row.id,
        kind=row.kind,
        name=row.name,
        hint=f"{row.prefix}…{row.last4}",
        text=row.publishable_text,
        permissions=row.permissions,
        networks=tuple(written(one) for one in row.allowed_networks),
        created_at=row.created_at,
        created_by=row.created_by.removeprefix("user:"),
        last_used_at=row.last_used_at,
        last_used_ip=row.last_used_ip,
        ends_at=ends_at,
        replaced_by=row.replaced_by,
        is_revoked=row.revoked_at is not None,
        is_over=ends_at is not None and ends_at <= now,
    )


def signed_in_browsers(user_id: str, current_hash: str, *, now: datetime) -> list[SignedInBrowser]:
    """The person's live sessions, the latest used first."""
    query = (
        select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
        )
        .order_by(UserSession.last_seen_at.desc())
    )
    return [
        SignedInBrowser(
            handle=row.token_hash,
            browser=browser_name(row.user_agent),
            ip=row.ip,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_this_one=row.token_hash == current_hash,
        )
        for row in db.session.execute(query).scalars()
    ]


_BROWSERS = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """A user agent in a person's words: "Chrome on macOS"."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or re.split(r"[/ ]", user_agent)[0][:40] or "Unknown browser"


def methods_of(merchant_id: str) -> list[str]:
    """What the merchant's customers may pay with."""
    return list(db.session.get_one(Merchant, merchant_id, populate_existing=True).methods)
