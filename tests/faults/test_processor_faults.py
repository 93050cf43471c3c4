"""The processor fails before and after it moved money: never two charges, never a lost one."""

import psycopg
import pytest

from tests.api.client import at_once
from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("background")]

FAULTS = {
    "drop_before": {},
    "drop_after": {},
    "error_before": {},
    "error_after": {},
    "delay_before": {"seconds": 8},
    "delay_after": {"seconds": 8},
    "malformed_body": {},
    "truncated_body": {},
    "wrong_amount": {"delta": 1},
    "wrong_currency": {},
    "unknown_status": {},
    "unavailable": {"retry_after": 1},
    "rate_limit": {"retry_after": 1},
}
# The processor remembers its error under our key, and its object shows that nothing was taken.
NOT_TAKEN = {"error_before"}


def test_every_payment_whose_answer_failed_ends_as_it_really_ended(
    web: Running, shop: Merchant
) -> None:
    # A webhook may be quicker than the end of a time limit; here nobody tells us anything.
    shop.fault("mute_webhooks", count=None)
    for kind, options in FAULTS.items():
        shop.fault(kind, route="POST /v1/payment_intents", **options)
        answer = shop.pay(web, kind)
        said = answer.status_code, answer.json()["status"]
        # The sweeper may find the truth before the time limit ends, and then it is told.
        is_known = kind == "delay_after" and said == (200, "succeeded")
        assert said == (202, "processing") or is_known, (kind, said)
    # Nobody asks again: the sweeper finds the truth by itself.
    shop.settled(charges=len(FAULTS) - len(NOT_TAKEN))
    for kind in FAULTS:
        answer = shop.pay(web, kind)
        assert answer.status_code == (402 if kind in NOT_TAKEN else 200), kind


def test_a_customer_is_never_told_that_it_failed_while_nobody_knows(
    web: Running, shop: Merchant
) -> None:
    for kind in ("drop_before", "drop_after", "error_after"):
        session = shop.open_session()
        shop.fault(kind, route="POST /v1/payment_intents")
        page = shop.press_pay(web, session, times=2)
        assert page.status_code == 200, kind
        assert shop.phase(web, session) in ("checking", "paid"), kind
    shop.settled(charges=3)


def test_every_refund_whose_answer_failed_is_made_once(web: Running, shop: Merchant) -> None:
    for kind in ("drop_before", "drop_after", "error_before", "error_after", "malformed_body"):
        assert shop.pay(web, kind).status_code == 200
        payment = shop.rows("payments", "id")[-1][0]
        shop.fault(kind, route="POST /v1/refunds")
        assert shop.command(web, payment, "refund", amount="10.00").status_code == 303
        # The fault must meet its own refund and no other.
        until(lambda: shop.rows("refunds", "attempts")[-1][0])
    shop.settled(charges=5)
    statuses = [row[0] for row in shop.rows("refunds", "status")]
    assert statuses.count("succeeded") == len(shop.facts("refunded")) >= 4
    assert set(statuses) <= {"succeeded", "failed"}


def test_a_capture_whose_answer_failed_is_made_once(web: Running, shop: Merchant) -> None:
    for kind in ("drop_before", "drop_after", "error_after"):
        shop.pay(web, kind, capture_method="manual")
        payment = shop.rows("payments", "id")[-1][0]
        shop.fault(kind, route="POST /v1/payment_intents/*/capture")
        shop.command(web, payment, "capture", amount="20.00")
    shop.settled(charges=3)
    assert shop.facts("captured") == [2000] * 3


def test_a_slow_processor_holds_up_nobody_else(world: World, web: Running, shop: Merchant) -> None:
    """A request that waits for the processor holds no transaction open."""
    shop.fault("delay_before", seconds=2)

    def look() -> int:
        until(lambda: shop.rows("operations", "id"))
        return _idle_in_transaction(world)

    answer, idle = at_once([lambda: shop.pay(web, "k").status_code, look])
    assert (answer, idle) == (200, 0)
    shop.settled(charges=1)


def _idle_in_transaction(world: World) -> int:
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])
