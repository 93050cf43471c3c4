"""`/v1/checkout/sessions`, judged by Stripe's published schema, by us and by Stripe's own SDK."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from app.services.deps import Deps
from tests.api.client import Api, basket, count, error_of
from tests.contracts.schema import check
from tests.factories import Shop, pay_checkout
from tests.sandbox.server import SandboxServer


def test_a_session_is_opened_found_and_ended(api: Api, deps: Deps) -> None:
    answer = api.post("/v1/checkout/sessions", basket(client_reference_id="order-7"))
    assert answer.status_code == 200
    session = check(answer.json)
    assert (session["amount_total"], session["currency"]) == (2500, "usd")
    assert (session["status"], session["payment_status"]) == ("open", "unpaid")
    assert session["client_reference_id"] == "order-7"
    assert session["url"] == f"{deps.base_url}/pay/{session['id']}"
    path = f"/v1/checkout/sessions/{session['id']}"
    assert check(api.get(path).json) == session
    page = api.open("GET", urlsplit(session["url"]).path, {})
    assert (page.status_code, "Walnut tray" in page.text) == (200, True)
    ended = check(api.post(f"{path}/expire", form={}).json)
    assert (ended["status"], ended["url"]) == ("expired", None)
    again = api.post(f"{path}/expire", form={})
    assert (again.status_code, error_of(again)["type"]) == (400, "invalid_request_error")


def test_a_paid_session_names_its_payment(api: Api, deps: Deps) -> None:
    opened = check(api.post("/v1/checkout/sessions", basket()).json)
    pay_checkout(deps, opened["id"])
    session = check(api.get(f"/v1/checkout/sessions/{opened['id']}").json)
    assert (session["status"], session["payment_status"]) == ("complete", "paid")
    assert session["url"] is None
    assert session["customer_details"]["email"] == "ada@example.com"
    intent = api.get(f"/payments/{session['payment_intent']}").json
    assert intent is not None
    assert (intent["status"], intent["amount"]) == ("succeeded", 2500)
    expire = api.post(f"/v1/checkout/sessions/{opened['id']}/expire", form={})
    assert expire.status_code == 400


def test_a_form_with_brackets_opens_the_same_session(api: Api) -> None:
    lines = "line_items[0]"
    form = {
        "mode": "payment",
        f"{lines}[quantity]": "2",
        f"{lines}[price_data][currency]": "usd",
        f"{lines}[price_data][unit_amount]": "1250",
        f"{lines}[price_data][product_data][name]": "Walnut tray",
        "line_items[1][price_data][currency]": "usd",
        "line_items[1][price_data][unit_amount]": "99",
        "line_items[1][price_data][product_data][name]": "Wrapping",
        "payment_method_types[]": "card",
        "payment_intent_data[capture_method]": "manual",
        "metadata[order]": "7",
        "success_url": "https://shop.example/thanks?id={CHECKOUT_SESSION_ID}",
    }
    session = check(api.post("/v1/checkout/sessions", form=form).json)
    assert (session["amount_total"], session["metadata"]) == (2599, {"order": "7"})
    assert session["success_url"] == form["success_url"]


def test_bad_sessions_are_refused_and_nothing_is_stored(api: Api, database_url: str) -> None:
    def line(**changes: Any) -> dict[str, Any]:
        price = {"currency": "usd", "unit_amount": 1250, "product_data": {"name": "Tray"}}
        return {"line_items": [{"price_data": price | changes, "quantity": 1}]}

    for changes, param in (
        *(
            (line(unit_amount=bad), "unit_amount")
            for bad in (True, 1.5, -1, "4_999", 10**13, "1e3")
        ),
        *((line(currency=bad), "currency") for bad in ("xxx", 5, None)),
        (
            {"line_items": [{"price_data": line()["line_items"][0]["price_data"], "quantity": 0}]},
            "q",
        ),
        ({"line_items": "x"}, "line_items"),
        ({"line_items": [5]}, "line_items[0]"),
        (line(unit_amount=0), "line_items"),
        *(
            ({"success_url": bad}, "success_url")
            for bad in ("javascript:alert(1)", "//evil.example", "https://a@b/", "ftp://x", "/x", 5)
        ),
        ({"mode": "subscription"}, "mode"),
        ({"expires_at": 5}, "expires_at"),
        ({"payment_intent_data": {"capture_method": "never"}}, "capture_method"),
        ({"payment_method_types": ["card", "ideal"]}, "payment_method_types"),
        ({"submit_type": "steal"}, "submit_type"),
        ({"return_url": "https://shop.example/"}, "return_url"),
    ):
        answer = api.post("/v1/checkout/sessions", basket(**changes))
        assert answer.status_code == 400, changes
        assert param in error_of(answer)["param"], changes
    assert count(database_url, "checkout_sessions") == 0


def test_a_key_opens_one_session_and_replays_its_answer(api: Api, database_url: str) -> None:
    first = api.post("/v1/checkout/sessions", basket(), key="k")
    again = api.post("/v1/checkout/sessions", basket(), key="k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post("/v1/checkout/sessions", basket(client_reference_id="x"), key="k")
    assert (other.status_code, error_of(other)["type"]) == (400, "idempotency_error")
    assert count(database_url, "checkout_sessions") == 1
    # A key belongs to a route: elsewhere it is another key.
    assert api.pay("k").status_code == 200


@pytest.fixture
def sdk(web: str, shop: Shop) -> stripe.StripeClient:
    """Stripe's own SDK: nothing is changed but the address."""
    return stripe.StripeClient(shop.secret_key, base_addresses={"api": web})


def test_the_unmodified_sdk_opens_finds_and_ends_a_session(
    sdk: stripe.StripeClient, api: Api, sandbox: SandboxServer
) -> None:
    sessions = sdk.v1.checkout.sessions
    opened = sessions.create(basket(metadata={"order": "7"}))  # type: ignore[arg-type]
    assert (opened.object, opened.amount_total, opened.status) == ("checkout.session", 2500, "open")
    found = sessions.retrieve(opened.id)
    assert (found.id, found.metadata["order"]) == (opened.id, "7")
    assert sessions.expire(opened.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        sessions.create({"mode": "payment", "line_itmes": [{"a": 1}]})  # type: ignore[typeddict-unknown-key]
    assert (unknown.value.param, unknown.value.http_status) == ("line_itmes", 400)
    with pytest.raises(stripe.InvalidRequestError) as missing:
        sessions.retrieve("cs_test_0")
    assert (missing.value.code, missing.value.http_status) == ("resource_missing", 404)


def test_the_sdk_understands_a_wrong_key(web: str) -> None:
    client = stripe.StripeClient("sk_test_wrong", base_addresses={"api": web})
    with pytest.raises(stripe.AuthenticationError):
        client.v1.checkout.sessions.retrieve("cs_test_0")
