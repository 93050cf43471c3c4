"""Client processes with a session each, kept over all rounds: nothing is reaped or replanned.

Each task is prepared first, then all begin together; a window lasts from the first start to the last end.
"""

import contextlib
import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import psycopg
from flask import Flask

from app.domain.clock import SystemClock
from app.store import db as store
from app.store import path_parameters, payment_path
from tests.bench import product, twins
from tests.bench.machine import Sessions
from tests.bench.samples import Sample, samples
from tests.bench.stage import Stage

WARM_UP = 40


@dataclass(frozen=True, slots=True)
class Window:
    """What one candidate did together: payments a second, and CPU milliseconds of each."""

    per_second: float
    server_ms: float
    client_ms: float

    @property
    def total_ms(self) -> float:
        """CPU time of a payment, sessions and clients together."""
        return self.server_ms + self.client_ms


class Client:
    """One worker's end: its application, its session, and the payments of the task at hand."""

    def __init__(self, stage: Stage, number: int) -> None:
        settings = replace(stage.settings, database_pool=1)
        self.app: Flask = product.build(settings)
        self.session = psycopg.connect(
            stage.database_url, autocommit=True, options=store.ROLE_OPTIONS, prepare_threshold=1
        )
        self.owner = psycopg.connect(stage.database_url, autocommit=True)
        self.tables = twins.twins(self.owner)
        self.merchants = stage.merchants[number:] + stage.merchants[:number]
        self.written: list[Sample] = []

    def samples(self, count: int) -> list[Sample]:
        """Fresh payments."""
        with self.app.app_context():
            return samples(self.merchants, count, SystemClock().now())

    def record(self, count: int) -> Callable[[], None]:
        """The product's posting: one outcome a commit."""
        self.written = self.begin(count)

        def run() -> None:
            with self.app.app_context():
                for one in self.written:
                    payment_path.record([one.outcome])

        return run

    def raw(self, count: int) -> Callable[[], None]:
        """Its yardstick: the same rows into the twins, one statement each."""
        ids = [one.intent.payment.id for one in self.written[:count]]
        found = twins.rows_of(self.owner, self.tables, ids)
        if len(shapes := twins.shapes(self.tables, found)) != 1:
            raise RuntimeError(f"outcomes of several shapes: {shapes}")
        work = [twins.insert_statement(self.tables, rows) for rows in found]

        def run() -> None:
            for statement, parameters in work:
                self.owner.execute(statement, parameters, prepare=True)

        return run

    def pair(self, count: int) -> Callable[[], None]:
        """The same two statements as a payment request sends, ready made, in a bare loop."""
        work = [
            (
                path_parameters.prepare_intents([one.intent], one.outcome.at),
                path_parameters.prepare_outcomes([one.outcome]),
            )
            for one in self.samples(count)
        ]

        cursor = psycopg.RawCursor(self.session)

        def run() -> None:
            for intent, outcome in work:
                for one in (intent, outcome):
                    cursor.execute(one.statement, one.parameters, prepare=True).fetchall()

        return run

    def begin(self, count: int) -> list[Sample]:
        """Write the intents of fresh payments, many at a time: no part of what is measured."""
        made = self.samples(count)
        with self.app.app_context():
            for first in range(0, count, 100):
                chunk = made[first : first + 100]
                begun = payment_path.begin_new([one.intent for one in chunk], chunk[0].outcome.at)
                if not all(one.is_begun for one in begun):
                    raise RuntimeError("an intent was refused")
        return made


def _serve(pipe: Connection, barrier: Any, stage: Stage, number: int) -> None:
    client = Client(stage, number)
    pipe.send("ready")
    while (task := pipe.recv()) is not None:
        name, count = task
        run: Callable[[], None] = getattr(client, name)(count)
        gc.collect()
        gc.disable()
        barrier.wait()
        began, cpu = time.monotonic(), time.process_time()
        run()
        pipe.send((began, time.monotonic(), time.process_time() - cpu))
        gc.enable()


class Crew:
    """The worker processes, and the door to them."""

    def __init__(self, stage: Stage, size: int, sessions: Sessions) -> None:
        # Fresh interpreters: a forked one would share our own sessions.
        context = multiprocessing.get_context("spawn")
        self._barrier = context.Barrier(size + 1)
        self._sessions = sessions
        self._pipes: list[Connection] = []
        self._processes = []
        self.size = size
        for number in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._barrier, stage, number))
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()

    def run(self, name: str, count: int) -> Window:
        """Have every worker do `count` payments, all at once."""
        for pipe in self._pipes:
            pipe.send((name, count))
        while self._barrier.n_waiting < len(self._pipes):
            self._check()
            time.sleep(0.002)
        self._sessions.start()
        self._barrier.wait()
        found = [self._result(pipe) for pipe in self._pipes]
        total = count * len(self._pipes)
        took = max(end for _, end, _ in found) - min(began for began, _, _ in found)
        return Window(
            per_second=total / took,
            server_ms=self._sessions.seconds() * 1000 / total,
            client_ms=sum(cpu for _, _, cpu in found) * 1000 / total,
        )

    def _result(self, pipe: Connection) -> tuple[float, float, float]:
        while not pipe.poll(0.2):
            self._check()
        result: tuple[float, float, float] = pipe.recv()
        return result

    def _check(self) -> None:
        if any(not process.is_alive() for process in self._processes):
            raise RuntimeError("a client process has died; its words stand above")

    def close(self) -> None:
        """Let the workers end."""
        for pipe in self._pipes:
            with contextlib.suppress(BrokenPipeError):
                pipe.send(None)
        for process in self._processes:
            process.join(3)
            if process.is_alive():
                process.kill()


@contextlib.contextmanager
def crew(stage: Stage, size: int, sessions: Sessions) -> Iterator[Crew]:
    """Lend a crew, warmed up: every statement prepared and planned for good."""
    lent = Crew(stage, size, sessions)
    try:
        for name in ("record", "raw", "pair"):
            lent.run(name, WARM_UP)
        yield lent
    finally:
        lent.close()
