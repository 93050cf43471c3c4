"""The API's request log: one row per answered call, without anything secret.

Rows are written in batches on the payment path's pool, outside every unit of work, and are gone
after thirty days.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
import psycopg
from sqlalchemy import SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db import Base, path_pool

__all__ = ["REFUSED", "ApiRequest", "writer"]

# What the database says of a row that it will not take, however often it is sent.
REFUSED = (psycopg.DataError, psycopg.IntegrityError)


class ApiRequest(Base):
    """One call of the API and what it was answered; bodies are redacted before they come here."""

    __tablename__ = "api_requests"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    method: Mapped[str]
    path: Mapped[str]
    route: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    error_code: Mapped[str | None]
    key_id: Mapped[str]
    ip: Mapped[str]
    user_agent: Mapped[str]
    api_version: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    idempotency_scope: Mapped[str | None]
    idempotency_outcome: Mapped[str | None]
    object_id: Mapped[str | None]
    query: Mapped[str | None]
    request_body: Mapped[Any] = mapped_column(JSON, nullable=True)
    response_body: Mapped[Any] = mapped_column(JSON, nullable=True)
    duration_ms: Mapped[int]
    at: Mapped[datetime]


_INSERT = b"""
    INSERT INTO api_requests (merchant_id, id, method, path, route, status, error_code, key_id, ip,
        user_agent, api_version, idempotency_key, idempotency_scope, idempotency_outcome, object_id,
        query, request_body, response_body, duration_ms, at)
    SELECT merchant_id, id, method, path, route, status, error_code, key_id, ip,
        user_agent, api_version, idempotency_key, idempotency_scope, idempotency_outcome, object_id,
        query, request_body, response_body, duration_ms, at
    FROM json_to_recordset($1::json) AS r(merchant_id text, id text, method text, path text,
        route text, status smallint, error_code text, key_id text, ip text, user_agent text,
        api_version text, idempotency_key text, idempotency_scope text, idempotency_outcome text,
        object_id text, query text, request_body json, response_body json, duration_ms integer,
        at timestamptz)
    ON CONFLICT DO NOTHING
"""


def writer() -> Callable[[Sequence[dict[str, Any]]], None]:
    """What writes rows on the current application's pool, from whatever thread calls it."""
    pool = path_pool()

    def write(rows: Sequence[dict[str, Any]]) -> None:
        with pool.connection() as connection:
            psycopg.RawCursor(connection).execute(_INSERT, [orjson.dumps(rows).decode()])

    return write
