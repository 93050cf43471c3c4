import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import stripe

from tests.sandbox.driver import Merchant
from tests.sandbox.server import wait_until


def test_the_same_key_replays_the_first_answer(merchant: Merchant) -> None:
    first = merchant.pay(options={"idempotency_key": "k1"})
    again = merchant.pay(options={"idempotency_key": "k1"})
    assert again.id == first.id
    headers = again.last_response.headers
    assert headers["Idempotent-Replayed"] == "true"
    assert headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert merchant.totals()["charges"] == 1


def test_other_parameters_under_a_used_key_are_refused(merchant: Merchant) -> None:
    merchant.pay(options={"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        merchant.pay(amount=5000, options={"idempotency_key": "k1"})
    assert refused.value.http_status == 400
    assert merchant.totals()["charges"] == 1


def test_declines_are_replayed_and_refused_parameters_are_not(merchant: Merchant) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        merchant.pay(amount=1, options={"idempotency_key": "k1"})
    declined = merchant.decline("pm_card_visa_chargeDeclined", options={"idempotency_key": "k1"})
    again = merchant.decline("pm_card_visa_chargeDeclined", options={"idempotency_key": "k1"})
    assert again.headers is not None
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.error.payment_intent.id == declined.error.payment_intent.id


def test_keys_belong_to_one_account(merchant: Merchant) -> None:
    other = Merchant(merchant.sandbox)
    first = merchant.pay(options={"idempotency_key": "shared"})
    second = other.pay(options={"idempotency_key": "shared"})
    assert first.id != second.id
    other.close()


def test_keys_are_forgotten_after_a_day_or_on_demand(merchant: Merchant) -> None:
    merchant.pay(options={"idempotency_key": "k1"})
    pruned = merchant.sandbox.control("idempotency/prune", account=merchant.account)
    assert pruned == {"pruned": 1}
    merchant.pay(options={"idempotency_key": "k1"})
    merchant.sandbox.control("clock", advance_seconds=25 * 3600)
    merchant.pay(options={"idempotency_key": "k1"})
    assert merchant.totals()["charges"] == 3


def test_fifty_parallel_requests_with_one_key_charge_once(merchant: Merchant) -> None:
    barrier = Barrier(50)

    def pay(_: int) -> str:
        barrier.wait()
        try:
            return str(merchant.pay(options={"idempotency_key": "same"}).id)
        except stripe.APIError as error:
            return f"{error.http_status} {error.error.code}"

    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(pay, range(50)))
    assert len(answers - {"409 idempotency_key_in_use"}) == 1
    assert merchant.totals()["charges"] == 1


def test_fifty_parallel_payments_all_arrive(merchant: Merchant) -> None:
    with ThreadPoolExecutor(50) as pool:
        paid = list(pool.map(lambda n: merchant.pay(amount=1000 + n).amount, range(50)))
    assert merchant.totals()["captured"] == sum(paid)
    assert merchant.totals()["charges"] == 50


def test_a_running_request_holds_its_key(merchant: Merchant) -> None:
    merchant.fault("delay_before", seconds=0.6)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(merchant.pay, options={"idempotency_key": "slow"})
        wait_until(lambda: not merchant.sandbox.call("GET", "/control/api/faults")["faults"])
        time.sleep(0.15)
        with pytest.raises(stripe.APIError) as busy:
            merchant.pay(options={"idempotency_key": "slow"})
        assert busy.value.http_status == 409
        assert busy.value.error.code == "idempotency_key_in_use"
        assert slow.result().status == "succeeded"
    assert merchant.totals()["charges"] == 1
