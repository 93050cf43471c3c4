"""Another merchant's object is as unknown as one that never was: every call, every place for an id."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from app.services.deps import Deps
from app.web.api.call import Route
from app.web.api.expansion import paths_of
from app.web.api.fields import Id
from app.web.api.routes import ROUTES
from tests.api.client import Api, basket, order
from tests.api.possessions import (
    HOOK,
    NOTHING_YET,
    Possessions,
    absent,
    acquire,
    good,
    names_of,
    rows_of,
    words_of,
)
from tests.factories import VISA, FakeQueue, Shop, TestClock

WITH_ID = [route for route in ROUTES if names_of(route)]
LISTS = [
    route for route in ROUTES if route.gives.startswith("list:") and "query" not in route.takes
]
# What each list names in its cursors; a list without objects yet has none of another merchant either.
LISTED = {
    "payment_intent": "intent",
    "charge": "charge",
    "refund": "refund",
    "customer": "customer",
    "payment_method": "method",
    "checkout.session": "session",
    "item": "session",
    "event": "event",
    "webhook_endpoint": "endpoint",
    "balance_transaction": "transaction",
    "transfer": "transfer",
    "transfer_reversal": "reversal",
    "escrow_hold": "hold",
    "dispute": "intent",
    "payout": "payout",
    "file": "intent",
}
# Parameters that hold an id → whose ids fit there.
NAMED = {
    "customer": ["customer"],
    "payment_method": ["method"],
    "payment_intent": ["intent"],
    "payment_link": ["session"],
    "charge": ["charge"],
    "source": ["charge", "refund", "payout", "transfer", "reversal"],
    "destination": [],  # Sellers are other accounts by nature; a transfer names one's own.
    "source_transaction": ["charge"],
    "payout": ["payout"],
    "starting_after": [],
    "ending_before": [],
}
# A body that the call would take, but for the id under test.
BODIES: dict[str, Any] = {
    "POST /v1/payment_intents": order(),
    "POST /payments": order(),
    "POST /v1/payment_intents/{intent}": {"description": "changed"},
    "POST /v1/payment_intents/{intent}/confirm": {"payment_method": VISA},
    "POST /v1/payment_intents/{intent}/capture": {},
    "POST /v1/payment_intents/{intent}/cancel": {},
    "POST /v1/refunds": {},
    "POST /v1/refunds/{refund}": {"metadata": {"changed": "yes"}},
    "POST /v1/refunds/{refund}/cancel": {},
    "POST /v1/customers": {"name": "Eve"},
    "POST /v1/customers/{customer}": {"name": "Changed"},
    "POST /v1/payment_methods/{method}/attach": {"customer": "own"},
    "POST /v1/payment_methods/{method}/detach": {},
    "POST /v1/checkout/sessions": basket(),
    "POST /v1/checkout/sessions/{session}": {"metadata": {"changed": "yes"}},
    "POST /v1/checkout/sessions/{session}/expire": {},
    "POST /v1/payouts": {"amount": 100, "currency": "usd"},
    "POST /v1/payouts/{payout}": {"metadata": {"changed": "yes"}},
    "POST /v1/payouts/{payout}/cancel": {},
    "POST /v1/transfers": {"amount": 1, "currency": "usd", "destination": "acct_none"},
    "POST /v1/transfers/{transfer}": {"metadata": {"changed": "yes"}},
    "POST /v1/transfers/{transfer}/reversals": {"amount": 1},
    "POST /v1/transfers/{transfer}/reversals/{reversal}": {"metadata": {"changed": "yes"}},
    "POST /v1/escrow_holds/{hold}/release": {},
    "POST /v1/escrow_holds/{hold}/freeze": {"reason": "changed"},
    "POST /v1/escrow_holds/{hold}/unfreeze": {},
    "POST /v1/webhook_endpoints": {"url": HOOK, "enabled_events": ["*"]},
    "POST /v1/webhook_endpoints/{endpoint}": {"description": "changed"},
}


@pytest.fixture
def theirs(api: Api, queue: FakeQueue, shop: Shop, clock: TestClock) -> Possessions:
    """What the shop has, which the stranger asks for."""
    return acquire(api, queue, shop, clock)


@pytest.fixture
def own(stranger: Api, queue: FakeQueue, other: Shop, clock: TestClock) -> Possessions:
    """What the stranger has."""
    return acquire(stranger, queue, other, clock)


@pytest.fixture(autouse=True)
def nothing_of_theirs_changes(
    theirs: Possessions, deps: Deps, shop: Shop, database_url: str
) -> Iterator[None]:
    """However the stranger asks, each row of the shop stays what it was."""
    before = rows_of(database_url, shop.merchant_id)
    yield
    assert rows_of(database_url, shop.merchant_id) == before


def called(route: Route) -> str:
    return f"{route.method} {route.rule}"


def ask(api: Api, route: Route, path: str, body: dict[str, Any], number: int = 0) -> Any:
    """The call with a key, if it is a POST: a fresh one, since a key is its own matter."""
    headers = {"Authorization": f"Bearer {api.secret_key}"}
    if route.method == "POST":
        headers["Idempotency-Key"] = f"{path}{sorted(map(str, body.items()))}{number}"[-200:]
        return api.open("POST", path, headers, json=body)
    return api.open(route.method, path, headers, query_string=body)


def test_every_call_and_every_place_for_an_id_is_in_the_tables(theirs: Possessions) -> None:
    for route in WITH_ID:
        for name in names_of(route):
            assert theirs.ids.get(name) or name in NOTHING_YET, f"{called(route)}: no {name}"
    posts = {called(route) for route in ROUTES if route.method == "POST"}
    assert posts == set(BODIES)
    assert {route.gives.removeprefix("list:") for route in LISTS} == set(LISTED)
    for route in ROUTES:
        named = {name for name, field in route.takes.items() if isinstance(field, Id)}
        assert named <= set(NAMED), f"{called(route)}: {named - set(NAMED)}"


def test_what_is_anothers_does_not_exist(
    stranger: Api, theirs: Possessions, own: Possessions
) -> None:
    for route in WITH_ID:
        names = names_of(route)
        body = dict(BODIES.get(called(route), {}))
        if body.get("customer") == "own":
            body["customer"] = own.ids["customer"][0]
        sets = [theirs.ids.get(name, [f"{name}_0{'a' * 24}"]) for name in names]
        for ids in product(*sets):
            foreign = route.path(dict(zip(names, ids, strict=True)))
            nowhere = [absent(one) for one in ids]
            unknown = route.path(dict(zip(names, nowhere, strict=True)))
            got = ask(stranger, route, foreign, body)
            expected = ask(stranger, route, unknown, body)
            assert got.status_code == (403 if "account" in names else 404), (foreign, got.text)
            assert words_of(got, *ids) == words_of(expected, *nowhere), called(route)


def test_anothers_object_below_ones_own_does_not_exist(
    stranger: Api, theirs: Possessions, own: Possessions
) -> None:
    for route in [route for route in WITH_ID if len(names_of(route)) > 1]:
        for name in names_of(route):
            foreign, nowhere = theirs.ids[name][0], absent(theirs.ids[name][0])
            got = ask(stranger, route, own.path(route, **{name: foreign}), {})
            expected = ask(stranger, route, own.path(route, **{name: nowhere}), {})
            assert got.status_code == 404
            assert words_of(got, foreign) == words_of(expected, nowhere)


def test_expanding_opens_nothing(stranger: Api, theirs: Possessions) -> None:
    for route in [route for route in WITH_ID if route.method == "GET"]:
        for path in paths_of(route.gives, levels=1):
            foreign = theirs.path(route)
            got = stranger.get(f"{foreign}?expand[]={path}")
            assert got.status_code == 404, (foreign, path)
            for ids in theirs.ids.values():
                for one in ids:
                    assert one not in got.text or one in foreign


def test_anothers_id_in_a_body_or_a_filter_is_one_that_never_was(
    stranger: Api, theirs: Possessions, own: Possessions
) -> None:
    asked = 0
    for route in ROUTES:
        for name, field in route.takes.items():
            if not isinstance(field, Id) or not NAMED[name]:
                continue
            for foreign in [one for kind in NAMED[name] for one in theirs.ids[kind]]:
                body = dict(BODIES.get(called(route), {}))
                # A kept card is looked for with and without its customer.
                for extra in ({}, {"customer": own.ids["customer"][0]}):
                    if extra and name != "payment_method":
                        continue
                    if extra and "customer" not in route.takes:
                        continue
                    _alike(stranger, theirs, route, own.path(route), body | extra, name, foreign)
                    asked += 1
    assert asked > 20


def _alike(
    stranger: Api,
    theirs: Possessions,
    route: Route,
    path: str,
    body: dict[str, Any],
    name: str,
    foreign: str,
) -> None:
    answers = []
    for number, one in enumerate((foreign, absent(foreign))):
        if "/confirm" in route.rule:
            # A try that was refused is over, so each has a payment of its own.
            path = route.path({"intent": _untried(stranger)})
        answer = ask(stranger, route, path, body | {name: one}, number)
        made = str((answer.json or {}).get("id"))
        status, text = words_of(answer, one)
        # What the call made for the stranger has names and an hour of its own.
        text = re.sub(r"_secret_[0-9a-f]+|\"created\": \d+", "", text)
        answers.append((status, re.sub(r"\b([a-z]{2,3})_[0-9a-z]{26}\b", r"\1_ID", text)))
        others = [known for ids in theirs.ids.values() for known in ids if known != foreign]
        assert not [known for known in others if known in answer.text], called(route)
        if status == 200 and name == "payment_method":
            _of_no_use(stranger, made)
        elif status == 200:
            assert answer.json["data"] == [], (called(route), name)
        else:
            assert status in (400, 402, 404), (called(route), name, answer.text)
    assert answers[0] == answers[1], (called(route), name)


def _untried(api: Api) -> str:
    return str(good(api.post("/v1/payment_intents", {"amount": 900, "currency": "usd"}))["id"])


def _of_no_use(stranger: Api, intent: str) -> None:
    """A payment may name any method until it is tried; nothing of another's is shown or charged."""
    path = f"/v1/payment_intents/{intent}"
    shown = good(stranger.get(f"{path}?expand[]=payment_method"))
    assert isinstance(shown["payment_method"], str)
    assert stranger.post(f"{path}/confirm").status_code in (400, 402, 404)
    assert good(stranger.get(path))["amount_received"] == 0


def test_anothers_card_is_nobodys_preferred_card(
    stranger: Api, theirs: Possessions, own: Possessions
) -> None:
    foreign = theirs.ids["method"][0]
    path = f"/v1/customers/{own.ids['customer'][0]}"
    got, expected = (
        stranger.post(path, {"invoice_settings": {"default_payment_method": one}})
        for one in (foreign, absent(foreign))
    )
    assert got.status_code in (400, 404)
    assert words_of(got, foreign) == words_of(expected, absent(foreign))


def test_a_page_cannot_begin_at_anothers_object(
    stranger: Api, theirs: Possessions, own: Possessions
) -> None:
    for route in LISTS:
        kind = LISTED[route.gives.removeprefix("list:")]
        for cursor, foreign in product(("starting_after", "ending_before"), theirs.ids[kind]):
            path = own.path(route)
            got = stranger.get(f"{path}?{cursor}={foreign}")
            expected = stranger.get(f"{path}?{cursor}={absent(foreign)}")
            assert got.status_code == 400, (path, got.text)
            assert words_of(got, foreign) == words_of(expected, absent(foreign))


def test_lists_and_searches_hold_only_ones_own(
    stranger: Api, theirs: Possessions, own: Possessions
) -> None:
    secret = {one for ids in theirs.ids.values() for one in ids}
    for route in ROUTES:
        if route.method != "GET":
            continue
        search = "?query=created>0&limit=100" if "query" in route.takes else ""
        text = stranger.get(own.path(route) + search).text
        assert not [one for one in secret if one in text], called(route)
