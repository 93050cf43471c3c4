"""Idempotency keys on every call that changes something, rule by rule.

A new route fails until `keyed.CASES` says how it is asked and what it makes.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from app.web.api.routes import ROUTES
from tests.api.client import Api, at_once, error_of
from tests.api.keyed import CASES, Case, customer, merged
from tests.api.possessions import acquire
from tests.api.workbench import Watched, Workbench, is_replay, new_key
from tests.factories import FakeQueue, TestClock, open_shop
from tests.sandbox.server import SandboxServer
from tests.worlds import emptied

MANY = 50
MONEY = {"payments", "operations", "refunds", "journals", "postings"}
MOVES = {"authorize", "capture", "cancel", "refund"}
# Ways of one route that differ in nothing by which requests could get in each other's way.
ALIKE = {"expanded", "held", "of all", "of what was sent on", "untried"}
MEETING = [case for case in CASES if case.how not in ALIKE]
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
CARDS = [case for case in CASES if "keep_method" in case.calls]
DEATHS = [(case, point) for case in CASES for point in case.dies_at]


@pytest.fixture(scope="module")
def bench(
    app: Flask, queue: FakeQueue, clock: TestClock, sandbox: SandboxServer, database_url: str
) -> Iterator[Workbench]:
    """Both merchants have had dealings before, so that no test is the first to open an account."""
    with emptied(app, queue, clock, database_url) as deps:
        shop, other = open_shop(deps), open_shop(deps, name="Another Shop")
        api, stranger = Api(app, shop.secret_key), Api(app, other.secret_key)
        for one, merchant in ((api, shop), (stranger, other)):
            acquire(one, queue, merchant, clock)
        watched = Watched(deps.processors["stripe"])
        app.extensions["farthing"] = replace(deps, processors={"stripe": watched})
        yield Workbench(app, shop, api, stranger, watched, sandbox, database_url)
        app.extensions["farthing"] = deps


def on_day(clock: TestClock, case: Case | None) -> None:
    """The present, or the day on which the case can be asked."""
    clock.reset()
    clock.advance(case.after if case else timedelta())


@pytest.fixture(autouse=True)
def today(clock: TestClock, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins in the present, or on the day on which its case can be asked."""
    on_day(
        clock,
        request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None,
    )
    yield
    clock.reset()


def test_every_call_that_changes_something_has_a_case(app: Flask) -> None:
    posts = {f"POST {route.rule}" for route in ROUTES if route.method == "POST"}
    mounted = {
        f"POST {rule.rule}".replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint.startswith("api.")
        if rule.endpoint != "api.unknown"
    }

    assert {case.route for case in CASES} == posts == mounted
    # What makes an id under which it is repeated is known for ever where money is concerned.
    kept = {f"POST {route.rule}" for route in ROUTES if route.owns_key or route.creates == "re"}
    assert kept <= {case.route for case in CASES if case.is_money}


@EVERY
def test_a_repeat_is_told_the_same_bytes_and_does_nothing(
    bench: Workbench, clock: TestClock, case: Case
) -> None:
    ask, key = case.prepare(bench.api), new_key()
    first = bench.send(ask, key)
    done = bench.see()

    for _ in range(2):
        # What is written anew would tell another time; the order of parameters says nothing.
        clock.advance(timedelta(hours=2))
        again = bench.send(ask, key, dict(reversed(ask.body.items())))
        assert (again.status_code, again.data) == (first.status_code, first.data)
        assert is_replay(again)
        assert again.headers["Original-Request"] == first.headers["Request-Id"]

    assert (first.status_code, is_replay(first)) == (case.status, False)
    assert bench.see() == done


@EVERY
def test_another_body_under_the_key_is_an_error_and_does_nothing(
    bench: Workbench, case: Case
) -> None:
    ask, key = case.prepare(bench.api), new_key()
    first = bench.send(ask, key)
    done = bench.see()

    other = bench.send(ask, key, merged(ask.body, ask.other))

    assert (other.status_code, is_replay(other)) == (400, False)
    assert error_of(other)["type"] == "idempotency_error"
    assert bench.see() == done
    assert bench.send(ask, key).data == first.data


@pytest.mark.parametrize("case", MEETING, ids=lambda case: case.name)
def test_fifty_at_once_with_one_key_are_one(bench: Workbench, case: Case) -> None:
    alone = bench.alone(case)
    ask, key = case.prepare(bench.api), new_key()
    before = bench.see()

    with bench.slow_processor():
        answers = at_once([lambda: bench.send(ask, key)] * MANY)

    told = [answer for answer in answers if answer.status_code == case.status]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len(told) + len(busy) == MANY, {answer.status_code for answer in answers}
    assert [is_replay(answer) for answer in told].count(False) == 1
    assert len({answer.data for answer in told}) == 1
    assert busy or not case.calls
    for answer in busy:
        assert error_of(answer)["code"] == "idempotency_key_in_use"
        assert answer.headers["Retry-After"] == "1"
    assert bench.since(before) == alone
    last = bench.send(ask, key)
    assert (last.data, is_replay(last)) == (told[0].data, True)


@EVERY
def test_a_request_that_is_not_valid_does_not_use_the_key_up(bench: Workbench, case: Case) -> None:
    alone = bench.alone(case)
    ask, key = case.prepare(bench.api), new_key()
    before = bench.see()

    for body in ask.refused():
        refused = at_once([lambda body=body: bench.send(ask, key, body)] * 6)
        # Those that come while one is looked at are told so; none of them is our fault.
        statuses = {answer.status_code for answer in refused}
        assert statuses <= {400, 404, 409}, (body, statuses)
        assert {400, 404} & statuses
    assert bench.uses(key) == 0
    assert bench.see() == before

    answer = bench.send(ask, key)
    assert (answer.status_code, is_replay(answer)) == (case.status, False)
    assert bench.since(before) == alone


def finished_by_the_next(bench: Workbench, case: Case, dying: AbstractContextManager[None]) -> None:
    """The first request dies; the next one with its key finishes what that one began, once."""
    alone = bench.alone(case)
    ask, key = case.prepare(bench.api), new_key()
    before = bench.see()
    with dying:
        assert bench.send(ask, key).status_code >= 500

    if bench.lease(key, "1 minute"):
        assert bench.send(ask, key).status_code == 409
        assert bench.send(ask, key, merged(ask.body, ask.other)).status_code == 400
        bench.lease(key, "-1 second")
    answer = bench.send(ask, key)

    assert answer.status_code == case.status, answer.text
    assert bench.since(before) == alone
    again = bench.send(ask, key)
    assert (again.data, is_replay(again)) == (answer.data, True)


@pytest.mark.parametrize(
    "case, point", DEATHS, ids=[f"{case.name} {point}" for case, point in DEATHS]
)
def test_a_request_that_died_on_the_way_is_finished_by_the_next(
    bench: Workbench, case: Case, point: str
) -> None:
    finished_by_the_next(bench, case, bench.failing(point))


@EVERY
def test_a_request_whose_answer_was_lost_is_answered_by_the_next(
    bench: Workbench, case: Case
) -> None:
    finished_by_the_next(bench, case, bench.losing("idempotency_keys", "UPDATE"))


@pytest.mark.parametrize("case", CARDS, ids=lambda case: case.name)
def test_a_card_that_was_kept_before_the_request_died_is_kept_once(
    bench: Workbench, case: Case
) -> None:
    alone = bench.alone(case)
    ask, key = case.prepare(bench.api), new_key()
    before = bench.see()
    with bench.losing("payment_methods", "INSERT"):
        assert bench.send(ask, key).status_code >= 500
    bench.lease(key, "-1 second")

    answer = bench.send(ask, key)

    assert answer.status_code == case.status
    assert bench.since(before).rows == alone.rows
    body = answer.get_json()
    assert bench.cards_at_processor(body.get("customer") or body["id"]) == 1


def test_one_key_on_every_route_of_two_merchants_is_as_many_keys(
    bench: Workbench, clock: TestClock
) -> None:
    key, scopes = new_key(), set()

    for api in (bench.api, bench.stranger):
        # The second round is about other objects, so it has other addresses.
        for case in (*CASES, *CASES):
            on_day(clock, case)
            ask = case.prepare(api)
            if (api.secret_key, ask.path) in scopes:
                continue
            scopes.add((api.secret_key, ask.path))
            answer = api.post(ask.path, ask.body, key=key)
            assert (answer.status_code, is_replay(answer)) == (case.status, False), case.name

    assert bench.uses(key) == len(scopes) > 2 * len({case.route for case in CASES})


def test_a_key_says_nothing_where_nothing_is_posted(bench: Workbench) -> None:
    key, headers = new_key(), {"Authorization": f"Bearer {bench.api.secret_key}"}
    path = f"/v1/customers/{customer(bench.api)}"
    bench.api.post(path, {"name": "Eve"}, key=key)
    headers["Idempotency-Key"] = key

    statuses = [
        (answer.status_code, is_replay(answer))
        for method in ("GET", "DELETE", "DELETE")
        if (answer := bench.api.open(method, path, headers))
    ]

    assert statuses == [(200, False), (200, False), (404, False)]
    assert bench.uses(key) == 1


@EVERY
def test_a_forgotten_answer_never_leads_to_a_second_payment_or_refund(
    bench: Workbench, clock: TestClock, case: Case
) -> None:
    ask, key = case.prepare(bench.api), new_key()
    first = bench.send(ask, key)
    before = bench.see()

    clock.advance(timedelta(hours=24, minutes=1))
    bench.reap()
    after_a_day = bench.send(ask, key)
    clock.advance(timedelta(days=6))
    bench.reap()
    after_a_week = bench.send(ask, key)

    made = bench.since(before)
    assert not MONEY & made.rows.keys()
    assert not MOVES & made.deeds.keys()
    assert not made.facts
    if case.is_money:
        assert (after_a_day.data, is_replay(after_a_day)) == (first.data, True)
        assert (after_a_week.status_code, is_replay(after_a_week)) == (case.status, True)
        assert after_a_week.get_json()["id"] == first.get_json()["id"]
        other = bench.send(ask, key, merged(ask.body, ask.other))
        assert error_of(other)["type"] == "idempotency_error"
