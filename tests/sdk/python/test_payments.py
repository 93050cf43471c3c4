"""From creation to refund, by nothing but the official SDK."""

import re

import pytest
import requests
import stripe

from tests.faults.world import Merchant, World, until

VISA = "pm_card_visa"
ORDER = {"amount": 4999, "currency": "usd", "payment_method_types": ["card"]}


def test_a_payment_goes_from_creation_to_refund(sdk: stripe.StripeClient, shop: Merchant) -> None:
    intents, refunds = sdk.v1.payment_intents, sdk.v1.refunds
    made = intents.create({**ORDER, "capture_method": "manual", "metadata": {"order": "7"}})
    assert (made.object, made.status) == ("payment_intent", "requires_payment_method")
    assert (made.amount, made.currency, made.latest_charge) == (4999, "usd", None)

    held = intents.confirm(made.id, {"payment_method": VISA})
    assert (held.status, held.amount_capturable) == ("requires_capture", 4999)

    paid = intents.capture(made.id, {"amount_to_capture": 4000})
    assert (paid.status, paid.amount_received, paid.amount_capturable) == ("succeeded", 4000, 0)

    first = refunds.create({"payment_intent": made.id, "amount": 1500, "metadata": {"why": "dent"}})
    assert (first.object, first.amount, first.payment_intent) == ("refund", 1500, made.id)
    until(lambda: refunds.retrieve(first.id).status == "succeeded")
    rest = refunds.create({"charge": paid.latest_charge, "reason": "requested_by_customer"})
    assert rest.amount == 2500
    until(lambda: refunds.retrieve(rest.id).status == "succeeded")

    charge = sdk.v1.charges.retrieve(paid.latest_charge)
    # What was let go at the capture counts as given back, as it does at Stripe.
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (4000, 4999, True)
    assert [r.id for r in refunds.list({"payment_intent": made.id}).data] == [rest.id, first.id]
    assert intents.retrieve(made.id).metadata["order"] == "7"
    assert (shop.facts("captured"), shop.facts("refunded")) == ([4000], [1500, 2500])
    shop.settled(charges=1)


def test_one_call_creates_and_confirms(sdk: stripe.StripeClient, shop: Merchant) -> None:
    paid = sdk.v1.payment_intents.create(
        {**ORDER, "payment_method": VISA, "confirm": True, "description": "Walnut tray"}
    )
    assert (paid.status, paid.amount_received, paid.description) == (
        *("succeeded", 4999, "Walnut tray"),
    )
    charge = sdk.v1.charges.retrieve(paid.latest_charge)
    assert (charge.status, charge.paid, charge.captured, charge.refunded) == (
        *("succeeded", True, True, False),
    )
    assert (charge.payment_intent, charge.payment_method_details.card.last4) == (paid.id, "4242")
    shop.settled(charges=1)


def test_a_payment_is_changed_before_it_is_confirmed(
    sdk: stripe.StripeClient, shop: Merchant
) -> None:
    intents = sdk.v1.payment_intents
    made = intents.create(ORDER)
    changed = intents.update(made.id, {"amount": 1200, "description": "Half a tray"})
    assert (changed.id, changed.amount, changed.description) == (made.id, 1200, "Half a tray")
    assert intents.confirm(made.id, {"payment_method": VISA}).amount_received == 1200
    assert shop.facts("captured") == [1200]


def test_a_canceled_payment_takes_nothing(sdk: stripe.StripeClient, shop: Merchant) -> None:
    intents = sdk.v1.payment_intents
    held = intents.create(
        {**ORDER, "payment_method": VISA, "confirm": True, "capture_method": "manual"}
    )
    gone = intents.cancel(held.id, {"cancellation_reason": "duplicate"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "duplicate")
    assert gone.canceled_at >= held.created
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.confirm(held.id, {"payment_method": VISA})
    assert refused.value.code == "payment_intent_unexpected_state"
    shop.settled(charges=0)


@pytest.mark.parametrize("word,status", [("complete", "succeeded"), ("fail", None)])
def test_the_customer_is_sent_to_the_bank_and_comes_back(
    sdk: stripe.StripeClient, shop: Merchant, world: World, word: str, status: str | None
) -> None:
    waiting = sdk.v1.payment_intents.create(
        {
            **ORDER,
            "payment_method": "pm_card_threeDSecure2Required",
            "confirm": True,
            "return_url": "https://shop.example/back",
        }
    )
    assert (waiting.status, waiting.next_action.type) == ("requires_action", "redirect_to_url")
    _answer_bank(world, waiting.next_action.redirect_to_url.url, word)

    def decided() -> stripe.PaymentIntent | None:
        found = sdk.v1.payment_intents.retrieve(waiting.id)
        return None if found.status in ("requires_action", "processing") else found

    done = until(decided)
    assert done.status == (status or "requires_payment_method")
    if status is None:
        assert "authentication" in done.last_payment_error.code
    shop.settled(charges=1 if status else 0)


def _answer_bank(world: World, address: str, word: str) -> None:
    """Open the page that the customer is sent to, and press a button of the bank's."""
    page = requests.get(address, timeout=30)
    page.raise_for_status()
    found = re.search(r'data-secret="([^"]+)"', page.text)
    assert found is not None, page.text
    reference = found[1].partition("_secret_")[0]
    body = {"payment_intent": reference, "client_secret": found[1], "answer": word}
    url = f"{world.sandbox.url}/3ds/answer"
    requests.post(url, json=body, timeout=30).raise_for_status()


def test_a_search_finds_what_was_paid(sdk: stripe.StripeClient) -> None:
    intents = sdk.v1.payment_intents
    wanted = intents.create({**ORDER, "metadata": {"basket": "blue"}})
    intents.create({**ORDER, "amount": 500, "metadata": {"basket": "red"}})
    for query in (
        "metadata['basket']:'blue'",
        'metadata["basket"]:"blue"',
        "amount>4000",
        "amount:4999 AND currency:'usd'",
        "status:'requires_payment_method' AND -metadata['basket']:'red'",
    ):
        found = until(lambda query=query: intents.search({"query": query}).data)
        assert [one.id for one in found] == [wanted.id], query
    page = intents.search({"query": "currency:'usd'", "limit": 1})
    assert (page.object, page.has_more, len(page.data)) == ("search_result", True, 1)
    every = [one.id for one in page.auto_paging_iter()]
    assert len(set(every)) == len(every) == 2
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.search({"query": "colour:'blue'"})
    assert refused.value.param == "query"
