"""Valkey is emptied or killed at any moment: no payment, event or refund is lost."""

from collections.abc import Callable

import pytest

from app import embedded
from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("background")]


def test_emptied_between_intent_and_outcome(world: World, web: Running, shop: Merchant) -> None:
    with world.dying_web("payment.intent_recorded") as doomed:
        shop.pay(doomed, "order-1")
    world.empty_queue()
    assert shop.pay_until_answered(web, "order-1").status_code == 200
    world.empty_queue()
    assert shop.pay(web, "order-1").headers["Idempotent-Replayed"] == "true"
    shop.settled(charges=1)


def test_emptied_again_and_again_while_everything_works(
    world: World, web: Running, shop: Merchant
) -> None:
    shop.fault("drop_after", route="POST /v1/payment_intents", count=2)
    for number in range(5):
        shop.pay(web, f"order-{number}")
        world.empty_queue()
    until(lambda: not shop.unfinished() or world.empty_queue())
    for (payment,) in shop.rows("payments", "id"):
        shop.command(web, payment, "refund", amount="3.00")
        world.empty_queue()
    shop.settled(charges=5)
    assert shop.facts("refunded") == [300] * 5


def test_killed_and_started_again_on_its_port(
    web: Running, shop: Merchant, valkey: embedded.Server, background: list[Running]
) -> None:
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
    assert shop.facts("refunded") == [1000, 1000]
    assert [process.process.poll() for process in background] == [None, None]


def _kill(server: embedded.Server) -> Callable[[], None]:
    """End a server as a power cut would; gives what starts it again where it was."""
    server.process.kill()
    server.process.wait()
    server.stop()

    def restart() -> None:
        again = embedded.start_valkey(server.data_dir, server.port)
        server.process, server.lock = again.process, again.lock

    return restart
