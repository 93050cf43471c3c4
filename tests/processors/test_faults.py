"""Answers that were lost, spoilt or lies: unknown until they are found out, and then as it really was."""

from datetime import timedelta

import pytest

from app.domain.declines import DeclineReason
from app.domain.errors import OperationInProgress
from app.domain.payments import Payment
from app.domain.states import OperationStatus, PaymentStatus, RefundStatus
from app.store.db import db, end_read
from app.store.payments import Refund
from tests.processors.sales import Sales

# The money did not move / moved before the answer was lost or spoilt.
NOT_MOVED = ("drop_before", "error_before", "rate_limit", "unavailable")
MOVED = (
    "drop_after",
    "error_after",
    "malformed_body",
    "truncated_body",
    "wrong_amount",
    "wrong_currency",
    "unknown_status",
)
_P = PaymentStatus


def test_a_payment_whose_answer_failed_ends_as_it_really_ended(sales: Sales) -> None:
    """Nobody tells us anything: what is not known is asked for."""
    tried: dict[str, Payment] = {}
    unsure = sales.driver.told_faults
    for fault in (*NOT_MOVED, *MOVED, *sales.driver.unsure_faults, *unsure):
        sales.arm(fault)
        tried[fault] = payment = sales.pay()
        assert payment.status is _P.UNKNOWN, fault
        assert payment.operation is not None
        assert payment.operation.status is OperationStatus.UNKNOWN
        assert (payment.captured_minor, payment.decline_reason) == (0, None), fault
    assert sales.facts("captured") == [5000] * (len(MOVED) + len(unsure))

    sales.settle(is_told=False)
    bound = sales.driver.bound_faults
    for fault in unsure:
        # The processor itself does not know it, and says so each time; it will tell once it does.
        assert sales.load(tried[fault]).status is _P.UNKNOWN, fault
    if unsure:
        sales.settle(rounds=1)
    for fault, payment in tried.items():
        found = sales.load(payment)
        assert found.operation is None, fault
        assert found.status is (_P.FAILED if fault in bound else _P.CAPTURED), fault
        if fault in bound:
            # The key is bound to the processor's error: nothing was taken, and nothing will be.
            assert found.decline_reason is DeclineReason.TECHNICAL
    assert sales.facts("captured") == [5000] * len(tried.keys() - bound)
    sales.assert_true()


def test_what_was_surely_not_sent_is_a_definite_failure_and_may_be_tried_again(
    sales: Sales,
) -> None:
    sure = sales.driver.sure_faults
    for fault in sure:
        sales.arm(fault)
        payment = sales.pay()
        assert (payment.status, payment.decline_reason) == (_P.FAILED, DeclineReason.TECHNICAL)
        assert sales.try_again(payment).status is _P.CAPTURED, fault
    assert sales.facts("captured") == [5000] * len(sure)
    sales.assert_true()


def test_a_decline_whose_answer_was_lost_is_found_out(sales: Sales) -> None:
    tried = []
    for fault in ("drop_after", "error_after", "malformed_body"):
        sales.arm(fault)
        tried.append(sales.pay(sales.driver.broke))
        assert tried[-1].status is _P.UNKNOWN, fault
    sales.settle(is_told=False)

    assert sales.facts("authorised") == []
    for payment in tried:
        assert sales.load(payment).status is _P.FAILED
        assert sales.try_again(payment).status is _P.CAPTURED
    assert sales.facts("captured") == [5000] * len(tried)
    sales.assert_true()


def test_a_question_to_the_customer_that_was_lost_is_asked_after_all(sales: Sales) -> None:
    tried = []
    for fault in ("drop_after", "error_after", "truncated_body"):
        sales.arm(fault)
        tried.append(sales.pay(sales.driver.asks))
        assert tried[-1].status is _P.UNKNOWN, fault
    sales.settle(is_told=False)

    for payment in tried:
        waiting = sales.load(payment)
        assert waiting.status is _P.REQUIRES_ACTION
        assert sales.finish(waiting, is_passed=True).status is _P.CAPTURED
    assert sales.facts("captured") == [5000] * len(tried)
    sales.assert_true()


def test_the_way_back_from_the_bank_is_gone_once_though_its_answer_was_lost(sales: Sales) -> None:
    """Where the answer to the bank is brought by a call of its own."""
    if "finish" not in sales.driver.routes:
        return
    faults = ("drop_before", "drop_after", "error_before", "error_after", "malformed_body")
    tried = []
    for fault in faults:
        waiting = sales.pay(sales.driver.asks)
        sales.arm(fault, "finish")
        tried.append(sales.finish(waiting, is_passed=True))
        assert tried[-1].status is _P.UNKNOWN, fault
    sales.settle(is_told=False)
    assert {sales.load(payment).status for payment in tried} == {_P.CAPTURED}
    assert sales.facts("captured") == [5000] * len(faults)
    sales.assert_true()


def test_a_further_try_whose_answer_was_lost_is_found_out(sales: Sales) -> None:
    tried: dict[str, Payment] = {}
    for fault in ("drop_before", "drop_after", "error_before", "error_after"):
        declined = sales.pay(sales.driver.declined)
        assert declined.status is _P.FAILED
        sales.arm(fault, "further")
        tried[fault] = sales.try_again(declined)
        assert tried[fault].status is _P.UNKNOWN, fault
    sales.settle(is_told=False)

    bound = sales.driver.bound_faults
    for fault, payment in tried.items():
        expected = _P.FAILED if fault in bound else _P.CAPTURED
        assert sales.load(payment).status is expected, fault
    assert sales.facts("captured") == [5000] * len(tried.keys() - bound)
    sales.assert_true()


@pytest.mark.parametrize("command", ["capture", "cancel"])
def test_a_command_whose_answer_was_lost_is_found_out(sales: Sales, command: str) -> None:
    done = {"capture": _P.CAPTURED, "cancel": _P.CANCELED}[command]
    tried: dict[str, Payment] = {}
    for fault in ("drop_before", "drop_after", "error_before", "error_after"):
        held = sales.pay(capture_method="manual")
        sales.arm(fault, command)
        tried[fault] = sales.give(held, command)
        assert tried[fault].status is _P.AUTHORIZED, fault
        with pytest.raises(OperationInProgress):
            sales.give(held, "cancel")
    sales.settle()

    for fault, payment in tried.items():
        found = sales.load(payment)
        assert found.operation is None, fault
        if fault in sales.driver.bound_faults:
            # Definitely not done: the hold stands, and the command may be given again.
            assert found.status is _P.AUTHORIZED
            sales.give(found, command)
    sales.settle(rounds=1)
    assert {sales.load(payment).status for payment in tried.values()} == {done}
    assert sales.facts("captured") == ([2000] * len(tried) if command == "capture" else [])
    sales.assert_true()


def test_a_refund_whose_answer_was_lost_is_sent_once(sales: Sales) -> None:
    asked = []
    for fault in ("drop_before", "drop_after", "error_before", "error_after", "malformed_body"):
        paid = sales.pay()
        refund_id = sales.refund(paid)
        sales.arm(fault, "refund")
        sales.queue.drain()
        asked.append((fault, refund_id))
    sales.settle()

    statuses = {fault: _refund(sales, refund_id).status for fault, refund_id in asked}
    assert set(statuses.values()) <= {RefundStatus.SUCCEEDED, RefundStatus.FAILED}
    failed = {fault for fault, status in statuses.items() if status == RefundStatus.FAILED}
    assert failed <= sales.driver.bound_faults
    assert sales.facts("refunded") == [500] * (len(asked) - len(failed))
    sales.assert_true()


def _refund(sales: Sales, refund_id: str) -> Refund:
    found = db.session.get_one(Refund, (sales.shop.merchant_id, refund_id), populate_existing=True)
    end_read()
    return found


def test_a_processor_that_is_down_for_an_hour_changes_nothing(sales: Sales) -> None:
    sales.arm("drop_after")
    payment = sales.pay()
    sales.arm("unavailable", "any", count=None)
    sales.settle(rounds=5, is_told=False)
    assert sales.load(payment).status is _P.UNKNOWN
    sales.driver.sandbox.clear_faults()
    sales.clock.advance(timedelta(hours=1))
    sales.settle(is_told=False)
    assert sales.load(payment).status is _P.CAPTURED
    assert sales.facts("captured") == [5000]
    sales.assert_true()
