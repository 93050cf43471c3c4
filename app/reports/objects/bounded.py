"""Statements whose cost depends on what the caller asks: they end after two seconds."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import QueryCanceled
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.domain.errors import InvalidRequest
from app.store.db import db, end_read

MOST_SECONDS = 2


class TooWide(InvalidRequest):
    """What was asked for would take too long to find."""

    code = "query_too_wide"


@contextmanager
def bounded(param: str) -> Iterator[Session]:
    """A session for reading whose statements end in time; raises TooWide if one did not."""
    end_read()
    session = db.session()
    try:
        # The limit ends with the transaction that the statements share.
        session.execute(text(f"SET LOCAL statement_timeout = '{MOST_SECONDS}s'"))
        yield session
        end_read()
    except OperationalError as error:
        session.rollback()
        if not isinstance(error.orig, QueryCanceled):
            raise
        raise TooWide(
            "This takes too long to find. Narrow it, for example with a range of `created`.",
            param=param,
        ) from error
