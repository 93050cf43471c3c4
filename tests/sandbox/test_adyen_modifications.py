"""What follows an authorisation: received at once, decided a moment later, told, and recorded."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contracts import adyen as contract
from tests.sandbox.adyen import AdyenMerchant, Listener
from tests.sandbox.server import wait_until

NOT_AUTHORISED = "Transaction hasn't been Authorised"


def sums(shop: AdyenMerchant) -> tuple[int, ...]:
    names = ("authorised", "captured", "released", "refunded", "refund_failed", "returned", "net")
    found = shop.totals()
    return tuple(found[name] for name in names)


def test_a_part_is_captured_once_and_refunded_no_further(
    shop: AdyenMerchant, listener: Listener
) -> None:
    psp = shop.hold()
    wrong = {"merchantAccount": shop.account, "amount": {"currency": "USD", "value": 1}}
    assert shop.refused(shop.post(f"/payments/{psp}/captures", wrong)) == (422, "137")
    nobody = shop.post("/payments/NOBODY/cancels", {"merchantAccount": shop.account})
    assert shop.refused(nobody) == (422, "167")
    shop.modify("captures", psp, 5000, reference="op_2")
    refused = listener.wait("CAPTURE", "false")
    assert refused["reason"] == "Insufficient balance on payment"
    mine = shop.modify("captures", psp, 3000, reference="op_3")
    item = listener.wait("CAPTURE")
    told = {name: item[name] for name in ("pspReference", "originalReference", "merchantReference")}
    assert told == {"pspReference": mine, "originalReference": psp, "merchantReference": "op_3"}
    shop.modify("captures", psp, 1999)
    shop.modify("cancels", psp)
    refund = shop.modify("refunds", psp, 2000, reference="re_1", merchantRefundReason="OTHER")
    shop.modify("refunds", psp, 1001, reference="re_2")
    shop.modify("refunds", psp, 1000, reference="re_3")
    shop.pass_time()
    assert sums(shop) == (4999, 3000, 1999, 3000, 0, 0, 0)
    listener.wait("CANCELLATION", "false")
    assert listener.wait("REFUND", "false")["merchantReference"] == "re_2"
    assert listener.wait("REFUND")["pspReference"] == refund
    facts = shop.sandbox.record(shop.account)["facts"]
    assert next(row["refund"] for row in facts if row["refund"]) == refund


def test_what_is_held_is_let_go(shop: AdyenMerchant, listener: Listener) -> None:
    shop.modify("cancels", shop.hold(), reference="op_2")
    shop.modify("reversals", shop.hold())
    shop.hold(reference="pi_9.op_1")
    body = {"merchantAccount": shop.account, "paymentReference": "pi_9.op_1", "reference": "op_9"}
    reply = shop.post("/cancels", body)
    contract.check(reply.json(), "StandalonePaymentCancelResponse")
    shop.post("/cancels", body | {"paymentReference": "nobody"})
    shop.pass_time()
    assert sums(shop) == (3 * 4999, 0, 3 * 4999, 0, 0, 0, 0)
    assert listener.wait("CANCELLATION")["merchantReference"] == "op_2"
    reversal = listener.wait("CANCEL_OR_REFUND")
    assert reversal["additionalData"]["modification.action"] == "cancel"
    assert listener.wait("TECHNICAL_CANCEL")["pspReference"] == reply.json()["pspReference"]
    assert listener.wait("TECHNICAL_CANCEL", "false")["reason"] == "Transaction not found"


def test_a_reversal_of_what_was_taken_is_a_refund(shop: AdyenMerchant, listener: Listener) -> None:
    psp = shop.pay()["pspReference"]
    shop.modify("refunds", psp, 999)
    shop.modify("reversals", psp)
    shop.modify("reversals", psp)
    shop.pass_time()
    assert sums(shop) == (4999, 4999, 0, 4999, 0, 0, 0)
    reversal = listener.wait("CANCEL_OR_REFUND")
    assert reversal["additionalData"]["modification.action"] == "refund"
    listener.wait("CANCEL_OR_REFUND", "false")


@pytest.mark.parametrize(
    "holder,fault,told",
    [
        ("refund failed", {}, "REFUND_FAILED"),
        ("refunded reversed", {}, "REFUNDED_REVERSED"),
        ("J. Smith", {"outcome": "succeeded_then_failed"}, "REFUND_FAILED"),
    ],
)
def test_a_refund_may_come_back(
    shop: AdyenMerchant, listener: Listener, holder: str, fault: dict[str, Any], told: str
) -> None:
    psp = shop.pay(holder=holder)["pspReference"]
    if fault:
        shop.fault("refund_outcome", **fault)
    refund = shop.modify("refunds", psp, 1000, reference="re_1")
    shop.pass_time()
    listener.wait("REFUND")
    shop.pass_time()
    item = listener.wait(told)
    assert (item["pspReference"], item["originalReference"]) == (refund, psp)
    assert item["merchantReference"] == "re_1"
    assert sums(shop) == (4999, 4999, 0, 1000, 1000, 0, 4999)


def test_a_capture_may_fail_later_and_a_refusal_by_the_acquirer_moves_nothing(
    shop: AdyenMerchant, listener: Listener
) -> None:
    psp = shop.hold(holder="capture failed")
    capture = shop.modify("captures", psp, 4999, reference="op_2")
    shop.pass_time()
    listener.wait("CAPTURE")
    shop.pass_time()
    assert listener.wait("CAPTURE_FAILED")["pspReference"] == capture
    assert sums(shop) == (4999, 4999, 0, 0, 0, 4999, 0)
    other = shop.hold()
    for what, amount in (("capture", 4999), ("cancel", None)):
        shop.fault(f"{what}_outcome", outcome="refused")
        shop.modify(f"{what}s", other, amount)
        shop.pass_time()
    listener.wait("CAPTURE", "false")
    listener.wait("CANCELLATION", "false")
    paid = shop.pay()["pspReference"]
    shop.fault("refund_outcome", outcome="pending_then_failed")
    shop.modify("refunds", paid, 1)
    shop.pass_time()
    listener.wait("REFUND", "false")
    assert shop.totals()["refunded"] == 0


def test_time_captures_and_lets_go(shop: AdyenMerchant, listener: Listener) -> None:
    held = shop.hold()
    later = shop.pay(captureDelayHours=24, amount=100)
    assert later["resultCode"] == "Authorised"
    assert sums(shop)[:3] == (5099, 0, 0)
    shop.pass_time(24 * 3600)
    assert sums(shop)[:3] == (5099, 100, 0)
    shop.pass_time(7 * 24 * 3600)
    assert sums(shop)[:3] == (5099, 100, 4999)
    assert listener.wait("EXPIRE")["originalReference"] == held
    shop.modify("captures", held, 4999)
    shop.pass_time()
    assert listener.wait("CAPTURE", "false")["reason"] == NOT_AUTHORISED


def test_many_at_once_take_and_give_back_no_more_than_there_is(
    shop: AdyenMerchant, listener: Listener
) -> None:
    with ThreadPoolExecutor(10) as pool:
        replies = list(
            pool.map(lambda _: shop.post("/payments", shop.request(), key="same"), range(10))
        )
        paid = {reply.json()["pspReference"] for reply in replies if reply.status_code == 200}
        assert {reply.status_code for reply in replies} <= {200, 422}
        [psp] = paid
        list(pool.map(lambda _: shop.modify("refunds", psp, 1000), range(10)))
    shop.pass_time()
    assert sums(shop) == (4999, 4999, 0, 4000, 0, 0, 999)
    wait_until(lambda: listener.heard().count(("REFUND", "false")) == 6)
    assert listener.heard().count(("REFUND", "true")) == 4
