"""How far a merchant's book is proved: its seals, its sums as they stand, and the checks that were run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text

from app.domain.errors import NotFound
from app.domain.money import Money
from app.domain.platform_costs import is_hidden
from app.reports.explorer import named
from app.reports.timeline import actor_words
from app.store.books import BookRow, SealRow, sealed_to
from app.store.db import db
from app.store.proofs import BookProof

# The nightly check is late when the last one is older; somebody should look at the worker then.
LATE_AFTER = timedelta(hours=36)
RUNS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Run:
    """One check: running, or ended with a result."""

    id: str
    by: str
    result: str | None
    offence_kind: str | None
    offender: str | None
    offence: str | None
    seals: int
    through_seal: int
    journals: int
    unsealed: int
    postings: int
    started_at: datetime
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether it has no result yet."""
        return self.result is None

    @property
    def is_sound(self) -> bool:
        """Whether it found nothing wrong."""
        return self.result == "sound"

    @property
    def percent(self) -> int:
        """How much of it is done, as far as one can tell."""
        return 100 if self.seals == 0 else 100 * self.through_seal // self.seals


@dataclass(frozen=True, slots=True)
class Chain:
    """The seals of a book: how many, and the last one; how many journals wait for theirs."""

    seals: int
    hash: str
    sealed_at: datetime | None
    unsealed: int


@dataclass(frozen=True, slots=True)
class CurrencySums:
    """Everything that was ever debited and credited in a currency, without the platform's own costs."""

    debit: Money
    credit: Money

    @property
    def difference(self) -> Money:
        """Nothing, in books that balance."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class StoredBalance:
    """A balance that authorises something, beside the sum of its postings."""

    code: str
    account: str
    stored: Money
    summed: Money

    @property
    def holds(self) -> bool:
        """Whether they are the same."""
        return self.stored == self.summed


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof page. `running` and `last` are checks, where there are any."""

    chain: Chain
    currencies: tuple[CurrencySums, ...]
    balances: tuple[StoredBalance, ...]
    running: Run | None
    last: Run | None
    runs: tuple[Run, ...]
    is_late: bool

    @property
    def sums_hold(self) -> bool:
        """Whether the sums on this page are right, as they stand now."""
        return all(not one.difference for one in self.currencies) and all(
            one.holds for one in self.balances
        )


def proof(merchant_id: str, *, now: datetime) -> Proof:
    """All of it; what moves is read in one statement, so that it belongs together."""
    runs = _runs(merchant_id)
    ended = next((run for run in runs if not run.is_running), None)
    currencies, balances = _sums(merchant_id)
    return Proof(
        chain=chain(merchant_id),
        currencies=currencies,
        balances=balances,
        running=next((run for run in runs if run.is_running), None),
        last=ended,
        runs=runs,
        is_late=ended is not None and ended.started_at < now - LATE_AFTER,
    )


def chain(merchant_id: str) -> Chain:
    """How far the book is sealed."""
    book = select(BookRow.seals, BookRow.head, BookRow.sealed_seq, SealRow.sealed_at).outerjoin(
        SealRow, (SealRow.merchant_id == BookRow.merchant_id) & (SealRow.number == BookRow.seals)
    )
    row = db.session.execute(book.where(BookRow.merchant_id == merchant_id)).one_or_none()
    waiting = db.session.execute(
        text("""
            SELECT count(*) FROM (SELECT FROM journals
                WHERE merchant_id = :merchant_id AND seq > :after LIMIT 10000) AS waiting
        """),
        {"merchant_id": merchant_id, "after": row.sealed_seq if row else 0},
    ).scalar_one()
    if row is None or row.seals == 0:
        return Chain(0, "", None, int(waiting))
    return Chain(row.seals, bytes(row.head).hex(), row.sealed_at, int(waiting))


def merchants_with_books() -> list[str]:
    """Merchants of whose book something is sealed."""
    query = select(BookRow.merchant_id).where(BookRow.seals > 0).order_by(BookRow.merchant_id)
    return list(db.session.execute(query).scalars())


def one_run(merchant_id: str, proof_id: str) -> Run:
    """One check, as it stands now; raises NotFound."""
    query = _query(merchant_id).where(BookProof.id == proof_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("check", proof_id)
    return _run(row)


def _runs(merchant_id: str) -> tuple[Run, ...]:
    query = _query(merchant_id).order_by(BookProof.id.desc()).limit(RUNS_SHOWN)
    return tuple(_run(row) for row in db.session.execute(query))


def _query(merchant_id: str) -> Select[*tuple[Any, ...]]:
    columns = (
        BookProof.id, BookProof.requested_by, BookProof.result, BookProof.offence_kind,
        BookProof.offender, BookProof.offence, BookProof.seals, BookProof.through_seal,
        BookProof.journals, BookProof.unsealed, BookProof.postings, BookProof.started_at,
        BookProof.finished_at,
    )  # fmt: skip
    return select(*columns).where(BookProof.merchant_id == merchant_id)


def _run(row: Any) -> Run:
    by = {"schedule": "Nightly", "cli": "Operator"}.get(row.requested_by)
    return Run(row.id, by or actor_words(row.requested_by), *row[2:])


_SUMS = """
    WITH edge AS (SELECT coalesce(max(sealed_seq), 0) AS seq FROM books
                  WHERE merchant_id = :merchant_id),
    parts AS (
        SELECT code, currency, debit_minor AS debit, credit_minor AS credit FROM account_days
        WHERE merchant_id = :merchant_id
        UNION ALL
        SELECT side.code, p.currency, side.debit, side.credit
        FROM journals j
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        CROSS JOIN LATERAL (VALUES (p.debit, p.amount_minor, 0::bigint),
                                   (p.credit, 0::bigint, p.amount_minor))
            AS side (code, debit, credit)
        WHERE j.merchant_id = :merchant_id AND j.seq > :sealed
          AND j.seq > (SELECT seq FROM edge)),
    summed AS (SELECT code, currency, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit
               FROM parts GROUP BY code, currency)
    SELECT coalesce(s.code, b.code) AS code, coalesce(s.currency, b.currency) AS currency,
           coalesce(s.debit, 0) AS debit, coalesce(s.credit, 0) AS credit, b.balance_minor AS stored
    FROM summed s FULL JOIN (SELECT * FROM account_balances WHERE merchant_id = :merchant_id) b
      ON b.code = s.code AND b.currency = s.currency
    ORDER BY 2, 1
"""


def _sums(merchant_id: str) -> tuple[tuple[CurrencySums, ...], tuple[StoredBalance, ...]]:
    found = {"merchant_id": merchant_id, "sealed": sealed_to(db.session(), merchant_id)}
    rows = db.session.execute(text(_SUMS), found).all()
    sides: dict[str, tuple[int, int]] = {}
    balances = []
    for row in rows:
        debit, credit = sides.get(row.currency, (0, 0))
        # Each posting of a cost has one side on its account, and another on one that is shown.
        cost = row.debit + row.credit if is_hidden(row.code) else 0
        sides[row.currency] = (debit + row.debit - cost, credit + row.credit - cost)
        if row.stored is not None:
            balances.append(
                StoredBalance(
                    row.code,
                    named(row.code),
                    Money(row.stored, row.currency),
                    Money(row.credit - row.debit, row.currency),
                )
            )
    currencies = tuple(
        CurrencySums(Money(debit, currency), Money(credit, currency))
        for currency, (debit, credit) in sorted(sides.items())
    )
    return currencies, tuple(balances)
