"""An event names the request that caused it, and its key; what nobody asked for names none."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.services import refunds, resolver
from app.services.deps import Deps
from app.services.refunds import RequestRefund
from tests.api.client import Api, basket, order
from tests.contracts.schema import check
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    open_checkout,
    pay_checkout,
    usd,
)
from tests.sandbox.server import SandboxServer

NOBODY = {"id": None, "idempotency_key": None}


def told(api: Api, queue: FakeQueue) -> dict[str, dict[str, Any]]:
    """What each event names as its cause, by type."""
    queue.drain()
    found = check(api.get("/v1/events?limit=100").json)["data"]
    return {event["type"]: event["request"] for event in found}


def named(answer: TestResponse, key: str | None = None) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {"id": answer.headers["Request-Id"], "idempotency_key": key}


@pytest.mark.parametrize("key", [None, "order-7"])
@pytest.mark.parametrize("path", ["/v1/payment_intents", "/payments"])
def test_a_payments_events_name_the_request_that_made_it(
    api: Api, queue: FakeQueue, path: str, key: str | None
) -> None:
    key = "ours-needs-one" if path == "/payments" else key
    body = order() if path == "/payments" else order(confirm=True)

    answer = api.post(path, body, key=key)

    found = told(api, queue)
    assert set(found) == {
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
    }
    assert list(found.values()) == [named(answer, key)] * 3


def test_each_step_of_a_payment_names_its_own_request(api: Api, queue: FakeQueue) -> None:
    made = api.post("/v1/payment_intents", order(capture_method="manual"), key="make")
    assert made.json is not None
    where = f"/v1/payment_intents/{made.json['id']}"
    confirmed = api.post(f"{where}/confirm", key="confirm")
    captured = api.post(f"{where}/capture")
    refunded = api.post("/v1/refunds", {"payment_intent": made.json["id"]}, key="refund")

    found = told(api, queue)

    assert found["payment_intent.created"] == named(made, "make")
    assert found["payment_intent.amount_capturable_updated"] == named(confirmed, "confirm")
    assert found["charge.captured"] == named(captured)
    assert found["refund.created"] == found["charge.refunded"] == named(refunded, "refund")


def test_customers_and_checkouts_name_their_requests_too(api: Api, queue: FakeQueue) -> None:
    made = api.post("/v1/customers", {"name": "Ada"}, key="ada")
    assert made.json is not None
    where = f"/v1/customers/{made.json['id']}"
    changed = api.post(where, {"name": "Ada N."})
    deleted = api.open("DELETE", where, {"Authorization": f"Bearer {api.secret_key}"})
    opened = api.post("/v1/checkout/sessions", basket())
    assert opened.json is not None
    ended = api.post(f"/v1/checkout/sessions/{opened.json['id']}/expire", key="end")

    found = told(api, queue)

    assert found["customer.created"] == named(made, "ada")
    assert found["customer.updated"] == named(changed)
    assert found["customer.deleted"] == named(deleted)
    assert found["checkout.session.expired"] == named(ended, "end")


def test_a_repeated_request_is_not_named_instead_of_the_first(api: Api, queue: FakeQueue) -> None:
    first = api.post("/v1/customers", {"name": "Ada"}, key="ada")
    again = api.post("/v1/customers", {"name": "Ada"}, key="ada")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert told(api, queue) == {"customer.created": named(first, "ada")}


def test_what_the_worker_found_out_names_no_request(
    api: Api, deps: Deps, shop: Shop, sandbox: SandboxServer, clock: TestClock, queue: FakeQueue
) -> None:
    sandbox.fault("drop_after", account=shop.sandbox_account, route="POST /v1/payment_intents")
    unknown = api.post("/v1/payment_intents", order(confirm=True))
    clock.advance(timedelta(minutes=2))
    assert resolver.resolve_due(deps) == 1

    found = told(api, queue)

    assert found["payment_intent.processing"] == named(unknown)
    assert found["payment_intent.succeeded"] == found["charge.succeeded"] == NOBODY


def test_what_people_do_names_no_request(
    api: Api, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    payment = make_payment(deps, shop)
    refunds.request_refund(
        deps, RequestRefund(shop.merchant_id, payment.id, usd("5.00"), "user:robin@shop.example")
    )

    found = told(api, queue)

    assert "refund.created" in found
    assert list(found.values()) == [NOBODY] * len(found)


@pytest.mark.parametrize(
    "change", [{}, {"amount": 0}, {"payment_method": "pm_card_chargeDeclined"}]
)
def test_a_request_is_not_named_by_what_its_thread_does_next(
    app: Flask, api: Api, deps: Deps, shop: Shop, queue: FakeQueue, change: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {api.secret_key}", "Idempotency-Key": "k"}
    # In this thread's own context, as a server's thread goes from one request to the next.
    app.test_client().post(
        "/v1/payment_intents", json=order(confirm=True, **change), headers=headers
    )

    pay_checkout(deps, open_checkout(deps, shop))

    assert told(api, queue)["checkout.session.completed"] == NOBODY
