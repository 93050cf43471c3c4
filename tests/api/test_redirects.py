"""Payments on a provider's own page through the API, in Stripe's words and shapes."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from app.services import inbound, merchants, polling
from app.services.deps import Deps
from app.services.payments import load
from tests.api.client import Api, error_of
from tests.contracts.schema import check
from tests.factories import VISA, FakeQueue, Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank, assert_books_equal_record

BACK = "https://shop.example/back?order=7"
BUYER = {"email": "ada@example.com", "name": "Ada Novak", "address": {"country": "US"}}
DATA = {
    "paypal": {"type": "paypal", "paypal": {}},
    "klarna": {"type": "klarna", "klarna": {}, "billing_details": BUYER},
}
each_type = pytest.mark.parametrize("kind", list(DATA))


def _order(kind: str, **changes: Any) -> dict[str, Any]:
    order = {
        "amount": 4999,
        "currency": "usd",
        "payment_method_types": ["card", kind],
        "payment_method_data": DATA[kind],
        "return_url": BACK,
        "confirm": True,
        **changes,
    }
    return {name: value for name, value in order.items() if value is not None}


@pytest.fixture
def bank(deps: Deps, sandbox: SandboxServer, shop: Shop) -> Bank:
    """The processor's side of a shop that takes cards and every provider."""
    merchants.set_methods(deps, shop.merchant_id, ["card", *DATA])
    return Bank(sandbox, shop)


def _press(url: str, answer: str) -> str:
    """Open the provider's page, press a button, and follow it to where the merchant wants the customer."""
    parts = urlsplit(url)
    attempt = parse_qs(parts.query)["attempt"]
    page = requests.get(url, timeout=20)
    assert "49.99" in page.text
    pressed = requests.post(
        parts._replace(query="").geturl(),
        data={"attempt": attempt, "answer": answer},
        allow_redirects=False,
        timeout=20,
    )
    return pressed.headers["Location"]


def _types(api: Api) -> list[str]:
    found: Any = api.get("/v1/events?limit=100").json
    return [event["type"] for event in reversed(found["data"])]


@each_type
def test_a_payment_is_confirmed_elsewhere_and_leads_back_to_the_merchant(
    api: Api, deps: Deps, bank: Bank, queue: FakeQueue, kind: str
) -> None:
    """Each object is of Stripe's shape, and what the merchant's address is told are our ids alone."""
    intent = check(api.post("/v1/payment_intents", _order(kind), key="k").json)
    assert (intent["status"], intent["latest_charge"]) == ("requires_action", None)
    action = intent["next_action"]["redirect_to_url"]
    assert (intent["next_action"]["type"], action["return_url"]) == ("redirect_to_url", BACK)
    method = check(api.get(f"/v1/payment_methods/{intent['payment_method']}").json)
    assert method["type"] == kind
    again = api.post("/v1/payment_intents", _order(kind), key="k")
    assert again.json["next_action"] == intent["next_action"]  # type: ignore[index]

    ours = urlsplit(_press(action["url"], "approve"))
    assert ours.path == f"/pay/authenticate/{intent['id']}"
    answer = api.app.test_client().get(f"{ours.path}?{ours.query}")
    onward = urlsplit(answer.headers["Location"])
    assert (answer.status_code, onward.netloc, onward.path) == (303, "shop.example", "/back")
    assert dict(parse_qsl(onward.query)) == {
        "order": "7",
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded",
    }
    paid = check(api.get(f"/v1/payment_intents/{intent['id']}?expand[]=latest_charge").json)
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 4999)
    details = paid["latest_charge"]["payment_method_details"]
    assert details["type"] == kind
    assert details[kind]
    refund = check(api.post("/v1/refunds", {"payment_intent": intent["id"], "amount": 99}).json)
    assert refund["destination_details"] == {"type": kind, kind: {}}
    queue.drain()
    told = _types(api)
    for name in ("payment_intent.requires_action", "payment_intent.succeeded", "charge.succeeded"):
        assert told.count(name) == 1, told
    assert_books_equal_record(bank)


def test_a_customer_who_turns_back_is_told_to_the_merchant_and_pays_by_card(
    api: Api, bank: Bank
) -> None:
    intent: Any = api.post("/v1/payment_intents", _order("klarna"), key="k").json
    ours = urlsplit(_press(intent["next_action"]["redirect_to_url"]["url"], "cancel"))
    answer = api.app.test_client().get(f"{ours.path}?{ours.query}")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_status"] == ["failed"]
    failed = check(api.get(f"/v1/payment_intents/{intent['id']}").json)
    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == "payment_method_customer_decline"

    paid = api.post(f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": VISA})

    assert check(paid.json)["status"] == "succeeded"
    assert bank.facts("captured") == [4999]


def test_a_forged_return_proves_nothing_and_a_pending_one_waits(
    api: Api, deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    intent: Any = api.post("/v1/payment_intents", _order("paypal"), key="k").json
    payment = load(shop.merchant_id, intent["id"])
    opened = urlsplit(deps.customer_page(shop.merchant_id, payment.id))
    browser = api.app.test_client()
    address = f"{opened.path}?{opened.query}"

    forged = browser.get(f"{address}&redirect_status=succeeded")
    assert forged.headers["Location"].startswith("/pay/authenticate/")
    page = browser.get(address).text
    assert "Continue to PayPal" in page
    assert "Nothing is taken before you confirm it there." in page
    assert load(shop.merchant_id, payment.id).captured_minor == 0
    assert browser.get(f"{address[:-1]}x&redirect_status=succeeded").status_code == 404

    bank.provider(payment, "review")
    waiting = browser.get(f"{address}&redirect_status=pending")
    assert "redirect_status=pending" in waiting.headers["Location"]
    assert "We are checking with PayPal" in browser.get(address).text
    bank.provider(payment, "approve")
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    assert check(api.get(f"/v1/payment_intents/{intent['id']}").json)["status"] == "succeeded"


def test_a_payment_is_confirmed_in_a_second_step_too(api: Api, bank: Bank) -> None:
    kind = "klarna"
    made: Any = api.post(
        "/v1/payment_intents",
        _order(kind, confirm=None, return_url=None, payment_method_data=None),
        key="k",
    ).json
    address = f"/v1/payment_intents/{made['id']}/confirm"
    body = {"payment_method_data": DATA[kind], "return_url": BACK}

    first = check(api.post(address, body, key="c").json)
    again: Any = api.post(address, body, key="c").json

    assert first["status"] == "requires_action"
    assert again["next_action"] == first["next_action"]
    assert len(bank.events("payment_intent.requires_action")) == 1
    at_once: Any = api.pay(
        "p", payment_method=None, payment_method_types=[kind], payment_method_data=DATA[kind]
    )
    assert at_once.json["status"] == "requires_action", at_once.text


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("paypal", {"currency": "jpy"}, "payment_method_types", "cannot take this payment"),
    ("paypal", {"payment_method": VISA}, "payment_method_data", "not both"),
    ("paypal", {"payment_method_types": ["klarna"]}, "payment_method_data[type]", "does not name"),
    ("paypal", {"off_session": True}, "off_session", "cannot be"),
    ("paypal", {"confirm": None, "return_url": None}, "payment_method_data", "confirm=true"),
    ("klarna", {"amount": 3499}, "payment_method_types", "cannot take this payment"),
    (
        "klarna",
        {"payment_method_data": {"type": "klarna", "billing_details": {"email": "a@b.example"}}},
        "payment_method_data[billing_details][address][country]",
        "Missing required param",
    ),
    (
        "klarna",
        {"currency": "eur"},
        "payment_method_data[billing_details][address][country]",
        "cannot take this payment from there",
    ),
    (
        "paypal",
        {"payment_method_data": {"type": "card"}},
        "payment_method_data[type]",
        "must be one of",
    ),
]


def test_what_cannot_work_is_refused_in_words_and_takes_nothing(api: Api, bank: Bank) -> None:
    for kind, changes, param, words in REFUSED:
        answer = api.post("/v1/payment_intents", _order(kind, **changes), key=f"{kind}:{changes}")

        error = error_of(answer)
        assert (answer.status_code, error["param"]) == (400, param), changes
        assert words in error["message"]
    assert bank.events() == []
