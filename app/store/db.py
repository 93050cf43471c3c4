"""The database: the unit of work, and the pool of the payment path.

Two doors. `transaction()` is one unit of work on the ORM's session. `path()` lends an autocommit
connection on which each statement is a unit of its own; the payment path runs one statement per
phase there, so no transaction can be open while a processor is called.

Every connection steps down to the role `farthing_app`, which may not change what is append-only.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
import psycopg
from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool
from sqlalchemy import BigInteger, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from werkzeug.exceptions import ServiceUnavailable

log = logging.getLogger(__name__)

ROLE_OPTIONS = "-c role=farthing_app -c timezone=UTC -c idle_in_transaction_session_timeout=30s"


class Base(DeclarativeBase):
    """Root of all models; times are aware, dictionaries are jsonb."""

    registry = registry(
        type_annotation_map={
            str: Text,
            int: BigInteger,
            datetime: DateTime(timezone=True),
            dict[str, Any]: JSONB,
        }
    )


# What was read stays readable after its unit ended; a new unit forgets it (`transaction`).
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def driver_url(url: str) -> str:
    """The operator's URL with our driver's name in it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


def init_app(app: Flask, database_url: str, pool_size: int) -> None:
    """Give the application its engine and its payment-path pool; both connect on first use."""
    app.config["SQLALCHEMY_DATABASE_URI"] = driver_url(database_url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": True,
        "pool_size": pool_size,
        "connect_args": {"options": ROLE_OPTIONS, "connect_timeout": 5},
        "json_deserializer": orjson.loads,
    }
    set_json_loads(orjson.loads)
    db.init_app(app)
    app.extensions["farthing_path"] = ConnectionPool(
        database_url.replace("postgresql+psycopg://", "postgresql://"),
        min_size=0,
        max_size=pool_size,
        open=False,
        timeout=10,
        kwargs={
            "autocommit": True,
            "options": ROLE_OPTIONS,
            "connect_timeout": 5,
            "prepare_threshold": 1,
        },
    )
    for kind in (psycopg.OperationalError, OperationalError):
        app.register_error_handler(kind, _away)


def _away(error: Exception) -> ResponseReturnValue:
    """The database cannot be reached: no bug of ours, and worth another try in a moment."""
    log.error("database.away", extra={"error": str(error)[:300]})
    return current_app.handle_user_exception(ServiceUnavailable(retry_after=2))


def path_pool() -> ConnectionPool[psycopg.Connection[Any]]:
    """The pool of the payment path, open; a thread of its own may keep it."""
    pool: ConnectionPool[psycopg.Connection[Any]] = current_app.extensions["farthing_path"]
    if pool.closed:
        pool.open()
    return pool


@contextmanager
def path() -> Iterator[psycopg.Connection[Any]]:
    """An autocommit connection of the payment path: each statement on it is one unit of work."""
    pool = path_pool()
    connection = pool.getconn()
    try:
        yield connection
    finally:
        pool.putconn(connection)


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: all of it is committed, or none. Units do not nest."""
    session = db.session()
    if session.info.get("in_unit"):
        raise AssertionError("units of work do not nest")
    session.commit()  # Ends the read transaction that a view may have opened.
    session.expunge_all()  # A unit sees the database, not what an earlier one read.
    session.info["in_unit"] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["in_unit"] = False


def in_unit() -> bool:
    """Whether a unit of work is open here; the processors' guard refuses to call out then."""
    # Where nobody has asked for a session there is no unit, and none is made to find that out.
    return db.session.registry.has() and bool(db.session().info.get("in_unit"))


def end_read() -> None:
    """End the read transaction that a view or a query may have opened, before a call that can take
    long.
    """
    if db.session.registry.has() and not in_unit():
        db.session().commit()


def close(app: Flask) -> None:
    """Close the pools; for processes that end and tests."""
    app.extensions["farthing_path"].close()
    with app.app_context():
        db.engine.dispose()
