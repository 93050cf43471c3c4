"""kill -9 of the worker at each step: the next one finds the work in its rows."""

import time

import pytest

from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_refund_whose_answer_died_with_the_worker_is_made_once(
    world: World, web: Running, shop: Merchant, outcome: str
) -> None:
    shop.pay(web, "order-1")
    if outcome == "failed":
        shop.fault("refund_outcome", outcome="pending_then_failed")
    with world.worker(PAY_FAILPOINT="refund.processor_answered:kill") as doomed:
        assert shop.command(web, shop.payment_id(), "refund", amount="20.00").status_code == 303
        doomed.process.wait(30)
    assert shop.rows("payments", "refunded_minor", "refund_reserved_minor") == [(0, 2000)]
    with world.background():
        shop.settled(charges=1)
    assert shop.rows("refunds", "status") == [(outcome,)]
    refunded = 2000 if outcome == "succeeded" else 0
    assert shop.rows("payments", "refunded_minor", "refund_reserved_minor") == [(refunded, 0)]


@pytest.mark.parametrize("step", ["inbox.fetched", "inbox.handled"])
def test_news_whose_handling_died_with_the_worker_takes_effect_once(
    world: World, web: Running, shop: Merchant, step: str
) -> None:
    shop.fault("drop_after", route="POST /v1/payment_intents")
    with world.worker(PAY_FAILPOINT=f"{step}:kill") as doomed:
        assert shop.pay(web, "order-1").status_code == 202
        doomed.process.wait(30)
    with world.background():
        shop.settled(charges=1)
    assert shop.pay(web, "order-1").json()["status"] == "succeeded"
    assert {row[0] for row in shop.rows("inbox", "status")} == {"handled"}
    names = [row[0] for row in shop.rows("events", "name")]
    assert names.count("payment.captured") == 1


def test_a_worker_killed_in_the_middle_of_a_call_has_lost_nothing(
    world: World, web: Running, shop: Merchant
) -> None:
    shop.pay(web, "order-1")
    for kind in ("delay_before", "delay_after"):
        shop.fault(kind, route="POST /v1/refunds", seconds=1.5)
        with world.worker() as doomed:
            shop.command(web, shop.payment_id(), "refund", amount="5.00")
            until(lambda: _is_called(shop))
            time.sleep(0.5)
            doomed.kill()
    with world.background():
        shop.settled(charges=1)
    assert sum(shop.facts("refunded")) == 1000
    assert shop.rows("refunds", "status") == [("succeeded",), ("succeeded",)]


def _is_called(shop: Merchant) -> bool:
    """Whether the worker has taken the newest refund."""
    return bool(shop.rows("refunds", "attempts")[-1][0])


def test_a_queue_emptied_before_any_worker_ran_has_lost_nothing(
    world: World, web: Running, shop: Merchant
) -> None:
    shop.fault("drop_after", route="POST /v1/payment_intents")
    assert shop.pay(web, "lost-reply").status_code == 202
    assert shop.pay(web, "order-1").status_code == 200
    until(lambda: len(shop.rows("inbox", "id")) >= 2)
    paid = next(row[0] for row in shop.rows("payments", "id", "status") if row[1] == "captured")
    shop.command(web, paid, "refund", amount="10.00")
    world.empty_queue()
    with world.background():
        shop.settled(charges=2)
    assert shop.facts("refunded") == [1000]


def test_two_workers_and_two_schedulers_do_everything_once(
    world: World, web: Running, shop: Merchant
) -> None:
    shop.fault("drop_after", route="POST /v1/payment_intents", count=3)
    answers = [shop.pay(web, f"order-{number}").status_code for number in range(6)]
    assert sorted(answers) == [200, 200, 200, 202, 202, 202]
    shop.fault("duplicate_webhooks", copies=3, count=None)
    with world.background(pairs=2):
        shop.settled(charges=6)
        for (payment,) in shop.rows("payments", "id"):
            for _ in range(2):
                shop.command(web, payment, "refund", amount="7.00")
        shop.settled(charges=6)
    assert shop.facts("refunded") == [700] * 12
    names = [row[0] for row in shop.rows("events", "name")]
    assert (names.count("payment.captured"), names.count("refund.succeeded")) == (6, 12)
