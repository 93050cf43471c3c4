"""Facts that no command of ours made: always recorded."""

from datetime import timedelta

from app.domain.methods.facts import MethodFacts
from app.domain.processor import Captured, Facts
from app.domain.states import PaymentStatus
from app.services import foreign, inbound, payments, refunds
from app.services.accounts import account_of
from app.services.deps import Deps
from app.services.refunds import RequestRefund
from tests.factories import FakeQueue, Shop, TestClock, make_payment, usd
from tests.services.bank import Bank, assert_books_equal_record, at_once, deliver, rows

CREATE = "POST /v1/payment_intents"


def refund_there(bank: Bank, reference: str | None, amount: int) -> None:
    bank.client.v1.refunds.create({"payment_intent": str(reference), "amount": amount})


def hear(deps: Deps, shop: Shop, bank: Bank, *kinds: str) -> None:
    for event in bank.events(*kinds):
        deliver(deps, shop, event)
    inbound.handle_due(deps)


def balance_of(account: str) -> int:
    [row] = rows(
        "SELECT coalesce(sum(signed_minor), 0)::bigint AS total FROM ledger_entries"
        " WHERE account = :a",
        a=account,
    )
    return int(row["total"])


def test_a_refund_made_at_the_processor_becomes_a_refund_of_ours(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    paid = make_payment(deps, shop)
    refund_there(bank, paid.processor_reference, 1200)
    hear(deps, shop, bank, "charge.refunded", "refund.created")

    [row] = rows("SELECT amount_minor, status, origin FROM refunds")
    assert row == {"amount_minor": 1200, "status": "succeeded", "origin": "processor"}
    assert payments.load(shop.merchant_id, paid.id).refunded_minor == 1200
    assert_books_equal_record(bank)


def test_two_workers_record_a_foreign_refund_once(deps: Deps, shop: Shop, bank: Bank) -> None:
    paid = make_payment(deps, shop)
    refund_there(bank, paid.processor_reference, 1200)
    for event in bank.events("charge.refunded", "refund.created"):
        deliver(deps, shop, event)
    inbox = [row["id"] for row in rows("SELECT id FROM inbox")]
    at_once([lambda i=i: inbound.handle(deps, shop.merchant_id, i) for i in inbox])  # type: ignore[misc]

    assert len(rows("SELECT id FROM refunds")) == 1
    assert_books_equal_record(bank)


def test_a_foreign_refund_that_fails_later_is_undone(deps: Deps, shop: Shop, bank: Bank) -> None:
    paid = make_payment(deps, shop)
    bank.fault("refund_outcome", outcome="pending_then_failed")
    refund_there(bank, paid.processor_reference, 1200)
    hear(deps, shop, bank, "refund.created")
    from tests.sandbox.server import wait_until  # noqa: PLC0415

    wait_until(lambda: bank.events("refund.failed"))
    hear(deps, shop, bank, "refund.failed")

    [row] = rows("SELECT status FROM refunds")
    assert row["status"] == "failed"
    assert payments.load(shop.merchant_id, paid.id).refunded_minor == 0
    assert_books_equal_record(bank)


def test_news_of_our_own_refund_before_its_answer_is_not_a_second_refund(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    refunds.request_refund(
        deps, RequestRefund(shop.merchant_id, paid.id, usd("10.00"), "user:robin")
    )
    bank.fault("drop_after", "POST /v1/refunds")
    refunds.submit_due(deps)
    hear(deps, shop, bank, "refund.created", "charge.refunded")
    clock.advance(timedelta(minutes=10))
    refunds.submit_due(deps)

    assert [row["status"] for row in rows("SELECT status FROM refunds")] == ["succeeded"]
    assert_books_equal_record(bank)


def test_a_refund_beyond_what_our_rows_allow_goes_to_suspense(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    paid = make_payment(deps, shop)
    refunds.request_refund(
        deps, RequestRefund(shop.merchant_id, paid.id, usd("50.00"), "user:robin")
    )
    refund_there(bank, paid.processor_reference, 3000)
    hear(deps, shop, bank, "refund.created")
    assert payments.load(shop.merchant_id, paid.id).refund_reserved_minor == 5000
    assert balance_of("suspense") == 3000

    queue.drain()
    assert [row["status"] for row in rows("SELECT status FROM refunds")] == ["failed"]
    # There is room for it now, and news of it again: it was booked once and for all.
    hear(deps, shop, bank, "charge.refunded")
    assert [row["status"] for row in rows("SELECT status FROM refunds")] == ["failed"]
    assert balance_of("suspense") == 3000
    assert balance_of("processor_receivable:stripe") == bank.totals()["net"]


def test_a_refund_in_suspense_that_fails_later_leaves_it(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    """The processor has the money again, and what it owes us is what we say."""
    paid = make_payment(deps, shop)
    refunds.request_refund(
        deps, RequestRefund(shop.merchant_id, paid.id, usd("50.00"), "user:robin")
    )
    bank.fault("refund_outcome", "POST /v1/refunds", outcome="pending_then_failed")
    refund_there(bank, paid.processor_reference, 3000)
    hear(deps, shop, bank, "refund.created")
    bank.sandbox.control("clock", advance_seconds=2)

    for _ in range(2):
        hear(deps, shop, bank, "refund.failed", "refund.updated")
    queue.drain()

    assert balance_of("suspense") == 0
    assert_books_equal_record(bank)


def test_a_refund_is_known_even_when_its_payment_was_not_known_to_be_captured(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    bank.fault("drop_after", CREATE)
    payment = make_payment(deps, shop)
    [intent] = bank.client.v1.payment_intents.list().data
    refund_there(bank, intent.id, 1200)
    hear(deps, shop, bank, "charge.refunded")

    now = payments.load(shop.merchant_id, payment.id)
    assert (now.status, now.refunded_minor) == (PaymentStatus.CAPTURED, 1200)
    assert rows("SELECT id FROM journals WHERE event LIKE 'unmatched%'") == []
    assert_books_equal_record(bank)


def test_a_transfer_whose_payer_the_processor_does_not_name_is_in_suspense(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """There is nobody whose balance could be heard; the money is real all the same."""
    facts = Facts("pi_there", usd("12.00"), False, shop.merchant_id, "pay_nobody_knows")
    told = MethodFacts("bank_transfer", {})
    found = Captured(facts, usd("12.00"), method=told)
    for _ in range(2):
        foreign.book_unmatched_receipt(deps, account_of(deps, shop.merchant_id), found)

    assert balance_of("suspense") == -1200
    assert [row["event"] for row in rows("SELECT event FROM journals")] == ["unmatched_receipt"]
