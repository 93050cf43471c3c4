from collections.abc import Callable

import pytest
from flask import Flask

from app.services import merchants
from app.services.deps import Deps
from tests.factories import PASSWORD, Shop
from tests.web.visitor import Visitor

Colleague = Callable[[str], Visitor]


@pytest.fixture
def visitor(app: Flask, deps: Deps) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(app)


@pytest.fixture
def owner(app: Flask, shop: Shop) -> Visitor:
    """The shop's owner, signed in."""
    person = Visitor(app)
    assert person.sign_in(shop.email).status_code == 303
    return person


@pytest.fixture
def colleague(app: Flask, deps: Deps, shop: Shop) -> Colleague:
    """Makes somebody with a role at the shop, signed in."""

    def make(role: str) -> Visitor:
        email = f"{role}.{shop.tail}@shop.example"
        user_id = merchants.add_user(deps, email=email, name=role, password=PASSWORD)
        merchants.add_member(deps, user_id=user_id, merchant_id=shop.merchant_id, role=role)
        person = Visitor(app)
        assert person.sign_in(email).status_code == 303
        return person

    return make
