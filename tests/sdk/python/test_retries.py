"""A network that breaks at the worst moment, and the SDK's own retries: one charge, whatever happens."""

import pytest
import stripe

from tests.faults.world import Merchant, until
from tests.sdk.conftest import client
from tests.sdk.proxy import Cut, CuttingProxy

PAID = {"amount": 4999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}


@pytest.mark.parametrize(
    "cuts",
    [
        ["before"],
        ["unanswered"],
        ["before", "unanswered", "before"],
        ["unanswered", "unanswered", "unanswered"],
    ],
    ids="-".join,
)
def test_the_sdk_retries_until_it_is_answered_and_charges_once(
    proxy: CuttingProxy, shop: Merchant, cuts: list[Cut]
) -> None:
    sdk = client(proxy.url, shop.key, retries=3)
    proxy.arm(*cuts)
    paid = sdk.v1.payment_intents.create(PAID)
    assert (paid.status, proxy.seen) == ("succeeded", [*cuts, "whole"])
    replayed = paid.last_response.headers.get("Idempotent-Replayed")
    assert replayed == ("true" if "unanswered" in cuts else None)

    proxy.arm(*cuts)
    refund = sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 1000})
    proxy.arm(*cuts)
    held = sdk.v1.payment_intents.create({**PAID, "capture_method": "manual"})
    proxy.arm(*cuts)
    assert sdk.v1.payment_intents.capture(held.id).status == "succeeded"
    proxy.arm(*cuts)
    sdk.v1.customers.create({"name": "Ada"})

    assert len(sdk.v1.customers.list().data) == 1
    until(lambda: sdk.v1.refunds.retrieve(refund.id).status == "succeeded")
    assert shop.facts("refunded") == [1000]
    shop.settled(charges=2)


def test_half_an_answer_is_no_answer_and_the_key_gives_all_of_it(
    proxy: CuttingProxy, shop: Merchant
) -> None:
    sdk = client(proxy.url, shop.key, retries=3)
    proxy.arm("halfway")
    # The SDK does not itself repeat what was cut in the middle: the merchant does, with the key.
    with pytest.raises(stripe.APIConnectionError):
        sdk.v1.payment_intents.create(PAID, {"idempotency_key": "order-1"})
    paid = sdk.v1.payment_intents.create(PAID, {"idempotency_key": "order-1"})
    assert (paid.status, paid.last_response.headers["Idempotent-Replayed"]) == ("succeeded", "true")
    shop.settled(charges=1)


def test_a_network_that_stays_broken_is_a_connection_error(
    proxy: CuttingProxy, shop: Merchant
) -> None:
    sdk = client(proxy.url, shop.key, retries=1)
    proxy.arm("before", "before")
    with pytest.raises(stripe.APIConnectionError):
        sdk.v1.payment_intents.create(PAID)
    proxy.close()
    with pytest.raises(stripe.APIConnectionError):
        sdk.v1.payment_intents.list()
    shop.settled(charges=0)


def test_a_decline_survives_the_cut(proxy: CuttingProxy, shop: Merchant) -> None:
    sdk = client(proxy.url, shop.key, retries=3)
    proxy.arm("unanswered")
    with pytest.raises(stripe.CardError) as declined:
        sdk.v1.payment_intents.create({**PAID, "payment_method": "pm_card_chargeDeclined"})
    assert declined.value.headers["Idempotent-Replayed"] == "true"
    assert len(shop.rows("payments", "id")) == 1
    shop.settled(charges=0)
