"""Merchants are told of everything at least once: after kill -9 of whoever posts, after FLUSHALL, and
while a receiver is away.
"""

import json
import time
from collections.abc import Iterator

import psycopg
import pytest
import stripe

from app.domain.ids import new_id
from app.services.endpoints import CreatedEndpoint, CreateEndpoint, create_endpoint
from tests.faults.world import Merchant, World, until
from tests.receivers import Receiver, receiving
from tests.servers import Running, worker_process

pytestmark = pytest.mark.faults


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The merchant's software."""
    with receiving() as running:
        yield running


@pytest.fixture
def endpoint(world: World, shop: Merchant, receiver: Receiver) -> CreatedEndpoint:
    """The receiver's registration, for everything."""
    with world.app.app_context():
        deps = world.deps
        command = CreateEndpoint(
            shop.merchant_id, new_id("we", deps.clock.now()), receiver.url, ("*",)
        )
        return create_endpoint(deps, command)


def types(receiver: Receiver) -> list[str]:
    """The types of what came, in the order in which it came."""
    return [json.loads(came.body)["type"] for came in receiver.came]


def waiting(shop: Merchant) -> list[str]:
    """The states of deliveries that are not over."""
    return [status for (status,) in shop.rows("deliveries", "status") if status != "delivered"]


def told(shop: Merchant, receiver: Receiver) -> None:
    """Wait until everything that happened has arrived."""
    until(lambda: "payment_intent.succeeded" in types(receiver))
    until(lambda: not waiting(shop))


def _let_the_leases_end(world: World) -> None:
    """Thirty seconds go by for whoever looks: what a dead process held is anybody's again."""
    with psycopg.connect(world.database_url) as connection:
        connection.execute(
            "UPDATE deliveries SET leased_until = now() WHERE leased_until IS NOT NULL"
        )


def test_what_was_posted_before_a_crash_is_posted_again_under_its_id(
    world: World, web: Running, shop: Merchant, receiver: Receiver, endpoint: CreatedEndpoint
) -> None:
    with world.background():
        with worker_process(
            world.environ | {"PAY_FAILPOINT": "webhook.delivered:kill"}, "outside"
        ) as doomed:
            shop.pay(web, "order-1")
            doomed.process.wait(30)
        posted = receiver.ids()
        assert posted, "it died after the receiver had answered"
        assert set(waiting(shop)) == {"pending"}
        _let_the_leases_end(world)
        with worker_process(world.environ, "outside"):
            told(shop, receiver)
    assert max(receiver.ids().count(event_id) for event_id in posted) == 2
    bodies = {(came.id, came.body) for came in receiver.came}
    assert len(bodies) == len(set(receiver.ids())), "the same bytes each time"
    for came in receiver.came:
        stripe.Webhook.construct_event(  # type: ignore[no-untyped-call]
            came.body, came.headers["stripe-signature"], endpoint.secret
        )


def test_a_queue_that_is_emptied_all_the_time_loses_no_event(
    world: World, web: Running, shop: Merchant, receiver: Receiver, endpoint: CreatedEndpoint
) -> None:
    with world.background(), worker_process(world.environ, "outside"):
        for number in range(5):
            shop.pay(web, f"order-{number}")
            world.empty_queue()
            time.sleep(0.3)
        world.empty_queue()
        until(lambda: types(receiver).count("payment_intent.succeeded") == 5)
        until(lambda: not waiting(shop))
    assert len(receiver.ids()) == len(set(receiver.ids()))
    assert shop.rows("public_events", "id") != []


def test_two_that_post_tell_everything_once(
    world: World, web: Running, shop: Merchant, receiver: Receiver, endpoint: CreatedEndpoint
) -> None:
    receiver.delay_seconds = 0.05
    with (
        world.background(pairs=2),
        worker_process(world.environ, "outside"),
        worker_process(world.environ, "outside"),
    ):
        for number in range(6):
            shop.pay(web, f"order-{number}")
        until(lambda: types(receiver).count("payment_intent.succeeded") == 6)
        until(lambda: not waiting(shop))
    assert len(receiver.ids()) == len(set(receiver.ids()))
