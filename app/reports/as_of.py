"""The books as they stood at any moment: every account's balance, folded from postings.

A moment is that of writing (`created_at`): what is told of a past month is what stood in the books when it
ended, and it never changes. Whole days and hours come from the sums behind the seals, the hour itself and
what is not sealed yet from postings. So it costs the same however long the history is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.domain.accounts import account_of
from app.domain.ids import lowest_id
from app.domain.money import Money
from app.store.books import sealed_to
from app.store.db import db

# Ids tell the millisecond in which they were made; a journal's is made with its time of writing.
SLACK = timedelta(seconds=1)
# The database keeps no shorter time.
TICK = timedelta(microseconds=1)

_SIDES = "(VALUES (p.debit, -p.amount_minor), (p.credit, p.amount_minor)) AS side (code, net)"

_AS_OF = f"""
    WITH edge AS (SELECT coalesce(max(sealed_seq), 0) AS seq FROM books
                  WHERE merchant_id = :merchant_id),
    parts AS (
        SELECT code, currency, credit_minor - debit_minor AS net FROM account_days
        WHERE merchant_id = :merchant_id AND day < :day
        UNION ALL
        SELECT code, currency, credit_minor - debit_minor FROM account_hours
        WHERE merchant_id = :merchant_id AND hour >= :midnight AND hour < :start
        UNION ALL
        SELECT side.code, p.currency, side.net FROM postings p CROSS JOIN LATERAL {_SIDES}
        WHERE p.merchant_id = :merchant_id AND p.journal_id >= :first_id AND p.journal_id < :end_id
          AND p.created_at >= :start AND p.created_at <= :at
        UNION ALL
        SELECT side.code, p.currency, side.net
        FROM journals j
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        CROSS JOIN LATERAL {_SIDES}
        WHERE j.merchant_id = :merchant_id AND j.seq > :sealed
          AND j.seq > (SELECT seq FROM edge)
          AND p.created_at < :start)
    SELECT code, currency, sum(net)::bigint FROM parts GROUP BY code, currency
"""  # noqa: S608 - a constant above

_NOW = f"""
    WITH edge AS (SELECT coalesce(max(sealed_seq), 0) AS seq FROM books
                  WHERE merchant_id = :merchant_id),
    parts AS (
        SELECT code, currency, credit_minor - debit_minor AS net FROM account_days
        WHERE merchant_id = :merchant_id
        UNION ALL
        SELECT side.code, p.currency, side.net
        FROM journals j
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        CROSS JOIN LATERAL {_SIDES}
        WHERE j.merchant_id = :merchant_id AND j.seq > :sealed
          AND j.seq > (SELECT seq FROM edge))
    SELECT code, currency, sum(net)::bigint FROM parts GROUP BY code, currency
"""  # noqa: S608 - a constant above


@dataclass(frozen=True, slots=True)
class Standing:
    """A book at a moment: minor units by (account, currency), on the account's normal side."""

    balances: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of(self, code: str, currency: str) -> Money:
        """The balance of one account, 0 if nothing ever moved there."""
        return Money(self.balances.get((code, currency), 0), currency)

    @property
    def currencies(self) -> list[str]:
        """In which anything ever moved until then."""
        return sorted({currency for _, currency in self.balances})


def standing(merchant_id: str, at: datetime | None = None) -> Standing:
    """Every account of the merchant's book at a moment, or now."""
    found = {"merchant_id": merchant_id, "sealed": sealed_to(db.session(), merchant_id)}
    if at is None:
        rows = db.session.execute(text(_NOW), found).all()
    else:
        rows = db.session.execute(text(_AS_OF), found | _window(at)).all()
    return Standing(
        {
            (code, currency): int(net) if account_of(code).normal == "credit" else -int(net)
            for code, currency, net in rows
        }
    )


def _window(at: datetime) -> dict[str, object]:
    moment = at.astimezone(UTC)
    # The last moment of an hour is the end of a whole one: its sums are there, and no posting is read.
    start = (moment + TICK).replace(minute=0, second=0, microsecond=0)
    return {
        "day": start.date(),
        "midnight": start.replace(hour=0),
        "start": start,
        "at": moment,
        "first_id": lowest_id("jr", start - SLACK),
        "end_id": lowest_id("jr", moment + SLACK),
    }
