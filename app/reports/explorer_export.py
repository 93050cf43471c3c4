"""An account's entries of a period as a table, oldest first, in pieces: for spreadsheets and accountants."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC

from sqlalchemy import text

from app.domain.errors import InvalidRequest
from app.domain.ids import lowest_id
from app.domain.money import Money
from app.reports.as_of import SLACK
from app.reports.explorer import named
from app.reports.explorer_entries import (
    NOT_HIDDEN,
    Entry,
    EntryFilter,
    Walk,
    bounds,
    effect,
    entry_of,
    rows_between,
)
from app.reports.running_balance import shown_after
from app.store.db import db, end_read

MOST_EXPORTED = 100_000
AT_ONCE = 1_000
HEADER = (
    "journal", "line", "event", "source", "payment", "written_at", "event_at", "available_on",
    "account", "side", "amount", "currency", "counterpart", "balance_after",
)  # fmt: skip

_COUNT = f"""
    SELECT count(*) FROM (
        SELECT FROM postings p
        WHERE p.merchant_id = :merchant_id AND p.journal_id >= :low AND p.journal_id < :high
          AND p.created_at >= :start AND p.created_at < :end
          AND p.currency = :currency AND (p.debit = :code OR p.credit = :code) AND {NOT_HIDDEN}
        LIMIT :most) AS found
"""  # noqa: S608 - a constant of ours


def export(
    merchant_id: str, code: str, currency: str, wanted: EntryFilter, *, timezone: str
) -> Iterator[tuple[object, ...]]:
    """The rows below HEADER, all events of the period; raises InvalidRequest if there are too many."""
    start, end = bounds(wanted, timezone)
    walk = Walk(merchant_id, code, currency, start, end, is_back=False)
    low, high = lowest_id("jr", start - SLACK), lowest_id("jr", end + SLACK)
    values = walk.values | {"low": low, "high": high, "most": MOST_EXPORTED + 1}
    if db.session.execute(text(_COUNT), values).scalar_one() > MOST_EXPORTED:
        raise InvalidRequest(
            f"{named(code)} has more than {MOST_EXPORTED:,} entries in this period. Choose a shorter"
            " one and export it in parts.",
            param="from",
        )
    return _rows(walk, low, high)


def _rows(walk: Walk, low: str, high: str) -> Iterator[tuple[object, ...]]:
    balance: Money | None = None
    is_first = True
    while True:
        found = [entry_of(row, walk.code) for row in rows_between(walk, low, high, AT_ONCE)]
        for entry in found:
            if is_first:
                balance, is_first = _balance(walk, entry), False
            elif balance is not None:
                balance += effect(entry, walk.code)
            yield _row(entry, walk.code, balance)
        # Whoever downloads slowly must not keep a transaction open.
        end_read()
        if len(found) < AT_ONCE:
            return
        walk = replace(walk, from_position=found[-1].position)


def _balance(walk: Walk, entry: Entry) -> Money | None:
    place = (entry.position.journal_id, entry.position.line)
    return shown_after(walk.merchant_id, walk.code, walk.currency, place, entry.created_at)


def _row(entry: Entry, code: str, balance: Money | None) -> tuple[object, ...]:
    return (
        entry.position.journal_id,
        entry.position.line,
        entry.event,
        entry.source_id,
        entry.payment_id or "",
        entry.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        entry.event_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        entry.available_on.isoformat(),
        code,
        entry.side,
        entry.amount.decimal,
        entry.amount.currency,
        entry.counterpart,
        "" if balance is None else balance.decimal,
    )
