"""The API's calls on a short and on a long history, side by side.

Each history is a database of its own with one merchant, so that its tables are as long as the history. Both
are served alike; calls take turns, round by round, short history, long history and both yardsticks.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import orjson
import psycopg

from app.store import db as store
from tests.bench import calls, history, http_load, product, stage, web
from tests.bench.calls import CREATE, Kind, Statement
from tests.bench.machine import Sessions
from tests.bench.measure import Goal
from tests.bench.stage import FIRST_PORT, Servers, Stage
from tests.bench.workers import Client

LIMIT = 1.5
WARM_UP = 24
BARE_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class ApiPlan:
    """How much is measured: payments of both histories, rounds, and requests of a window."""

    short: int
    long: int
    rounds: int
    scale: float


FULL = ApiPlan(short=10_000, long=1_000_000, rounds=4, scale=1.0)
QUICK = ApiPlan(short=10_000, long=100_000, rounds=2, scale=0.4)


@dataclass
class Figures:
    """What was found of one kind of call, round by round; milliseconds of CPU are of all processes."""

    name: str
    short_ms: list[float] = field(default_factory=list)
    long_ms: list[float] = field(default_factory=list)
    view_ms: list[float] = field(default_factory=list)
    statements_ms: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    pages: tuple[int, int] | None = None

    @property
    def goal(self) -> Goal:
        """The long history costs what the short one costs; of making payments this is only told."""
        return Goal(
            self.name,
            f"{self.name}, long history ÷ short history",
            "CPU-ms",
            tuple(self.long_ms),
            tuple(self.short_ms),
            LIMIT,
            is_at_least=False,
        )

    @property
    def is_goal(self) -> bool:
        """Whether its cost must not grow with history."""
        return self.name != CREATE

    def quantile(self, fraction: float) -> float:
        """Milliseconds within which this part of the long history's answers came."""
        return http_load.Answered(1.0, 0, tuple(self.took_ms)).quantile(fraction)


@dataclass
class Api:
    """The whole part: every kind, and making payments at half of the most."""

    plan: ApiPlan
    figures: list[Figures]
    half_per_second: list[float] = field(default_factory=list)
    half_took_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def half_quantile(self, fraction: float) -> float:
        """Milliseconds within which this part of the payments was answered at half load."""
        return http_load.Answered(1.0, 0, tuple(self.half_took_ms)).quantile(fraction)

    @property
    def missed(self) -> list[Goal]:
        """The goals that were not met."""
        return [one.goal for one in self.figures if one.is_goal and not one.goal.is_met]


@dataclass(frozen=True, slots=True)
class _Side:
    """One history as it is served."""

    stage: Stage
    served: web.Served
    kinds: list[Kind]


def measure(servers: Servers, plan: ApiPlan) -> Api:
    """Make both histories and ask everything of both."""
    began = time.monotonic()
    with ExitStack() as stack:
        sides = tuple(
            stack.enter_context(_side(servers, count, port, plan.scale))
            for count, port in ((plan.short, FIRST_PORT + 5), (plan.long, FIRST_PORT + 6))
        )
        answers, sent = zip(*(_look(side) for side in sides), strict=True)
        view = stack.enter_context(_view(answers[1]))
        found = Api(plan, [Figures(kind.name) for kind in sides[1].kinds])
        for place, figures in enumerate(found.figures):
            if figures.is_goal:
                figures.pages = (_pages(sides[0], sent[0][place]), _pages(sides[1], sent[1][place]))
        sessions = Sessions(servers.postgres.url)
        loops = stack.enter_context(_loops(sides[1], sent[1]))
        for _ in range(plan.rounds):
            for place, figures in enumerate(found.figures):
                _round(figures, sides, place, view, sessions, loops[place])
            _half(found, sides[1])
        sessions.close()
    found.seconds = time.monotonic() - began
    return found


@contextmanager
def _side(servers: Servers, count: int, port: int, scale: float) -> Iterator[_Side]:
    made = stage.prepare(servers, 1)
    history.fill(made, count)
    environment = {**os.environ, **made.environment}
    with web.served("tests.bench.product:create", port, environment) as served:
        asked = calls.kinds(made, scale)
        for kind in asked:
            warm = replace(kind, count=WARM_UP).requests(made.merchants[0])
            http_load.drive(served.port, warm)
        yield _Side(made, served, asked)


def _look(side: _Side) -> tuple[list[bytes], list[list[tuple[Statement, ...]]]]:
    """Of every kind an answer, and the statements that some of its answers cost."""
    app = product.build(side.stage.settings)
    client, merchant = app.test_client(), side.stage.merchants[0]
    answers, sent = [], []
    for kind in side.kinds:
        # Making a payment is answered like retrieving one.
        address = (kind.addresses or side.kinds[1].addresses)[0]
        answers.append(calls.ask(client, merchant, address))
        if kind.name.startswith("list of 100") and answers[-1].count(b'"object":"list"') < 1:
            raise RuntimeError(f"{address} is no list")
        sent.append(
            [calls.statements_of(client, merchant, one) for one in kind.addresses[:BARE_ADDRESSES]]
        )
    app.extensions["farthing_request_log"].flush()
    store.close(app)
    return answers, sent


def _pages(side: _Side, sent: list[tuple[Statement, ...]]) -> int:
    with _session(side.stage) as connection:
        return int(median(calls.total_pages(connection, one) for one in sent))


@contextmanager
def _view(answers: list[bytes]) -> Iterator[web.Served]:
    """The bare application, which knows an answer of every kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.json"
        path.write_bytes(orjson.dumps([orjson.loads(one) for one in answers]))
        environment = {**os.environ, "BENCH_ANSWERS": str(path)}
        with web.served("tests.bench.bare:create", FIRST_PORT + 7, environment) as served:
            yield served


@contextmanager
def _session(one: Stage) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(
        one.database_url, autocommit=True, options=store.ROLE_OPTIONS, prepare_threshold=1
    ) as connection:
        yield connection


@contextmanager
def _loops(
    side: _Side, sent: list[list[tuple[Statement, ...]]]
) -> Iterator[list[Callable[[int], Callable[[], None]]]]:
    """For every kind, how to make a bare loop of its statements ready."""
    maker = Client(side.stage, 0)
    maker.pair(WARM_UP)()

    def reads(connection: object, own: list[tuple[Statement, ...]]) -> Callable:
        def ready(count: int) -> Callable[[], None]:
            def run() -> None:
                for number in range(count):
                    for one in own[number % len(own)]:
                        one.run(connection)

            return run

        return ready

    with _session(side.stage) as connection:
        yield [reads(connection, own) if own else maker.pair for own in sent]
    store.close(maker.app)


def _round(
    figures: Figures,
    sides: tuple[_Side, ...],
    place: int,
    view: web.Served,
    sessions: Sessions,
    loop: Callable[[int], Callable[[], None]],
) -> None:
    """One window each: short history, long history, the view without a database, the statements."""
    for side, costs in zip(sides, (figures.short_ms, figures.long_ms), strict=True):
        ready = side.kinds[place].requests(side.stage.merchants[0])
        web_ms, server_ms, answered = web.window(side.served, sessions, ready)
        costs.append(web_ms + server_ms)
    figures.per_second.append(answered.per_second)
    figures.took_ms += answered.took_ms
    kind, merchant = sides[1].kinds[place], sides[1].stage.merchants[0]
    bare = [http_load.get(f"/answers/{place}", {"Authorization": f"Bearer {merchant.key}"})]
    ready = bare * kind.count if kind.addresses else kind.requests(merchant)
    figures.view_ms.append(web.window(view, sessions, ready, is_logged=False)[0])
    count = max(kind.count // 4, 2)
    run = loop(count)
    sessions.start()
    began = time.process_time()
    run()
    took = time.process_time() - began + sessions.seconds()
    figures.statements_ms.append(took * 1000 / count)


def _half(found: Api, side: _Side) -> None:
    """Make payments at half the pace of the rounds so far."""
    pace = median(found.figures[0].per_second) / 2
    ready = side.kinds[0].requests(side.stage.merchants[0])
    answered = http_load.drive(side.served.port, ready, pace)
    found.half_per_second.append(answered.per_second)
    found.half_took_ms += answered.took_ms
