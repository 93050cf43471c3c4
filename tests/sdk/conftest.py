"""What a merchant's software meets: our real processes, reached by the official SDKs and nothing else.

Nothing of the SDK is changed but its address, and its patience where a network breaks. The sandbox's true
record says what really happened.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import stripe

from app import create_app
from app.settings import Settings
from app.store import db as store
from tests.contracts import schema
from tests.faults.world import Merchant, World
from tests.sandbox.server import SandboxServer
from tests.sdk.proxy import CuttingProxy, cutting_proxy
from tests.sdk.receiver import Receiver, receiving
from tests.servers import Running, Servers, environment, fresh_database, worker_process

WORKERS = ((), ("outside",), ("schedule",))
ANSWERS: list[Any] = []


class Watched(stripe.RequestsClient):
    """The SDK's own transport; what comes through it is remembered."""

    def request(self, *sent: Any, **more: Any) -> tuple[Any, int, Any]:
        """As the SDK does."""
        answer = super().request(*sent, **more)
        ANSWERS.append(json.loads(answer[0]))
        return answer


class Impatient(Watched):
    """Tries again at once: how often it does and with which key is tested, not how long it waits."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.02


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one test process, before xdist looks: each needs processes of its own."""
    for item in items:
        if "/sdk/" in item.path.as_posix():
            item.add_marker(pytest.mark.xdist_group("sdk"))


@pytest.fixture(scope="session")
def world(servers: Servers, valkey_url: str, sandbox: SandboxServer) -> Iterator[World]:
    """An installation that may post webhooks to this machine."""
    environ = environment(
        fresh_database(servers, "sdk"),
        valkey_url,
        STRIPE_API_URL=sandbox.url,
        SANDBOX_BANK_URL=sandbox.url,
        STRIPE_JS_URL=f"{sandbox.url}/v3/",
        STRIPE_READ_SECONDS="10",
        LEASE_SECONDS="25",
        WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8",
    )
    app = create_app(Settings.read(environ))
    yield World(environ, sandbox, app)
    store.close(app)


@pytest.fixture(scope="session")
def web(world: World) -> Iterator[Running]:
    """The web process."""
    with world.web() as running:
        yield running


@pytest.fixture(scope="session")
def background(world: World) -> Iterator[list[Running]]:
    """The workers, and who wakes them."""
    with ExitStack() as stack:
        yield [stack.enter_context(worker_process(world.environ, *kind)) for kind in WORKERS]


@pytest.fixture
def shop(world: World, web: Running, background: list[Running]) -> Iterator[Merchant]:
    """A merchant of this test alone."""
    yield world.merchant(web)
    world.sandbox.clear_faults()


@pytest.fixture(autouse=True)
def nothing_unexpected(web: Running, background: list[Running]) -> Iterator[None]:
    """No test may make a process write that it met something that it did not expect."""
    processes = [web, *background]
    begins = [len(one.output()) for one in processes]
    yield
    said = [one.output()[begin:] for one, begin in zip(processes, begins, strict=True)]
    assert [text[-6000:] for text in said if "unexpected" in text or "Traceback" in text] == []


@pytest.fixture(autouse=True)
def every_answer_is_in_stripes_words() -> Iterator[None]:
    """Whatever the SDK was answered, Stripe's published schemas find it right."""
    ANSWERS.clear()
    yield
    for answer in ANSWERS:
        schema.check(answer)


@pytest.fixture
def sdk(web: Running, shop: Merchant) -> stripe.StripeClient:
    """Stripe's own SDK in the shop's hands."""
    return client(web.url, shop.key)


@pytest.fixture
def proxy(web: Running) -> Iterator[CuttingProxy]:
    """A bad network between the SDK and us."""
    with cutting_proxy(web.url) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The shop's own server."""
    with receiving() as running:
        yield running


def client(url: str, key: str, *, retries: int = 0) -> stripe.StripeClient:
    """The SDK: its address, a key, and nothing else."""
    addresses = {"api": url, "files": url}
    transport = Impatient() if retries else Watched()
    return stripe.StripeClient(
        key, base_addresses=addresses, max_network_retries=retries, http_client=transport
    )
