"""Refunds: reserved first, sent by the worker, given back only on a definite failure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import (
    IdempotencyMismatch,
    NotFound,
    RefundTooLarge,
    StaleAmount,
    UnexpectedState,
)
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import RefundAccepted, RefundRefused
from app.services import inbound, payments, refunds
from app.services.deps import Deps
from app.services.refunds import RefundUpdate, RequestRefund
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    open_shop,
    usd,
)
from tests.sandbox.server import wait_until
from tests.services.bank import Bank, assert_books_equal_record, at_once, deliver, rows

REFUNDS = "POST /v1/refunds"


def ask(deps: Deps, payment: Payment, amount: Money, **more: Any) -> str:
    return refunds.request_refund(
        deps, RequestRefund(payment.merchant_id, payment.id, amount, "user:robin", **more)
    )


def refund(refund_id: str) -> dict[str, Any]:
    [row] = rows("SELECT * FROM refunds WHERE id = :id", id=refund_id)
    return row


def money(payment: Payment) -> tuple[int, int, int]:
    """Captured, refunded and reserved."""
    now = payments.load(payment.merchant_id, payment.id)
    return now.captured_minor, now.refunded_minor, now.refund_reserved_minor


def work(deps: Deps, clock: TestClock, rounds: int = 3) -> None:
    """The worker comes by several times."""
    for _ in range(rounds):
        refunds.submit_due(deps)
        clock.advance(timedelta(minutes=10))
    clock.reset()


def test_a_full_refund_gives_everything_back(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("50.00"), reason="requested_by_customer")
    assert money(paid) == (5000, 0, 5000)
    assert bank.facts("refunded") == []

    assert "refunds" in queue.drain()
    assert refund(refund_id)["status"] == "succeeded"
    assert money(paid) == (5000, 5000, 0)
    assert bank.facts("refunded") == [5000]
    assert_books_equal_record(bank)


def test_several_partial_refunds_add_up(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    for amount in ("10.00", "10.00", "29.99"):
        ask(deps, paid, usd(amount))
        queue.drain()
    assert money(paid) == (5000, 4999, 0)

    with pytest.raises(RefundTooLarge, match=r"USD 0\.02; USD 0\.01 is left"):
        ask(deps, paid, usd("0.02"))
    ask(deps, paid, usd("0.01"))
    queue.drain()
    assert bank.facts("refunded") == [1000, 1000, 2999, 1]
    assert_books_equal_record(bank)


@pytest.mark.parametrize(
    "amount", [usd("50.01"), usd("0"), Money(-1, "USD"), Money(100, "EUR")], ids=str
)
def test_a_refund_cannot_exceed_what_is_left(
    deps: Deps, shop: Shop, queue: FakeQueue, amount: Money
) -> None:
    paid = make_payment(deps, shop)

    with pytest.raises(RefundTooLarge):
        ask(deps, paid, amount)
    assert money(paid) == (5000, 0, 0)
    assert "refunds" not in queue.drain()


def test_what_is_reserved_cannot_be_refunded_twice(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop)
    ask(deps, paid, usd("30.00"))

    with pytest.raises(RefundTooLarge, match=r"USD 20\.00 is left"):
        ask(deps, paid, usd("20.01"))


def test_a_person_who_saw_an_old_amount_is_told_so(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop)
    seen = usd("50.00")
    ask(deps, paid, usd("10.00"), expected_refundable=seen)

    with pytest.raises(StaleAmount, match=r"USD 40\.00 can be refunded now"):
        ask(deps, paid, usd("10.00"), expected_refundable=seen)
    assert money(paid) == (5000, 0, 1000)


@pytest.mark.parametrize("method, hint", [("manual", "Cancel it instead"), ("automatic", "Only")])
def test_only_a_captured_payment_can_be_refunded(
    deps: Deps, shop: Shop, method: str, hint: str
) -> None:
    token = "pm_card_visa" if method == "manual" else "pm_card_chargeDeclined"
    payment = make_payment(deps, shop, capture_method=method, token=token)

    with pytest.raises(UnexpectedState, match=hint):
        ask(deps, payment, usd("1.00"))


def test_only_what_was_captured_of_a_hold_can_be_refunded(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    held = make_payment(deps, shop, capture_method="manual")
    payments.capture_payment(
        deps, payments.CapturePayment(shop.merchant_id, held.id, "user:robin", usd("20.00"))
    )
    with pytest.raises(RefundTooLarge):
        ask(deps, held, usd("20.01"))
    ask(deps, held, usd("20.00"))
    queue.drain()
    assert_books_equal_record(bank)


def test_another_merchant_cannot_refund(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop)
    stranger = replace(paid, merchant_id=open_shop(deps).merchant_id)

    with pytest.raises(NotFound):
        ask(deps, stranger, usd("1.00"))
    assert money(paid) == (5000, 0, 0)


def test_a_client_key_makes_one_refund(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    first = ask(deps, paid, usd("10.00"), client_key="k1")

    assert ask(deps, paid, usd("10.00"), client_key="k1") == first
    with pytest.raises(IdempotencyMismatch):
        ask(deps, paid, usd("11.00"), client_key="k1")
    queue.drain()
    assert bank.facts("refunded") == [1000]


def test_twenty_people_cannot_refund_more_than_was_captured(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    answers = at_once([lambda: ask(deps, paid, usd("7.00")) for _ in range(20)])

    assert sum(isinstance(answer, str) for answer in answers) == 7
    assert sum(isinstance(answer, RefundTooLarge) for answer in answers) == 13
    assert money(paid) == (5000, 0, 4900)
    queue.drain()
    assert bank.facts("refunded") == [700] * 7
    assert_books_equal_record(bank)


def test_two_workers_send_a_refund_once(deps: Deps, shop: Shop, bank: Bank) -> None:
    paid = make_payment(deps, shop)
    for _ in range(4):
        ask(deps, paid, usd("5.00"))

    done = at_once([lambda: refunds.submit_due(deps) for _ in range(4)])
    assert sum(count for count in done if isinstance(count, int)) == 4
    assert bank.facts("refunded") == [500] * 4
    assert_books_equal_record(bank)


def test_the_same_answer_twice_settles_once(deps: Deps, shop: Shop, queue: FakeQueue) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("10.00"))
    queue.drain()
    reference = refund(refund_id)["processor_reference"]
    accepted = RefundAccepted(
        reference, usd("10.00"), True, str(paid.processor_reference), refund_id
    )
    update = RefundUpdate(shop.merchant_id, refund_id, accepted)

    at_once([lambda: refunds.apply_update(deps, update) for _ in range(5)])
    assert money(paid) == (5000, 1000, 0)


def news_of(deps: Deps, shop: Shop, bank: Bank, kind: str) -> None:
    """The processor's event of that kind arrives and is handled."""
    for event in wait_until(lambda: bank.events(kind)):
        deliver(deps, shop, event)
    inbound.handle_due(deps)


def test_a_refund_may_take_days_and_then_succeed(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    bank.fault("refund_outcome", outcome="pending_then_succeeded")
    refund_id = ask(deps, paid, usd("10.00"))
    queue.drain()
    assert refund(refund_id)["status"] == "pending"
    assert money(paid) == (5000, 0, 1000)

    news_of(deps, shop, bank, "refund.updated")
    assert refund(refund_id)["status"] == "succeeded"
    assert money(paid) == (5000, 1000, 0)
    assert_books_equal_record(bank)


def test_a_refund_that_fails_after_days_gives_the_money_back_to_the_merchant(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    bank.fault("refund_outcome", outcome="pending_then_failed")
    refund_id = ask(deps, paid, usd("10.00"))
    queue.drain()
    clock.advance(timedelta(days=3))

    news_of(deps, shop, bank, "refund.failed")
    row = refund(refund_id)
    assert (row["status"], row["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert money(paid) == (5000, 0, 0)
    [back] = rows("SELECT * FROM ledger_entries WHERE event = 'refund_failed' AND signed_minor < 0")
    assert back["available_on"] == clock.now().date()
    ask(deps, paid, usd("50.00"))


def test_a_refund_that_the_customers_bank_sends_back_is_the_merchants_again(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop, token="pm_card_refundFail")
    refund_id = ask(deps, paid, usd("10.00"))
    queue.drain()
    assert refund(refund_id)["status"] in ("succeeded", "failed")

    news_of(deps, shop, bank, "refund.failed")
    assert refund(refund_id)["status"] == "failed"
    assert money(paid) == (5000, 0, 0)
    names = [
        row["name"] for row in rows("SELECT name FROM events WHERE subject_id = :r", r=refund_id)
    ]
    assert "refund.returned" in names
    assert_books_equal_record(bank)


@pytest.mark.parametrize(
    "fault",
    [
        "drop_before",
        "drop_after",
        "error_after",
        "malformed_body",
        "truncated_body",
        "wrong_amount",
        "wrong_currency",
        "unknown_status",
        "rate_limit",
    ],
)
def test_an_unknown_refund_stays_reserved_until_it_is_found_out(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock, fault: str
) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("30.00"))
    bank.fault(fault, REFUNDS)
    refunds.submit_due(deps)

    assert refund(refund_id)["status"] == "unknown"
    assert money(paid) == (5000, 0, 3000)
    with pytest.raises(RefundTooLarge):
        ask(deps, paid, usd("30.00"))

    clock.advance(timedelta(minutes=10))
    work(deps, clock)
    assert refund(refund_id)["status"] == "succeeded"
    assert bank.facts("refunded") == [3000]
    assert_books_equal_record(bank)


def test_an_error_bound_to_the_refunds_key_is_a_definite_failure(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("30.00"))
    bank.fault("error_before", REFUNDS)
    work(deps, clock)

    assert refund(refund_id)["status"] == "failed"
    assert money(paid) == (5000, 0, 0)
    assert bank.facts("refunded") == []


def test_an_unknown_refund_is_not_repeated_after_its_key_may_be_forgotten(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("30.00"))
    bank.fault("drop_before", REFUNDS)
    refunds.submit_due(deps)
    clock.advance(timedelta(hours=23, minutes=5))
    refunds.submit_due(deps)

    assert refund(refund_id)["status"] == "failed"
    assert bank.facts("refunded") == []


def test_an_old_refund_is_found_by_asking(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("30.00"))
    bank.fault("drop_after", REFUNDS)
    refunds.submit_due(deps)
    bank.sandbox.control("idempotency/prune", account=shop.sandbox_account)
    clock.advance(timedelta(hours=30))
    refunds.submit_due(deps)

    assert refund(refund_id)["status"] == "succeeded"
    assert bank.facts("refunded") == [3000]
    assert_books_equal_record(bank)


def test_a_refund_that_was_never_sent_is_sent_however_late_the_worker_comes(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("30.00"))
    clock.advance(timedelta(days=2))
    refunds.submit_due(deps)

    assert refund(refund_id)["status"] == "succeeded"
    assert bank.facts("refunded") == [3000]


def test_a_refund_that_the_processor_refuses_gives_the_reservation_back(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    bank.client.v1.refunds.create({"payment_intent": str(paid.processor_reference), "amount": 4000})
    refund_id = ask(deps, paid, usd("30.00"))
    queue.drain()

    assert refund(refund_id)["status"] == "failed"
    assert bank.facts("refunded") == [4000]
    news_of(deps, shop, bank, "refund.created")
    assert money(paid) == (5000, 4000, 0)
    assert_books_equal_record(bank)


def test_an_answer_about_another_amount_or_payment_is_not_applied(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop)
    refund_id = ask(deps, paid, usd("10.00"))
    there = str(paid.processor_reference)

    for wrong in (
        RefundAccepted("re_x", usd("10.01"), True, there, refund_id),
        RefundAccepted("re_x", Money(1000, "EUR"), True, there, refund_id),
        RefundAccepted("re_x", usd("10.00"), True, "pi_elsewhere", refund_id),
        RefundRefused("declined", "re_x", refund_id, "pi_elsewhere", usd("10.00")),
    ):
        refunds.apply_update(deps, RefundUpdate(shop.merchant_id, refund_id, wrong))
        row = refund(refund_id)
        assert row["status"] == "unknown"
        assert row["processor_reference"] is None
    assert money(paid) == (5000, 0, 1000)
