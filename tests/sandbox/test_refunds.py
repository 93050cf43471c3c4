from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.driver import Merchant
from tests.sandbox.server import wait_until


def test_refunds_in_parts_never_exceed_the_capture(merchant: Merchant) -> None:
    intent = merchant.pay(amount=10000)
    refunds = merchant.v1.refunds
    first = refunds.create({"payment_intent": intent.id, "amount": 3000, "reason": "duplicate"})
    assert (first.status, first.amount, first.reason) == ("succeeded", 3000, "duplicate")
    with pytest.raises(stripe.InvalidRequestError) as too_much:
        refunds.create({"payment_intent": intent.id, "amount": 7001})
    assert too_much.value.param == "amount"
    rest = refunds.create({"charge": str(intent.latest_charge)})
    assert rest.amount == 7000
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        refunds.create({"payment_intent": intent.id})
    assert nothing_left.value.code == "charge_already_refunded"
    charge = merchant.v1.charges.retrieve(
        str(intent.latest_charge), {"expand": ["refunds", "refunds.data.balance_transaction"]}
    )
    assert (charge.amount_refunded, charge.refunded) == (10000, True)
    assert charge.refunds is not None
    assert [row.amount for row in charge.refunds.data] == [7000, 3000]
    listed = refunds.list({"payment_intent": intent.id}).data
    assert [row.id for row in listed] == [rest.id, first.id]
    assert merchant.totals()["net"] == 10000 - 320 - 10000


def test_parallel_refunds_stop_at_the_capture(merchant: Merchant) -> None:
    intent = merchant.pay(amount=10000)

    def refund(_: int) -> int:
        try:
            made = merchant.v1.refunds.create({"payment_intent": intent.id, "amount": 1500})
        except stripe.InvalidRequestError:
            return 0
        return made.amount

    with ThreadPoolExecutor(20) as pool:
        amounts = list(pool.map(refund, range(20)))
    assert sum(amounts) == 9000
    assert merchant.totals()["refunded"] == 9000


def test_what_is_not_captured_is_not_refunded(merchant: Merchant) -> None:
    held = merchant.pay(capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        merchant.v1.refunds.create({"payment_intent": held.id})
    assert refused.value.code == "payment_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        merchant.v1.refunds.create({"payment_intent": "pi_nothing"})
    assert unknown.value.code == "resource_missing"


def test_a_refund_can_take_its_time(merchant: Merchant) -> None:
    intent = merchant.pay("pm_card_pendingRefund")
    refund = merchant.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert wait_until(lambda: _if_status(merchant, refund.id, "succeeded"))
    assert merchant.totals()["refunded"] == 4999


def test_a_refund_can_fail_after_it_succeeded(merchant: Merchant) -> None:
    intent = merchant.pay("pm_card_refundFail")
    refund = merchant.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    failed = wait_until(lambda: _if_status(merchant, refund.id, "failed"))
    assert failed.failure_reason == "expired_or_canceled_card"
    row = merchant.v1.balance_transactions.retrieve(failed.failure_balance_transaction)
    assert (row.amount, row.type) == (4999, "refund_failure")
    charge = merchant.v1.charges.retrieve(str(intent.latest_charge))
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    totals = merchant.totals()
    assert (totals["refunded"], totals["refund_failed"], totals["net"]) == (4999, 4999, 4824)
    kinds = [event.type for event in merchant.v1.events.list().data]
    assert {"refund.created", "refund.failed", "charge.refund.updated"} <= set(kinds)
    assert merchant.v1.refunds.create({"payment_intent": intent.id}).amount == 4999


def test_a_refund_can_be_made_to_fail_from_pending(merchant: Merchant) -> None:
    intent = merchant.pay()
    merchant.fault("refund_outcome", outcome="pending_then_failed")
    refund = merchant.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "pending"
    assert wait_until(lambda: _if_status(merchant, refund.id, "failed"))


def test_a_refund_carries_what_the_merchant_notes(merchant: Merchant) -> None:
    intent = merchant.pay(metadata={"order": "9"})
    made = merchant.v1.refunds.create(
        {"payment_intent": intent.id, "amount": 500, "metadata": {"refund": "r1"}}
    )
    changed = merchant.v1.refunds.update(made.id, {"metadata": {"refund": "r2", "who": "jo"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"refund": "r2", "who": "jo"}
    [fact] = merchant.record(refund="r1")["facts"]
    assert (fact["fact"], fact["amount"], fact["refund"]) == ("refunded", 500, made.id)
    assert len(merchant.record(order="9")["facts"]) == 3
    with pytest.raises(stripe.InvalidRequestError):
        merchant.v1.refunds.cancel(made.id)


def _if_status(merchant: Merchant, refund_id: str, status: str) -> Any:
    found = merchant.v1.refunds.retrieve(refund_id)
    return found if found.status == status else None
