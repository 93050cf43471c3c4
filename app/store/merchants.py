"""Merchants, their people, keys and accounts at processors."""

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import ARRAY, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db import Base, path


class Merchant(Base):
    """Who takes money. An account is either for tests or for real."""

    __tablename__ = "merchants"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str]
    mode: Mapped[str]
    country: Mapped[str]
    default_currency: Mapped[str]
    timezone: Mapped[str]
    support_email: Mapped[str]
    brand: Mapped[dict[str, Any]]
    statement_descriptor: Mapped[str | None]
    methods: Mapped[list[str]] = mapped_column(JSONB)
    return_origins: Mapped[list[str]] = mapped_column(ARRAY(Text))
    settlement_currencies: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    escrow_release_days: Mapped[int | None]
    created_at: Mapped[datetime]


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Membership(Base):
    """A person's role at a merchant."""

    __tablename__ = "memberships"

    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime]


class UserSession(Base):
    """A signed-in browser. Only a hash of its token is kept; revoking the row signs it out at once."""

    __tablename__ = "user_sessions"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str]
    merchant_id: Mapped[str | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    ip: Mapped[str]
    user_agent: Mapped[str]


class SignInFailure(Base):
    """A wrong password; counted to slow guessing down."""

    __tablename__ = "sign_in_failures"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    ip: Mapped[str]
    at: Mapped[datetime]


class ApiKey(Base):
    """A merchant's key. Only its SHA-256 is kept: 192 random bits need no slow hash.

    A publishable key opens nothing, so its text is kept and can be copied again. `permissions` and
    their levels are a restricted key's; `replaced_by` names the key that took over.
    """

    __tablename__ = "api_keys"

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    id: Mapped[str]
    kind: Mapped[str]
    prefix: Mapped[str]
    last4: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    permissions: Mapped[dict[str, Any]]
    allowed_networks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[str]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    replaced_by: Mapped[str | None]
    publishable_text: Mapped[str | None]


class AuditEntry(Base):
    """Who changed what about the account, and from where. Rows are never changed."""

    __tablename__ = "audit_entries"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    action: Mapped[str]
    subject_id: Mapped[str]
    actor: Mapped[str]
    ip: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ProcessorAccountRow(Base):
    """A merchant's account at a processor, its secrets sealed."""

    __tablename__ = "processor_accounts"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    processor: Mapped[str]
    external_account: Mapped[str]
    publishable_key: Mapped[str]
    secret_key_sealed: Mapped[bytes]
    webhook_secrets_sealed: Mapped[bytes]
    news_seen_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


_KEY = b"""
SELECT a.merchant_id, a.id, a.kind, m.mode, a.permissions, a.allowed_networks, a.expires_at,
       a.revoked_at, a.last_used_at
FROM api_keys a JOIN merchants m ON m.id = a.merchant_id
WHERE a.key_hash = $1
"""


class FoundKey(NamedTuple):
    """A key and its account's mode, as every call of the API asks for them."""

    merchant_id: str
    id: str
    kind: str
    mode: str
    permissions: dict[str, str]
    allowed_networks: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def find_key(key_hash: bytes) -> FoundKey | None:
    """The key of this hash: one prepared statement, since it stands before every answer."""
    with path() as connection:
        row = psycopg.RawCursor(connection).execute(_KEY, (key_hash,), prepare=True).fetchone()
    return None if row is None else FoundKey(*row)
