"""One sandbox for the whole session; every test has an account of its own."""

from collections.abc import Iterator

import pytest

from tests.sandbox.adyen import AdyenMerchant, Listener
from tests.sandbox.driver import Merchant
from tests.sandbox.server import SandboxServer, start_sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The running sandbox."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def merchant(sandbox: SandboxServer) -> Iterator[Merchant]:
    """A fresh account, driven through the official SDK."""
    made = Merchant(sandbox)
    yield made
    made.close()


@pytest.fixture
def shop(sandbox: SandboxServer) -> AdyenMerchant:
    """A fresh merchant account of Adyen."""
    return AdyenMerchant(sandbox)


@pytest.fixture
def listener(shop: AdyenMerchant) -> Iterator[Listener]:
    """Where its notifications go."""
    made = Listener(shop)
    yield made
    made.close()
