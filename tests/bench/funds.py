"""Balances, statements and payouts on a short, a middle and a long history, side by side.

Each history is a database of its own with one merchant. A read takes turns on all three, round by round;
payouts are made day after day, and what one costs is told per thousand of its own lines.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median

from flask import Flask

from app.domain.clock import FrozenClock
from app.domain.ids import new_id
from app.reports import as_of, balances, statement
from app.reports.paging import Cursor
from app.reports.statement import Month
from app.services import ledger, payouts
from app.services.deps import Deps
from app.services.payouts import CreatePayout
from app.store import db as store
from app.store.bank_accounts import BankAccount
from app.store.db import transaction
from tests.bench import history, product, stage
from tests.bench.stage import Servers, Stage
from tests.services.paper_rail import PaperRail

CALLS = 12
PAYOUTS = 3
_marks = count()


@dataclass(frozen=True, slots=True)
class FundsPlan:
    """How many payments the histories have, and how many rounds of reads there are."""

    sizes: tuple[int, ...]
    rounds: int


FULL = FundsPlan((10_000, 100_000, 1_000_000), 5)
QUICK = FundsPlan((1_000, 10_000, 100_000), 3)


@dataclass
class Read:
    """What a read took, by history: the median milliseconds of each round."""

    name: str
    took_ms: list[list[float]] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The longest history against the shortest, round by round."""
        return median(
            long / short for short, long in zip(self.took_ms[0], self.took_ms[-1], strict=True)
        )


@dataclass
class Funds:
    """The whole part. `payouts` has, by history, lines and milliseconds of each payout made."""

    plan: FundsPlan
    reads: list[Read]
    payouts: list[list[tuple[int, float]]] = field(default_factory=list)
    seconds: float = 0.0

    def per_thousand(self, place: int) -> float:
        """Milliseconds that the days' payouts of this history took for a thousand of their own lines."""
        days = self.payouts[place][1:] or self.payouts[place]
        return median(took * 1000 / max(lines, 1) for lines, took in days)


@dataclass(frozen=True, slots=True)
class _Side:
    stage: Stage
    app: Flask
    deps: Deps

    @property
    def merchant_id(self) -> str:
        return self.stage.merchants[0].id


def measure(servers: Servers, plan: FundsPlan) -> Funds:
    """Make the histories, and ask everything of each."""
    began = time.monotonic()
    with ExitStack() as stack:
        sides = [stack.enter_context(_side(servers, size)) for size in plan.sizes]
        found = Funds(plan, [Read(name, [[] for _ in sides]) for name in _READS])
        for _ in range(plan.rounds):
            for read in found.reads:
                for place, side in enumerate(sides):
                    read.took_ms[place].append(_took(side, _READS[read.name]))
        found.payouts = [_payouts(side) for side in sides]
    found.seconds = time.monotonic() - began
    return found


@contextmanager
def _side(servers: Servers, size: int) -> Iterator[_Side]:
    made = stage.prepare(servers, 1)
    history.fill(made, size)
    app = product.build(made.settings)
    with app.app_context():
        deps: Deps = app.extensions["farthing"]
        yield _Side(made, app, deps)
    store.close(app)


def _took(side: _Side, read: Callable[[_Side], object]) -> float:
    with side.app.app_context():
        times = []
        for _ in range(CALLS):
            began = time.perf_counter()
            read(side)
            times.append((time.perf_counter() - began) * 1000)
    return median(times)


def _past() -> datetime:
    """Another moment of the last ninety days each time."""
    return datetime.now(UTC) - timedelta(minutes=(next(_marks) * 7919) % (90 * 1440))


def _month(side: _Side) -> Month:
    then = datetime.now(UTC) - timedelta(days=40)
    return Month(then.year, then.month, "America/New_York")


_READS: dict[str, Callable[[_Side], object]] = {
    "balance now": lambda side: balances.balances(side.merchant_id),
    "all accounts now": lambda side: as_of.standing(side.merchant_id),
    "all accounts as of a moment": lambda side: as_of.standing(side.merchant_id, _past()),
    "statement of a month": lambda side: statement.statement(
        side.merchant_id, "USD", _month(side), datetime.now(UTC)
    ),
    "page of a statement": lambda side: statement.moves(
        side.merchant_id, "USD", _month(side), Cursor()
    ),
}


def _payouts(side: _Side) -> list[tuple[int, float]]:
    """The payout of the whole past, then those of what becomes available on the next days."""
    clock = FrozenClock(datetime.now(UTC))
    rail = PaperRail()
    deps = replace(side.deps, clock=clock, rails={rail.name: rail})
    made: list[tuple[int, float]] = []
    with side.app.app_context():
        _open_account(deps, side.merchant_id)
        for _ in range(PAYOUTS):
            ledger.release_due(deps)
            started = time.perf_counter()
            payout_id = payouts.create_payout(deps, CreatePayout(side.merchant_id, "USD", "bench"))
            took = (time.perf_counter() - started) * 1000
            if payout_id is not None:
                made.append((payouts.load(side.merchant_id, payout_id).line_count, took))
            clock.advance(timedelta(days=1))
    return made


def _open_account(deps: Deps, merchant_id: str) -> None:
    """A verified account, past the deposits that prove one."""
    now = deps.clock.now()
    with transaction() as session:
        session.add(
            BankAccount(
                merchant_id=merchant_id,
                id=new_id("ba", now),
                holder_name="Bench",
                country="US",
                currency="USD",
                kind="us_account",
                number_sealed=deps.sealer.seal("000123456789"),
                routing="110000000",
                bank_name="Bench Bank",
                last4="6789",
                holder_type="company",
                account_type="checking",
                fingerprint="bench",
                status="verified",
                failure_code=None,
                wrong_tries=0,
                is_default=True,
                cooling_off_until=None,
                created_by="bench",
                created_at=now,
                verified_at=now,
                removed_at=None,
                updated_at=now,
            )
        )
