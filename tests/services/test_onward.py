"""Money that goes on to a seller when it is captured, and what refunds take back of it."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import (
    BalanceInsufficient,
    FarthingError,
    InvalidRequest,
    RefundTooLarge,
)
from app.domain.money import Money
from app.domain.onward import Onward
from app.domain.payments import Payment
from app.domain.processor import RefundRefused
from app.services import (
    books,
    creation,
    fees,
    fx,
    inbound,
    ledger,
    merchants,
    onward,
    payments,
    refunds,
)
from app.services.audit import SYSTEM
from app.services.creation import CreatePayment
from app.services.deps import Deps
from app.services.fees import SetSchedule
from app.services.onward import TakeBack
from app.services.payments import CapturePayment
from app.services.payouts import CreatePayout, create_payout
from app.services.refunds import RefundUpdate, RequestRefund
from app.services.transfers import ReverseTransfer, reverse_transfer
from app.store.db import transaction
from app.store.payments import PaymentRow
from tests.factories import (
    VISA,
    FakeQueue,
    Shop,
    TestClock,
    connect_sellers,
    make_payment,
    usd,
    verified_bank_account,
)
from tests.services.bank import at_once, rows
from tests.services.escrow_world import balance, owned

BOTH = TakeBack(is_reversing=True, is_fee_refunded=True)
FEE = 320  # Of 100.00, by card.


@pytest.fixture
def seller(deps: Deps, shop: Shop) -> str:
    return connect_sellers(deps, shop, "Ann's Pots", "Ben's Chairs")[0]


def sell(deps: Deps, shop: Shop, seller: str, amount: str = "100.00", **more: Any) -> Payment:
    """A payment whose money goes on, less 10.00 unless something else is said."""
    plan = {"application_fee_minor": 1000} | more
    capture_method = str(plan.pop("capture_method", "automatic"))
    price = plan.pop("price", usd(amount))
    made = creation.create_payment(
        deps,
        CreatePayment(
            merchant_id=shop.merchant_id,
            amount=price,
            actor="user:robin",
            payment_method_token=VISA,
            capture_method=capture_method,
            escrow=Onward(seller, **plan).stored(),
        ),
    )
    assert isinstance(made, Payment)
    return made


def refund(deps: Deps, payment: Payment, minor: int, wanted: TakeBack = BOTH, **more: Any) -> str:
    money = Money(minor, payment.currency)
    command = RequestRefund(
        payment.merchant_id, payment.id, money, "user:robin", take_back=wanted, **more
    )
    return refunds.request_refund(deps, command)


def test_what_is_captured_goes_on_once_less_the_application_fee(
    deps: Deps, shop: Shop, seller: str, queue: FakeQueue
) -> None:
    payment = sell(deps, shop, seller)
    assert balance(seller) == Money(0, "USD")

    at_once([lambda: onward.transfer_due(deps)] * 3)
    assert "onward" in queue.drain()

    assert balance(seller) == usd("90.00")
    assert balance(shop.merchant_id) == Money(1000 - FEE, "USD")
    [transfer] = rows("SELECT * FROM transfers")
    assert (transfer["amount_minor"], transfer["application_fee_minor"]) == (10000, 1000)
    assert transfer["available_on"] == payment.available_on
    assert rows("SELECT id FROM escrow_holds") == []
    assert ledger.verify() == []


@pytest.mark.parametrize(
    "plan, captured, sent, kept",
    [
        ({}, 400, 400, 400),  # The fee is never more than what was captured.
        ({}, 6000, 6000, 1000),
        ({"application_fee_minor": None}, 6000, 6000, 0),
        ({"application_fee_minor": None, "amount_minor": 7000}, 10000, 7000, 0),
        ({"application_fee_minor": None, "amount_minor": 7000}, 6000, 6000, 0),
    ],
)
def test_a_part_that_is_captured_is_split_as_far_as_it_goes(
    deps: Deps,
    shop: Shop,
    seller: str,
    plan: dict[str, Any],
    captured: int,
    sent: int,
    kept: int,
) -> None:
    held = sell(deps, shop, seller, capture_method="manual", **plan)
    onward.transfer_due(deps)
    assert rows("SELECT * FROM onward_payments") == []

    part = Money(captured, "USD")
    payments.capture_payment(deps, CapturePayment(shop.merchant_id, held.id, "user:robin", part))
    onward.transfer_due(deps)

    assert balance(seller) == Money(sent - kept, "USD")
    assert ledger.verify() == []


def test_refunds_take_back_both_parts_to_the_cent_and_no_more(
    deps: Deps, shop: Shop, seller: str, clock: TestClock, queue: FakeQueue
) -> None:
    fees.set_schedule(
        deps, SetSchedule(shop.merchant_id, "card", {"basis_points": 290, "on_refund": "whole"})
    )
    clock.advance(fees.NOTICE)
    payment = sell(deps, shop, seller, "99.99", application_fee_minor=1001)

    for minor in (3333, 3333, 3333):
        refund(deps, payment, minor)
    queue.drain()

    assert (owned(seller), owned(shop.merchant_id)) == (usd("0.00"), usd("0.00"))
    told = rows("SELECT amount_minor, reversed_minor, application_fee_minor FROM refunds")
    assert [sum(row[name] for row in told) for name in told[0]] == [9999, 9999, 1001]
    assert ledger.verify() == []


def test_a_refund_alone_is_the_platforms_own_money(deps: Deps, shop: Shop, seller: str) -> None:
    payment = sell(deps, shop, seller)

    refund(deps, payment, 5000, TakeBack())
    onward.transfer_due(deps)
    assert owned(seller) == usd("90.00")

    refund(deps, payment, 5000, TakeBack(is_fee_refunded=True))
    assert owned(seller) == usd("95.00")
    assert owned(shop.merchant_id) == Money(500 - FEE - 10000, "USD")


def test_a_refund_before_the_job_sends_it_on_first(deps: Deps, shop: Shop, seller: str) -> None:
    payment = sell(deps, shop, seller)

    refund(deps, payment, 10000)

    assert owned(seller) == usd("0.00")
    assert rows("SELECT payment_id FROM onward_payments WHERE transfer_id IS NULL") == []
    assert ledger.verify() == []


def test_settled_money_is_taken_back_where_it_is_and_never_more_than_there_is(
    deps: Deps, shop: Shop, seller: str, clock: TestClock, queue: FakeQueue
) -> None:
    first, second = (sell(deps, shop, seller) for _ in range(2))
    onward.transfer_due(deps)
    clock.advance(timedelta(days=7))
    ledger.release_due(deps)

    refund(deps, first, 10000)
    queue.drain()
    assert owned(seller) == usd("90.00")
    verified_bank_account(deps, replace(shop, merchant_id=seller))
    create_payout(deps, CreatePayout(seller, "USD", "user:ann", usd("80.00")))

    with pytest.raises(BalanceInsufficient, match="cannot be taken back now"):
        refund(deps, second, 10000)
    [row] = rows("SELECT * FROM payments WHERE id = :id", id=second.id)
    assert (row["refund_reserved_minor"], row["refunded_minor"]) == (0, 0)
    assert ledger.verify() == []


def test_what_was_taken_back_stays_so_when_the_refund_fails(
    deps: Deps, shop: Shop, seller: str
) -> None:
    payment = sell(deps, shop, seller)
    failed = refund(deps, payment, 10000)
    gone = RefundUpdate(shop.merchant_id, failed, RefundRefused("declined", None, failed))
    for _ in range(2):
        refunds.apply_update(deps, gone)
    assert owned(shop.merchant_id) == Money(10000 - FEE, "USD")

    refund(deps, payment, 10000)  # Nothing is left to be taken.

    assert owned(seller) == usd("0.00")
    assert ledger.verify() == []


def test_a_part_that_was_taken_for_a_refund_that_failed_serves_the_next(
    deps: Deps, shop: Shop, seller: str
) -> None:
    payment = sell(deps, shop, seller)
    before = owned(seller)
    failed = refund(deps, payment, 4000)
    taken = before - owned(seller)
    refunds.apply_update(
        deps,
        RefundUpdate(shop.merchant_id, failed, RefundRefused("declined", None, failed)),
    )

    refund(deps, payment, 4000)
    assert before - owned(seller) == taken

    refund(deps, payment, 6000)
    assert owned(seller) == usd("0.00")
    assert ledger.verify() == []


def test_refunds_and_reversals_at_once_take_no_more_than_went_on(
    deps: Deps, shop: Shop, seller: str
) -> None:
    payment = sell(deps, shop, seller)
    transfer_id = str(onward.transfer(deps, shop.merchant_id, payment.id))
    back = ReverseTransfer(shop.merchant_id, transfer_id, "trr_1", "user:x", usd("15.00"))

    answers = at_once(
        [lambda: refund(deps, payment, 3000)] * 4 + [lambda: reverse_transfer(deps, back)] * 2
    )

    assert sum(isinstance(one, RefundTooLarge) for one in answers) == 1
    refund(deps, payment, 1000)
    assert owned(seller) == usd("0.00")
    assert ledger.verify() == []


def test_what_did_not_go_on_cannot_be_taken_back(deps: Deps, shop: Shop, seller: str) -> None:
    plain = make_payment(deps, shop)
    without = sell(deps, shop, seller, application_fee_minor=None)
    for payment, wanted in (
        (plain, TakeBack(is_reversing=True)),
        (plain, TakeBack(is_fee_refunded=True)),
        (without, TakeBack(is_fee_refunded=True)),
    ):
        with pytest.raises(InvalidRequest):
            refund(deps, payment, 100, wanted)
    assert rows("SELECT id FROM refunds") == []


def test_money_that_came_too_late_is_sent_on_to_nobody(deps: Deps, shop: Shop, seller: str) -> None:
    payment = sell(deps, shop, seller)
    with transaction() as session:
        session.get_one(PaymentRow, (shop.merchant_id, payment.id)).needs_reversal = True

    onward.transfer_due(deps)

    assert rows("SELECT id FROM transfers") == []
    assert rows("SELECT payment_id FROM onward_payments WHERE dropped_at IS NULL") == []


def test_what_goes_on_is_not_converted(deps: Deps, shop: Shop, seller: str) -> None:
    merchants.choose_settlement(deps, merchants.ChooseSettlement(shop.merchant_id, (), SYSTEM))
    fx.fetch_rates(deps)
    payment = sell(deps, shop, seller, price=Money(10000, "EUR"))
    onward.transfer_due(deps)

    [row] = rows(
        "SELECT settlement_currency, fee_parts FROM payments WHERE id = :id", id=payment.id
    )
    assert row["settlement_currency"] is None
    assert "conversion" not in {part["name"] for part in row["fee_parts"]}
    assert balance(seller, currency="EUR") == Money(9000, "EUR")


@pytest.mark.parametrize("seed", [1, 2])
def test_random_lives_leave_both_books_whole(
    deps: Deps, shop: Shop, seller: str, clock: TestClock, queue: FakeQueue, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same life every time
    made = [sell(deps, shop, seller) for _ in range(2)]
    live: list[str] = []
    for number in range(25):
        payment = chance.choice(made)
        step = chance.choice(("refund", "refund", "fail", "job", "reverse", "day"))
        try:
            if step == "refund":
                flags = (chance.random() < 0.7, chance.random() < 0.7)
                live.append(refund(deps, payment, chance.randint(1, 3000), TakeBack(*flags)))
            elif step == "fail" and live:
                one = live.pop(chance.randrange(len(live)))
                gone = RefundRefused("declined", None, one)
                refunds.apply_update(deps, RefundUpdate(shop.merchant_id, one, gone))
            elif step == "job":
                onward.transfer_due(deps)
                queue.drain()
            elif step == "reverse":
                [row] = rows("SELECT id FROM transfers WHERE payment_id = :p", p=payment.id)
                part = usd(f"{chance.randint(1, 20)}.00")
                back = ReverseTransfer(shop.merchant_id, row["id"], f"trr_{number}", "user:x", part)
                reverse_transfer(deps, back)
            else:
                clock.advance(timedelta(days=chance.randint(1, 3)))
                ledger.release_due(deps)
        except (FarthingError, ValueError):
            continue
    queue.drain()
    inbound.handle_due(deps)
    books.close_books(deps)

    assert ledger.verify() == []
