"""Fees that go back with refunds: in the books, in what merchants are shown, and once, whatever fails."""

import random
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.domain.errors import RefundTooLarge
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import RefundRefused
from app.reports import statement
from app.reports.objects import balance as objects
from app.reports.objects.balance import Wanted
from app.reports.objects.paging import Slice
from app.reports.statement import Month
from app.services import books, fees, fx, inbound, ledger, payouts, refunds
from app.services.audit import By
from app.services.deps import Deps
from app.services.fee_returns import quote
from app.services.fees import NOTICE, SetSchedule
from app.services.merchants import ChooseSettlement, choose_settlement
from app.services.payouts import CreatePayout
from app.services.refunds import RefundUpdate, RequestRefund
from app.store.db import transaction
from app.web.api.objects.balance import balance_transaction
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    usd,
    verified_bank_account,
)
from tests.services.bank import Bank, assert_books_equal_record, at_once, deliver, rows
from tests.services.escrow_world import market

CARD = {"basis_points": 290, "fixed": {"USD": 30, "EUR": 30}}


@pytest.fixture
def generous(deps: Deps, shop: Shop, clock: TestClock) -> Shop:
    """A shop whose refunds give the percentage back."""
    return agree(deps, shop, clock, CARD | {"on_refund": "percentage"})


def agree(deps: Deps, shop: Shop, clock: TestClock, rules: dict[str, Any]) -> Shop:
    fees.set_schedule(deps, SetSchedule(shop.merchant_id, "card", rules))
    clock.advance(NOTICE)
    return shop


def refund(deps: Deps, payment: Payment, amount: str | int, **more: Any) -> str:
    minor = amount if isinstance(amount, int) else usd(amount).amount_minor
    money = Money(minor, payment.currency)
    command = RequestRefund(payment.merchant_id, payment.id, money, "user:robin", **more)
    return refunds.request_refund(deps, command)


def fail(deps: Deps, shop: Shop, refund_id: str) -> None:
    gone = RefundRefused("declined", None, refund_id)
    for _ in range(2):
        refunds.apply_update(deps, RefundUpdate(shop.merchant_id, refund_id, gone))


def earned(currency: str = "USD") -> int:
    """What the platform has of fees."""
    [row] = rows(
        "SELECT coalesce(-sum(signed_minor), 0) AS net FROM ledger_entries"
        " WHERE account = 'platform_fees' AND currency = :c",
        c=currency,
    )
    return int(row["net"])


def returned(payment: Payment) -> int:
    [row] = rows("SELECT fee_returned_minor FROM payments WHERE id = :id", id=payment.id)
    return int(row["fee_returned_minor"])


def test_a_fee_is_kept_unless_the_schedule_says_otherwise(deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop, amount=usd("100.00"))

    assert quote(shop.merchant_id, payment.id, usd("100.00")) is None
    refund(deps, payment, "100.00")

    assert (earned(), returned(payment)) == (320, 0)


@pytest.mark.parametrize("rule, back", [("percentage", 290), ("fixed", 30), ("whole", 320)])
def test_what_the_rule_says_goes_back_with_the_refund_and_is_kept_if_that_fails(
    deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue, rule: str, back: int
) -> None:
    agree(deps, shop, clock, CARD | {"on_refund": rule})
    payment = make_payment(deps, shop, amount=usd("100.00"))

    assert quote(shop.merchant_id, payment.id, usd("50.00")) == Money(back // 2, "USD")
    first, second = refund(deps, payment, "50.00"), refund(deps, payment, "50.00")
    assert (earned(), returned(payment)) == (320 - back, back)

    fail(deps, shop, first)
    assert (earned(), returned(payment)) == (320 - back + back // 2, back - back // 2)
    refund(deps, payment, "50.00")
    queue.drain()
    fail(deps, shop, second)  # The customer's bank sends the settled one back.

    assert returned(payment) == back // 2
    assert ledger.verify() == []


def test_a_payment_keeps_the_rule_that_it_was_made_under(
    deps: Deps, generous: Shop, clock: TestClock
) -> None:
    payment = make_payment(deps, generous, amount=usd("100.00"))
    agree(deps, generous, clock, CARD)

    refund(deps, payment, "100.00")

    assert returned(payment) == 290


def test_refunds_at_once_return_no_more_than_the_whole(deps: Deps, generous: Shop) -> None:
    payment = make_payment(deps, generous, amount=usd("100.00"))

    answers = at_once([lambda: refund(deps, payment, "15.00")] * 8)

    assert sum(isinstance(one, RefundTooLarge) for one in answers) == 2
    refund(deps, payment, "10.00")
    assert (returned(payment), earned()) == (290, 30)
    assert ledger.verify() == []


def test_the_same_key_returns_a_fee_once(deps: Deps, generous: Shop) -> None:
    payment = make_payment(deps, generous, amount=usd("100.00"))

    at_once([lambda: refund(deps, payment, "50.00", client_key="once")] * 3)

    assert returned(payment) == 145


def test_the_database_itself_refuses_to_return_more_than_the_fee(
    deps: Deps, generous: Shop
) -> None:
    payment = make_payment(deps, generous)

    with pytest.raises(IntegrityError, match="fee_returned_within_fee"), transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE payments SET fee_returned_minor = fee_minor + 1"
        )
    assert returned(payment) == 0


def test_merchants_see_it_as_a_fee_below_zero_and_everything_adds_up(
    deps: Deps, generous: Shop, clock: TestClock, queue: FakeQueue, app: Flask
) -> None:
    verified_bank_account(deps, generous)
    payment = make_payment(deps, generous, amount=usd("100.00"))
    make_payment(deps, generous, amount=usd("50.00"))
    refund(deps, payment, "40.00")
    failed = refund(deps, payment, "20.00")
    fail(deps, generous, failed)
    queue.drain()

    wanted = Wanted(events=("refund_requested", "refund_failed"))
    found, _ = objects.listed(generous.merchant_id, Slice(), wanted)
    with app.app_context():
        told = [balance_transaction(one) for one in found]
    shown = [(one["type"], one["amount"], one["fee"], one["net"]) for one in told]
    assert sorted(shown) == [
        ("refund", -4000, -116, -3884),
        ("refund", -2000, -58, -1942),
        ("refund_failure", 2000, 58, 1942),
    ]
    assert all(sum(d["amount"] for d in one["fee_details"]) == one["fee"] for one in told)

    net = 15000 - (320 + 175) - 4000 + 116
    clock.advance(timedelta(days=7))
    ledger.release_due(deps)
    payouts.create_payout(deps, CreatePayout(generous.merchant_id, "USD", "user:robin"))
    [row] = rows("SELECT * FROM payouts")
    assert (row["gross_minor"], row["fees_minor"], row["refunds_minor"]) == (
        15000,
        -(320 + 175 - 116),
        -4000,
    )
    assert row["amount_minor"] == net
    month = Month(clock.now().year, clock.now().month, "UTC")
    assert statement.statement(generous.merchant_id, "USD", month, clock.now()).is_sound
    assert ledger.verify() == []


def test_random_refunds_and_failures_leave_the_books_whole(
    deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    chance = random.Random(77)  # noqa: S311 - a history that can be told again
    agree(deps, shop, clock, CARD | {"on_refund": "whole"})
    choose_settlement(deps, ChooseSettlement(shop.merchant_id, (), By("user:robin")))
    fx.fetch_rates(deps)
    town = market(deps, shop)
    made = [make_payment(deps, shop, amount=Money(9_999, code)) for code in ("USD", "EUR")]
    made.append(town.sell())
    town.release(made[-1], "30.00", commission="3.00")
    live: list[str] = []
    for _ in range(25):
        payment = chance.choice(made)
        if chance.random() < 0.4 and live:
            fail(deps, shop, live.pop(chance.randrange(len(live))))
        else:
            try:
                live.append(refund(deps, payment, chance.randint(1, 2_000)))
            except RefundTooLarge:
                continue
    for payment in made:
        [row] = rows("SELECT * FROM payments WHERE id = :id", id=payment.id)
        left = row["captured_minor"] - row["refunded_minor"] - row["refund_reserved_minor"]
        if left:
            refund(deps, payment, left)
        assert returned(payment) == row["fee_minor"]
    queue.drain()
    books.close_books(deps)

    assert (earned("USD"), earned("EUR")) == (0, 0)
    assert ledger.verify() == []


def test_a_refund_made_at_the_processor_gives_the_fee_back_too(
    deps: Deps, generous: Shop, bank: Bank
) -> None:
    payment = make_payment(deps, generous, amount=usd("100.00"))
    bank.client.v1.refunds.create(
        {"payment_intent": str(payment.processor_reference), "amount": 5000}
    )
    for event in bank.events("refund.created"):
        deliver(deps, generous, event)
    inbound.handle_due(deps)

    assert (returned(payment), earned()) == (145, 175)
    assert_books_equal_record(bank)
