"""Valkey is emptied or killed at any moment: no payment, event or refund is lost."""

from collections.abc import Callable

import pytest
import redis

from app import embedded
from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = pytest.mark.faults


def _flush(world: World) -> None:
    with redis.Redis.from_url(world.environ["REDIS_URL"]) as client:
        client.flushall()


def test_emptied_before_any_worker_ran(world: World, web: Running, shop: Merchant) -> None:
    shop.fault("drop_after", route="POST /v1/payment_intents")
    assert shop.pay(web, "lost-reply").status_code == 202
    assert shop.pay(web, "order-1").status_code == 200
    until(lambda: len(shop.rows("inbox", "id")) >= 2)
    paid = next(row[0] for row in shop.rows("payments", "id", "status") if row[1] == "captured")
    shop.command(web, paid, "refund", amount="10.00")
    _flush(world)
    with world.background():
        shop.settled(charges=2)
    assert shop.facts("refunded") == [1000]


def test_emptied_between_intent_and_outcome(world: World, web: Running, shop: Merchant) -> None:
    with world.dying_web("payment.intent_recorded") as doomed:
        shop.pay(doomed, "order-1")
    _flush(world)
    assert shop.pay_until_answered(web, "order-1").status_code == 200
    _flush(world)
    assert shop.pay(web, "order-1").headers["Idempotent-Replayed"] == "true"
    with world.background():
        shop.settled(charges=1)


def test_emptied_again_and_again_while_everything_works(
    world: World, web: Running, shop: Merchant
) -> None:
    shop.fault("drop_after", route="POST /v1/payment_intents", count=2)
    with world.background():
        for number in range(5):
            shop.pay(web, f"order-{number}")
            _flush(world)
        until(lambda: not shop.unfinished() or _flush(world), 60)
        for (payment,) in shop.rows("payments", "id"):
            shop.command(web, payment, "refund", amount="3.00")
            _flush(world)
        shop.settled(charges=5)
    assert shop.facts("refunded") == [300] * 5


def test_killed_and_started_again_on_its_port(
    world: World, web: Running, shop: Merchant, valkey: embedded.Server
) -> None:
    with world.background() as running:
        assert shop.pay(web, "before").status_code == 200
        shop.settled(charges=1)
        restart = _kill(valkey)
        # Payments are taken as ever, and the answer is not held up.
        answer = shop.pay(web, "meanwhile")
        assert (answer.status_code, answer.elapsed.total_seconds() < 3) == (200, True)
        for (payment,) in shop.rows("payments", "id"):
            shop.command(web, payment, "refund", amount="10.00")
        assert shop.facts("refunded") == []
        restart()
        shop.settled(charges=2)
        assert [process.process.poll() for process in running] == [None, None]
    assert shop.facts("refunded") == [1000, 1000]


def _kill(server: embedded.Server) -> Callable[[], None]:
    """End a server as a power cut would; gives what starts it again where it was."""
    server.process.kill()
    server.process.wait()
    server.stop()

    def restart() -> None:
        again = embedded.start_valkey(server.data_dir, server.port)
        server.process, server.lock = again.process, again.lock

    return restart
