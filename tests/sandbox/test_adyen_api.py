"""Checkout v71 as the sandbox speaks it: every answer against Adyen's schemas, every request checked."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import Adyen
import pytest

from app.sandbox.adyen import parameters, results
from tests.contracts import adyen as contract
from tests.sandbox.adyen import FULL, NATIVE, VISA, AdyenMerchant, card
from tests.sandbox.server import wait_until

SPECS = {
    "BrowserInfo": parameters.BROWSER,
    "CardDetails": parameters.CARD,
    "PaymentCancelRequest": parameters.CANCEL,
    "PaymentCaptureRequest": parameters.CAPTURE,
    "PaymentCompletionDetails": parameters.COMPLETION,
    "PaymentDetailsRequest": parameters.DETAILS,
    "PaymentMethodsRequest": parameters.METHODS,
    "PaymentRefundRequest": parameters.REFUND,
    "PaymentRequest": parameters.PAYMENT,
    "PaymentReversalRequest": parameters.REVERSAL,
    "StandalonePaymentCancelRequest": parameters.STANDALONE_CANCEL,
    "StoredPaymentMethodRequest": parameters.STORE,
}


def test_every_published_field_is_taken_and_no_other() -> None:
    for request, spec in SPECS.items():
        assert set(spec) == contract.fields(request), request


def test_every_result_has_its_code_and_moves_what_it_says(shop: AdyenMerchant) -> None:
    for code, row in results.REFUSALS.items():
        forced = {"RequestedTestAcquirerResponseCode": code}
        told = shop.pay(additionalData=forced)
        assert (told["resultCode"], told["refusalReasonCode"]) == (row.result, code)
        assert "additionalData" not in told
    assert shop.pay(holder="NOT_ENOUGH_BALANCE")["refusalReasonCode"] == "12"
    assert shop.totals() == {}
    paid = shop.pay(merchantOrderReference="pi_1", metadata={"k": "v"})
    assert (paid["resultCode"], paid["merchantReference"]) == ("Authorised", "pi_1.op_1")
    assert paid["additionalData"]["authorisedAmountValue"] == "4999"
    assert shop.pay(holder="PARTIALLY_AUTHORISED")["amount"]["value"] == 2499
    for name, result in (("PENDING", "Received"), ("PENDING_RESULT", "Pending"),
                         ("PRESENT_TO_SHOPPER", "PresentToShopper"),
                         ("PENDING_THEN_REFUSED", "Received")):  # fmt: skip
        assert shop.pay(holder=name, amount=100)["resultCode"] == result
    only: dict[str, Any] = {"authenticationData": {"authenticationOnly": True}}
    assert shop.pay(**only)["resultCode"] == "AuthenticationNotRequired"
    assert shop.totals()["captured"] == 4999 + 2499
    shop.pass_time(3)
    assert (shop.totals()["charges"], shop.totals()["captured"]) == (5, 4999 + 2499 + 300)
    fact = shop.sandbox.record(shop.account, merchantOrderReference="pi_1", k="v")["facts"][0]
    assert (fact["payment_intent"], fact["fact"]) == (paid["pspReference"], "authorised")


def test_what_is_wrong_with_a_card_is_refused_by_its_bank_or_at_once(shop: AdyenMerchant) -> None:
    assert shop.pay("4012888888881881")["refusalReasonCode"] == "2"
    assert shop.pay("370000000000002")["paymentMethod"]["brand"] == "amex"
    for field, value, code in (
        ("encryptedSecurityCode", "test_999", "24"),
        ("encryptedExpiryYear", "test_2031", "6"),
    ):
        body = shop.request() | {"paymentMethod": card(**{field: value})}
        assert shop.post("/payments", body).json()["refusalReasonCode"] == code
    for more, code in (
        ({"encryptedCardNumber": "test_4111111111111112"}, "101"),
        ({"encryptedCardNumber": "adyenjs_0_1_25$nobody"}, "174"),
        ({"encryptedSecurityCode": "test_7373"}, "103"),
        ({"encryptedExpiryMonth": "test_13"}, "129"),
        ({"type": "ideal"}, "905"),
    ):
        body = shop.request() | {"paymentMethod": card(VISA) | more}
        assert shop.refused(shop.post("/payments", body)) == (422, code)
    raw = shop.request() | {"paymentMethod": {"type": "scheme", "number": VISA}}
    assert shop.refused(shop.post("/payments", raw)) == (403, "010")


def test_requests_are_checked_by_name_and_type(shop: AdyenMerchant) -> None:
    good = shop.request()
    amount = good["amount"]
    for change, code in (
        ({"amonut": 1}, "702"),
        ({"paymentMethod": card() | {"pan": "1"}}, "702"),
        ({"amount": amount | {"value": "4999"}}, "702"),
        ({"amount": amount | {"value": 49.99}}, "702"),
        ({"amount": amount | {"value": True}}, "702"),
        ({"amount": amount | {"value": 0}}, "137"),
        ({"amount": amount | {"currency": "XXX"}}, "138"),
        ({"amount": {"currency": "CLP", "value": 150}}, "137"),
        ({"amount": None}, "100"),
        ({"reference": ""}, "130"),
        ({"reference": "x" * 81}, "702"),
        ({"returnUrl": None}, "702"),
        ({"additionalData": {"manualCapture": True}}, "702"),
        ({"captureDelayHours": 673}, "702"),
        ({"metadata": {"k" * 21: "v"}}, "177"),
        ({"browserInfo": {"userAgent": "x"}}, "702"),
        ({"storePaymentMethod": True}, "180"),
    ):
        assert shop.refused(shop.post("/payments", good | change)) == (422, code), change
    assert shop.refused(shop.post("/payments", [good])) == (400, "702")
    assert shop.refused(shop.post("/payments", good, api_key="wrong-key")) == (401, "000")
    assert shop.refused(shop.post("/payments", good, api_key="adyen_test_Other")) == (403, "010")
    foreign = good | {"merchantAccount": "acct_sbx_shop"}
    assert shop.refused(shop.post("/payments", foreign, api_key="any-key-at-all")) == (403, "901")
    assert shop.refused(shop.post("/sessions", good)) == (404, "700")
    assert shop.totals() == {}


def test_amounts_are_in_adyens_exponents(shop: AdyenMerchant) -> None:
    for currency, value, minor in (
        ("CLP", 1500, 15), ("ISK", 9900, 99), ("IDR", 15000, 1_500_000), ("CVE", 7, 700),
        ("JPY", 500, 500), ("TND", 12345, 12345), ("USD", 1, 1),
    ):  # fmt: skip
        assert shop.pay(currency=currency, amount=value)["amount"]["value"] == value
        assert shop.totals(currency.lower())["captured"] == minor


def test_a_key_gives_its_first_answer_again(shop: AdyenMerchant) -> None:
    first = shop.post("/payments", shop.request(), key="k1")
    again = shop.post("/payments", shop.request(), key="k1")
    assert again.json() == first.json()
    assert again.headers["idempotency-key"] == "k1"
    other = shop.post("/payments", shop.request(amount=5000), key="k1")
    assert (shop.refused(other), "transient-error" in other.headers) == ((422, "704"), False)
    declined = shop.pay(holder="DECLINED", key="k2")
    assert shop.pay(holder="DECLINED", key="k2") == declined
    invalid = shop.request(amount=0)
    assert (
        shop.post("/payments", invalid, key="k3").json()
        == shop.post("/payments", invalid, key="k3").json()
    )
    assert shop.refused(shop.post("/payments", shop.request(), key="k" * 65)) == (422, "702")
    assert shop.totals()["charges"] == 1
    shop.pass_time(30 * 24 * 3600)
    assert shop.post("/payments", shop.request(), key="k1").json() == first.json()
    shop.pass_time(2 * 24 * 3600)
    assert shop.post("/payments", shop.request(), key="k1").json() != first.json()


def test_a_key_that_is_being_worked_on_is_refused_and_may_be_sent_again(
    shop: AdyenMerchant,
) -> None:
    shop.fault("delay_after", seconds=0.3)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(shop.post, "/payments", shop.request(), key="k")
        wait_until(lambda: shop.totals().get("charges"))
        time.sleep(0.05)
        # The effect and its answer are one; only what has not begun yet is in progress.
        assert shop.post("/payments", shop.request(), key="k").json()["resultCode"] == "Authorised"
        assert slow.result().json()["resultCode"] == "Authorised"
        shop.fault("delay_before", seconds=0.3)
        slow = pool.submit(shop.post, "/payments", shop.request(), key="l")
        wait_until(lambda: shop.sandbox.call("GET", "/control/api/faults")["faults"] == [])
        time.sleep(0.05)
        busy = shop.post("/payments", shop.request(), key="l")
        assert shop.refused(busy) == (422, "704")
        assert busy.headers["transient-error"] == "true"
        paid = slow.result().json()
    assert shop.post("/payments", shop.request(), key="l").json() == paid
    assert shop.totals()["charges"] == 2


def test_adyens_own_errors_say_whether_anything_was_sent(shop: AdyenMerchant) -> None:
    def ask(word: str, key: str) -> tuple[int, str, bool]:
        body = shop.request(additionalData={"RequestedTestErrorResponseCode": word})
        reply = shop.post("/payments", body, key=key)
        return *shop.refused(reply), reply.headers.get("Transient-Error") == "true"

    assert ask("NO_CONNECTION_AVAILABLE", "k") == (500, "703", True)
    assert shop.pay(key="k")["resultCode"] == "Authorised"
    assert ask("IOEXCEPTION_RECEIVED", "l") == (500, "904", False)
    assert ask("IOEXCEPTION_RECEIVED", "l") == (500, "904", False)
    assert shop.totals()["charges"] == 2


def test_faults_strike_adyens_routes(shop: AdyenMerchant) -> None:
    def post(key: str) -> tuple[int, str]:
        reply = shop.post("/payments", shop.request(), key=key)
        return reply.status_code, reply.json().get("resultCode", "")

    for kind, status in (("transient_error", 500), ("no_connection", 500), ("rate_limit", 429),
                         ("unavailable", 503), ("error_before", 500)):  # fmt: skip
        shop.fault(kind)
        assert post(kind) == (status, "")
        assert shop.totals() == {}
    shop.fault("error_before", stored=True)
    assert [post("stored") for _ in range(2)] == [(500, ""), (500, "")]
    assert shop.totals() == {}
    shop.fault("error_after")
    assert [post("after") for _ in range(2)] == [(500, ""), (200, "Authorised")]
    shop.fault("ioexception")
    assert [post("io") for _ in range(2)] == [(500, ""), (500, "")]
    for kind, charges in (("drop_before", 2), ("drop_after", 4)):
        shop.fault(kind)
        with pytest.raises(Exception, match="Connection aborted"):
            post(kind)
        assert shop.totals()["charges"] == charges
        assert post(kind) == (200, "Authorised")
    for kind in ("malformed_body", "truncated_body"):
        shop.fault(kind)
        with pytest.raises(Exception):  # noqa: B017, PT011 - The line breaks or the JSON does.
            post(kind)
        assert post(kind) == (200, "Authorised")
    shop.fault("wrong_amount", delta=-1)
    shop.fault("wrong_currency")
    shop.fault("unknown_status", status="Levitating")
    lie = shop.post("/payments", shop.request(), key="lie").json()
    assert (lie["amount"], lie["resultCode"]) == ({"currency": "USD", "value": 4998}, "Levitating")
    assert post("lie") == (200, "Authorised")
    shop.fault("decline", decline_code="insufficient_funds")
    assert shop.pay()["refusalReasonCode"] == "12"
    assert shop.totals()["charges"] == 7


def test_cards_are_stored_listed_charged_and_forgotten(shop: AdyenMerchant) -> None:
    wanted: dict[str, Any] = {
        "storePaymentMethod": True, "shopperReference": "cus_1",
        "recurringProcessingModel": "CardOnFile", "shopperInteraction": "Ecommerce",
    }  # fmt: skip
    told = shop.pay(**wanted)["additionalData"]
    token = told["tokenization.storedPaymentMethodId"]
    assert told["tokenization.store.operationType"] == "created"
    kept = shop.pay(**wanted)["additionalData"]
    assert kept["tokenization.store.operationType"] == "alreadyStored"
    assert kept["tokenization.storedPaymentMethodId"] == token
    made = shop.post("/storedPaymentMethods", {
        "merchantAccount": shop.account, "shopperReference": "cus_1",
        "recurringProcessingModel": "UnscheduledCardOnFile", "paymentMethod": card("5555555555554444"),
    })  # fmt: skip
    assert made.status_code == 201
    contract.check(made.json(), "StoredPaymentMethodResource")
    query = {"merchantAccount": shop.account, "shopperReference": "cus_1"}
    api = shop.sdk.checkout.recurring_api
    listed = api.get_tokens_for_stored_payment_details(query_parameters=query).message
    contract.check(listed, "ListStoredPaymentMethodsResponse")
    assert [row["lastFour"] for row in listed["storedPaymentMethods"]] == ["1111", "4444"]
    offered = shop.post("/paymentMethods", query).json()
    assert len(contract.check(offered, "PaymentMethodsResponse")["storedPaymentMethods"]) == 2

    def charge(shopper: str) -> Any:
        return shop.post("/payments", shop.request(
            shopperReference=shopper, shopperInteraction="ContAuth",
            recurringProcessingModel="UnscheduledCardOnFile",
        ) | {"paymentMethod": {"type": "scheme", "storedPaymentMethodId": token}})  # fmt: skip

    assert charge("cus_1").json()["resultCode"] == "Authorised"
    assert shop.refused(charge("cus_2")) == (422, "803")
    gone = api.delete_token_for_stored_payment_details(token, query_parameters=query)
    assert gone.status_code == 204
    assert shop.refused(charge("cus_1")) == (422, "803")


def test_the_official_sdk_hears_every_kind_of_error(shop: AdyenMerchant) -> None:
    shop.sdk.client.xapikey = "wrong-key"
    with pytest.raises(Adyen.AdyenAPIAuthenticationError):
        shop.pay()
    shop.sdk.client.xapikey = "adyen_test_Other"
    with pytest.raises(Adyen.AdyenAPIInvalidPermission):
        shop.pay()
    shop.sdk.client.xapikey = shop.key
    with pytest.raises(Adyen.AdyenAPIUnprocessableEntity) as refused:
        shop.pay(amount=0)
    assert refused.value.error_code == "137"
    shop.fault("transient_error")
    with pytest.raises(Adyen.AdyenAPICommunicationError) as busy:
        shop.pay()
    assert {name.lower(): v for name, v in busy.value.headers.items()}["transient-error"] == "true"


def test_an_action_belongs_to_the_contract(shop: AdyenMerchant) -> None:
    told = shop.pay(FULL, **NATIVE)
    assert told["resultCode"] == "IdentifyShopper"
    contract.check(told["action"], "CheckoutThreeDS2Action")
    contract.check(shop.pay(FULL)["action"], "CheckoutRedirectAction")
