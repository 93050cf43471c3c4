"""Bank transfers through the API, in Stripe's words and shapes."""

from typing import Any

import pytest

from app.services import merchants
from app.services.deps import Deps
from app.services.payments import load
from tests.api.client import Api, error_of
from tests.contracts.schema import check
from tests.factories import FakeQueue, Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank
from tests.transfers import arrive, news

ORDER: dict[str, Any] = {
    "amount": 4999,
    "currency": "eur",
    "payment_method_types": ["customer_balance"],
    "payment_method_data": {"type": "customer_balance"},
    "payment_method_options": {
        "customer_balance": {
            "funding_type": "bank_transfer",
            "bank_transfer": {
                "type": "eu_bank_transfer",
                "eu_bank_transfer": {"country": "NL"},
            },
        }
    },
    "confirm": True,
}
INSTRUCTIONS = "display_bank_transfer_instructions"


@pytest.fixture
def bank(deps: Deps, sandbox: SandboxServer, shop: Shop) -> Bank:
    """The processor's side of a shop that takes bank transfers."""
    merchants.set_methods(deps, shop.merchant_id, ["card", "bank_transfer"])
    return Bank(sandbox, shop)


def test_a_transfer_is_asked_for_partly_funded_and_succeeded(
    api: Api, deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    """Each step is an event, and each object is of Stripe's shape."""
    ada: Any = api.post("/v1/customers", {"name": "Ada", "email": "ada@example.com"}).json
    answer = api.post("/v1/payment_intents", {**ORDER, "customer": ada["id"]}, key="k")
    assert answer.status_code == 200, answer.text
    intent = check(answer.json)
    assert (intent["status"], intent["latest_charge"]) == ("requires_action", None)
    action = intent["next_action"]
    assert action["type"] == INSTRUCTIONS
    told = action[INSTRUCTIONS]
    assert (told["amount_remaining"], told["type"]) == (4999, "eu_bank_transfer")
    assert told["financial_addresses"][0]["iban"]["iban"].startswith("DE")
    page = api.app.test_client().get(
        told["hosted_instructions_url"].removeprefix("http://localhost")
    )
    assert told["reference"] in page.text
    assert "It is paid when" in page.text
    payment = load(shop.merchant_id, intent["id"])

    arrive(bank.sandbox, shop, payment, 2000)
    news(deps, shop, payment)
    partly = check(api.get(f"/v1/payment_intents/{intent['id']}").json)
    assert partly["next_action"][INSTRUCTIONS]["amount_remaining"] == 2999
    assert partly["amount_received"] == 0
    arrive(bank.sandbox, shop, payment, 2999)
    news(deps, shop, payment)
    queue.drain()

    paid = check(api.get(f"/v1/payment_intents/{intent['id']}").json)
    assert (paid["status"], paid["amount_received"], paid["next_action"]) == (
        "succeeded",
        4999,
        None,
    )
    charge = check(api.get(f"/v1/charges/{paid['latest_charge']}").json)
    assert charge["payment_method_details"] == {"type": "customer_balance", "customer_balance": {}}
    found: Any = api.get("/v1/events?limit=100").json
    by_type = {event["type"]: check(event)["data"]["object"] for event in found["data"]}
    for kind, left in (("requires_action", 4999), ("partially_funded", 2999)):
        then = by_type[f"payment_intent.{kind}"]["next_action"][INSTRUCTIONS]
        assert (then["amount_remaining"], then["reference"]) == (left, told["reference"])

    refund = check(
        api.post("/v1/refunds", {"payment_intent": intent["id"], "amount": 1000}, key="r").json
    )
    assert refund["destination_details"]["type"] == "customer_cash_balance"
    assert refund["status"] == "succeeded"


def test_a_payment_is_made_first_and_confirmed_by_transfer_later(
    api: Api, deps: Deps, shop: Shop, bank: Bank
) -> None:
    types = {"payment_method_types": ["card", "customer_balance"]}
    made: Any = api.post("/v1/payment_intents", {"amount": 4999, "currency": "usd", **types}).json
    body = {"payment_method_data": {"type": "customer_balance"}, "receipt_email": "ada@example.com"}

    intent = check(api.post(f"/v1/payment_intents/{made['id']}/confirm", body, key="k").json)

    told = intent["next_action"][INSTRUCTIONS]
    assert told["type"] == "us_bank_transfer"
    assert told["financial_addresses"][0]["aba"]["routing_number"] == "110000000"
    gone: Any = api.post(f"/v1/payment_intents/{made['id']}/cancel", {}, key="c").json
    assert gone["status"] == "canceled"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"currency": "usd"}, "payment_method_options", "cannot be used for USD"),
    (
        {"currency": "gbp", "payment_method_options": None},
        "payment_method_types",
        "cannot take",
    ),
    ({"amount": 500}, "payment_method_types", "cannot take this payment"),
    ({"capture_method": "manual"}, "payment_method_types", "cannot take this payment"),
    ({"payment_method": "pm_card_visa"}, "payment_method_data", "not both"),
    ({"off_session": True}, "off_session", "act themselves"),
    ({"payment_method_types": ["card"]}, "payment_method_data", "does not name"),
    ({"payment_method_data": {"type": "card"}}, "payment_method_data[type]", "must be one of"),
    ({"payment_method_data": None}, "payment_method", "missing a payment method"),
]


def test_what_cannot_work_is_refused_in_words_and_asks_nobody(api: Api, bank: Bank) -> None:
    for number, (changes, param, words) in enumerate(WRONG):
        body = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}

        answer = api.post("/v1/payment_intents", body, key=f"k{number}")

        error = error_of(answer)
        assert (answer.status_code, str(error["param"])[: len(param)]) == (400, param)
        assert words in error["message"]
    assert bank.events() == []


def test_one_call_pays_by_transfer_and_the_same_key_answers_the_same(api: Api, bank: Bank) -> None:
    body = {name: value for name, value in ORDER.items() if name != "confirm"}

    first = api.post("/payments", body, key="k")
    again = api.post("/payments", body, key="k")

    assert first.status_code == 200, first.text
    assert again.data == first.data
    assert len(bank.client.v1.customers.list().data) == 1
    assert error_of(api.post("/payments", {"amount": 4999, "currency": "eur"}, key="n"))[
        "param"
    ] == ("payment_method")
