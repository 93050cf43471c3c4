"""Pages of the API's lists: newest first, by key, the same cost however deep.

Ids sort by creation, so a cursor is an id, and a moment is the smallest id that could have been made
then. The query always names the merchant: a foreign cursor finds nothing of anybody else's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, SQLColumnExpression

from app.store.db import db, end_read

__all__ = ["Between", "Slice", "created_between", "page"]


@dataclass(frozen=True, slots=True)
class Slice:
    """`after` an id going back in time, or `before` it going forward; never both."""

    limit: int = 10
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """A range of moments; None is open. `since` and `until` are inclusive, the others are not."""

    since: datetime | None = None
    later_than: datetime | None = None
    until: datetime | None = None
    earlier_than: datetime | None = None


def created_between(
    query: Select[*tuple[Any, ...]], column: SQLColumnExpression[datetime], created: Between | None
) -> Select[*tuple[Any, ...]]:
    """The query, narrowed to a range of moments. Ours have fractions; the API counts whole seconds."""
    if created is None:
        return query
    # A second lasts until the next one begins: `lte` and `gt` speak of whole seconds.
    if created.since is not None:
        query = query.where(column >= created.since)
    if created.later_than is not None:
        query = query.where(column >= _next_second(created.later_than))
    if created.until is not None:
        query = query.where(column < _next_second(created.until))
    if created.earlier_than is not None:
        query = query.where(column < created.earlier_than)
    return query


def _next_second(at: datetime) -> datetime:
    return at.replace(microsecond=0) + timedelta(seconds=1)


def page(
    query: Select[*tuple[Any, ...]], key: SQLColumnExpression[str], cut: Slice
) -> tuple[Sequence[Any], bool]:
    """One page of `query`'s rows, newest first, and whether there are more in its direction."""
    if cut.before is not None:
        query = query.where(key > cut.before).order_by(key.asc())
    else:
        if cut.after is not None:
            query = query.where(key < cut.after)
        query = query.order_by(key.desc())
    rows = db.session.execute(query.limit(cut.limit + 1)).all()
    end_read()
    has_more, rows = len(rows) > cut.limit, rows[: cut.limit]
    return (rows[::-1] if cut.before is not None else rows), has_more
