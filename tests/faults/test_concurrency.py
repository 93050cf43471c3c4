"""Many at once, and one that comes back from the dead: each payment and refund happens once."""

import threading
import time

import pytest
import requests

from tests.api.client import at_once
from tests.faults.world import Merchant, World, csrf_token, until
from tests.servers import Running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("background")]


def test_twenty_refunds_at_once_never_exceed_what_was_captured(
    web: Running, shop: Merchant
) -> None:
    shop.pay(web, "order-1")
    payment = shop.payment_id()
    browser = shop.staff(web)
    address = f"{web.url}/dashboard/payments/{payment}/refund"
    token = csrf_token(browser.get(address, timeout=30).text)

    def refund(number: int) -> int:
        form = {
            "csrf_token": token,
            "extent": "part",
            "amount": "12.00",
            "reason": "duplicate",
            "token": f"click-{number}",
        }
        answer = requests.post(
            address, data=form, cookies=browser.cookies, timeout=60, allow_redirects=False
        )
        return answer.status_code

    statuses = at_once([lambda number=number: refund(number) for number in range(20)])
    assert sorted(statuses) == [303] * 4 + [422] * 16
    shop.settled(charges=1)
    assert shop.facts("refunded") == [1200] * 4
    assert shop.rows("payments", "refunded_minor", "refund_reserved_minor") == [(4800, 0)]


def test_a_double_click_on_refund_sends_it_once(web: Running, shop: Merchant) -> None:
    shop.pay(web, "order-1")
    payment = shop.payment_id()
    shop.staff(web)

    def click() -> int:
        return shop.command(web, payment, "refund", amount="5.00", token="click").status_code

    assert set(at_once([click] * 3)) <= {303, 412}
    shop.settled(charges=1)
    assert shop.facts("refunded") == [500]


@pytest.mark.parametrize(
    "step,fault",
    [("payment.intent_recorded", ""), ("payment.processor_answered", "drop_after")],
)
def test_a_request_that_wakes_after_its_lease_changes_nothing(
    world: World, web: Running, shop: Merchant, step: str, fault: str
) -> None:
    if fault:
        shop.fault(fault, route="POST /v1/payment_intents")
    late: list[requests.Response] = []
    with world.web(PAY_FAILPOINT=f"{step}:sleep:9") as hung:
        thread = threading.Thread(target=lambda: late.append(shop.pay(hung, "order-1")))
        thread.start()
        until(lambda: shop.rows("payments", "id"))
        time.sleep(0.5)
        assert shop.pay(web, "order-1").status_code == 409
        answer = shop.pay_until_answered(web, "order-1")
        assert thread.is_alive(), "the first request must still be hanging"
        before = shop.rows(
            "idempotency_keys", "state", "lease_token", "response_body", "subject_id"
        )
        thread.join()
    after = shop.rows("idempotency_keys", "state", "lease_token", "response_body", "subject_id")
    assert after == before
    # The late one may say what is true by now, and nothing else.
    assert (late[0].status_code, late[0].json()["status"]) == (200, "succeeded")
    assert late[0].json()["id"] == answer.json()["id"]
    assert shop.pay(web, "order-1").content == answer.content
    shop.settled(charges=1)
    names = [row[0] for row in shop.rows("events", "name")]
    assert names.count("payment.captured") == 1
