"""What a key may do: each call of the API with each kind of key, and keys that ended."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.permissions import PERMISSION_RESOURCES
from app.services import keys
from app.services.audit import By
from app.services.deps import Deps
from app.services.keys import CreateKey, NewKey, RollKey
from app.web.api.call import Route
from app.web.api.resources.payment_intents import PUBLIC
from app.web.api.routes import ROUTES
from tests.api.client import Api, count, error_of
from tests.api.possessions import NOTHING_YET, acquire, names_of
from tests.factories import FakeQueue, Shop, TestClock, open_shop

NOWHERE = f"x_0{'z' * 25}"
PUBLIC_ROUTES = [route for route in ROUTES if route.is_public]


def call(app: Flask, key: str, route: Route, account: str, **more: Any) -> TestResponse:
    """The call on objects that nobody has: whoever may make it learns only that."""
    path = route.path({name: account if name == "account" else NOWHERE for name in names_of(route)})
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if route.method == "POST":
        more["json"] = {}
    return Api(app, key).open(route.method, path, headers, **more)


def make(deps: Deps, shop: Shop, kind: str = "secret", **more: Any) -> NewKey:
    return keys.create_key(deps, CreateKey(shop.merchant_id, kind=kind, name="A key", **more))


def statuses(app: Flask, shop: Shop, key: str, **more: Any) -> dict[str, int]:
    """How each call is answered."""
    return {
        route.name: call(app, key, route, shop.merchant_id, **more).status_code for route in ROUTES
    }


def test_every_call_says_which_permission_it_needs() -> None:
    assert {route.resource for route in ROUTES} == set(PERMISSION_RESOURCES)
    for route in ROUTES:
        assert route.level == ("read" if route.method == "GET" else "write"), route.name
    assert [route.rule for route in PUBLIC_ROUTES] == ["/v1/payment_intents/{intent}"]


def test_a_secret_key_makes_every_call(app: Flask, shop: Shop) -> None:
    assert not {401, 403, 500} & set(statuses(app, shop, shop.secret_key).values())


@pytest.mark.parametrize("level", ["read", "write"])
@pytest.mark.parametrize("resource", PERMISSION_RESOURCES)
def test_a_restricted_key_makes_the_calls_it_was_given_and_no_other(
    app: Flask, deps: Deps, shop: Shop, resource: str, level: str
) -> None:
    key = make(deps, shop, "restricted", permissions={resource: level}).text
    for route in ROUTES:
        answer = call(app, key, route, shop.merchant_id)
        may = route.resource == resource and (route.level == "read" or level == "write")
        if may:
            assert answer.status_code in (200, 400, 404), (route.name, answer.text)
        else:
            assert answer.status_code == 403, (route.name, answer.text)
            assert f"may not {route.level} {route.resource}" in error_of(answer)["message"]


def test_a_key_that_was_given_nothing_makes_no_call(
    app: Flask, deps: Deps, shop: Shop, database_url: str
) -> None:
    made = make(deps, shop, "restricted", permissions={"customers": "write"})
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE api_keys SET permissions = '{}' WHERE id = %s", (made.id,))
    assert set(statuses(app, shop, made.text).values()) == {403}
    assert count(database_url, "customers") == 0


def test_reading_reads_whatever_there_is(
    app: Flask, api: Api, deps: Deps, shop: Shop, queue: FakeQueue, clock: TestClock
) -> None:
    own = acquire(api, queue, shop, clock)
    for route in ROUTES:
        if route.method != "GET" or NOTHING_YET & set(names_of(route)):
            continue
        key = make(deps, shop, "restricted", permissions={route.resource: "read"}).text
        query = "?query=created>0" if "query" in route.takes else ""
        answer = Api(app, key).get(own.path(route) + query)
        assert answer.status_code == 200, (route.name, answer.text)


def test_powers_that_are_taken_are_gone_at_once(app: Flask, deps: Deps, shop: Shop) -> None:
    made = make(deps, shop, "restricted", permissions={"payment_intents": "write"})
    api = Api(app, made.text)
    assert api.pay("first").status_code == 200
    keys.change_key(
        deps,
        keys.ChangeKey(shop.merchant_id, made.id, "A key", {"payment_intents": "read"}, (), By()),
    )
    assert api.pay("first").status_code == 403
    assert api.pay("second").status_code == 403


def test_a_publishable_key_sees_one_payment_by_its_secret_and_nothing_else(
    app: Flask, api: Api, deps: Deps, shop: Shop, queue: FakeQueue, clock: TestClock
) -> None:
    key = make(deps, shop, "publishable").text
    for route in ROUTES:
        answer = call(app, key, route, shop.merchant_id)
        assert answer.status_code == (404 if route.is_public else 403), route.name
    own, browser = acquire(api, queue, shop, clock), Api(app, key)
    other = api.post("/v1/payment_intents", {"amount": 900, "currency": "usd"}).json
    assert other is not None
    for route in PUBLIC_ROUTES:
        path = own.path(route)
        shown = browser.get(f"{path}?client_secret={own.client_secret}")
        assert shown.status_code == 200
        assert shown.json is not None
        assert set(shown.json) == set(PUBLIC)
        wrong = (own.client_secret[:-1], f"{own.client_secret}x", other["client_secret"], "", "é")
        for secret in (*wrong, own.client_secret.upper()):
            assert browser.get(f"{path}?client_secret={secret}").status_code == 404, secret
        assert browser.get(path).status_code == 404
    abroad = Api(app, make(deps, open_shop(deps, name="Another Shop"), "publishable").text)
    path = own.path(PUBLIC_ROUTES[0])
    assert abroad.get(f"{path}?client_secret={own.client_secret}").status_code == 404


@pytest.mark.parametrize("kind", ["secret", "restricted"])
def test_a_key_works_only_from_its_addresses(app: Flask, deps: Deps, shop: Shop, kind: str) -> None:
    given = dict.fromkeys(PERMISSION_RESOURCES, "write") if kind == "restricted" else {}
    key = make(
        deps, shop, kind, permissions=given, allowed_networks=("203.0.113.0/24", "2001:db8::/32")
    ).text
    for inside in ("203.0.113.9", "2001:db8::7"):
        found = statuses(app, shop, key, environ_base={"REMOTE_ADDR": inside})
        assert not {401, 403, 500} & set(found.values())
    for outside in ("203.0.114.9", "127.0.0.1", "2001:db9::7"):
        found = statuses(app, shop, key, environ_base={"REMOTE_ADDR": outside})
        assert set(found.values()) == {403}


def test_who_names_another_address_than_his_own_is_not_believed(
    app: Flask, deps: Deps, shop: Shop
) -> None:
    key = make(deps, shop, allowed_networks=("203.0.113.0/24",)).text
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        headers = {"Authorization": f"Bearer {key}", name: "203.0.113.9"}
        assert Api(app, key).open("GET", "/v1/account", headers).status_code == 403


def test_a_revoked_key_makes_no_call(app: Flask, deps: Deps, shop: Shop) -> None:
    made = make(deps, shop)
    keys.revoke_key(deps, shop.merchant_id, made.id, By())
    assert set(statuses(app, shop, made.text).values()) == {401}


def test_a_rolled_key_works_until_its_overlap_is_over(
    app: Flask, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    for kind in ("secret", "restricted"):
        given = dict.fromkeys(PERMISSION_RESOURCES, "write") if kind == "restricted" else {}
        old = make(deps, shop, kind, permissions=given)
        new = keys.roll_key(deps, RollKey(shop.merchant_id, old.id, 3600, By()))
        for key in (old.text, new.text):
            assert not {401, 403, 500} & set(statuses(app, shop, key).values())
        clock.advance(timedelta(minutes=61))
        assert set(statuses(app, shop, old.text).values()) == {401}
        answer = Api(app, old.text).get("/v1/account")
        assert error_of(answer)["code"] == "api_key_expired"
        assert not {401, 403, 500} & set(statuses(app, shop, new.text).values())


def test_a_key_rolled_without_overlap_is_over(app: Flask, deps: Deps, shop: Shop) -> None:
    old = make(deps, shop)
    new = keys.roll_key(deps, RollKey(shop.merchant_id, old.id, 0, By()))
    assert set(statuses(app, shop, old.text).values()) == {401}
    assert not {401, 403} & set(statuses(app, shop, new.text).values())


def test_a_key_in_an_address_or_a_body_opens_nothing(app: Flask, shop: Shop) -> None:
    for name in ("key", "api_key", "access_token", "secret_key", "Authorization"):
        found = statuses(app, shop, "", query_string={name: shop.secret_key})
        assert set(found.values()) == {401}
    for route in ROUTES:
        answer = call(app, "", route, shop.merchant_id, query_string={"key": shop.secret_key})
        assert shop.secret_key not in answer.text
        if route.method == "POST":
            path = route.path(dict.fromkeys(names_of(route), NOWHERE))
            sent = Api(app, "").open("POST", path, {}, data={"key": shop.secret_key})
            assert sent.status_code == 401
