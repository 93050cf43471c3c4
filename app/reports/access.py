"""Who and what can get in: a merchant's keys, and a person's signed-in browsers."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.store.db import db
from app.store.merchants import ApiKey, UserSession


@dataclass(frozen=True, slots=True)
class Key:
    """A key as far as it is ever shown again."""

    id: str
    kind: str
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """One live session of a person. `handle` names it in a form; it opens nothing."""

    handle: str
    browser: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    is_this_one: bool


def keys(merchant_id: str) -> list[Key]:
    """The merchant's keys, newest first, revoked ones last."""
    query = (
        select(ApiKey)
        .where(ApiKey.merchant_id == merchant_id)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.created_at.desc())
    )
    return [
        Key(
            id=row.id,
            kind=row.kind,
            name=row.name,
            hint=f"{row.prefix}…{row.last4}",
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row in db.session.execute(query).scalars()
    ]


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
