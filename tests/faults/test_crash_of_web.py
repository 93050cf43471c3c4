"""kill -9 of the web process at each step: the client, the customer or the sweeper finishes it."""

import pytest

from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("background")]

PAYMENT_STEPS = [
    "payment.intent_recorded",
    "payment.processor_answered",
    "payment.outcome_recorded",
]


@pytest.mark.parametrize("step", PAYMENT_STEPS)
def test_the_same_key_finishes_a_payment_that_died(
    world: World, web: Running, shop: Merchant, step: str
) -> None:
    with world.dying_web(step) as doomed:
        shop.pay(doomed, "order-1")
    first = shop.pay_until_answered(web, "order-1")
    assert (first.status_code, first.json()["status"]) == (200, "succeeded")
    again = shop.pay(web, "order-1")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    shop.settled(charges=1)
    assert [row[0] for row in shop.rows("payments", "status")] == ["captured"]


@pytest.mark.parametrize("step", PAYMENT_STEPS)
def test_a_customer_who_reloads_sees_the_payment_made_once(
    world: World, web: Running, shop: Merchant, step: str
) -> None:
    session = shop.open_session()
    with world.dying_web(step) as doomed:
        shop.press_pay(doomed, session)
    # The form may not come back: it would invite a second payment.
    assert shop.phase(web, session) in ("checking", "paid")
    until(lambda: shop.phase(web, session) == "paid")
    shop.settled(charges=1)


def test_a_declined_payment_that_died_is_declined_once(
    world: World, web: Running, shop: Merchant
) -> None:
    declined = {"payment_method": "pm_card_chargeDeclined"}
    with world.dying_web("payment.processor_answered") as doomed:
        shop.pay(doomed, "order-1", **declined)
    assert shop.pay_until_answered(web, "order-1", **declined).status_code == 402
    shop.settled(charges=0)


@pytest.mark.parametrize(
    "verb,step",
    [("capture", "payment.processor_answered"), ("cancel", "payment.intent_recorded")],
)
def test_a_command_that_died_is_carried_out_once(
    world: World, web: Running, shop: Merchant, verb: str, step: str
) -> None:
    shop.pay(web, "order-1", capture_method="manual")
    payment = shop.payment_id()
    with world.dying_web(step) as doomed:
        shop.command(doomed, payment, verb)
    shop.settled(charges=verb == "capture")
    status = {"capture": "captured", "cancel": "canceled"}[verb]
    assert shop.rows("payments", "status") == [(status,)]
    assert shop.facts("released") == ([4999] if verb == "cancel" else [])


def test_a_refund_that_died_before_anybody_was_woken_is_sent(
    world: World, web: Running, shop: Merchant
) -> None:
    shop.pay(web, "order-1")
    payment = shop.payment_id()
    with world.dying_web("refund.intent_recorded") as doomed:
        shop.command(doomed, payment, "refund", amount="10.00")
    shop.settled(charges=1)
    assert shop.facts("refunded") == [1000]


def test_a_webhook_that_was_stored_but_not_answered_takes_effect_once(
    world: World, web: Running
) -> None:
    with world.web(PAY_FAILPOINT="inbox.received:kill") as doomed:
        shop = world.merchant(doomed)
        # The reply is lost: only the webhook and the resolver know of the charge.
        shop.fault("drop_after", route="POST /v1/payment_intents")
        assert shop.pay(web, "order-1").status_code == 202
        doomed.process.wait(30)
    # Those that were stored before the process died are known; the others will be sent again.
    assert shop.rows("inbox", "id")
    port = int(doomed.url.rpartition(":")[2])
    with world.web(port):
        sent = until(lambda: _delivered(world, shop))
        shop.settled(charges=1)
        assert len(shop.rows("inbox", "id")) == sent
        assert shop.pay_until_answered(web, "order-1").status_code == 200


def _delivered(world: World, shop: Merchant) -> int:
    """How many events were sent, once every delivery has been answered; else nothing."""
    found = world.sandbox.call("GET", f"/control/api/webhooks?account={shop.account}")
    states = [delivery["state"] for delivery in found["deliveries"]]
    return len(states) if "pending" not in states else 0
