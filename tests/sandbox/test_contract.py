"""Every kind of object the sandbox sends, in every state, against Stripe's own schemas."""

from typing import Any

import pytest

from tests.contracts import schema
from tests.sandbox.driver import Merchant
from tests.sandbox.server import wait_until

EXPANDED = {"expand[]": ["latest_charge.balance_transaction", "payment_method"]}


def intent(merchant: Merchant, method: str, **params: Any) -> Any:
    data = {
        "amount": "4999", "currency": "usd", "payment_method": method, "confirm": "true",
        "allowed_payment_method_types[]": "card", "capture_method": "automatic", "expand[]": "latest_charge",
        "shipping[name]": "Jo", "shipping[address][line1]": "1 High St", "metadata[order]": "1",
        **params,
    }  # fmt: skip
    reply = merchant.raw("POST", "/v1/payment_intents", data).json()
    return schema.check(reply, "error" if "error" in reply else None)


@pytest.mark.parametrize(
    "method,params,status",
    [
        ("pm_card_visa", {}, "succeeded"),
        ("pm_card_amex", {"currency": "jpy"}, "succeeded"),
        ("pm_card_visa", {"capture_method": "manual"}, "requires_capture"),
        ("pm_card_threeDSecureOptional", {
            "payment_method_options[card][request_three_d_secure]": "any"}, "requires_action"),
        ("pm_card_authenticationRequired", {"return_url": "http://127.0.0.1/x"}, "requires_action"),
        ("pm_card_authenticationRequired", {"use_stripe_sdk": "true"}, "requires_action"),
        ("pm_card_threeDSecureOptionalProcessingError", {
            "payment_method_options[card][request_three_d_secure]": "any"}, "succeeded"),
    ],
)  # fmt: skip
def test_intents_in_every_state(
    merchant: Merchant, method: str, params: dict[str, str], status: str
) -> None:
    made = intent(merchant, method, **params)
    assert made["status"] == status
    merchant.get(f"/v1/payment_intents/{made['id']}", **EXPANDED)
    canceled = merchant.raw("POST", f"/v1/payment_intents/{made['id']}/cancel")
    schema.check(canceled.json(), None if canceled.ok else "error")
    merchant.get("/v1/payment_intents")
    merchant.get("/v1/charges", **{"expand[]": "data.balance_transaction"})


@pytest.mark.parametrize(
    "method",
    ["pm_card_visa_chargeDeclined", "pm_card_chargeDeclinedExpiredCard", "pm_card_radarBlock",
     "pm_card_threeDSecureRequiredProcessingError", "pm_card_chargeDeclinedIncorrectCvc"],
)  # fmt: skip
def test_errors_of_cards(merchant: Merchant, method: str) -> None:
    error = intent(merchant, method)["error"]
    assert error["type"] == "card_error"
    merchant.get(f"/v1/payment_intents/{error['payment_intent']['id']}", **EXPANDED)
    merchant.get("/v1/charges")


def test_everything_about_money(merchant: Merchant) -> None:
    paid = intent(merchant, "pm_card_refundFail")
    data = {"payment_intent": paid["id"], "amount": "500", "metadata[why]": "test"}
    refund = schema.check(merchant.raw("POST", "/v1/refunds", data).json())
    path = f"/v1/refunds/{refund['id']}"
    wait_until(lambda: merchant.get(path)["status"] == "failed")
    expand = {"expand[]": ["balance_transaction", "failure_balance_transaction", "charge"]}
    assert merchant.get(path, **expand)["failure_balance_transaction"]["amount"] == 500
    merchant.get("/v1/refunds")
    merchant.get(f"/v1/charges/{refund['charge']}", **{"expand[]": "refunds"})
    rows = merchant.get("/v1/balance_transactions", **{"expand[]": "data.source"})["data"]
    assert [row["type"] for row in rows] == ["refund_failure", "refund", "charge"]
    merchant.get("/v1/balance")
    account = merchant.get("/v1/account")
    assert account["id"] == merchant.account
    pending = intent(merchant, "pm_card_pendingRefund")
    waiting = merchant.raw("POST", "/v1/refunds", {"payment_intent": pending["id"]}).json()
    assert schema.check(waiting)["status"] == "pending"
    schema.check(merchant.raw("POST", "/v1/refunds", {"charge": "ch_no"}).json(), "error")


def test_methods_tokens_endpoints_and_events(merchant: Merchant) -> None:
    card = {
        "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "34",
        "card[cvc]": "123",
    }  # fmt: skip
    key = merchant.publishable
    method = merchant.raw("POST", "/v1/payment_methods", {"type": "card", **card}, key=key).json()
    merchant.get(f"/v1/payment_methods/{schema.check(method)['id']}")
    token = merchant.raw("POST", "/v1/tokens", card, key=key).json()
    merchant.get(f"/v1/tokens/{schema.check(token)['id']}")
    merchant.get("/v1/payment_methods")
    hook = {"url": "http://127.0.0.1:9/x", "enabled_events[]": "*"}
    endpoint = schema.check(merchant.raw("POST", "/v1/webhook_endpoints", hook).json())
    merchant.get("/v1/webhook_endpoints")
    intent(merchant, "pm_card_visa")
    intent(merchant, "pm_card_visa_chargeDeclined")
    events = merchant.get("/v1/events")["data"]
    for event in events:
        schema.check(event["data"]["object"])
        merchant.get(f"/v1/events/{event['id']}")
    assert {event["type"] for event in events} <= schema.event_types()
    gone = merchant.raw("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}").json()
    schema.check(gone, "deleted_webhook_endpoint")


def test_the_judge_notices_what_is_wrong(merchant: Merchant) -> None:
    good = intent(merchant, "pm_card_visa")
    assert schema.problems("payment_intent", good) == []
    for change in ({"status": "paid"}, {"amount": "4999"}, {"mood": "good"}, {"created": None},
                   {"customer": {"id": "cus_1", "object": "customer"}}):  # fmt: skip
        assert schema.problems("payment_intent", {**good, **change}) != []
