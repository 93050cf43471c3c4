"""Several people, tabs and workers at the same moment: one of them wins, and money moves once."""

from dataclasses import replace
from datetime import timedelta

from app.domain.errors import OperationInProgress, UnexpectedState
from app.domain.payments import Payment
from app.domain.processor import Query
from app.domain.states import PaymentStatus
from app.services import inbound, payments, resolver
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.payments import CancelPayment, CapturePayment, ConfirmPayment
from app.services.settle import settle
from tests.factories import DECLINED, NEEDS_3DS, VISA, FakeQueue, Shop, TestClock, make_payment, usd
from tests.services.bank import Bank, assert_books_equal_record, at_once, deliver, rows


def test_of_two_captures_and_a_cancellation_one_wins(deps: Deps, shop: Shop, bank: Bank) -> None:
    for _ in range(5):
        held = make_payment(deps, shop, capture_method="manual")

        def capture(amount: str, held: Payment = held) -> Payment:
            return payments.capture_payment(
                deps, CapturePayment(shop.merchant_id, held.id, "user:robin", usd(amount))
            )

        def cancel(held: Payment = held) -> Payment:
            return payments.cancel_payment(
                deps, CancelPayment(shop.merchant_id, held.id, "user:robin")
            )

        answers = at_once([lambda c=capture: c("20.00"), cancel, lambda c=capture: c("30.00")])  # type: ignore[misc]
        won = [answer for answer in answers if isinstance(answer, Payment)]
        lost = [answer for answer in answers if not isinstance(answer, Payment)]
        assert len(won) == 1
        assert all(isinstance(error, OperationInProgress | UnexpectedState) for error in lost)
        truth = payments.load(shop.merchant_id, held.id)
        assert truth.status is won[0].status
        assert truth.captured_minor in (0, 2000, 3000)
        assert truth.operation is None
    assert_books_equal_record(bank)


def test_ten_further_tries_are_one(deps: Deps, shop: Shop, bank: Bank) -> None:
    declined = make_payment(deps, shop, token=DECLINED)
    command = ConfirmPayment(shop.merchant_id, declined.id, VISA, "customer")

    answers = at_once([lambda: payments.confirm_payment(deps, command) for _ in range(10)])
    assert sum(isinstance(answer, Payment) for answer in answers) == 1
    assert all(
        isinstance(answer, Payment | OperationInProgress | UnexpectedState) for answer in answers
    )
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def test_the_same_outcome_from_many_sides_is_booked_once(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    bank.fault("drop_after", "POST /v1/payment_intents")
    payment = make_payment(deps, shop)
    account = account_by_id(deps, shop.account_id)
    query = Query(shop.merchant_id, payment.id, None, payment.created_at)
    found = deps.processors["stripe"].query(account, query)

    answers = at_once(
        [
            lambda n=n: settle(deps, payment, found, is_live=False, is_answer=n % 2 == 0)  # type: ignore[misc]
            for n in range(8)
        ]
    )
    assert [answer.status for answer in answers if isinstance(answer, Payment)] == [
        PaymentStatus.CAPTURED
    ] * 8
    booked = rows("SELECT event FROM journals WHERE payment_id = :p ORDER BY event", p=payment.id)
    assert [row["event"] for row in booked] == ["payment_captured", "processor_fee_charged"]
    told = rows("SELECT id FROM events WHERE name = 'payment.captured'")
    assert len(told) == 1
    assert_books_equal_record(bank)


def test_many_resolvers_and_the_request_itself_charge_once(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock, queue: FakeQueue
) -> None:
    bank.fault("drop_before", "POST /v1/payment_intents")
    payment = make_payment(deps, shop)
    clock.advance(timedelta(minutes=2))

    at_once(
        [lambda: resolver.resolve(deps, payment)] * 4 + [lambda: resolver.resolve_due(deps)] * 4  # type: ignore[list-item]
    )
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        resolver.resolve_due(deps)
    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def test_first_payments_of_a_new_book_do_not_stumble_over_its_accounts(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    answers = at_once([lambda: make_payment(deps, shop) for _ in range(8)])

    assert [answer.status for answer in answers if isinstance(answer, Payment)] == [
        PaymentStatus.CAPTURED
    ] * 8
    assert_books_equal_record(bank)


def test_news_that_finishes_a_further_try_before_it_is_sent_is_its_answer(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    waiting = make_payment(deps, shop, token=NEEDS_3DS)

    def paid_in_another_tab(name: str) -> None:
        if name == "payment.intent_recorded":
            bank.answer_challenge(waiting)
            for told in bank.events("payment_intent.succeeded"):
                deliver(deps, shop, told)
            inbound.handle_due(deps)

    command = ConfirmPayment(shop.merchant_id, waiting.id, VISA, "customer")
    done = payments.confirm_payment(replace(deps, failpoint=paid_in_another_tab), command)
    assert done.status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)
