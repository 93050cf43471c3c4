"""An answer is what happened: a refusal is no success, an unknown outcome is not stored, and a key
that was refused once never does the thing later.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.domain.declines import DeclineReason
from app.domain.processor import Declined, Processor, Unknown
from app.services import idempotency
from app.services.deps import Deps
from tests.api.client import Api, error_of
from tests.factories import Shop, TestClock
from tests.sandbox.server import SandboxServer


class Died(BaseException):
    """The process ended here."""


class Wrapped:
    """The real processor, but for one operation."""

    def __init__(self, inner: Processor, **changed: Any) -> None:
        self._inner = inner
        self._changed = changed

    def __getattr__(self, name: str) -> Any:
        return self._changed.get(name) or getattr(self._inner, name)


def with_processor(app: Flask, deps: Deps, **changed: Any) -> Deps:
    """Let the application use a processor that answers otherwise; gives what to put back."""
    wrapped = Wrapped(deps.processors["stripe"], **changed)
    app.extensions["farthing"] = replace(deps, processors={"stripe": wrapped})
    return deps


@pytest.mark.parametrize("what", ["capture", "cancel"])
def test_what_the_processor_refused_is_an_error_and_stays_one(
    api: Api, app: Flask, deps: Deps, what: str
) -> None:
    held = api.pay("k", capture_method="manual").get_json()
    path = f"/v1/payment_intents/{held['id']}/{what}"
    refusal = Declined(DeclineReason.TECHNICAL, "charge_expired_for_capture")
    before = with_processor(app, deps, **{what: lambda *_: refusal})
    try:
        first, again = api.post(path, key="c"), api.post(path, key="c")
    finally:
        app.extensions["farthing"] = before

    assert first.status_code == again.status_code == 400
    assert error_of(first)["code"] == "payment_intent_unexpected_state"
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("what,status", [("capture", "succeeded"), ("cancel", "canceled")])
def test_an_unknown_outcome_is_to_be_asked_for_again_and_is_found_out(
    api: Api, app: Flask, deps: Deps, clock: TestClock, what: str, status: str
) -> None:
    held = api.pay("k", capture_method="manual").get_json()
    path = f"/v1/payment_intents/{held['id']}/{what}"
    before = with_processor(app, deps, **{what: lambda *_: Unknown("timeout")})
    try:
        first = api.post(path, key="c")
    finally:
        app.extensions["farthing"] = before
    assert first.status_code == 409
    assert first.headers["Stripe-Should-Retry"] == "true"

    clock.advance(timedelta(minutes=2))
    again = api.post(path, key="c")
    assert (again.status_code, again.get_json()["status"]) == (200, status)


def test_a_refusal_is_never_forgotten_into_a_success(
    api: Api, deps: Deps, shop: Shop, clock: TestClock, sandbox: SandboxServer
) -> None:
    order = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"}
    made = api.post("/v1/payment_intents", order | {"capture_method": "manual"}).get_json()
    path = f"/v1/payment_intents/{made['id']}/capture"
    assert api.post(path, key="c").status_code == 400
    assert api.post(f"/v1/payment_intents/{made['id']}/confirm").status_code == 200
    clock.advance(timedelta(days=8))
    idempotency.reap(deps)

    assert api.post(path, key="c").status_code == 400
    assert sandbox.record(shop.sandbox_account)["totals"]["usd"]["captured"] == 0


def test_a_refund_that_died_is_not_sent_again_when_the_processor_forgot_its_key(
    api: Api, app: Flask, deps: Deps, shop: Shop, clock: TestClock, sandbox: SandboxServer
) -> None:
    paid = api.pay("k").get_json()
    body = {"payment_intent": paid["id"], "amount": 1000}
    real = deps.processors["stripe"].refund

    def dies(*args: Any) -> None:
        real(*args)
        raise Died

    before = with_processor(app, deps, refund=dies)
    try:
        with pytest.raises(Died):
            api.post("/v1/refunds", body, key="r")
    finally:
        app.extensions["farthing"] = before
    clock.advance(timedelta(hours=25))
    sandbox.control("idempotency/prune", account=shop.sandbox_account)

    again = api.post("/v1/refunds", body, key="r")

    assert (again.status_code, again.get_json()["status"]) == (200, "succeeded")
    assert sandbox.record(shop.sandbox_account)["totals"]["usd"]["refunded"] == 1000
