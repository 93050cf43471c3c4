"""Every suite here runs against every registered processor, unasked."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import wiring
from app.services.deps import Deps
from app.settings import Settings
from tests.factories import FakeQueue, Shop, TestClock
from tests.processors import DRIVERS, PROCESSORS
from tests.processors.driver import Driver
from tests.processors.sales import Sales
from tests.processors.till import Till
from tests.sandbox.server import SandboxServer


@pytest.fixture(params=PROCESSORS)
def driver(request: pytest.FixtureRequest, sandbox: SandboxServer) -> Iterator[Driver]:
    """The processor's side."""
    yield DRIVERS[request.param](sandbox)
    sandbox.clear_faults()


@pytest.fixture
def till(driver: Driver, app: Flask, settings: Settings) -> Iterator[Till]:
    """The processor as it is wired, with an account that no other test uses."""
    with app.app_context():
        yield Till(wiring.processors(settings)[driver.name], driver, driver.account())


@pytest.fixture
def shop(deps: Deps, driver: Driver) -> Shop:
    """A merchant that sells through the processor."""
    return driver.open_shop(deps)


@pytest.fixture
def sales(deps: Deps, driver: Driver, shop: Shop, clock: TestClock, queue: FakeQueue) -> Sales:
    """What that merchant does all day."""
    return Sales(deps, driver, shop, clock, queue)
