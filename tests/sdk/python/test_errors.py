"""Each thing that goes wrong is the exception that the SDK's documentation names, with its details."""

import pytest
import stripe

from tests.faults.world import Merchant, World
from tests.sdk.conftest import client
from tests.servers import Running

ORDER = {"amount": 4999, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}


@pytest.mark.parametrize(
    "method,code,decline_code",
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        # What could help a thief is told in general words.
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "generic_decline"),
        ("pm_card_radarBlock", "card_declined", "generic_decline"),
    ],
)
def test_a_decline_is_a_card_error(
    sdk: stripe.StripeClient, shop: Merchant, method: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        sdk.v1.payment_intents.create({**ORDER, "payment_method": method})
    error = declined.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error.decline_code == decline_code
    assert error.user_message
    assert error.request_id.startswith("req_")
    intent = error.error.payment_intent
    assert (intent.object, intent.status) == ("payment_intent", "requires_payment_method")
    assert intent.last_payment_error.code == code
    again = sdk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (again.id, again.status) == (intent.id, "succeeded")
    shop.settled(charges=1)


@pytest.mark.parametrize(
    "changes,param,code",
    [
        ({"amount": None}, "amount", "parameter_missing"),
        ({"amount": "ten"}, "amount", "parameter_invalid_integer"),
        ({"amount": 0}, "amount", None),
        ({"amount": 1}, "amount", "amount_too_small"),
        ({"currency": "xxx"}, "currency", None),
        ({"colour": "blue"}, "colour", "parameter_unknown"),
        (
            {"automatic_payment_methods": {"enabled": True, "planet": "Mars"}},
            *("automatic_payment_methods[planet]", "parameter_unknown"),
        ),
        ({"transfer_group": "g"}, "transfer_group", "parameter_invalid"),
        ({"setup_future_usage": "off_session"}, "setup_future_usage", "parameter_unsupported"),
        ({"return_url": "javascript:alert(1)"}, "return_url", None),
        ({"expand": ["latest_charge.nonsense"]}, None, None),
    ],
)
def test_a_wrong_request_names_its_parameter(
    sdk: stripe.StripeClient, shop: Merchant, changes: dict[str, object], param: str, code: str
) -> None:
    body = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.payment_intents.create(body)
    assert refused.value.http_status == 400
    if param is not None:
        assert refused.value.param == param
    if code is not None:
        assert refused.value.code == code
    assert shop.record()["facts"] == []


def test_what_is_not_there_is_missing(sdk: stripe.StripeClient) -> None:
    for retrieve, id_ in (
        (sdk.v1.payment_intents.retrieve, "pi_0missing"),
        (sdk.v1.charges.retrieve, "ch_0missing"),
        (sdk.v1.refunds.retrieve, "re_0missing"),
        (sdk.v1.customers.retrieve, "cus_0missing"),
        (sdk.v1.payment_methods.retrieve, "pm_0missing"),
        (sdk.v1.checkout.sessions.retrieve, "cs_test_0missing"),
        (sdk.v1.events.retrieve, "evt_0missing"),
        (sdk.v1.webhook_endpoints.retrieve, "we_0missing"),
        (sdk.v1.balance_transactions.retrieve, "txn_0missing"),
        (sdk.v1.payouts.retrieve, "po_0missing"),
        (sdk.v1.disputes.retrieve, "dp_0missing"),
        (sdk.v1.files.retrieve, "file_0missing"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as missing:
            retrieve(id_)
        assert (missing.value.http_status, missing.value.code) == (404, "resource_missing"), id_
        assert id_ in (missing.value.user_message or ""), id_


def test_another_merchants_objects_are_missing_too(
    sdk: stripe.StripeClient, world: World, web: Running
) -> None:
    paid = sdk.v1.payment_intents.create(ORDER)
    stranger = client(web.url, world.merchant(web).key)
    for look in (
        lambda: stranger.v1.payment_intents.retrieve(paid.id),
        lambda: stranger.v1.charges.retrieve(paid.latest_charge),
        lambda: stranger.v1.refunds.create({"payment_intent": paid.id}),
        lambda: stranger.v1.payment_intents.cancel(paid.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as missing:
            look()
        assert missing.value.code == "resource_missing"
    assert stranger.v1.payment_intents.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stranger.v1.payment_intents.list({"starting_after": paid.id})
    assert (refused.value.code, refused.value.param) == ("resource_missing", "starting_after")


@pytest.mark.parametrize("key", ["sk_test_wrong", "sk_live_wrong", "rk_test_wrong", "nonsense"])
def test_a_wrong_key_is_an_authentication_error(web: Running, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        client(web.url, key).v1.payment_intents.list()
    assert refused.value.http_status == 401
    assert key not in str(refused.value)


def test_the_same_key_with_another_request_is_an_idempotency_error(
    sdk: stripe.StripeClient, shop: Merchant
) -> None:
    first = sdk.v1.payment_intents.create(ORDER, {"idempotency_key": "order-1"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        sdk.v1.payment_intents.create({**ORDER, "amount": 500}, {"idempotency_key": "order-1"})
    assert refused.value.http_status == 400
    again = sdk.v1.payment_intents.create(ORDER, {"idempotency_key": "order-1"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    shop.settled(charges=1)


def test_a_declined_payment_is_declined_again_under_its_key(
    sdk: stripe.StripeClient, shop: Merchant
) -> None:
    found = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            sdk.v1.payment_intents.create(
                {**ORDER, "payment_method": "pm_card_chargeDeclined"},
                {"idempotency_key": "order-1"},
            )
        found.append(declined.value)
    assert found[0].json_body == found[1].json_body
    assert "Idempotent-Replayed" not in found[0].headers
    assert found[1].headers["Idempotent-Replayed"] == "true"
    assert len(shop.rows("payments", "id")) == 1


def test_a_validation_failure_does_not_use_up_the_key(
    sdk: stripe.StripeClient, shop: Merchant
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.payment_intents.create({**ORDER, "amount": "x"}, {"idempotency_key": "order-1"})
    paid = sdk.v1.payment_intents.create(ORDER, {"idempotency_key": "order-1"})
    assert paid.status == "succeeded"
    shop.settled(charges=1)


def test_a_request_that_is_too_large_is_refused(sdk: stripe.StripeClient) -> None:
    with pytest.raises(stripe.APIError) as refused:
        sdk.v1.customers.create({"name": "x" * 3_000_000})
    assert refused.value.http_status == 413
    assert sdk.v1.customers.list().data == []


def test_every_answer_carries_its_headers(sdk: stripe.StripeClient) -> None:
    paid = sdk.v1.payment_intents.create(ORDER, {"idempotency_key": "order-1"})
    first = paid.last_response
    assert first.request_id.startswith("req_")
    assert first.headers["Stripe-Version"] == stripe.api_version
    assert first.headers["Idempotency-Key"] == "order-1"
    assert "Idempotent-Replayed" not in first.headers
    again = sdk.v1.payment_intents.create(ORDER, {"idempotency_key": "order-1"}).last_response
    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert again.headers["Original-Request"] == first.request_id
    assert again.request_id != first.request_id
    read = sdk.v1.payment_intents.retrieve(paid.id).last_response
    assert read.request_id not in (first.request_id, again.request_id)
