"""Bank debits through the API, in Stripe's words and shapes."""

from datetime import timedelta
from typing import Any

import pytest

from app.services import inbound, merchants, polling
from app.services.deps import Deps
from app.services.payments import load
from tests.api.client import Api, error_of
from tests.contracts.schema import check
from tests.debits import SEPA
from tests.factories import FakeQueue, Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank

CONSENT = {
    "customer_acceptance": {
        "type": "online",
        "online": {"ip_address": "192.0.2.7", "user_agent": "Test/1"},
    }
}
ORDER = {
    "amount": 4999,
    "currency": "eur",
    "payment_method": SEPA,
    "payment_method_types": ["sepa_debit"],
    "mandate_data": CONSENT,
    "confirm": True,
}


@pytest.fixture
def bank(deps: Deps, sandbox: SandboxServer, shop: Shop) -> Bank:
    """The processor's side of a shop that takes SEPA debits."""
    merchants.set_methods(deps, shop.merchant_id, ["card", "sepa_debit", "ach_debit"])
    return Bank(sandbox, shop)


def _news(deps: Deps, queue: FakeQueue) -> None:
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    queue.drain()


def _types(api: Api) -> list[str]:
    found: Any = api.get("/v1/events?limit=100").json
    return [event["type"] for event in reversed(found["data"])]


def test_a_debit_is_processing_then_succeeded_then_disputed(
    api: Api, deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    """Each step is an event, and each object is of Stripe's shape."""
    answer = api.post(
        "/v1/payment_intents?expand[]=latest_charge",
        {**ORDER, "expand": ["latest_charge"]},
        key="k",
    )
    assert answer.status_code == 200, answer.text
    intent = check(answer.json)
    assert (intent["status"], intent["payment_method_types"]) == ("processing", ["sepa_debit"])
    charge = intent["latest_charge"]
    assert (charge["status"], charge["paid"], charge["disputed"]) == ("pending", False, False)
    details = charge["payment_method_details"]
    assert (details["type"], details["sepa_debit"]["last4"]) == ("sepa_debit", "3204")
    assert details["sepa_debit"]["mandate"].startswith("mandate_")
    method = check(api.get(f"/v1/payment_methods/{intent['payment_method']}").json)
    assert (method["type"], method["sepa_debit"]["country"]) == ("sepa_debit", "AT")
    payment = load(shop.merchant_id, intent["id"])

    bank.debit(payment, "accept")
    _news(deps, queue)
    paid = check(api.get(f"/v1/charges/{charge['id']}").json)
    assert (paid["status"], paid["amount_captured"]) == ("succeeded", 4999)

    bank.debit(payment, "return", code="MD06")
    _news(deps, queue)
    back = check(api.get(f"/v1/charges/{charge['id']}").json)
    assert (back["status"], back["disputed"]) == ("succeeded", True)
    assert check(api.get(f"/v1/payment_intents/{intent['id']}").json)["status"] == "succeeded"
    moved: Any = check(api.get("/v1/balance_transactions").json)
    kinds = [(row["type"], row["reporting_category"], row["amount"]) for row in moved["data"]]
    assert kinds[0] == ("adjustment", "dispute", -4999)
    told = _types(api)
    for kind in (
        "charge.pending",
        "payment_intent.processing",
        "payment_intent.succeeded",
        "charge.updated",
    ):
        assert told.count(kind) == 1, told


def test_the_same_key_answers_the_same_while_the_bank_thinks(api: Api, bank: Bank) -> None:
    first = api.post("/v1/payment_intents", ORDER, key="k")
    again = api.post("/v1/payment_intents", ORDER, key="k")

    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(bank.events("charge.pending")) == 1


@pytest.mark.parametrize(
    "failure, network_code",
    [("insufficient_funds", "AM04"), ("debit_not_authorized", "MS02")],
)
def test_a_refused_debit_has_the_code_of_a_bank_account_not_of_a_card(
    api: Api,
    deps: Deps,
    shop: Shop,
    bank: Bank,
    queue: FakeQueue,
    failure: str,
    network_code: str,
) -> None:
    intent: Any = api.post("/v1/payment_intents", ORDER, key="k").json
    bank.debit(load(shop.merchant_id, intent["id"]), "refuse", failure=failure, code=network_code)

    _news(deps, queue)

    failed = check(api.get(f"/v1/payment_intents/{intent['id']}").json)
    assert failed["last_payment_error"]["code"] == failure
    charge = check(api.get(f"/v1/charges/{failed['latest_charge']}").json)
    assert (charge["failure_code"], charge["outcome"]["reason"]) == (failure, failure)


def test_a_refusal_days_later_is_a_failed_charge_with_the_reason(
    api: Api, deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    intent: Any = api.post("/v1/payment_intents", ORDER, key="k").json
    bank.debit(
        load(shop.merchant_id, intent["id"]), "refuse", failure="account_closed", code="AC04"
    )

    _news(deps, queue)

    failed = check(api.get(f"/v1/payment_intents/{intent['id']}").json)
    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == "bank_account_unusable"
    charge = check(api.get(f"/v1/charges/{failed['latest_charge']}").json)
    assert (charge["status"], charge["failure_code"]) == ("failed", "bank_account_unusable")
    assert "card" not in charge["failure_message"]


def test_a_refund_of_a_debit_goes_back_by_transfer(
    api: Api, deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    intent: Any = api.post("/v1/payment_intents", ORDER, key="k").json
    bank.debit(load(shop.merchant_id, intent["id"]), "accept")
    _news(deps, queue)

    refund = check(
        api.post("/v1/refunds", {"payment_intent": intent["id"], "amount": 1000}, key="r").json
    )

    assert refund["destination_details"]["type"] == "eu_bank_transfer"
    assert bank.facts("refunded") == [1000]


@pytest.mark.parametrize(
    "changes, param, words",
    [
        ({"mandate_data": None}, "mandate_data", "Missing required param"),
        ({"currency": "usd"}, "payment_method_types", "cannot take this payment"),
        ({"capture_method": "manual"}, "payment_method_types", "cannot take this payment"),
        ({"amount": 1_000_001}, "payment_method_types", "cannot take this payment"),
        ({"payment_method_types": ["bitcoin"]}, "payment_method_types[0]", "must be one of"),
        (
            {"automatic_payment_methods": {"enabled": True}},
            "automatic_payment_methods",
            "only specify one",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_words_and_takes_nothing(
    api: Api, bank: Bank, changes: dict[str, Any], param: str, words: str
) -> None:
    body = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}

    answer = api.post("/v1/payment_intents", body, key="k")

    error = error_of(answer)
    assert (answer.status_code, error["param"]) == (400, param)
    assert words in error["message"]
    assert bank.events() == []


def test_a_method_that_is_switched_off_is_refused(api: Api, deps: Deps, shop: Shop) -> None:
    merchants.set_methods(deps, shop.merchant_id, ["card"])

    error = error_of(api.post("/v1/payment_intents", ORDER, key="k"))

    assert "not switched on" in error["message"]


def test_what_is_held_in_escrow_is_not_taken_by_debit(api: Api, bank: Bank) -> None:
    answer = api.post("/v1/payment_intents", {**ORDER, "escrow": {"enabled": True}}, key="k")

    assert (answer.status_code, error_of(answer)["param"]) == (400, "payment_method_types")


def test_small_deposits_are_asked_for_with_a_page_to_tell_them_on(api: Api, bank: Bank) -> None:
    """The page is ours, so that the account's number need not be."""
    made = bank.client.v1.payment_methods.create(
        {
            "type": "us_bank_account",
            "us_bank_account": {
                "account_holder_type": "individual",
                "account_number": "000123456789",
                "routing_number": "110000000",
            },
            "billing_details": {"name": "Ada Novak"},
        }
    )
    body = {**ORDER, "currency": "usd", "payment_method_types": ["us_bank_account"]}

    intent = check(
        api.post("/v1/payment_intents", {**body, "payment_method": made.id}, key="k").json
    )

    assert intent["status"] == "requires_action"
    assert intent["next_action"]["type"] == "verify_with_microdeposits"
    page = intent["next_action"]["verify_with_microdeposits"]["hosted_verification_url"]
    shown = api.app.test_client().get(page.removeprefix("http://localhost"))
    assert "Verify your bank account" in shown.text
    assert "000123456789" not in shown.text
    checked = bank.client.v1.payment_intents.list({}).data[0]
    assert checked.status == "requires_action"


def test_no_account_number_is_kept_anywhere(api: Api, bank: Bank) -> None:
    from tests.services.bank import rows  # noqa: PLC0415 - beside its only use

    api.post("/v1/payment_intents", ORDER, key="k")

    [row] = rows("SELECT to_jsonb(p)::text AS row FROM payments p")
    [sent] = rows("SELECT to_jsonb(o)::text AS row FROM operations o")
    for text in (row["row"], sent["row"]):
        assert "300235473204" not in text
