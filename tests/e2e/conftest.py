"""Fixtures of the browser tests: one running product and one browser for each test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app import create_app
from app.settings import Settings
from app.store import db as store
from tests.e2e.browser import Checkout
from tests.e2e.stack import Shop, Stack
from tests.sandbox.server import SandboxServer
from tests.servers import Servers, environment, fresh_database, web_server, worker_process


@pytest.fixture(scope="session")
def stack(servers: Servers, valkey_url: str, sandbox: SandboxServer) -> Iterator[Stack]:
    """Sandbox, web, worker and scheduler, as separate processes."""
    database_url = fresh_database(servers, "e2e")
    environ = environment(
        database_url,
        valkey_url,
        STRIPE_API_URL=sandbox.url,
        SANDBOX_BANK_URL=sandbox.url,
        STRIPE_JS_URL=f"{sandbox.url}/v3/",
        STRIPE_READ_SECONDS="5",
        ADYEN_API_URL=f"{sandbox.url}/adyen",
        ADYEN_JS_URL=f"{sandbox.url}/adyen/sdk/adyen.js",
        ADYEN_READ_SECONDS="5",
    )
    with (
        web_server(environ) as web,
        worker_process(environ) as worker,
        worker_process(environ, "schedule"),
    ):
        app = create_app(Settings.read({**environ, "BASE_URL": web.url}))
        yield Stack(web, worker, sandbox, app, database_url)
        store.close(app)


@pytest.fixture
def shop(stack: Stack) -> Iterator[Shop]:
    """A merchant of this test alone; afterwards the books are proved and held against the truth."""
    shop = stack.merchant()
    yield shop
    stack.sandbox.clear_faults()
    shop.check_the_books()


@pytest.fixture
def context(chromium: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser profile of this test alone."""
    context = chromium.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One tab."""
    return context.new_page()


@pytest.fixture
def checkout(page: Page, shop: Shop) -> Checkout:
    """The payment page of a new session over 49.99 dollars, open in the tab."""
    return Checkout(page, shop, shop.open_session()).open()
