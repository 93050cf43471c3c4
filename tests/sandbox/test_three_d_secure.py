from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

from tests.sandbox.driver import Merchant

ANY = {"payment_method_options": {"card": {"request_three_d_secure": "any"}}}
CHALLENGE = {"payment_method_options": {"card": {"request_three_d_secure": "challenge"}}}


def answer(merchant: Merchant, intent: Any, word: str) -> requests.Response:
    return requests.post(
        f"{merchant.sandbox.url}/3ds/answer",
        json={"payment_intent": intent.id, "client_secret": intent.client_secret, "answer": word},
        timeout=20,
    )


@pytest.mark.parametrize(
    "name,status,decline_code",
    [
        ("pm_card_threeDSecure2Required", "succeeded", None),
        ("pm_card_authenticationRequired", "succeeded", None),
        ("pm_card_authenticationRequiredOnSetup", "succeeded", None),
        ("pm_card_authenticationRequiredSetupForOffSession", "succeeded", None),
        ("pm_card_threeDSecureRequiredChargeDeclined", "requires_payment_method", "generic_decline"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
         "requires_payment_method", "insufficient_funds"),
    ],
)  # fmt: skip
def test_each_card_that_asks_for_the_customer(
    merchant: Merchant, name: str, status: str, decline_code: str | None
) -> None:
    waiting = merchant.pay(name, use_stripe_sdk=True)
    assert (waiting.status, waiting.next_action.type) == ("requires_action", "use_stripe_sdk")
    assert merchant.record()["facts"] == []
    assert answer(merchant, waiting, "complete").json() == {"status": status}
    done = merchant.v1.payment_intents.retrieve(waiting.id, {"expand": ["latest_charge"]})
    assert done.status == status
    secure = done.latest_charge.payment_method_details.card.three_d_secure
    assert (secure.result, secure.authentication_flow) == ("authenticated", "challenge")
    if decline_code is not None:
        assert done.last_payment_error.decline_code == decline_code


@pytest.mark.parametrize("word", ["fail", "cancel"])
def test_a_customer_who_is_not_recognised_pays_nothing(merchant: Merchant, word: str) -> None:
    waiting = merchant.pay("pm_card_threeDSecure2Required", use_stripe_sdk=True)
    answer(merchant, waiting, word)
    failed = merchant.v1.payment_intents.retrieve(waiting.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    assert failed.latest_charge is None
    assert merchant.record()["facts"] == []
    paid = merchant.v1.payment_intents.confirm(failed.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"


def test_an_abandoned_challenge_can_be_left_for_another_card(merchant: Merchant) -> None:
    waiting = merchant.pay("pm_card_threeDSecure2Required", use_stripe_sdk=True)
    paid = merchant.v1.payment_intents.confirm(waiting.id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.next_action) == ("succeeded", None)
    answer(merchant, waiting, "complete")
    assert merchant.totals()["charges"] == 1


def test_a_late_answer_to_a_canceled_payment_changes_nothing(merchant: Merchant) -> None:
    waiting = merchant.pay("pm_card_threeDSecure2Required", use_stripe_sdk=True)
    merchant.v1.payment_intents.cancel(waiting.id)
    assert answer(merchant, waiting, "complete").json() == {"status": "canceled"}
    assert merchant.record()["facts"] == []


def test_only_the_holder_of_the_secret_answers(merchant: Merchant) -> None:
    waiting = merchant.pay("pm_card_threeDSecure2Required", use_stripe_sdk=True)
    waiting.client_secret = "wrong"
    assert answer(merchant, waiting, "complete").status_code == 404


@pytest.mark.parametrize("word,status", [("complete", "succeeded"), ("fail", "failed")])
def test_without_a_script_the_customer_is_redirected(
    merchant: Merchant, word: str, status: str
) -> None:
    waiting = merchant.pay(
        "pm_card_authenticationRequired", return_url="http://127.0.0.1:1/back?order=5"
    )
    assert waiting.next_action.type == "redirect_to_url"
    page = requests.get(waiting.next_action.redirect_to_url.url, timeout=20)
    assert "USD 49.99" in page.text
    back = requests.post(
        f"{merchant.sandbox.url}/3ds/redirect",
        data={
            "payment_intent": waiting.id,
            "client_secret": waiting.client_secret,
            "answer": word,
        },
        timeout=20,
        allow_redirects=False,
    )
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert back.status_code == 303
    assert (query["order"], query["redirect_status"]) == (["5"], [status])
    assert query["payment_intent"] == [waiting.id]


def test_off_session_payments_are_refused_or_exempt(merchant: Merchant) -> None:
    error = merchant.decline("pm_card_authenticationRequired", off_session=True)
    assert (error.code, error.error.decline_code) == (
        "authentication_required",
        "authentication_required",
    )
    exempt = merchant.pay("pm_card_authenticationRequiredSetupForOffSession", off_session=True)
    assert exempt.status == "succeeded"
    error = merchant.decline("pm_card_authenticationRequired", error_on_requires_action=True)
    assert error.code == "authentication_required"


@pytest.mark.parametrize(
    "name,options,result",
    [
        ("pm_card_threeDSecureOptional", {}, None),
        ("pm_card_visa", ANY, "attempt_acknowledged"),
        ("pm_card_amex", ANY, "not_supported"),
        ("pm_card_threeDSecureOptionalProcessingError", ANY, "processing_error"),
    ],
)
def test_what_happens_where_it_is_not_required(
    merchant: Merchant, name: str, options: dict[str, Any], result: str | None
) -> None:
    paid = merchant.pay(name, expand=["latest_charge"], **options)
    assert paid.status == "succeeded"
    secure = paid.latest_charge.payment_method_details.card.three_d_secure
    assert (secure and secure.result) == result


def test_optional_cards_go_through_without_a_question_when_asked(merchant: Merchant) -> None:
    quiet = merchant.pay("pm_card_threeDSecureOptional", use_stripe_sdk=True, **ANY)
    assert quiet.next_action.use_stripe_sdk["type"] == "stripe_3ds2_fingerprint"
    asked = merchant.pay("pm_card_threeDSecureOptional", use_stripe_sdk=True, **CHALLENGE)
    assert asked.next_action.use_stripe_sdk["type"] == "three_d_secure_redirect"
    answer(merchant, quiet, "complete")
    done = merchant.v1.payment_intents.retrieve(quiet.id, {"expand": ["latest_charge"]})
    secure = done.latest_charge.payment_method_details.card.three_d_secure
    assert (done.status, secure.authentication_flow) == ("succeeded", "frictionless")


def test_with_manual_confirmation_the_server_has_the_last_word(merchant: Merchant) -> None:
    waiting = merchant.pay(
        "pm_card_threeDSecure2Required", confirmation_method="manual", use_stripe_sdk=True
    )
    assert answer(merchant, waiting, "complete").json() == {"status": "requires_confirmation"}
    assert merchant.record()["facts"] == []
    assert merchant.v1.payment_intents.confirm(waiting.id).status == "succeeded"


def test_a_lookup_that_fails_declines_the_card(merchant: Merchant) -> None:
    with pytest.raises(stripe.CardError) as declined:
        merchant.pay("pm_card_threeDSecureRequiredProcessingError")
    assert declined.value.code == "card_declined"
