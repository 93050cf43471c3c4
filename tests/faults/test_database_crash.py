"""kill -9 of PostgreSQL under load: errors instead of waits, and no acknowledged payment is lost."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest
import requests

from app import create_app, embedded
from app.settings import Settings
from app.store import db as store
from app.store import migrate
from tests.faults.world import Merchant, World, until
from tests.sandbox.server import SandboxServer
from tests.servers import Running, environment, own_postgres

pytestmark = pytest.mark.faults

SLOWEST_ANSWER_SECONDS = 25


@pytest.fixture
def database() -> Iterator[embedded.Server]:
    """A PostgreSQL of this test alone, as durable as in service."""
    with own_postgres(durable=True) as server:
        migrate.upgrade(server.url)
        yield server


@pytest.fixture
def own_world(
    database: embedded.Server, valkey: embedded.Server, sandbox: SandboxServer
) -> Iterator[World]:
    """An installation on that PostgreSQL."""
    environ = environment(
        database.url,
        valkey.url,
        STRIPE_API_URL=sandbox.url,
        SANDBOX_BANK_URL=sandbox.url,
        STRIPE_JS_URL=f"{sandbox.url}/v3/",
        STRIPE_READ_SECONDS="3",
        LEASE_SECONDS="4",
    )
    app = create_app(Settings.read(environ))
    yield World(environ, sandbox, app)
    store.close(app)


class Customers:
    """Four customers who pay again and again; what each was told is remembered."""

    def __init__(self, shop: Merchant, web: Running) -> None:
        self._shop, self._web = shop, web
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._buy, args=(n,)) for n in range(4)]
        self.acknowledged: dict[str, bytes] = {}
        self.others: dict[str, int] = {}
        self.slowest_seconds = 0.0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def ask(self, key: str) -> requests.Response:
        """The request of that key, for the first time or again."""
        return self._shop.pay(self._web, key, amount=1000 + int(key[0]))

    def _buy(self, number: int) -> None:
        turns = count(1)
        while not self._stopping.is_set():
            key, begun = f"{number}-{next(turns)}", time.monotonic()
            answer = self.ask(key)
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begun)
            if answer.status_code == 200:
                self.acknowledged[key] = answer.content
            else:
                self.others[key] = answer.status_code
                if answer.status_code == 503:
                    assert answer.headers["Retry-After"] == "2"
                time.sleep(0.2)


def test_what_was_acknowledged_survives_and_the_rest_is_finished(
    own_world: World, database: embedded.Server
) -> None:
    with own_world.web() as web, own_world.background():
        shop = own_world.merchant(web)
        assert shop.pay(web, "first").status_code == 200
        customers = Customers(shop, web)
        customers.start()
        time.sleep(2)
        assert customers.acknowledged
        _crash_and_restart(database, away_seconds=2)
        time.sleep(2)
        customers.stop()
        assert customers.slowest_seconds < SLOWEST_ANSWER_SECONDS
        assert customers.others, "the crash was not noticed"
        assert set(customers.others.values()) <= {202, 503}
        assert shop.pay_until_answered(web, "after").status_code == 200
        for key, body in customers.acknowledged.items():
            replay = customers.ask(key)
            assert (replay.status_code, replay.content) == (200, body), key
        for key in customers.others:
            until(lambda key=key: customers.ask(key).status_code == 200)
        shop.settled(charges=len(customers.acknowledged) + len(customers.others) + 2)


def _crash_and_restart(database: embedded.Server, *, away_seconds: float) -> None:
    os.killpg(database.process.pid, signal.SIGKILL)
    database.process.wait()
    database.stop()
    time.sleep(away_seconds)
    again = embedded.start_postgres(database.data_dir, database.port, durable=True)
    database.process, database.lock = again.process, again.lock
