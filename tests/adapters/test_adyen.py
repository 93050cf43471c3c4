"""Adyen's words: every one that its contract has is understood, every other one is unknown."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.processors import adyen_money, adyen_words
from app.adapters.processors.adyen import AdyenProcessor
from app.domain.declines import DeclineReason as R
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest, Unkeepable
from app.domain.money import Money
from app.domain.processor import (
    ActionRequired,
    Authorized,
    AuthorizeRequest,
    CancelRequest,
    Captured,
    CaptureRequest,
    Declined,
    FinishRequest,
    Kept,
    Pending,
    RefundAccepted,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from tests.adapters.adyen_items import ACCOUNT, PAYMENT, PSP, TRY
from tests.adapters.wire import Wire, listening

AMOUNT, NOW = Money(5000, "USD"), datetime(2026, 3, 5, tzinfo=UTC)
FIELDS = {
    "type": "scheme",
    "encryptedCardNumber": "adyenjs_number",
    "encryptedExpiryMonth": "adyenjs_month",
    "encryptedExpiryYear": "adyenjs_year",
    "encryptedSecurityCode": "adyenjs_code",
}
CARD = "scheme:" + json.dumps(FIELDS | {"browserInfo": {"userAgent": "Mozilla", "cookies": "x"}})
REQUEST = AuthorizeRequest(
    "acct_1", PAYMENT, TRY, AMOUNT, CARD, True, f"{TRY}:authorize", NOW,
    return_url="https://pay.example/pay/cs_1",
)  # fmt: skip
FINISH = FinishRequest(
    "acct_1", PAYMENT, TRY, "op_finish", AMOUNT, True,
    '{"details":{"redirectResult":"X6X","other":"y"}}', "op_finish:finish", NOW,
)  # fmt: skip
CAPTURE = CaptureRequest(PSP, Money(3000, "USD"), "op_c:capture", PAYMENT, "op_c")
CANCEL = CancelRequest(PSP, "requested_by_customer", "op_x:cancel", PAYMENT, "op_x")
REFUND = RefundRequest("acct_1", PAYMENT, "re_1", PSP, AMOUNT, "duplicate", "re_1:refund")
# The enumeration of the contract (Checkout v71), and what each is to us.
RESULTS: dict[str, type] = {
    "AuthenticationFinished": Unknown,
    "AuthenticationNotRequired": Unknown,
    "Authorised": Captured,
    "Cancelled": Declined,
    "ChallengeShopper": ActionRequired,
    "Error": Declined,
    "IdentifyShopper": ActionRequired,
    "PartiallyAuthorised": Unknown,
    "Pending": Pending,
    "PresentToShopper": Unknown,
    "Received": Pending,
    "RedirectShopper": ActionRequired,
    "Refused": Declined,
    "Success": Unknown,
    "InOrbit": Unknown,
}
# The table of 3-domain, by class.
REFUSALS = {
    R.GENERIC: "0 2 3 5 14 17 18 19 20 22 23 25 26 27 31 37 40 41 44 45 46 50 77",
    R.FUNDS: "12 28 29",
    R.EXPIRED: "6",
    R.NUMBER: "8",
    R.CVC: "24",
    R.POSTCODE: "32",
    R.AUTHENTICATE: "11 33 36 38 42 43",
    R.TECHNICAL: "4 9 21 39",
    R.UNSUPPORTED: "7 10 34 35",
    R.UNFINISHED: "15 16",
}


def answer(result: str = "Authorised", **more: Any) -> dict[str, Any]:
    return {
        "resultCode": result,
        "pspReference": PSP,
        "merchantReference": f"{PAYMENT}.{TRY}",
        "amount": {"currency": "USD", "value": 5000},
        "paymentMethod": {"type": "scheme", "brand": "mc"},
        "action": {"type": "redirect", "url": "https://bank.example"},
        "additionalData": {
            "cardSummary": "4444", "expiryDate": "3/2030", "cvcResult": "1 Matches",
            "avsResult": "2 Neither postal code nor address match", "authCode": "081439",
            "fundingSource": "CREDIT", "cardIssuingCountry": "NL", "threeDAuthenticated": "true",
        },
        **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def line() -> Iterator[Wire]:
    """Adyen's end of the line: to end it costs half a second."""
    with listening() as found:
        yield found


@pytest.fixture
def wire(line: Wire) -> Wire:
    line.answers(b"{}")
    line.asked.clear()
    line.delay_seconds = 0
    return line


@pytest.fixture
def processor(wire: Wire) -> AdyenProcessor:
    return AdyenProcessor(wire.url, "https://js.example/adyen.js", 1.0, 1.0)


def said(wire: Wire) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(wire.asked[-1].body)
    return found


def test_every_result_code_has_one_meaning(wire: Wire, processor: AdyenProcessor) -> None:
    for result, kind in RESULTS.items():
        wire.answers(answer(result))
        for outcome in (processor.authorize(ACCOUNT, REQUEST), processor.finish(ACCOUNT, FINISH)):
            assert type(outcome) is kind, (result, outcome)
            if isinstance(outcome, ActionRequired | Pending):
                assert outcome.facts is not None
                assert outcome.facts.reference == ""
            if isinstance(outcome, Declined):
                assert outcome.facts is None


def test_what_is_authorised_is_taken_or_held_as_it_was_asked_for(
    wire: Wire, processor: AdyenProcessor
) -> None:
    wire.answers(answer())
    taken = processor.authorize(ACCOUNT, REQUEST)
    held = processor.authorize(ACCOUNT, replace(REQUEST, capture_now=False))

    assert isinstance(taken, Captured)
    assert isinstance(held, Authorized)
    assert (taken.facts.reference, taken.facts.payment_id, taken.amount) == (PSP, PAYMENT, AMOUNT)
    assert held.capture_before == NOW + adyen_words.HELD
    card = taken.card
    assert card is not None
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == (
        "mastercard",
        "4444",
        3,
        2030,
    )
    assert (card.cvc_check, card.postal_check, card.three_d_secure) == (
        "pass",
        "fail",
        "authenticated",
    )
    assert "manualCapture" in said(wire)["additionalData"]


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_code_has_a_reason(wire: Wire, processor: AdyenProcessor, reason: R) -> None:
    for code in REFUSALS[reason].split():
        wire.answers(answer("Refused", refusalReasonCode=code, refusalReason="Words"))
        outcome = processor.authorize(ACCOUNT, REQUEST)
        assert isinstance(outcome, Declined)
        assert (outcome.reason, outcome.code) == (reason, f"{code} Words")
        assert outcome.reached_bank is (code not in adyen_words.NOT_THE_BANKS)


def test_a_lie_in_the_answer_is_told_as_it_is_for_the_integrity_check(
    wire: Wire, processor: AdyenProcessor
) -> None:
    for lie in (
        {"amount": {"currency": "USD", "value": 4999}},
        {"amount": {"currency": "EUR", "value": 5000}},
        {"merchantReference": "pi_other.op_1"},
        {"merchantReference": "whatever"},
    ):
        wire.answers(answer(**lie))
        outcome = processor.authorize(ACCOUNT, REQUEST)
        assert isinstance(outcome, Captured)
        assert (outcome.facts.amount, outcome.facts.payment_id) != (AMOUNT, PAYMENT)
    for bad in ({"amount": {"value": "5000"}}, {"amount": 5}, {"pspReference": None, "amount": 1}):
        wire.answers(answer(**bad))
        assert isinstance(processor.authorize(ACCOUNT, REQUEST), Unknown)


def test_what_a_browser_brought_has_to_say_itself_whose_it_is(
    wire: Wire, processor: AdyenProcessor
) -> None:
    for less in ({"amount": None}, {"merchantReference": None}):
        wire.answers(answer(**less))
        assert isinstance(processor.authorize(ACCOUNT, REQUEST), Captured)
        assert isinstance(processor.finish(ACCOUNT, FINISH), Unknown)
    wire.answers(answer("Refused", merchantReference="pi_other.op_1", refusalReasonCode="2"))
    assert isinstance(processor.finish(ACCOUNT, FINISH), Unknown)
    wire.answers(answer("Refused", merchantReference=None, refusalReasonCode="2"))
    assert isinstance(processor.finish(ACCOUNT, FINISH), Declined)


NO_KEY = Declined(R.TECHNICAL, "processor_credentials", is_unheard=True)
NOT_SENT = Declined(R.TECHNICAL, "not_sent 703", is_unheard=True)
LOST = {"errorCode": "904", "message": "Unable: IOEXCEPTION_RECEIVED"}
ERRORS: list[tuple[int, dict[str, Any] | bytes, dict[str, str], Any]] = [
    (422, {"errorCode": "101"}, {}, Declined(R.NUMBER, "invalid_request 101")),
    (422, {"errorCode": "999"}, {}, Declined(R.TECHNICAL, "invalid_request 999")),
    (400, {"errorCode": "702"}, {}, Declined(R.TECHNICAL, "invalid_request 702")),
    (422, {}, {}, Unknown),
    (422, b'{"errorCode":"704","mess', {}, Unknown),
    (400, b"<html>Bad Request</html>", {}, Unknown),
    (400, {"message": "no code"}, {}, Unknown),
    (401, {}, {}, NO_KEY),
    (403, {"errorCode": "010"}, {}, NO_KEY),
    (500, {"errorCode": "703", "message": "NO_CONNECTION_AVAILABLE"}, {}, NOT_SENT),
    (500, {"errorCode": "703"}, {"Transient_Error": "true"}, Unknown),
    (500, {"errorCode": "000"}, {"Transient_Error": "true"}, Unknown),
    (422, {"errorCode": "010"}, {"Transient_Error": "true"}, Unknown),
    (422, {"errorCode": "704"}, {"Transient_Error": "true"}, Unknown),
    (422, {"errorCode": "704"}, {}, Unknown),
    (409, {}, {}, Unknown),
    (429, {}, {}, Unknown),
    (500, LOST, {"Transient_Error": "true"}, Unknown),
    (500, {}, {}, Unknown),
    (503, {}, {}, Unknown),
    (404, {}, {}, Unknown),
    (302, {}, {"Location": "https://elsewhere.example"}, Unknown),
]  # fmt: skip


@pytest.mark.parametrize("status, body, headers, expected", ERRORS)
def test_an_error_is_a_refusal_only_where_nothing_was_done(
    wire: Wire,
    processor: AdyenProcessor,
    status: int,
    body: dict[str, Any] | bytes,
    headers: dict[str, str],
    expected: Any,
) -> None:
    wire.answers(body, status, **headers)
    for outcome in (
        processor.authorize(ACCOUNT, REQUEST),
        processor.capture(ACCOUNT, CAPTURE),
        processor.finish(ACCOUNT, FINISH),
    ):
        assert (
            outcome == expected if isinstance(expected, Declined) else isinstance(outcome, Unknown)
        )
    refused = processor.refund(ACCOUNT, REFUND)
    is_refused = isinstance(expected, Declined) and not expected.is_unheard
    assert isinstance(refused, RefundRefused if is_refused else Unknown)
    assert len(wire.asked) == 4


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"1", b'"x"', b"null", b'{"resultCode":'])
def test_an_answer_that_cannot_be_read_is_unknown(
    wire: Wire, processor: AdyenProcessor, body: bytes
) -> None:
    for status in (200, 500):
        wire.answers(body, status)
        calls: list[Callable[[], Any]] = [
            lambda: processor.authorize(ACCOUNT, REQUEST),
            lambda: processor.capture(ACCOUNT, CAPTURE),
            lambda: processor.cancel(ACCOUNT, CANCEL),
            lambda: processor.refund(ACCOUNT, REFUND),
        ]
        assert all(isinstance(call(), Unknown) for call in calls)


def test_no_answer_is_unknown(wire: Wire, processor: AdyenProcessor) -> None:
    wire.delay_seconds = 1.2
    assert isinstance(processor.authorize(ACCOUNT, REQUEST), Unknown)
    nowhere = AdyenProcessor("http://127.0.0.1:9", "", 1.0, 1.0)
    assert isinstance(nowhere.authorize(ACCOUNT, REQUEST), Unknown)


def test_a_try_says_whose_it_is_and_the_same_again(wire: Wire, processor: AdyenProcessor) -> None:
    wire.answers(answer())
    processor.authorize(ACCOUNT, REQUEST)
    processor.authorize(ACCOUNT, REQUEST)

    first, second = wire.asked
    assert first.body == second.body
    assert first.path == "/v71/payments"
    headers = {name.lower(): value for name, value in first.headers.items()}
    assert (headers["idempotency-key"], headers["x-api-key"]) == (f"{TRY}:authorize", "AQEtest")
    body = said(wire)
    assert body["reference"] == f"{PAYMENT}.{TRY}"
    assert body["merchantOrderReference"] == PAYMENT
    assert body["merchantAccount"] == ACCOUNT.external_account
    assert body["paymentMethod"] == FIELDS
    assert body["browserInfo"] == {"userAgent": "Mozilla"}
    assert (body["captureDelayHours"], body["origin"]) == (0, "https://pay.example")


@pytest.mark.parametrize(
    "token",
    [
        "scheme:" + json.dumps({"type": "scheme", "number": "4111111111111111", "cvc": "737"}),
        "scheme:" + json.dumps(FIELDS | {"cvc": "737"}),
        "scheme:" + json.dumps(FIELDS | {"type": "ideal"}),
        "scheme:" + json.dumps(FIELDS | {"encryptedCardNumber": "4111-1111 1111.1111"}),
        "scheme:" + json.dumps(FIELDS | {"encryptedSecurityCode": "737"}),
        "scheme:" + json.dumps(FIELDS | {"holderName": {"a": 1}}),
        "scheme:[]",
        "scheme:no json",
        "method=sepa_debit",
    ],
)
def test_what_is_no_sealed_card_goes_nowhere(
    wire: Wire, processor: AdyenProcessor, token: str
) -> None:
    outcome = processor.authorize(ACCOUNT, replace(REQUEST, payment_method_token=token))

    assert isinstance(outcome, Declined)
    assert "4111" not in outcome.code
    assert wire.asked == []


def test_a_test_card_is_no_card_of_a_live_account(wire: Wire, processor: AdyenProcessor) -> None:
    request = replace(REQUEST, payment_method_token="pm_card_visa")
    assert isinstance(processor.authorize(replace(ACCOUNT, is_live=True), request), Declined)
    assert wire.asked == []


def test_details_are_passed_on_and_nothing_else_is(wire: Wire, processor: AdyenProcessor) -> None:
    wire.answers(answer())
    processor.finish(ACCOUNT, FINISH)
    assert said(wire) == {"details": {"redirectResult": "X6X"}}
    for brought in ("", "[]", "{}", '{"details":{"MD":1}}', '{"details":5}'):
        outcome = processor.finish(ACCOUNT, replace(FINISH, details=brought))
        assert isinstance(outcome, Declined)
    assert len(wire.asked) == 1


def test_modifications_are_received_and_no_more(wire: Wire, processor: AdyenProcessor) -> None:
    received = {"status": "received", "paymentPspReference": PSP, "pspReference": "MOD1"}
    wire.answers({**received, "amount": {"currency": "USD", "value": 3000}}, 201)
    assert processor.capture(ACCOUNT, CAPTURE) == Pending(None)
    assert said(wire)["reference"] == f"{PAYMENT}.op_c"
    assert processor.cancel(ACCOUNT, CANCEL) == Pending(None)
    wire.answers({**received, "amount": {"currency": "USD", "value": 5000}}, 201)
    assert processor.refund(ACCOUNT, REFUND) == RefundAccepted("MOD1", AMOUNT, False, PSP, "re_1")
    assert said(wire)["merchantRefundReason"] == "DUPLICATE"
    # Of another amount, another payment, or in a state that nobody knows.
    assert isinstance(processor.capture(ACCOUNT, CAPTURE), Unknown)
    wire.answers({**received, "paymentPspReference": "ANOTHER"}, 201)
    assert isinstance(processor.cancel(ACCOUNT, CANCEL), Unknown)
    wire.answers(
        {**received, "status": "InOrbit", "amount": {"currency": "USD", "value": 5000}}, 201
    )
    assert isinstance(processor.cancel(ACCOUNT, CANCEL), Unknown)
    assert isinstance(processor.refund(ACCOUNT, REFUND), Unknown)


def test_amounts_are_said_in_adyens_units() -> None:
    units = {("USD", 1234): 1234, ("JPY", 500): 500, ("KWD", 1234): 1234, ("CLP", 500): 50000,
             ("ISK", 7): 700, ("IDR", 12300): 123, ("CVE", 100): 1}  # fmt: skip
    for (currency, minor), value in units.items():
        amount = Money(minor, currency)
        assert adyen_money.to_wire(amount) == {"currency": currency, "value": value}
        assert adyen_money.from_wire({"currency": currency, "value": value}) == amount
        assert adyen_money.problem(amount) is None
    assert adyen_money.problem(Money(12345, "IDR")) is not None
    for bad in (
        None,
        {},
        {"currency": "ISK", "value": 1},
        {"currency": "XXX", "value": 1},
        {"currency": "USD", "value": True},
    ):
        with pytest.raises(adyen_money.NotOnTheWire):
            adyen_money.from_wire(bad)


def test_a_customer_keeps_and_drops_cards(wire: Wire, processor: AdyenProcessor) -> None:
    person = CustomerRequest("acct_1", "cus_1", None, None, "k")
    assert processor.open_customer(ACCOUNT, person) == CustomerKnown("cus_1")
    row = {
        "id": "TOK1",
        "brand": "visa",
        "lastFour": "1111",
        "expiryMonth": "03",
        "expiryYear": "2030",
    }
    wire.answers(row, 201)
    kept = processor.keep_method(ACCOUNT, KeepRequest("cus_1", CARD, "pm_1:keep"))
    assert isinstance(kept, Kept)
    assert (kept.token, kept.card.last4, kept.card.exp_month) == ("TOK1", "1111", 3)
    assert said(wire)["shopperReference"] == "cus_1"
    wire.answers({"errorCode": "174"}, 422)
    assert processor.keep_method(ACCOUNT, KeepRequest("cus_1", CARD, "k")) == Unkeepable("absent")
    wire.answers({}, 500)
    assert isinstance(processor.keep_method(ACCOUNT, KeepRequest("cus_1", CARD, "k")), Unknown)

    wire.answers(b"", 204)
    assert processor.drop_method(ACCOUNT, "TOK/1", "k", "cus_1&x") == Dropped()
    asked = wire.asked[-1]
    assert (asked.method, asked.path) == (
        "DELETE", "/v71/storedPaymentMethods/TOK%2F1?merchantAccount=CornerShop&shopperReference=cus_1%26x",
    )  # fmt: skip
    assert isinstance(processor.drop_method(ACCOUNT, "TOK1", "k"), Unknown)
    wire.answers({"errorCode": "803"}, 422)
    assert isinstance(processor.drop_method(ACCOUNT, "TOK1", "k", "cus_1"), Unknown)


def test_a_kept_card_says_whether_anybody_is_there(wire: Wire, processor: AdyenProcessor) -> None:
    wire.answers(answer())
    kept = replace(REQUEST, payment_method_token="TOK1", customer_reference="cus_1")
    for is_away, interaction, model in (
        (False, "Ecommerce", "CardOnFile"), (True, "ContAuth", "UnscheduledCardOnFile"),
    ):  # fmt: skip
        processor.authorize(ACCOUNT, replace(kept, is_off_session=is_away))
        body = said(wire)
        assert (body["shopperInteraction"], body["recurringProcessingModel"]) == (
            interaction,
            model,
        )
        assert body["shopperReference"] == "cus_1"
        assert body["paymentMethod"] == {"type": "scheme", "storedPaymentMethodId": "TOK1"}
