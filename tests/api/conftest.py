from collections.abc import Iterator

import pytest
from flask import Flask

from app.services.deps import Deps
from app.settings import Settings
from tests.api.client import Api
from tests.factories import Shop, open_shop
from tests.servers import environment, web_server


@pytest.fixture
def api(app: Flask, shop: Shop) -> Api:
    """The shop's own software."""
    return Api(app, shop.secret_key)


@pytest.fixture
def other(deps: Deps, shop: Shop) -> Shop:
    """Another merchant."""
    return open_shop(deps, name="Another Shop")


@pytest.fixture
def stranger(app: Flask, other: Shop) -> Api:
    """Another merchant's software."""
    return Api(app, other.secret_key)


@pytest.fixture(scope="session")
def web(settings: Settings) -> Iterator[str]:
    """The address of the real web process, on the database of these tests."""
    environ = environment(
        settings.database_url,
        settings.redis_url,
        STRIPE_API_URL=settings.stripe_api_url,
        SANDBOX_BANK_URL=settings.sandbox_bank_url,
        STRIPE_JS_URL=settings.stripe_js_url,
        STRIPE_READ_SECONDS="10",
    )
    with web_server(environ) as running:
        yield running.url
