from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.contracts import schema
from tests.sandbox.driver import Merchant, Receiver
from tests.sandbox.server import start_sandbox, wait_until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def listen(merchant: Merchant, receiver: Receiver, events: list[str] | None = None) -> str:
    endpoint = merchant.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": events or ["*"]}  # type: ignore[typeddict-item]
    )
    return str(endpoint.secret)


def arrived(receiver: Receiver, count: int) -> list[str]:
    wait_until(lambda: len(receiver.received) >= count)
    return receiver.types()


def test_events_arrive_signed(merchant: Merchant, receiver: Receiver) -> None:
    secret = listen(merchant, receiver)
    intent = merchant.pay(options={"idempotency_key": "k1"})
    kinds = arrived(receiver, 3)
    assert sorted(kinds) == [
        "charge.succeeded",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    for body, signature in receiver.received:
        event = merchant.client.construct_event(body, signature, secret)
        assert event.request is not None
        assert event.request.idempotency_key == "k1"
        with pytest.raises(stripe.SignatureVerificationError):
            merchant.client.construct_event(body + b" ", signature, secret)
    stored = merchant.v1.events.list({"type": "payment_intent.*"}).data
    assert {event.data.object["id"] for event in stored} == {intent.id}
    only = merchant.v1.events.list({"types": ["charge.succeeded", "refund.created"]}).data
    assert [event.type for event in only] == ["charge.succeeded"]


def test_every_story_tells_its_events(merchant: Merchant) -> None:
    def told(act: Any) -> list[str]:
        before = len(merchant.v1.events.list({"limit": 100}).data)
        act()
        events = merchant.v1.events.list({"limit": 100}).data
        return [event.type for event in events[: len(events) - before]][::-1]

    held: list[Any] = []
    created = "payment_intent.created"
    assert told(lambda: merchant.decline("pm_card_visa_chargeDeclined")) == [
        created, "charge.failed", "payment_intent.payment_failed",
    ]  # fmt: skip
    assert told(lambda: held.append(merchant.pay(capture_method="manual"))) == [
        created, "charge.succeeded", "payment_intent.amount_capturable_updated",
    ]  # fmt: skip
    assert told(lambda: merchant.v1.payment_intents.capture(held[0].id)) == [
        "charge.captured", "payment_intent.succeeded",
    ]  # fmt: skip
    assert told(lambda: merchant.v1.refunds.create({"payment_intent": held[0].id})) == [
        "refund.created", "charge.refunded",
    ]  # fmt: skip
    assert told(lambda: held.append(merchant.pay("pm_card_authenticationRequired"))) == [
        created, "payment_intent.requires_action",
    ]  # fmt: skip
    assert told(lambda: merchant.v1.payment_intents.cancel(held[1].id)) == [
        "payment_intent.canceled"
    ]
    kinds = {event.type for event in merchant.v1.events.list({"limit": 100}).data}
    assert kinds <= schema.event_types()


def test_a_failed_delivery_is_tried_again(merchant: Merchant, receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    listen(merchant, receiver, ["payment_intent.succeeded"])
    merchant.pay()
    arrived(receiver, 3)
    ids = {event["id"] for event in receiver.events()}
    assert len(ids) == 1
    wait_until(lambda: state(merchant) == ["delivered"])


def state(merchant: Merchant) -> list[str]:
    path = f"/control/api/webhooks?account={merchant.account}"
    return [row["state"] for row in merchant.sandbox.call("GET", path)["deliveries"]]


def test_muted_events_can_be_delivered_later(merchant: Merchant, receiver: Receiver) -> None:
    listen(merchant, receiver, ["payment_intent.succeeded"])
    fault = merchant.fault("mute_webhooks", count=None)
    merchant.pay()
    wait_until(lambda: state(merchant) == ["muted"])
    assert receiver.received == []
    merchant.sandbox.call("DELETE", f"/control/api/faults/{fault['id']}")
    merchant.sandbox.control("webhooks/redeliver", account=merchant.account)
    assert arrived(receiver, 1) == ["payment_intent.succeeded"]


def test_events_can_be_repeated_and_reversed(merchant: Merchant, receiver: Receiver) -> None:
    listen(merchant, receiver)
    merchant.fault("duplicate_webhooks", events=["payment_intent.succeeded"], copies=3)
    merchant.fault("shuffle_webhooks", window_seconds=0.8, count=None)
    merchant.pay()
    kinds = arrived(receiver, 5)
    assert kinds.count("payment_intent.succeeded") == 3
    assert kinds[-1] == "payment_intent.created"
    merchant.sandbox.clear_faults()
    last = receiver.events()[-1]["id"]
    merchant.sandbox.control("webhooks/redeliver", event=last)
    wait_until(lambda: [event["id"] for event in receiver.events()].count(last) == 2)


def test_events_can_lie(merchant: Merchant, receiver: Receiver) -> None:
    listen(merchant, receiver, ["payment_intent.succeeded"])
    merchant.fault("lying_event", events=["payment_intent.payment_failed"])
    declined = merchant.decline("pm_card_visa_chargeDeclined").error.payment_intent
    arrived(receiver, 1)
    shown = receiver.events()[0]["data"]["object"]
    assert (shown["id"], shown["status"]) == (declined.id, "succeeded")
    truth = merchant.v1.payment_intents.retrieve(declined.id)
    assert truth.status == "requires_payment_method"
    merchant.sandbox.control(
        "events",
        account=merchant.account,
        payment_intent=declined.id,
        changes={"amount_received": 1},
    )
    arrived(receiver, 2)
    assert receiver.events()[1]["data"]["object"]["amount_received"] == 1
    merchant.sandbox.control(
        "events",
        account=merchant.account,
        object={"id": "pi_of_nobody", "object": "payment_intent", "status": "succeeded"},
    )
    arrived(receiver, 3)


def test_deliveries_outlive_a_crash(
    receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("couriers")
    server = start_sandbox(directory)
    merchant = Merchant(server)
    listen(merchant, receiver, ["payment_intent.succeeded"])
    merchant.fault("delay_webhooks", seconds=1)
    merchant.pay()
    server.kill()
    merchant.close()
    assert receiver.received == []
    with start_sandbox(directory):
        assert arrived(receiver, 1) == ["payment_intent.succeeded"]
