"""Cards out of a wallet, as Stripe tells them: which wallet, and the number that only the device has."""

from typing import Any

import pytest
import stripe

from tests.contracts import schema
from tests.sandbox.driver import Merchant


def card_of(merchant: Merchant, name: str) -> Any:
    """The card of the charge that a published name makes."""
    intent = merchant.pay(name, expand=["latest_charge"])
    assert intent.status == "succeeded"
    charge = merchant.get(f"/v1/charges/{intent.latest_charge.id}")
    return charge["payment_method_details"]["card"]


@pytest.mark.parametrize("suffix, wallet", [("applePay", "apple_pay"), ("googlePay", "google_pay")])
def test_a_card_on_a_device_says_so_and_is_not_asked_for_3ds(
    merchant: Merchant, suffix: str, wallet: str
) -> None:
    """Even one that asks for it each time when it is typed: its owner was made sure of already."""
    card = card_of(merchant, f"pm_card_threeDSecure2Required_{suffix}")

    assert card["last4"] == "3220"
    assert card["wallet"]["type"] == wallet
    assert card["wallet"][wallet] == {}
    assert card["wallet"]["dynamic_last4"].isdigit()
    assert card["wallet"]["dynamic_last4"] != "3220"
    assert card["network_token"] == {"used": True}
    assert card["three_d_secure"] is None
    assert card["checks"]["cvc_check"] is None
    again = card_of(merchant, f"pm_card_threeDSecure2Required_{suffix}")
    assert again["wallet"] == card["wallet"]


def test_a_card_that_google_merely_keeps_is_like_a_typed_one(merchant: Merchant) -> None:
    card = card_of(merchant, "pm_card_visa_googlePayOnFile")
    assert card["wallet"] == {"dynamic_last4": None, "google_pay": {}, "type": "google_pay"}
    assert card["network_token"] == {"used": False}

    asked = merchant.pay("pm_card_threeDSecure2Required_googlePayOnFile")
    assert asked.status == "requires_action"


def test_a_wallets_card_is_declined_like_any_other(merchant: Merchant) -> None:
    error = merchant.decline("pm_card_visa_chargeDeclinedInsufficientFunds_applePay")

    assert error.code == "card_declined"
    assert error.error is not None
    method = error.error.payment_method
    assert method is not None
    assert method.card.wallet.type == "apple_pay"


def test_a_token_of_a_wallet_becomes_a_payment_method(merchant: Merchant) -> None:
    made = merchant.v1.payment_methods.create(
        {"type": "card", "card": {"token": "tok_visa_googlePay"}}
    )
    told = schema.check(made.to_dict())

    assert told["card"]["wallet"]["type"] == "google_pay"
    with pytest.raises(stripe.InvalidRequestError):
        merchant.v1.payment_methods.create(
            {"type": "card", "card": {"token": "tok_broken_googlePay"}}
        )
    assert merchant.pay("pm_card_visa").status == "succeeded"


def test_which_wallets_browsers_have_is_settled_from_outside(merchant: Merchant) -> None:
    sandbox = merchant.sandbox
    try:
        sandbox.control("wallets", offered=["google_pay"])
        frame = merchant.raw("GET", "/v3/field/express")
        assert 'data-wallets="google_pay"' in frame.text
        assert merchant.raw("POST", "/control/api/wallets").status_code == 400
    finally:
        sandbox.control("wallets", offered=["apple_pay", "google_pay"])

    sheet = {"wallet": "google_pay", "amount": "4999", "currency": "usd", "shop": "A & B"}
    text = merchant.raw("GET", "/v3/wallet", sheet).text
    assert "A &amp; B asks for" in text
    assert "USD 49.99" in text
    for changes in ({"wallet": "gold"}, {"amount": "-"}, {"currency": "xxx"}):
        assert merchant.raw("GET", "/v3/wallet", sheet | changes).status_code == 404
