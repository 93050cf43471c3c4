"""3-D Secure over HTTP: the page one is sent to, the frames, and what the shop is told in the end."""

import re
from typing import Any

import pytest
import requests

from tests.sandbox.adyen import CHALLENGE, FRICTIONLESS, FULL, NATIVE, AdyenMerchant, Listener


def redirect_result(reply: requests.Response) -> str:
    assert reply.status_code == 303
    found = re.fullmatch(
        r"http://127\.0\.0\.1/back\?a=1&redirectResult=(\w+)", reply.headers["Location"]
    )
    assert found is not None, reply.headers["Location"]
    return found[1]


def test_a_shopper_is_sent_away_and_comes_back(shop: AdyenMerchant, listener: Listener) -> None:
    told = shop.pay(CHALLENGE)
    assert (told["resultCode"], told["action"]["method"]) == ("RedirectShopper", "GET")
    url = told["action"]["url"]
    page = requests.get(url, timeout=10).text
    assert "EUR 49.99" in page
    assert "0006" in page
    form = {"pending": url.partition("pending=")[2]}
    target = url.partition("?")[0]
    wrong = requests.post(target, form | {"password": "guess"}, timeout=10, allow_redirects=False)
    assert (wrong.status_code, "2 more tries" in wrong.text) == (422, True)
    right = requests.post(
        target, form | {"password": "password"}, timeout=10, allow_redirects=False
    )
    assert shop.totals() == {}
    details = {"redirectResult": redirect_result(right)}
    paid = shop.details(details=details)
    assert (paid["resultCode"], paid["pspReference"]) == ("Authorised", told["pspReference"])
    assert paid["additionalData"]["liabilityShift"] == "true"
    assert shop.details(details=details) == paid
    assert listener.wait("AUTHORISATION")["pspReference"] == paid["pspReference"]
    assert "no longer waiting" in requests.get(url, timeout=10).text
    assert shop.totals()["charges"] == 1


@pytest.mark.parametrize(
    "number,result", [(FRICTIONLESS, "Authorised"), (FULL, "ChallengeShopper")]
)
def test_a_device_is_looked_at_first(shop: AdyenMerchant, number: str, result: str) -> None:
    told = shop.pay(number, **NATIVE)
    assert told["resultCode"] == "IdentifyShopper"
    brought = {"threeds2.fingerprint": "eyJ0aHJlZURTQ29tcEluZCI6IlkifQ=="}
    then = shop.details(details=brought, paymentData=told["action"]["paymentData"])
    assert (then["resultCode"], then["pspReference"]) == (result, told["pspReference"])
    if "action" in then:
        answer = {"pending": then["action"]["paymentData"], "password": "password"}
        page = f"{shop.sandbox.url}/adyen/3ds/challenge"
        framed = requests.post(page, json=answer, timeout=10).json()
        assert shop.details(details=framed)["resultCode"] == "Authorised"
    assert shop.totals()["charges"] == 1


@pytest.mark.parametrize("answer,result", [("complete", "Authorised"), ("fail", "Refused"),
                                           ("cancel", "Refused")])  # fmt: skip
def test_the_bank_is_answered_without_a_browser(
    shop: AdyenMerchant, listener: Listener, answer: str, result: str
) -> None:
    told = shop.pay(CHALLENGE, **NATIVE)
    assert told["resultCode"] == "ChallengeShopper"
    done = shop.details(**shop.authenticate(told["pspReference"], answer))
    assert done["resultCode"] == result
    if result == "Refused":
        assert done["refusalReasonCode"] == "11"
        assert listener.wait("AUTHORISATION", "false")["reason"] == "3D Not Authenticated"


def test_who_never_answers_is_refused_and_three_wrong_words_are_enough(
    shop: AdyenMerchant, listener: Listener
) -> None:
    left = shop.pay(CHALLENGE, **NATIVE)
    shop.pass_time(3601)
    assert listener.wait("AUTHORISATION", "false")["pspReference"] == left["pspReference"]
    late = shop.details(**shop.authenticate(left["pspReference"], "complete"))
    assert late["resultCode"] == "Refused"
    told = shop.pay(CHALLENGE, **NATIVE)
    answer = {"pending": told["action"]["paymentData"], "password": "x"}
    page = f"{shop.sandbox.url}/adyen/3ds/challenge"
    answers = [requests.post(page, json=answer, timeout=10).json() for _ in range(3)]
    assert "1 more try" in answers[1]["problem"]
    assert shop.details(details=answers[2])["resultCode"] == "Refused"
    assert shop.refused(shop.post("/payments/details", {"details": {"threeDSResult": "x"}})) == (
        422,
        "902",
    )
    assert shop.totals() == {}


def test_a_bank_that_insists_refuses_who_will_not_authenticate(shop: AdyenMerchant) -> None:
    never: dict[str, Any] = {"authenticationData": {"attemptAuthentication": "never"}}
    assert shop.pay(CHALLENGE, **never)["refusalReasonCode"] == "38"
    assert shop.pay(FRICTIONLESS, **never)["resultCode"] == "Authorised"
    assert shop.pay(CHALLENGE, shopperInteraction="ContAuth")["resultCode"] == "Authorised"
    only = {"authenticationOnly": True, **NATIVE["authenticationData"]}
    told = shop.pay(CHALLENGE, **{**NATIVE, "authenticationData": only})
    done = shop.details(**shop.authenticate(told["pspReference"], "complete"))
    assert (done["resultCode"], done["threeDS2Result"]["transStatus"]) == (
        "AuthenticationFinished",
        "Y",
    )
    assert shop.totals()["charges"] == 2
