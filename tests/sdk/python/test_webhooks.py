"""Events reach the merchant's own server, and `stripe.Webhook.construct_event` takes them."""

import json

import pytest
import stripe

from tests.contracts.schema import event_types
from tests.faults.world import Merchant, until
from tests.sdk.receiver import Delivery, Receiver

PAID = {"amount": 4999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}


def verified(delivery: Delivery, secret: str) -> stripe.Event:
    """The event, as a merchant's software reads it."""
    return stripe.Webhook.construct_event(
        delivery.body, delivery.headers["stripe-signature"], secret
    )


def test_a_payment_is_told_signed_and_in_order(
    sdk: stripe.StripeClient, receiver: Receiver, shop: Merchant
) -> None:
    endpoint = sdk.v1.webhook_endpoints.create(
        {
            "url": receiver.url,
            "enabled_events": ["payment_intent.created", "payment_intent.succeeded"],
            "description": "Orders",
            "metadata": {"team": "orders"},
        }
    )
    assert (endpoint.status, endpoint.secret[:6]) == ("enabled", "whsec_")
    paid = sdk.v1.payment_intents.create(PAID, {"idempotency_key": "order-1"})

    until(lambda: len(receiver.arrived) >= 2)
    events = {}
    for delivery in receiver.arrived:
        event = verified(delivery, endpoint.secret)
        events[event.type] = event
        assert delivery.headers["webhook-id"] == event.id
        assert delivery.headers["content-type"].startswith("application/json")
    assert set(events) == {"payment_intent.created", "payment_intent.succeeded"}
    # A snapshot is of its own moment, whatever has become of the payment since.
    assert events["payment_intent.created"].data.object.status.startswith("requires_")
    told = events["payment_intent.succeeded"]
    assert (told.object, told.livemode, told.api_version) == (
        *("event", False, stripe.api_version),
    )
    assert (told.data.object.id, told.data.object.amount_received) == (paid.id, 4999)
    assert told.request.idempotency_key in ("order-1", None)

    # What was told is what can be read.
    read = sdk.v1.events.retrieve(told.id)
    sent = next(d for d in receiver.arrived if json.loads(d.body)["id"] == told.id)
    assert {**json.loads(sent.body), "pending_webhooks": 0} == {
        **json.loads(read.last_response.body),
        "pending_webhooks": 0,
    }
    shop.settled(charges=1)


def test_a_forged_or_changed_delivery_is_not_verified(
    sdk: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = sdk.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    sdk.v1.customers.create({"name": "Ada"})
    [delivery] = until(lambda: receiver.arrived)[:1]
    assert verified(delivery, endpoint.secret).type == "customer.created"
    with pytest.raises(stripe.SignatureVerificationError):
        verified(delivery, "whsec_" + "A" * 44)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(Delivery(delivery.body + b" ", delivery.headers), endpoint.secret)


def test_a_refused_delivery_comes_again_the_same(
    sdk: stripe.StripeClient, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302]
    endpoint = sdk.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["customer.created"]}
    )
    sdk.v1.customers.create({"name": "Ada"})
    until(lambda: len(receiver.arrived) >= 2)
    first, second = receiver.arrived[:2]
    assert first.body == second.body
    assert verified(first, endpoint.secret).id == verified(second, endpoint.secret).id


def test_endpoints_are_changed_switched_off_and_deleted(
    sdk: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoints = sdk.v1.webhook_endpoints
    made = endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    assert endpoints.retrieve(made.id).to_dict().get("secret") is None
    changed = endpoints.update(
        made.id, {"enabled_events": ["customer.deleted"], "metadata": {"team": "a"}}
    )
    assert (changed.enabled_events, changed.metadata["team"]) == (["customer.deleted"], "a")
    assert [one.id for one in endpoints.list().data] == [made.id]

    ada = sdk.v1.customers.create({"name": "Ada"})
    sdk.v1.customers.delete(ada.id)
    until(lambda: receiver.arrived)
    assert [json.loads(one.body)["type"] for one in receiver.arrived] == ["customer.deleted"]

    assert endpoints.update(made.id, {"disabled": True}).status == "disabled"
    assert endpoints.delete(made.id).deleted is True
    assert endpoints.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        endpoints.retrieve(made.id)


@pytest.mark.parametrize(
    "body,param",
    [
        ({"enabled_events": ["*"]}, "url"),
        ({"url": "https://shop.example/x"}, "enabled_events"),
        ({"url": "https://shop.example/x", "enabled_events": ["sun.rose"]}, "enabled_events"),
        ({"url": "ftp://shop.example/x", "enabled_events": ["*"]}, "url"),
        ({"url": "https://10.0.0.1/x", "enabled_events": ["*"]}, "url"),
        ({"url": "https://169.254.169.254/x", "enabled_events": ["*"]}, "url"),
        ({"url": "https://user:pw@shop.example/x", "enabled_events": ["*"]}, "url"),
    ],
)
def test_a_wrong_endpoint_is_refused(
    sdk: stripe.StripeClient, body: dict[str, object], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.webhook_endpoints.create(body)
    assert (refused.value.param or "").startswith(param)
    assert sdk.v1.webhook_endpoints.list().data == []


def test_events_are_listed_by_kind_and_age(sdk: stripe.StripeClient) -> None:
    paid = sdk.v1.payment_intents.create(PAID)
    sdk.v1.refunds.create({"payment_intent": paid.id})
    wanted = {
        *("payment_intent.created", "payment_intent.succeeded"),
        *("charge.succeeded", "charge.refunded", "refund.created"),
    }

    def types() -> set[str]:
        return {one.type for one in sdk.v1.events.list({"limit": 100}).auto_paging_iter()}

    until(lambda: wanted <= types())
    assert types() <= event_types()
    events = sdk.v1.events
    one_kind = events.list({"type": "charge.succeeded"}).data
    assert [one.data.object.id for one in one_kind] == [paid.latest_charge]
    some = events.list({"types": ["charge.succeeded", "charge.refunded"], "limit": 1})
    assert {one.type for one in some.auto_paging_iter()} == {"charge.succeeded", "charge.refunded"}
    assert {one.type for one in events.list({"type": "refund.*"}).data} >= {"refund.created"}
    at = one_kind[0].created
    assert one_kind[0].id in {one.id for one in events.list({"created": {"gte": at}}).data}
    assert events.list({"created": {"lt": at - 1}}).data == []
