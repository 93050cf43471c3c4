"""Pages of a list, newest first, by key.

Ids sort by creation, so the last id of a page is where the next one starts: a page costs the same however
deep it is, and rows that arrive meanwhile shift nothing. A cursor is an id; the query still names the
merchant, so a forged one finds nothing of anybody else's.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, SQLColumnExpression, func, select
from sqlalchemy.sql.selectable import Subquery

from app.store.db import db

PAGE_SIZE = 20
MOST_COUNTED = 5000
_CURSOR = re.compile(r"[a-z]+(_[a-z]+)?_[0-9a-z]{10,60}")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page starts: `after` an id going back in time, or `before` it going forward."""

    after: str | None = None
    before: str | None = None

    @classmethod
    def of(cls, after: str | None, before: str | None) -> "Cursor":
        """A cursor from an address; what is no id is ignored."""
        return cls(_id_or_none(after), None if _id_or_none(after) else _id_or_none(before))


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are, counted no further than a cap."""

    number: int
    is_capped: bool

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.is_capped else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of rows, and the cursors of its neighbours where there are any."""

    rows: Sequence[T]
    older: str | None
    newer: str | None


def _id_or_none(text: str | None) -> str | None:
    return text if text and _CURSOR.fullmatch(text) else None


def fetch(
    query: Select[*tuple[Any, ...]],
    key: SQLColumnExpression[str],
    cursor: Cursor,
    shape: Callable[[Any], T],
    size: int = PAGE_SIZE,
) -> Page[T]:
    """Run `query` for one page; `shape` makes a row of the report from a row of the database."""
    if cursor.before:
        found = query.where(key > cursor.before).order_by(key.asc()).limit(size + 1)
    elif cursor.after:
        found = query.where(key < cursor.after).order_by(key.desc()).limit(size + 1)
    else:
        found = query.order_by(key.desc()).limit(size + 1)
    records = db.session.execute(found.add_columns(key.label("page_key"))).all()
    has_more, records = len(records) > size, records[:size]
    if cursor.before:
        records = records[::-1]
    keys = [record.page_key for record in records]
    has_older = has_more if not cursor.before else bool(keys)
    has_newer = has_more if cursor.before else bool(cursor.after and keys)
    return Page(
        rows=[shape(record) for record in records],
        older=keys[-1] if has_older else None,
        newer=keys[0] if has_newer else None,
    )


def capped(query: Select[Any]) -> Subquery:
    """The rows of `query`, one more than the cap at most: what a count is taken of."""
    return query.order_by(None).limit(MOST_COUNTED + 1).subquery()


def count_each(queries: dict[str, Select[Any]]) -> dict[str, Count]:
    """Count several queries in one statement."""
    columns = [
        select(func.count()).select_from(capped(query)).scalar_subquery().label(name)
        for name, query in queries.items()
    ]
    found = db.session.execute(select(*columns)).mappings().one()
    return {
        name: Count(min(found[name], MOST_COUNTED), found[name] > MOST_COUNTED) for name in queries
    }


def first_id(prefix: str, at: datetime) -> str:
    """The smallest id that could have been made at that moment: lets an index on ids answer for dates."""
    value = max(int(at.timestamp() * 1000), 0) << 82
    body = "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
    return f"{prefix}_{body}"
