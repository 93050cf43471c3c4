"""Wallets in Stripe's shape: a card of a kind, on charges, payment methods and in what is searched for."""

from tests.api.client import Api, basket, error_of
from tests.api.test_customers import a_customer, good
from tests.contracts import schema

INTENTS = "/v1/payment_intents"
APPLE = "pm_card_visa_applePay"


def test_a_charge_and_a_kept_card_name_their_wallet(api: Api) -> None:
    body = {"amount": 4999, "currency": "usd", "confirm": True, "expand": ["latest_charge"]}
    intent = good(
        api.post(INTENTS, body | {"payment_method": APPLE, "payment_method_types": ["card"]})
    )

    assert intent["payment_method_types"] == ["card"]
    charge = schema.check(intent["latest_charge"])
    details = charge["payment_method_details"]
    wallet = details["card"]["wallet"]
    assert (details["type"], details["card"]["last4"]) == ("card", "4242")
    assert (wallet["type"], wallet["apple_pay"]) == ("apple_pay", {})
    assert wallet["dynamic_last4"].isdigit()
    used = good(api.get(f"/v1/payment_methods/{intent['payment_method']}"))
    assert used["card"]["wallet"] == wallet

    ada = a_customer(api)
    kept = good(api.post(f"/v1/payment_methods/{APPLE}/attach", {"customer": ada["id"]}))
    assert schema.check(kept)["card"]["wallet"] == wallet
    typed = good(api.post(INTENTS, body | {"payment_method": "pm_card_visa"}))
    assert typed["latest_charge"]["payment_method_details"]["card"]["wallet"] is None


def test_a_wallet_is_no_type_of_its_own(api: Api) -> None:
    intent = {"amount": 4999, "currency": "usd", "payment_method_types": ["apple_pay"]}
    for path, body in ((INTENTS, intent), ("/v1/checkout/sessions", basket())):
        answer = api.post(path, body | {"payment_method_types": ["apple_pay"]})
        assert answer.status_code == 400
        assert error_of(answer)["param"] == "payment_method_types[0]"
    automatic = {"automatic_payment_methods": {"enabled": True}}
    made = good(api.post(INTENTS, {"amount": 4999, "currency": "usd", **automatic}))
    assert made["payment_method_types"] == ["card"]
