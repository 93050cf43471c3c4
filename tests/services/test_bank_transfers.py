"""Bank transfers: too little, too much, late, twice, out of order; never a cent lost or counted early."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.errors import OperationInProgress, RefundTooLarge, UnexpectedState
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import (
    bank_money,
    bank_returns,
    inbound,
    ledger,
    payments,
    refunds,
    resolver,
)
from app.services.accounts import account_of
from app.services.deps import Deps
from app.services.payments import (
    CancelPayment,
    ConfirmPayment,
    cancel_payment,
    confirm_payment,
    load,
)
from app.services.refunds import RequestRefund, request_refund
from tests.factories import VISA, Shop, TestClock
from tests.services.bank import Bank, at_once, deliver, rows
from tests.services.transfer_story import Story, money_back
from tests.transfers import arrive, make_customer, make_transfer, news

_P = PaymentStatus
ENTRIES = "GET /v1/customers/*/cash_balance_transactions"


def _books(shop: Shop) -> dict[str, int]:
    found = rows(
        """SELECT account, -sum(signed_minor)::int AS total FROM ledger_entries
           WHERE merchant_id = :m GROUP BY 1 HAVING sum(signed_minor) <> 0""",
        m=shop.merchant_id,
    )
    return {row["account"]: row["total"] for row in found}


def _kept(shop: Shop) -> int:
    return _books(shop).get("customer_balance", 0)


def _due(payment: Payment) -> int:
    return int((payment.action or {})["remaining_minor"])


def test_a_transfer_waits_with_an_account_and_a_reference_and_books_nothing(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    payment = make_transfer(deps, shop)

    assert (payment.status, payment.operation, _due(payment)) == (_P.REQUIRES_ACTION, None, 5000)
    told = payment.method_details
    assert told["account"]["iban"].startswith("DE")
    assert len(told["reference"]) == 10
    assert _books(shop) == {}
    clock.advance(timedelta(hours=1))
    assert resolver.refresh_stale(deps) == 0
    assert [make_transfer(deps, shop, currency="USD").method_details["account"]["kind"]] == ["aba"]


@pytest.mark.parametrize(
    "parts, is_told_each_time",
    [((1500, 2500, 1000), True), ((1, 4999), False), ((3000, 2500), True)],
)
def test_parts_add_up_and_count_for_the_merchant_only_when_all_is_there(
    deps: Deps, shop: Shop, bank: Bank, parts: tuple[int, ...], is_told_each_time: bool
) -> None:
    """However many there are, whenever they are told, and told again."""
    payment = make_transfer(deps, shop)
    sent = 0
    for part in parts:
        arrive(bank.sandbox, shop, payment, part)
        sent += part
        if is_told_each_time and sent < 5000:
            payment = news(deps, shop, payment)
            assert (payment.status, _due(payment)) == (_P.REQUIRES_ACTION, 5000 - sent)
            assert _kept(shop) == sent
            assert "merchant_pending" not in _books(shop)

    paid = news(deps, shop, payment)
    for event in reversed(bank.events()):
        deliver(deps, shop, event | {"id": f"{event['id']}again"})
    inbound.handle_due(deps)

    assert (paid.status, paid.captured_minor) == (_P.CAPTURED, 5000)
    assert _kept(shop) == sent - 5000
    assert bank.facts("received") == list(parts)
    assert bank.facts("captured") == [5000]
    told = [row["name"] for row in rows("SELECT name FROM events WHERE payment_id = :p", p=paid.id)]
    assert told.count("payment.captured") == 1
    assert told.count("payment.partially_funded") == (len(parts) - 1 if is_told_each_time else 0)
    assert paid.available_on == deps.clock.now().date()


def test_what_is_too_much_pays_for_the_customers_next_payment(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    ada = make_customer(deps, shop)
    first = make_transfer(deps, shop, customer_id=ada)
    arrive(bank.sandbox, shop, first, 9000)
    news(deps, shop, first)
    assert _kept(shop) == 4000

    covered = make_transfer(deps, shop, minor=2500, customer_id=ada)
    partly = make_transfer(deps, shop, minor=2500, customer_id=ada)

    assert covered.status is _P.CAPTURED
    assert (partly.status, _due(partly)) == (_P.REQUIRES_ACTION, 1000)
    assert _kept(shop) == 1500
    assert covered.method_details["payer"] == first.method_details["payer"]
    assert partly.method_details["account"] == first.method_details["account"]


def test_the_reference_says_which_of_two_payments_is_meant(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    ada = make_customer(deps, shop)
    older, newer = (make_transfer(deps, shop, customer_id=ada) for _ in range(2))

    arrive(bank.sandbox, shop, older, 5000, reference=f"Order {newer.method_details['reference']}")

    assert news(deps, shop, newer).status is _P.CAPTURED
    assert load(shop.merchant_id, older.id).status is _P.REQUIRES_ACTION


def test_money_that_comes_after_the_end_is_kept_for_the_customer(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """As is the part that had come before it."""
    payment = make_transfer(deps, shop)
    arrive(bank.sandbox, shop, payment, 2000)
    waiting = news(deps, shop, payment)
    with pytest.raises(UnexpectedState, match="still due"):
        confirm_payment(deps, ConfirmPayment(shop.merchant_id, waiting.id, VISA, "api:test"))
    cancel_payment(deps, CancelPayment(shop.merchant_id, waiting.id, "user:ada"))

    arrive(bank.sandbox, shop, payment, 3000)
    after = news(deps, shop, payment)

    assert (after.status, after.captured_minor) == (_P.CANCELED, 0)
    assert _kept(shop) == 5000
    assert _books(shop).keys() == {"customer_balance", "processor_receivable:stripe"}


def test_a_part_that_comes_between_look_and_write_is_not_paid_over_by_card(
    deps: Deps, shop: Shop, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = make_transfer(deps, shop)
    arrive(bank.sandbox, shop, payment, 2000)
    begin = payments.begin

    def late(*given: Any, **more: Any) -> Payment:
        news(deps, shop, payment)
        return begin(*given, **more)

    monkeypatch.setattr(payments, "begin", late)
    with pytest.raises(OperationInProgress):
        confirm_payment(deps, ConfirmPayment(shop.merchant_id, payment.id, VISA, "api:test"))

    assert _due(load(shop.merchant_id, payment.id)) == 3000
    assert load(shop.merchant_id, payment.id).operation is None
    assert _kept(shop) == 2000


def test_paid_and_canceled_at_once_ends_in_one_of_both(deps: Deps, shop: Shop, bank: Bank) -> None:
    payment = make_transfer(deps, shop)
    arrive(bank.sandbox, shop, payment, 5000)

    cancel = CancelPayment(shop.merchant_id, payment.id, "user:ada")
    at_once([lambda: cancel_payment(deps, cancel), lambda: news(deps, shop, payment)])
    resolver.resolve_due(deps)
    after = news(deps, shop, payment)

    assert (after.status, after.captured_minor) == (_P.CAPTURED, 5000)
    assert _kept(shop) == 0


def test_nothing_is_captured_before_what_pays_for_it_was_heard_of(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    """The balance's facts cannot be asked for, while the payment's news is there already."""
    payment = make_transfer(deps, shop)
    arrive(bank.sandbox, shop, payment, 5000)
    bank.fault("error_before", ENTRIES, count=None)

    assert news(deps, shop, payment).status is _P.REQUIRES_ACTION
    assert resolver.refresh(deps, payment) == payment
    assert _books(shop) == {}

    bank.sandbox.clear_faults()
    clock.advance(timedelta(minutes=2))
    assert news(deps, shop, payment).status is _P.CAPTURED
    assert _kept(shop) == 0


def test_two_who_hear_the_same_facts_at_once_record_each_once(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    payment = make_transfer(deps, shop, minor=90_000)
    arrive(bank.sandbox, shop, payment, 100, times=12)
    account, payer = account_of(deps, shop.merchant_id), payment.method_details["payer"]
    hear: Callable[[], None] = partial(bank_money.hear, deps, account, payer)

    assert at_once([hear] * 4) == [None] * 4

    assert _kept(shop) == 1200
    told = rows("SELECT count(*) AS times, count(DISTINCT external_id) AS facts FROM payer_facts")
    assert told == [{"times": 24, "facts": 24}]


def test_a_lost_answer_makes_one_payment_and_one_account(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    bank.fault("drop_after")

    payment = make_transfer(deps, shop)
    assert payment.status is _P.UNKNOWN
    clock.advance(timedelta(minutes=1))
    resolver.resolve_due(deps)

    found = load(shop.merchant_id, payment.id)
    assert (found.status, _due(found)) == (_P.REQUIRES_ACTION, 5000)
    assert len(bank.client.v1.customers.list().data) == 1


def test_a_refund_goes_to_the_balance_and_from_there_to_the_bank(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    payment = make_transfer(deps, shop)
    arrive(bank.sandbox, shop, payment, 5000)
    news(deps, shop, payment)
    request_refund(
        deps, RequestRefund(shop.merchant_id, payment.id, Money(2000, "EUR"), "user:ada")
    )
    refunds.submit_due(deps)
    assert news(deps, shop, payment).refunded_minor == 2000
    assert _kept(shop) == 2000
    with pytest.raises(RefundTooLarge):
        bank_returns.request_return(deps, money_back(shop, 2001))

    same = [bank_returns.request_return(deps, money_back(shop, 1500, "click")) for _ in range(2)]
    with pytest.raises(RefundTooLarge):
        bank_returns.request_return(deps, money_back(shop, 501))
    bank.fault("drop_after", "POST /v1/refunds")
    for _ in range(3):
        bank_returns.submit_due(deps)
        clock.advance(timedelta(minutes=10))
        bank.sandbox.control("clock", advance_seconds=5)
    bank_returns.submit_due(deps)

    assert same[0] == same[1]
    assert bank.facts("sent_back") == [1500]
    [done] = rows("SELECT status FROM bank_returns")
    assert (done["status"], _kept(shop)) == ("succeeded", 500)


def test_what_the_customers_bank_does_not_take_is_in_the_balance_again(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    payment = make_transfer(deps, shop)
    arrive(bank.sandbox, shop, payment, 7000)
    news(deps, shop, payment)
    back = money_back(shop, 2000)
    both = at_once([lambda: bank_returns.request_return(deps, back)] * 2)
    assert [isinstance(one, RefundTooLarge) for one in both].count(True) == 1
    bank.fault("refund_outcome", "*", outcome="pending_then_failed")
    bank_returns.submit_due(deps)
    bank.sandbox.control("clock", advance_seconds=5)
    clock.advance(timedelta(minutes=2))

    bank_returns.submit_due(deps)

    [row] = rows("SELECT status FROM bank_returns")
    assert (row["status"], _kept(shop)) == ("failed", 2000)
    assert bank.facts("came_back") == [2000]
    assert bank_returns.request_return(deps, money_back(shop, 2000))


def test_money_that_is_nobodys_is_to_be_explained_and_can_be_sentmoney_back(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """Somebody was told an account without us."""
    made = bank.client.v1.customers.create({"name": "Nobody"})
    bank.sandbox.control(
        "transfers", account=shop.sandbox_account, customer=made.id, amount=700, currency="eur"
    )
    payment = make_transfer(deps, shop)
    news(deps, shop, payment)
    assert (_books(shop)["suspense"], _kept(shop)) == (700, 0)

    bank_returns.request_return(deps, money_back(shop, 700))
    bank_returns.submit_due(deps)

    assert _books(shop) == {}
    assert bank.facts("sent_back") == [700]


def test_what_another_merchants_customer_sends_is_in_that_merchants_book_alone(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    metadata = {"farthing_merchant": "acct_another", "farthing_customer": "cus_theirs"}
    theirs = bank.client.v1.customers.create({"name": "Theirs", "metadata": metadata})
    bank.sandbox.control(
        "transfers", account=shop.sandbox_account, customer=theirs.id, amount=700, currency="eur"
    )
    news(deps, shop, make_transfer(deps, shop))

    assert _books(shop) == {}
    assert rows("SELECT 1 FROM payer_facts WHERE amount_minor = 700") == []


@pytest.mark.parametrize("seed", range(2))
def test_any_history_leaves_the_books_as_the_record_says(
    deps: Deps, shop: Shop, bank: Bank, seed: int
) -> None:
    """Parts, news or none, refunds, returns and ends, in any order."""
    story = Story(deps, shop, bank, seed)
    acts = [story.part] * 3 + [story.listen] * 2 + [story.refund, story.send_back, story.end]
    for _ in range(16):
        story.dice.choice(acts)(story.dice.choice(story.payments))
    for one in story.payments:
        resolver.resolve_due(deps)
        news(deps, shop, one)

    assert ledger.verify() == []
    taken = rows("SELECT coalesce(sum(captured_minor), 0)::int AS total FROM payments")[0]["total"]
    back = sum(bank.facts("sent_back"))
    assert sum(bank.facts("captured")) == taken
    assert _kept(shop) == sum(bank.facts("received")) + sum(bank.facts("refunded")) - taken - back
