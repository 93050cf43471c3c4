"""The entries of one account: a page at a time, newest first, each with the balance after it.

Read over the postings' primary key, so no index is needed that payments would have to write. An account that
hardly ever moves would make such a walk long; the sums by day know on which days it moved, and only
those are walked. A walk that looks for one event ends after so many postings and says how far it came:
the next page goes on there. So a page costs the same in a book of any length.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text

from app.domain.accounts import account_of
from app.domain.ids import lowest_id, made_at
from app.domain.money import Money
from app.domain.platform_costs import COSTS
from app.reports.as_of import SLACK
from app.reports.balances import title_of
from app.reports.explorer import named
from app.reports.periods import day_start
from app.reports.running_balance import shown_after
from app.store.db import db, end_read

PAGE_SIZE = 25
# How many days on which the account moved one page may walk through.
MOST_DAYS = 60
# How many postings a walk in search of one event may pass in a stretch, and in how many stretches.
MOST_PASSED = 20_000
MOST_STRETCHES = 8
_A_DAY = timedelta(days=1)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """An entry's place in the book: its journal and its line there."""

    journal_id: str
    line: int

    @classmethod
    def of(cls, written: str) -> "Position | None":
        """From an address; None for what is no position."""
        journal_id, _, line = written.rpartition("-")
        is_good = made_at(journal_id) is not None and line.isascii() and line.isdigit()
        return cls(journal_id, int(line[:5])) if is_good else None

    def __str__(self) -> str:
        return f"{self.journal_id}-{self.line}"


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What of an account is asked for: one event, a period, both or neither; and where the page begins."""

    event: str = ""
    first: date | None = None
    last: date | None = None
    after: Position | None = None
    before: Position | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.event or self.first or self.last)


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting, seen from one account; `balance` is the account's after it, where known."""

    position: Position
    title: str
    event: str
    source_id: str
    payment_id: str | None
    side: str
    amount: Money
    counterpart: str
    counterpart_name: str
    available_on: date
    event_at: datetime
    created_at: datetime
    balance: Money | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page. `older` and `newer` are positions; `searched_to` is set where a search ended early."""

    rows: Sequence[Entry]
    older: str | None
    newer: str | None
    searched_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """Which account is walked, in which bounds of ids and moments, and which way."""

    merchant_id: str
    code: str
    currency: str
    start: datetime
    end: datetime
    event: str = ""
    from_position: Position | None = None
    is_back: bool = True

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of its queries."""
        edge = self.from_position or Position(lowest_id("jr", _LAST if self.is_back else _FIRST), 0)
        return {
            "merchant_id": self.merchant_id,
            "code": self.code,
            "currency": self.currency,
            "start": self.start,
            "end": self.end,
            "event": self.event,
            "edge_id": edge.journal_id,
            "edge_line": edge.line,
        }


def entries(
    merchant_id: str, code: str, currency: str, wanted: EntryFilter, *, timezone: str
) -> EntryPage:
    """One page of an account's entries; all of it from one snapshot."""
    end_read()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    is_back = wanted.before is None
    start, end = bounds(wanted, timezone)
    walk = Walk(
        merchant_id,
        code,
        currency,
        start,
        end,
        wanted.event,
        wanted.after if is_back else wanted.before,
        is_back,
    )
    rows, stopped = walk_through(walk, PAGE_SIZE + 1)
    has_more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    found = [entry_of(row, code) for row in (rows if is_back else rows[::-1])]
    if not wanted.event:
        found = _with_balances(walk, found)
    return _page(wanted, found, has_more=has_more, stopped=stopped)


def _page(
    wanted: EntryFilter, found: list[Entry], *, has_more: bool, stopped: Position | None
) -> EntryPage:
    oldest = str(found[-1].position) if found else None
    newest = str(found[0].position) if found else None
    if wanted.before is not None:
        further = newest if has_more else (str(stopped) if stopped else None)
        return EntryPage(found, oldest or str(wanted.before), further, _moment(stopped))
    older = oldest if has_more else (str(stopped) if stopped else None)
    newer = (newest or str(wanted.after)) if wanted.after else None
    return EntryPage(found, older, newer, None if has_more else _moment(stopped))


def _moment(position: Position | None) -> datetime | None:
    return made_at(position.journal_id) if position else None


def bounds(wanted: EntryFilter, timezone: str) -> tuple[datetime, datetime]:
    """The period in moments; days are those of the account's zone."""
    start = day_start(wanted.first, timezone) if wanted.first else _FIRST
    end = day_start(wanted.last + _A_DAY, timezone) if wanted.last else _LAST
    return start, end


def walk_through(walk: Walk, limit: int) -> tuple[list[Any], Position | None]:
    """Rows of the walk, and the position at which it stopped early, if it did."""
    rows: list[Any] = []
    runs, beyond = _runs(walk)
    for number, (low, high) in enumerate(runs, 1):
        rows += rows_between(walk, low, high, limit - len(rows))
        if len(rows) >= limit:
            return rows, None
        if walk.event and (passed := _where_it_stopped(walk, low, high)) is not None:
            return rows, passed
        if walk.event and number == MOST_STRETCHES and number < len(runs):
            return rows, Position(low if walk.is_back else high, 0)
    return rows, beyond


def _runs(walk: Walk) -> tuple[list[tuple[str, str]], Position | None]:
    """Stretches of ids in which the account moved, in the order of the walk; and where they end early."""
    days = _days(walk)
    spans = [(_midnight(day) - SLACK, _midnight(day) + _A_DAY + SLACK) for day in days]
    unsealed = _oldest_unsealed(walk.merchant_id)
    if unsealed is not None:
        spans.append((unsealed - SLACK, _LAST))
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    clipped = [
        (max(start, walk.start - SLACK), min(end, walk.end + SLACK))
        for start, end in merged
        if start < walk.end + SLACK and end > walk.start - SLACK
    ]
    runs = [(lowest_id("jr", start), lowest_id("jr", end)) for start, end in clipped]
    if walk.is_back:
        runs.reverse()
    if len(days) < MOST_DAYS:
        return runs, None
    return runs, Position(runs[-1][0 if walk.is_back else 1], 0) if runs else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _days(walk: Walk) -> list[date]:
    """The next days of the walk on which the account moved, as far as the book is sealed."""
    start, end = walk.start, walk.end
    edge = made_at(walk.from_position.journal_id) if walk.from_position else None
    if edge is not None:
        start, end = (
            (start, min(end, edge + SLACK)) if walk.is_back else (max(start, edge - SLACK), end)
        )
    order = "DESC" if walk.is_back else "ASC"
    rows = db.session.execute(
        text(f"""
            SELECT day FROM account_days
            WHERE merchant_id = :merchant_id AND code = :code AND currency = :currency
              AND day >= :first AND day <= :last
            ORDER BY day {order} LIMIT :most
        """),  # noqa: S608 - one of two words
        walk.values | {"first": start.date(), "last": end.date(), "most": MOST_DAYS},
    )
    return list(rows.scalars())


def _oldest_unsealed(merchant_id: str) -> datetime | None:
    found: datetime | None = db.session.execute(
        text("""
            SELECT min(created_at) FROM journals
            WHERE merchant_id = :merchant_id AND seq > coalesce(
                (SELECT sealed_seq FROM books WHERE merchant_id = :merchant_id), 0)
        """),
        {"merchant_id": merchant_id},
    ).scalar_one()
    return found


# What the platform pays itself, merchants are not shown, nor where a search passed it.
_COSTS = ", ".join(f"'{code}'" for code in COSTS)
NOT_HIDDEN = f"p.debit NOT IN ({_COSTS}) AND p.credit NOT IN ({_COSTS})"
_MINE = "p.currency = :currency AND (p.debit = :code OR p.credit = :code)"
_COLUMNS = """p.journal_id, p.line, p.debit, p.credit, p.currency, p.amount_minor, p.available_on,
       p.created_at, j.event, j.source_id, j.payment_id, j.event_at"""


def _stretch(walk: Walk) -> tuple[str, str]:
    """The condition on a stretch of postings, and its order."""
    sign, order = ("<", "DESC") if walk.is_back else (">", "ASC")
    where = f"""p.merchant_id = :merchant_id AND p.journal_id >= :low AND p.journal_id < :high
        AND (p.journal_id, p.line) {sign} (:edge_id, :edge_line)
        AND p.created_at >= :start AND p.created_at < :end AND {NOT_HIDDEN}"""
    return where, f"p.journal_id {order}, p.line {order}"


def rows_between(walk: Walk, low: str, high: str, limit: int) -> list[Any]:
    """Rows of the walk between two ids."""
    where, order = _stretch(walk)
    values = walk.values | {"low": low, "high": high, "limit": limit, "passed": MOST_PASSED}
    if not walk.event:
        query = f"""
            SELECT {_COLUMNS}
            FROM (SELECT p.* FROM postings p WHERE {where} AND {_MINE} ORDER BY {order} LIMIT :limit) p
            JOIN journals j ON j.merchant_id = p.merchant_id AND j.id = p.journal_id
            ORDER BY {order}
        """  # noqa: S608 - constants above
    else:
        query = f"""
            SELECT {_COLUMNS}
            FROM (SELECT p.* FROM postings p WHERE {where} ORDER BY {order} LIMIT :passed) p
            CROSS JOIN LATERAL (SELECT * FROM journals j
                WHERE j.merchant_id = p.merchant_id AND j.id = p.journal_id OFFSET 0) j
            WHERE {_MINE} AND j.event = :event
            ORDER BY {order} LIMIT :limit
        """  # noqa: S608 - constants above
    return list(db.session.execute(text(query), values))


def _where_it_stopped(walk: Walk, low: str, high: str) -> Position | None:
    """The last posting that a search passed, if there are more behind it."""
    where, order = _stretch(walk)
    query = f"""
        SELECT p.journal_id, p.line FROM postings p WHERE {where}
        ORDER BY {order} OFFSET :passed LIMIT 2
    """  # noqa: S608 - constants above
    values = walk.values | {"low": low, "high": high, "passed": MOST_PASSED - 1}
    found = db.session.execute(text(query), values).all()
    return Position(found[0].journal_id, found[0].line) if len(found) == 2 else None


def entry_of(row: Any, code: str) -> Entry:
    """A row of a walk as its account sees it."""
    is_debit = row.debit == code
    counterpart = row.credit if is_debit else row.debit
    return Entry(
        position=Position(row.journal_id, row.line),
        title=title_of(row.event),
        event=row.event,
        source_id=row.source_id,
        payment_id=row.payment_id,
        side="debit" if is_debit else "credit",
        amount=Money(row.amount_minor, row.currency),
        counterpart=counterpart,
        counterpart_name=named(counterpart),
        available_on=row.available_on,
        event_at=row.event_at,
        created_at=row.created_at,
    )


def effect(entry: Entry, code: str) -> Money:
    """By how much an entry changes the balance of its account."""
    return entry.amount if entry.side == account_of(code).normal else -entry.amount


def _with_balances(walk: Walk, found: list[Entry]) -> list[Entry]:
    """The entries, which follow one another, with the account's balance after each."""
    if not found:
        return found
    top = found[0]
    place = (top.position.journal_id, top.position.line)
    balance = shown_after(walk.merchant_id, walk.code, walk.currency, place, top.created_at)
    if balance is None:
        return found
    told = []
    for entry in found:
        told.append(replace(entry, balance=balance))
        balance = balance - effect(entry, walk.code)
    return told
