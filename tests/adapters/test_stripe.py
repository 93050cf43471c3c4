"""Stripe's words: every one that its contract has is understood, every other one is unknown."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe import _error as sdk_errors

from app.adapters.processors import stripe as adapter
from app.adapters.processors import stripe_methods as methods
from app.adapters.processors import stripe_words as words
from app.adapters.processors.stripe import API_VERSION, StripeProcessor
from app.domain.declines import DeclineReason
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    ActionRequired,
    Authorized,
    AuthorizeRequest,
    Canceled,
    CancelRequest,
    Captured,
    CaptureRequest,
    Declined,
    Idle,
    Outcome,
    Pending,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from tests.adapters.wire import Wire, listening

CONTRACT = json.loads(
    (Path(__file__).parents[1] / "contracts" / "stripe.json").read_text(encoding="utf-8")
)["components"]["schemas"]
AMOUNT = Money(5000, "USD")
ACCOUNT = ProcessorAccount("pac_1", "acct_1", "stripe", False, "pk_test_1", "sk_test_one")
NOW = datetime(2026, 3, 5, tzinfo=UTC)
REQUEST = AuthorizeRequest("acct_1", "pi_ours", "op_1", AMOUNT, "pm_1", True, "op_1:authorize", NOW)
QUERY = Query("acct_1", "pi_ours", "pi_1", NOW)
REFUND = RefundRequest("acct_1", "pi_ours", "re_ours", "pi_1", AMOUNT, None, "re_ours:refund")


def an_intent(**more: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 5000,
        "amount_received": 5000,
        "amount_capturable": 5000,
        "currency": "usd",
        "livemode": False,
        "status": "succeeded",
        "client_secret": "pi_1_secret",
        "latest_charge": None,
        "last_payment_error": None,
        "metadata": {"farthing_merchant": "acct_1", "farthing_payment": "pi_ours"},
        **more,
    }


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Stripe's end of the line."""
    with listening() as found:
        yield found


@pytest.fixture
def processor(wire: Wire) -> StripeProcessor:
    """The adapter as it is wired, but to this end."""
    return StripeProcessor(wire.url, "https://js.stripe.com/v3/", 1.0, 1.0)


MEANINGS: dict[str, type[Outcome]] = {
    "requires_payment_method": Idle,
    "requires_confirmation": Idle,
    "requires_action": ActionRequired,
    "processing": Pending,
    "requires_capture": Authorized,
    "canceled": Canceled,
    "succeeded": Captured,
}


@pytest.mark.parametrize("status", CONTRACT["payment_intent"]["properties"]["status"]["enum"])
def test_every_status_of_the_contract_has_a_meaning(status: str) -> None:
    assert type(words.outcome_of(an_intent(status=status))) is MEANINGS[status]


@pytest.mark.parametrize("status", ["in_orbit", "", None, 7, "SUCCEEDED", "partially_funded"])
def test_an_invented_status_is_unknown(status: object) -> None:
    assert isinstance(words.outcome_of(an_intent(status=status)), Unknown)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"amount": None},
        {"amount": "5000"},
        {"amount": 50.5},
        {"amount_received": None},
        {"currency": "zzz"},
        {"currency": None},
        {"metadata": "none"},
        {"latest_charge": {"payment_method_details": "?"}},
    ],
    ids=str,
)
def test_an_answer_that_makes_no_sense_is_unknown(spoilt: dict[str, Any]) -> None:
    assert isinstance(words.outcome_of(an_intent(**spoilt)), Unknown)


@pytest.mark.parametrize("name", ["id", "amount", "currency", "livemode", "status"])
def test_an_answer_without_what_identifies_it_is_unknown(name: str) -> None:
    intent = an_intent()
    del intent[name]

    assert isinstance(words.outcome_of(intent), Unknown)


@pytest.mark.parametrize(
    "status, expected",
    [
        ("succeeded", RefundAccepted),
        ("pending", RefundAccepted),
        ("requires_action", RefundAccepted),
        ("failed", RefundRefused),
        ("canceled", RefundRefused),
        ("in_orbit", Unknown),
        (None, Unknown),
    ],
)
def test_every_status_of_a_refund_has_a_meaning(status: str | None, expected: type) -> None:
    refund = {"id": "re_1", "amount": 5000, "currency": "usd", "status": status}
    outcome = words.refund_of(refund)

    assert type(outcome) is expected
    if isinstance(outcome, RefundAccepted):
        assert outcome.is_settled is (status == "succeeded")


def test_every_decline_reason_of_ours_is_reached_and_secrets_stay_generic() -> None:
    elsewhere = {DeclineReason.GENERIC, DeclineReason.ABSENT}
    reached = {*words.DECLINE.values(), *methods.FAILURES.values()}
    assert reached | elsewhere == set(DeclineReason)
    for code in ("lost_card", "stolen_card", "fraudulent", "pickup_card", "merchant_blacklist",
                 "restricted_card", "security_violation", "do_not_honor", "never_heard_of"):  # fmt: skip
        error = {"type": "card_error", "code": "card_declined", "decline_code": code}
        declined = words.declined_by_error(error, "card_declined")
        assert (declined.reason, declined.code) == (DeclineReason.GENERIC, code)


ERRORS = [
    kind
    for _, kind in inspect.getmembers(sdk_errors, inspect.isclass)
    if issubclass(kind, stripe.StripeError)
]
# What each class of the SDK means for a call that could move money; a class that is added later is
# unknown until somebody has thought about it.
SURE = {"CardError", "InvalidRequestError", "AuthenticationError", "PermissionError"}


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_class_of_the_sdk_becomes_an_outcome(kind: type[stripe.StripeError]) -> None:
    wanted = inspect.signature(kind.__init__).parameters
    given = {name: None for name in ("param", "code", "sig_header") if name in wanted}

    def call() -> Any:
        raise kind("message", **given)

    outcome = adapter._outcome(call)  # noqa: SLF001 - the one place where errors become outcomes
    assert type(outcome) is (Declined if kind.__name__ in SURE else Unknown)


REFUSALS: list[tuple[int, dict[str, Any], type[Outcome]]] = [
    (400, {"type": "invalid_request_error", "code": "parameter_unknown"}, Declined),
    (400, {"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}, Unknown),
    (400, {"type": "invalid_request_error", "code": "charge_already_captured"}, Unknown),
    (400, {"type": "idempotency_error"}, Unknown),
    (401, {"type": "invalid_request_error"}, Declined),
    (402, {"type": "card_error", "code": "card_declined"}, Declined),
    (403, {"type": "invalid_request_error"}, Declined),
    (404, {"type": "invalid_request_error", "code": "resource_missing", "param": "intent"}, Absent),
    (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}, Unknown),
    (409, {"type": "invalid_request_error", "code": "lock_timeout"}, Unknown),
    (429, {"type": "invalid_request_error", "code": "rate_limit"}, Unknown),
    (429, {"type": "invalid_request_error", "code": "lock_timeout"}, Unknown),
    (500, {"type": "api_error"}, Unknown),
    (502, {"type": "api_error"}, Unknown),
    (503, {"type": "api_error"}, Unknown),
]


@pytest.mark.parametrize("status, error, expected", REFUSALS, ids=str)
def test_a_refusal_is_believed_only_where_it_says_that_nothing_was_done(
    processor: StripeProcessor,
    wire: Wire,
    status: int,
    error: dict[str, Any],
    expected: type[Outcome],
) -> None:
    wire.answers({"error": {"message": "no", **error}}, status)

    assert type(processor.authorize(ACCOUNT, REQUEST)) is expected
    assert len(wire.asked) == 1, "the SDK does not repeat by itself"


@pytest.mark.parametrize("status", [400, 404])
def test_only_the_word_that_there_is_no_such_method_is_taken_for_that(
    processor: StripeProcessor, wire: Wire, status: int
) -> None:
    said = {"type": "invalid_request_error", "code": "resource_missing", "message": "No such …"}
    reasons = {}
    for param in ("payment_method", "customer", "confirmation_token", "", None):
        wire.answers({"error": {**said, **({} if param is None else {"param": param})}}, status)
        outcome = processor.authorize(ACCOUNT, REQUEST)
        assert isinstance(outcome, Declined)
        assert not outcome.reached_bank
        reasons[param] = outcome.reason

    assert reasons.pop("payment_method") is DeclineReason.ABSENT
    assert DeclineReason.ABSENT not in reasons.values()


@pytest.mark.parametrize("charge", ["ch_1", None, ""])
@pytest.mark.parametrize("names_intent", [True, False])
def test_a_bank_was_asked_where_the_refusal_names_a_charge(
    processor: StripeProcessor, wire: Wire, charge: str | None, names_intent: bool
) -> None:
    error = {"type": "card_error", "code": "card_declined", "charge": charge, "message": "no"}
    intent = an_intent(status="requires_payment_method", last_payment_error=error)
    wire.answers({"error": {**error, **({"payment_intent": intent} if names_intent else {})}}, 402)
    refused = processor.authorize(ACCOUNT, REQUEST)
    wire.answers(intent)
    asked = processor.query(ACCOUNT, QUERY)

    for outcome in (refused, asked):
        assert isinstance(outcome, Declined)
        assert outcome.reached_bank is (charge == "ch_1")


@pytest.mark.parametrize(
    "status, error", [(status, error) for status, error, _ in REFUSALS if status != 404], ids=str
)
def test_a_question_that_was_refused_has_no_answer(
    processor: StripeProcessor, wire: Wire, status: int, error: dict[str, Any]
) -> None:
    wire.answers({"error": {"message": "no", **error}}, status)

    assert isinstance(processor.query(ACCOUNT, QUERY), Unknown)
    assert isinstance(processor.query(ACCOUNT, replace(QUERY, reference=None)), Unknown)
    assert isinstance(processor.query_refund(ACCOUNT, "pi_1", "re_ours"), Unknown)
    assert isinstance(processor.refunds_of(ACCOUNT, "pi_1"), Unknown)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"<!doctype html>", b"\xff\xfe", b"{}", b'{"error": {}}'],
    ids=range(9),
)
@pytest.mark.parametrize("status", [200, 402, 500])
def test_garbage_is_never_a_success_nor_a_failure(
    processor: StripeProcessor, wire: Wire, status: int, body: bytes
) -> None:
    from app.adapters.processors.guard import Guarded  # noqa: PLC0415

    wire.answers(body, status)
    guarded = Guarded(processor, lambda: None)
    outcome = guarded.authorize(ACCOUNT, REQUEST)
    if status != 402:
        assert isinstance(outcome, Unknown)
    else:
        assert isinstance(outcome, Unknown | Declined)
    if status == 200:
        assert isinstance(guarded.capture(ACCOUNT, CaptureRequest("pi_1", AMOUNT, "k")), Unknown)
        assert isinstance(guarded.refund(ACCOUNT, REFUND), Unknown)
        assert isinstance(guarded.query(ACCOUNT, QUERY), Unknown)


def test_the_pinned_version_and_our_key_are_sent_with_every_call(
    processor: StripeProcessor, wire: Wire
) -> None:
    wire.answers(an_intent())
    processor.authorize(ACCOUNT, REQUEST)
    processor.authorize(ACCOUNT, replace(REQUEST, reference="pi_1", idempotency_key="op_2"))
    processor.capture(ACCOUNT, CaptureRequest("pi_1", AMOUNT, "op_3:capture"))
    processor.cancel(ACCOUNT, CancelRequest("pi_1", "expired", "op_4:cancel"))
    processor.refund(ACCOUNT, REFUND)
    processor.query(ACCOUNT, QUERY)

    for asked in wire.asked:
        assert asked.headers["Stripe-Version"] == API_VERSION
        assert asked.headers["Authorization"] == "Bearer sk_test_one"
    assert [asked.headers.get("Idempotency-Key") for asked in wire.asked] == [
        "op_1:authorize",
        "op_2",
        "op_3:capture",
        "op_4:cancel",
        "re_ours:refund",
        None,
    ]
    assert [asked.path.partition("?")[0] for asked in wire.asked] == [
        "/v1/payment_intents",
        "/v1/payment_intents/pi_1/confirm",
        "/v1/payment_intents/pi_1/capture",
        "/v1/payment_intents/pi_1/cancel",
        "/v1/refunds",
        "/v1/payment_intents/pi_1",
    ]


def test_a_stored_answer_that_is_replayed_is_known_as_such(
    processor: StripeProcessor, wire: Wire
) -> None:
    error = {"error": {"type": "api_error", "message": "oops"}}
    wire.answers(error, 500)
    first = processor.authorize(ACCOUNT, REQUEST)
    wire.answers(error, 500, Idempotent_Replayed="true")
    second = processor.authorize(ACCOUNT, REQUEST)

    assert isinstance(first, Unknown)
    assert isinstance(second, Unknown)
    assert (first.is_replay, second.is_replay) == (False, True)


def test_a_silent_processor_is_unknown_within_the_time_limit(
    processor: StripeProcessor, wire: Wire
) -> None:
    wire.delay_seconds = 1.5
    wire.answers(an_intent())
    begun = datetime.now(UTC)

    assert isinstance(processor.authorize(ACCOUNT, REQUEST), Unknown)
    assert (datetime.now(UTC) - begun).total_seconds() < 1.5


def test_what_stripe_cannot_say_is_refused_before_it_is_asked(
    processor: StripeProcessor, wire: Wire
) -> None:
    outcome = processor.authorize(ACCOUNT, replace(REQUEST, amount=Money(150, "MGA")))

    assert isinstance(outcome, Declined)
    assert outcome.reason is DeclineReason.UNSUPPORTED
    inexact = Money(12345, "TND")
    taken = processor.capture(ACCOUNT, CaptureRequest("pi_1", inexact, "op_2:capture"))
    assert isinstance(taken, Declined)
    back = RefundRequest("acct_1", "pi_ours", "re_1", "pi_1", inexact, None, "re_1:refund")
    assert processor.refund(ACCOUNT, back) == RefundRefused("invalid_amount", refund_id="re_1")
    assert wire.asked == []


def test_the_browser_may_load_scripts_of_the_processor_only() -> None:
    live = StripeProcessor("https://api.stripe.com", "https://js.stripe.com/v3/", 1, 1)

    assert "https://js.stripe.com" in live.js_origins
    assert "https://hooks.stripe.com" in live.js_origins
    sandboxed = StripeProcessor("http://127.0.0.1:8001", "http://127.0.0.1:8001/v3/", 1, 1)
    assert sandboxed.js_origins == ("http://127.0.0.1:8001",)
