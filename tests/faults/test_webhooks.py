"""Webhooks that come twice, in any order, late, never, or with a lie: all end in the same state."""

import pytest

from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("background")]

TROUBLES = {
    "as they should": {},
    "three times each": {"duplicate_webhooks": {"copies": 3}},
    "out of order": {"shuffle_webhooks": {"window_seconds": 2}},
    "never": {"mute_webhooks": {}},
    "out of order and twice": {
        "shuffle_webhooks": {"window_seconds": 2},
        "duplicate_webhooks": {"copies": 2},
    },
}


def test_however_webhooks_come_the_end_is_the_same(world: World, web: Running) -> None:
    ends = {}
    shops = {name: world.merchant(web) for name in TROUBLES}
    for name, faults in TROUBLES.items():
        for kind, options in faults.items():
            shops[name].fault(kind, count=None, **options)
        _live(web, shops[name])
    for name, shop in shops.items():
        shop.settled(charges=3)
        ends[name] = _end(shop)
    expected = ends["as they should"]
    assert all(end == expected for end in ends.values()), ends
    assert [row[0] for row in expected] == [
        "authorized",
        "captured",
        "captured",
        "captured",
        "failed",
    ]


def _live(web: Running, shop: Merchant) -> None:
    """A day in a shop: a lost reply, a decline, a capture, a hold, a refund that fails later."""
    shop.fault("drop_after", route="POST /v1/payment_intents")
    shop.pay(web, "lost-reply")
    shop.pay(web, "declined", payment_method="pm_card_chargeDeclined")
    shop.pay(web, "hold", capture_method="manual")
    shop.pay(web, "to-capture", capture_method="manual")
    shop.command(web, shop.rows("payments", "id")[-1][0], "capture", amount="20.00")
    shop.pay(web, "to-refund")
    shop.command(web, shop.rows("payments", "id")[-1][0], "refund", amount="10.00")


def _end(shop: Merchant) -> list[tuple[object, ...]]:
    columns = ("status", "captured_minor", "refunded_minor", "refund_reserved_minor", "fee_minor")
    return sorted(shop.rows("payments", *columns))


def test_a_refund_that_fails_after_it_succeeded_is_told_by_a_webhook(
    web: Running, shop: Merchant
) -> None:
    shop.fault("refund_outcome", outcome="succeeded_then_failed")
    shop.pay(web, "order-1")
    shop.command(web, shop.payment_id(), "refund", amount="10.00")
    until(lambda: shop.rows("refunds", "status") == [("failed",)])
    shop.settled(charges=1)
    assert shop.rows("payments", "refunded_minor", "refund_reserved_minor") == [(0, 0)]


def test_a_lying_webhook_changes_nothing(world: World, web: Running, shop: Merchant) -> None:
    shop.pay(web, "order-1", payment_method="pm_card_threeDSecure2Required")
    [(payment, reference)] = shop.rows("payments", "id", "processor_reference")
    world.sandbox.control("events", account=shop.account, payment_intent=reference)
    shop.settled(charges=0)
    assert shop.rows("payments", "status", "captured_minor") == [("requires_action", 0)]
    assert ("payment_intent.succeeded", "handled") in shop.rows("inbox", "kind", "status")
    assert payment == shop.payment_id()
