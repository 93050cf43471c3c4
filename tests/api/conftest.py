from collections.abc import Iterator

import pytest
from flask import Flask

from app.services.deps import Deps
from tests.api.client import Api
from tests.factories import Shop, open_shop


@pytest.fixture
def api(app: Flask, shop: Shop) -> Api:
    """The shop's own software."""
    return Api(app, shop.secret_key)


@pytest.fixture
def stranger(app: Flask, deps: Deps, shop: Shop) -> Iterator[Api]:
    """Another merchant's software."""
    yield Api(app, open_shop(deps, name="Another Shop").secret_key)
