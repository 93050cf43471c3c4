from collections.abc import Iterator

import pytest

from app import create_app, embedded
from app.settings import Settings
from app.store import db as store
from tests.faults.world import Merchant, World
from tests.sandbox.server import SandboxServer
from tests.servers import Running, Servers, environment, fresh_database


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """A Valkey that these tests may empty."""
    server = embedded.start_valkey(tmp_path_factory.mktemp("faults") / "valkey")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def world(servers: Servers, valkey: embedded.Server, sandbox: SandboxServer) -> Iterator[World]:
    """An installation whose leases and time limits are short."""
    environ = environment(
        fresh_database(servers, "faults"),
        valkey.url,
        STRIPE_API_URL=sandbox.url,
        SANDBOX_BANK_URL=sandbox.url,
        STRIPE_JS_URL=f"{sandbox.url}/v3/",
        STRIPE_READ_SECONDS="3",
        LEASE_SECONDS="4",
        WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8",
    )
    app = create_app(Settings.read(environ))
    yield World(environ, sandbox, app)
    store.close(app)


@pytest.fixture(scope="session")
def web(world: World) -> Iterator[Running]:
    """The web process that nothing is wrong with: the one that was started again."""
    with world.web() as running:
        yield running


@pytest.fixture(scope="module")
def background(world: World) -> Iterator[list[Running]]:
    """A worker and a scheduler that nothing is wrong with."""
    with world.background() as running:
        yield running


@pytest.fixture
def shop(world: World, web: Running) -> Iterator[Merchant]:
    """A merchant of this test alone."""
    yield world.merchant(web)
    world.sandbox.clear_faults()
