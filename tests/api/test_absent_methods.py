"""A payment method that the processor does not know is the caller's mistake, not a card's decline."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.services.deps import Deps
from tests.api.client import Api, charges, error_of, order
from tests.contracts.schema import check
from tests.factories import DECLINED, VISA, FakeQueue, Shop, open_checkout, pay_checkout
from tests.sandbox.server import SandboxServer

ABSENT = "pm_1QdoesNotExist"
INTENTS = "/v1/payment_intents"


def create(api: Api, key: str | None) -> TestResponse:
    return api.post(INTENTS, order(confirm=True, payment_method=ABSENT), key=key)


def pay(api: Api, key: str | None) -> TestResponse:
    return api.pay(str(key), payment_method=ABSENT)


def confirm(api: Api, key: str | None) -> TestResponse:
    listed = api.get(INTENTS).get_json()["data"]
    made = listed[0] if listed else api.post(INTENTS, order(payment_method=None)).get_json()
    return api.post(f"{INTENTS}/{made['id']}/confirm", {"payment_method": ABSENT}, key=key)


Way = Callable[[Api, str | None], TestResponse]
WAYS = [(create, None), (create, "k"), (pay, "k"), (confirm, None), (confirm, "k")]


def events(api: Api, queue: FakeQueue) -> list[str]:
    queue.drain()
    return [event["type"] for event in check(api.get("/v1/events").json)["data"]]


def only_intent(api: Api) -> dict[str, Any]:
    [intent] = check(api.get(INTENTS).json)["data"]
    found: dict[str, Any] = intent
    return found


@pytest.mark.parametrize("way, key", WAYS)
def test_it_is_told_as_stripe_tells_it(
    api: Api, shop: Shop, sandbox: SandboxServer, way: Way, key: str | None
) -> None:
    answer = way(api, key)

    error = error_of(answer)
    assert check(answer.json)
    assert answer.status_code == 400
    assert (error["type"], error["code"]) == ("invalid_request_error", "resource_missing")
    assert error["message"] == f"No such PaymentMethod: '{ABSENT}'"
    assert error["param"] == "payment_method"
    assert not error.keys() & {"decline_code", "advice_code", "charge", "payment_intent"}
    assert charges(sandbox, shop) == 0


@pytest.mark.parametrize("way, key", WAYS)
def test_the_intent_still_waits_for_a_method_and_nothing_was_charged(
    api: Api, queue: FakeQueue, way: Way, key: str | None
) -> None:
    way(api, key)

    intent = only_intent(api)
    assert intent["status"] == "requires_payment_method"
    assert [intent[name] for name in ("last_payment_error", "latest_charge", "payment_method")] == [
        *(None, None, None)
    ]
    assert check(api.get("/v1/charges").json)["data"] == []
    assert events(api, queue) == ["payment_intent.created"]
    paid = api.post(f"{INTENTS}/{intent['id']}/confirm", {"payment_method": VISA})
    assert check(paid.json)["status"] == "succeeded"


@pytest.mark.parametrize("way", [create, pay, confirm])
def test_the_stored_answer_is_given_again_byte_for_byte(api: Api, way: Way) -> None:
    first, again = way(api, "k"), way(api, "k")

    assert (again.status_code, again.data) == (400, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]


def test_it_is_told_only_once_the_processor_has_said_so(
    api: Api, shop: Shop, sandbox: SandboxServer, queue: FakeQueue
) -> None:
    sandbox.fault("drop_before", account=shop.sandbox_account, route=f"POST {INTENTS}")
    unknown = pay(api, "k")
    known, again = pay(api, "k"), pay(api, "k")

    assert (unknown.status_code, unknown.get_json()["status"]) == (202, "processing")
    assert (known.status_code, error_of(known)["code"]) == (400, "resource_missing")
    assert (again.status_code, again.data) == (400, known.data)
    # Whoever was told that it is under way is told how that ended.
    assert events(api, queue) == [
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.created",
    ]


def test_what_a_bank_declined_before_is_still_the_latest_charge(api: Api) -> None:
    declined = error_of(api.post(INTENTS, order(confirm=True, payment_method=DECLINED)))
    assert confirm(api, None).status_code == 400

    assert only_intent(api)["latest_charge"] == declined["charge"]
    assert [one["id"] for one in check(api.get("/v1/charges").json)["data"]] == [declined["charge"]]


def test_a_checkouts_customer_is_asked_for_the_card_again(deps: Deps, shop: Shop) -> None:
    session_id = open_checkout(deps, shop)
    view = pay_checkout(deps, session_id, ABSENT)

    assert view.phase == "declined"
    assert view.decline is not None
    assert view.decline.title == "Your card details did not arrive"
    assert pay_checkout(deps, session_id).phase == "paid"
