"""What every test stands on: real PostgreSQL, the real sandbox, the real application; only the
queue is in memory.

Each test has an empty database and a sandbox account of its own. When it ends, every invariant of
the ledger is checked: a test that leaves the books wrong has failed, whatever it asserted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from app import create_app
from app.domain.clock import SystemClock
from app.services.deps import Deps
from app.settings import Settings
from app.store import db as store
from tests.factories import FakeQueue, Shop, TestClock, open_shop
from tests.sandbox.server import SandboxServer, start_sandbox

pytest_plugins = ["tests.servers"]

# Tests that share processes of their own run on one worker. xdist's own marks are no longer read by
# this pytest, so the groups are folders and files.
GROUPS = {
    "tests/sdk/": "sdk",
    "tests/launch/test_run.py": "demo",
    "tests/api/test_fuzz.py": "fuzz",
    "tests/e2e/": "e2e",
    "tests/faults/": "faults",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep each group together where the tests are spread by group."""
    from xdist.scheduler import LoadGroupScheduling  # noqa: PLC0415 - only where xdist is at work

    class Grouped(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            for start, group in GROUPS.items():
                if nodeid.startswith(start):
                    return group
            return nodeid

    return Grouped(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The outside world, one process for this test process."""
    with start_sandbox(Path(tmp_path_factory.mktemp("sandbox"))) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium: one for this test process, since Playwright takes no second."""
    from tests.e2e.browser import ARGUMENTS, chromium_path  # noqa: PLC0415 - pytest rewrites it first

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(playwright), args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def settings(database_url: str, valkey_url: str, sandbox: SandboxServer) -> Settings:
    """The settings of an application under test."""
    from tests import servers  # noqa: PLC0415 - pytest loads it as a plugin first

    return Settings(
        database_url=database_url,
        redis_url=valkey_url,
        secret_key=servers.SECRET_KEY,
        seal_key=servers.SEAL_KEY,
        base_url="http://localhost",
        stripe_api_url=sandbox.url,
        sandbox_bank_url=sandbox.url,
        stripe_js_url=f"{sandbox.url}/v3/",
        stripe_read_seconds=5.0,
        adyen_api_url=f"{sandbox.url}/adyen",
        adyen_js_url=f"{sandbox.url}/adyen/sdk/adyen.js",
        adyen_read_seconds=5.0,
        api_calls_per_second=0,
        webhook_private_networks="127.0.0.0/8,::1/128",
        fx_rates_url="demo",
    )


@pytest.fixture(scope="session")
def queue() -> FakeQueue:
    """The queue in memory; `drain()` runs what was woken."""
    return FakeQueue()


@pytest.fixture(scope="session")
def clock() -> TestClock:
    """Real time, until a test moves it."""
    return TestClock(SystemClock())


@pytest.fixture(scope="session")
def app(settings: Settings, queue: FakeQueue, clock: TestClock) -> Iterator[Flask]:
    """The application, made as in service."""
    made = create_app(settings, clock=clock, queue=queue)
    made.config["TESTING"] = True
    yield made
    store.close(made)


@pytest.fixture
def deps(app: Flask, queue: FakeQueue, clock: TestClock, database_url: str) -> Iterator[Deps]:
    """The ports of the application, inside its context, on an empty database."""
    from tests.worlds import emptied  # noqa: PLC0415 - pytest loads the servers as a plugin first

    with emptied(app, queue, clock, database_url) as found:
        yield found


@pytest.fixture
def shop(deps: Deps, sandbox: SandboxServer) -> Iterator[Shop]:
    """A merchant with an account at the sandbox that no other test uses."""
    yield open_shop(deps)
    sandbox.clear_faults()
