import pytest
import stripe

from tests.sandbox.driver import Merchant

DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline"),
    ("4000000000009995", "card_declined", "insufficient_funds"),
    ("4000000000009987", "card_declined", "lost_card"),
    ("4000000000009979", "card_declined", "stolen_card"),
    ("4000000000000069", "expired_card", "expired_card"),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
    ("4000000000000119", "processing_error", "processing_error"),
    ("4000000000006975", "card_declined", "card_velocity_exceeded"),
    ("4000000000000341", "card_declined", "generic_decline"),
    ("4100000000000019", "card_declined", "fraudulent"),
    ("4000008400001280", "card_declined", "generic_decline"),
    ("4111111111111111", "card_declined", "test_mode_live_card"),
]
SUCCESSES = [
    ("4242424242424242", "visa", "credit"),
    ("4000056655665556", "visa", "debit"),
    ("5555555555554444", "mastercard", "credit"),
    ("2223003122003222", "mastercard", "credit"),
    ("5200828282828210", "mastercard", "debit"),
    ("5105105105105100", "mastercard", "prepaid"),
    ("378282246310005", "amex", "credit"),
    ("371449635398431", "amex", "credit"),
    ("6011111111111117", "discover", "credit"),
    ("3566002020360505", "jcb", "credit"),
    ("3056930009020004", "diners", "credit"),
    ("6200000000000005", "unionpay", "credit"),
    ("4000000000000259", "visa", "credit"),
    ("4000000000003055", "visa", "credit"),
    ("4000000000003097", "visa", "credit"),
]


def card(number: str, **changes: str) -> dict[str, str]:
    code = "1234" if number.startswith("3") and len(number) == 15 else "123"
    return {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": code, **changes}


def method(merchant: Merchant, number: str, **changes: str) -> stripe.PaymentMethod:
    return merchant.v1.payment_methods.create({"type": "card", "card": card(number, **changes)})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("number,code,decline_code", DECLINES)
def test_each_declining_card_says_why(
    merchant: Merchant, number: str, code: str, decline_code: str
) -> None:
    error = merchant.decline(method(merchant, number).id)
    assert error.http_status == 402
    assert (error.code, error.error.decline_code) == (code, decline_code)
    intent = error.error.payment_intent
    assert intent.status == "requires_payment_method"
    assert merchant.record()["facts"] == []
    if number != "4000008400001280":
        charge = merchant.v1.charges.retrieve(intent.latest_charge)
        assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
        assert charge.id == error.error.charge


@pytest.mark.parametrize("number,brand,funding", SUCCESSES)
def test_each_good_card_pays(merchant: Merchant, number: str, brand: str, funding: str) -> None:
    made = method(merchant, number)
    assert (made.card.brand, made.card.funding, made.card.last4) == (brand, funding, number[-4:])
    intent = merchant.pay(made.id)
    assert intent.status == "succeeded"


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "42"}, "invalid_number"),
        ({"exp_month": "13"}, "invalid_expiry_month"),
        ({"exp_year": "2019"}, "invalid_expiry_year"),
        ({"exp_year": "2099"}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
def test_card_details_are_checked_before_anything(
    merchant: Merchant, changes: dict[str, str], code: str
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        method(merchant, **{"number": "4242424242424242", **changes})
    assert refused.value.code == code
    assert refused.value.param == next(iter(changes))


@pytest.mark.parametrize(
    "number,cvc,line1,postal",
    [
        ("4242424242424242", "pass", "pass", "pass"),
        ("4000000000000101", "fail", "pass", "pass"),
        ("4000000000000036", "pass", "pass", "fail"),
        ("4000000000000028", "pass", "fail", "pass"),
        ("4000000000000010", "pass", "fail", "fail"),
        ("4000000000000044", "pass", "unavailable", "unavailable"),
    ],
)
def test_checks_are_reported(
    merchant: Merchant, number: str, cvc: str, line1: str, postal: str
) -> None:
    made = merchant.v1.payment_methods.create(
        {
            "type": "card",
            "card": card(number),  # type: ignore[typeddict-item]
            "billing_details": {"address": {"line1": "1 High St", "postal_code": "94102"}},
        }
    )
    checks = merchant.pay(made.id, expand=["latest_charge"]).latest_charge
    found = checks.payment_method_details.card.checks
    assert found.cvc_check == cvc
    assert (found.address_line1_check, found.address_postal_code_check) == (line1, postal)


def test_a_blocked_card_never_reaches_the_network(merchant: Merchant) -> None:
    error = merchant.decline("pm_card_radarBlock")
    outcome = merchant.v1.charges.retrieve(str(error.error.charge)).outcome
    assert outcome is not None
    assert (outcome.type, outcome.network_status) == ("blocked", "not_sent_to_network")
    assert outcome.risk_level == "highest"


@pytest.mark.parametrize(
    "name,level", [("riskLevelElevated", "elevated"), ("riskLevelHighest", "highest")]
)
def test_risk_is_reported_on_charges_that_pass(merchant: Merchant, name: str, level: str) -> None:
    charge = merchant.pay(f"pm_card_{name}", expand=["latest_charge"]).latest_charge
    assert (charge.paid, charge.outcome.risk_level) == (True, level)


def test_the_card_that_skips_pending_is_available_at_once(merchant: Merchant) -> None:
    merchant.pay("pm_card_bypassPending")
    merchant.pay("pm_card_visa", amount=1000)
    balance = merchant.v1.balance.retrieve()
    assert [part.amount for part in balance.available] == [4824]
    assert [part.amount for part in balance.pending] == [941]


def test_the_number_is_kept_nowhere(merchant: Merchant) -> None:
    merchant.pay(method(merchant, "4000003720000278").id)
    error = merchant.decline(method(merchant, "4012888888881881").id)
    assert error.code == "card_declined"
    kept = b"".join(p.read_bytes() for p in merchant.sandbox.data_dir.iterdir() if p.is_file())
    assert b"4012888888881881" not in kept
    assert b"4000003720000278" not in kept
