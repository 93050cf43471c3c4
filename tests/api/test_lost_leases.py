"""A request whose lease went to another one with its key is told what that one was told."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.declines import DeclineReason
from app.domain.kept import Unkeepable
from app.domain.processor import Declined, Outcome, Unknown
from app.services.deps import Deps
from tests.api.client import Api, at_once, count, error_of, order
from tests.api.test_outcomes_told import with_processor
from tests.factories import NO_FUNDS, VISA

INTENTS = "/v1/payment_intents"


class Meanwhile:
    """One call of the processor's, during the first of which something else happens."""

    def __init__(self, inner: Callable[..., Any], what: Callable[[], object]) -> None:
        self._inner, self._what = inner, what
        self._is_first = True

    def __call__(self, *args: Any) -> Any:
        outcome = self._inner(*args)
        if self._is_first:
            self._is_first = False
            self._what()
        return outcome


def change_lease(database_url: str, interval: str, token: str | None = None) -> None:
    """Let the lease of every key end or go on, perhaps in the hands of somebody else."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE idempotency_keys SET leased_until = now() + %s::interval,"
            " lease_token = coalesce(%s, lease_token) WHERE state = 'started'",
            (interval, token),
        )


@pytest.fixture
def overtaken(
    app: Flask, deps: Deps, database_url: str
) -> Callable[..., tuple[TestResponse, TestResponse]]:
    """Send a request, and the same one again while the first waits for the processor."""

    def run(
        send: Callable[[], TestResponse], operation: str, does: Callable[..., Any]
    ) -> tuple[TestResponse, TestResponse]:
        others: list[TestResponse] = []

        def second() -> None:
            change_lease(database_url, "-1 second")
            others.append(send())

        before = with_processor(app, deps, **{operation: Meanwhile(does, second)})
        try:
            first = send()
        finally:
            app.extensions["farthing"] = before
        return first, others[0]

    return run


def test_an_overtaken_request_sends_the_answer_that_is_stored(
    api: Api, deps: Deps, overtaken: Callable[..., tuple[TestResponse, TestResponse]]
) -> None:
    made = api.post(INTENTS, order(payment_method=NO_FUNDS)).get_json()
    first, other = overtaken(
        lambda: api.post(f"{INTENTS}/{made['id']}/confirm", key="c"),
        "authorize",
        deps.processors["stripe"].authorize,
    )

    assert (other.status_code, error_of(other)["decline_code"]) == (402, "insufficient_funds")
    assert (first.status_code, first.data) == (402, other.data)
    assert first.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Original-Request"] != other.headers["Request-Id"]
    assert api.post(f"{INTENTS}/{made['id']}/confirm", key="c").data == other.data


def test_an_overtaken_refusal_is_the_stored_one_too(
    api: Api, overtaken: Callable[..., tuple[TestResponse, TestResponse]]
) -> None:
    held = api.pay("k", capture_method="manual").get_json()
    first, other = overtaken(
        lambda: api.post(f"{INTENTS}/{held['id']}/capture", key="c"),
        "capture",
        lambda *_: Declined(DeclineReason.TECHNICAL, "charge_expired_for_capture"),
    )

    assert (other.status_code, error_of(other)["code"]) == (400, "payment_intent_unexpected_state")
    assert (first.status_code, first.data) == (400, other.data)


NOW_IN_USE = (409, "idempotency_key_in_use")


@pytest.mark.parametrize(
    "outcome", [None, Declined(DeclineReason.FUNDS, "insufficient_funds"), Unknown("timeout")]
)
def test_an_overtaken_request_waits_for_who_has_its_lease(
    api: Api, app: Flask, deps: Deps, database_url: str, outcome: Outcome | None
) -> None:
    made = api.post(INTENTS, order()).get_json()
    real = deps.processors["stripe"].authorize
    authorize = Meanwhile(
        lambda *asked: outcome or real(*asked),
        lambda: change_lease(database_url, "1 minute", "somebody-else"),
    )
    before = with_processor(app, deps, authorize=authorize)
    try:
        answer = api.post(f"{INTENTS}/{made['id']}/confirm", key="c")
    finally:
        app.extensions["farthing"] = before

    assert (answer.status_code, error_of(answer)["code"]) == NOW_IN_USE
    assert answer.headers["Retry-After"] == "1"


def test_an_overtaken_request_that_was_refused_leaves_the_key_to_the_other(
    api: Api, app: Flask, deps: Deps, database_url: str
) -> None:
    keep = Meanwhile(
        lambda *_: Unkeepable("used"),
        lambda: change_lease(database_url, "1 minute", "somebody-else"),
    )
    before = with_processor(app, deps, keep_method=keep)
    try:
        answer = api.post("/v1/customers", {"payment_method": VISA}, key="c")
    finally:
        app.extensions["farthing"] = before

    assert (answer.status_code, error_of(answer)["code"]) == NOW_IN_USE
    assert count(database_url, "idempotency_keys") == 1


def test_a_key_that_its_owner_gives_back_just_now_is_a_new_one(api: Api, database_url: str) -> None:
    settings = {"default_payment_method": "pm_another"}
    refused = {"payment_method": VISA, "invoice_settings": settings}

    for _ in range(10):
        answers = at_once([lambda: api.post("/v1/customers", refused, key="c")] * 8)
        assert {answer.status_code for answer in answers} <= {400, 409}
    assert count(database_url, "idempotency_keys") == 0
