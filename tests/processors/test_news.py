"""What a processor tells: late, twice, in any order, or never; the end is always the same."""

import random
from dataclasses import replace

import pytest

from app.domain.errors import SignatureInvalid
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import inbound
from tests.processors.sales import Sales
from tests.services.bank import rows

SEEDS = (1, 7, 42, 2026)


def a_life(sales: Sales) -> list[Payment]:
    """Lives with many facts: declined and paid after all; held, taken in part and given back in part;
    held and let go; confirmed with the bank.
    """
    declined = sales.pay(sales.driver.broke)
    sales.try_again(declined)
    held = sales.pay(capture_method="manual")
    sales.give(held, "capture")
    sales.settle(rounds=1)
    sales.refund(held)
    sales.queue.drain()
    let_go = sales.pay(capture_method="manual")
    sales.give(let_go, "cancel")
    asked = sales.pay(sales.driver.asks)
    sales.finish(asked, is_passed=True)
    sales.settle(rounds=1)
    return [declined, held, let_go, asked]


def state(sales: Sales, lives: list[Payment]) -> list[Payment]:
    """How they stand, however often that was written."""
    return [replace(sales.load(payment), version=0) for payment in lives]


def test_any_order_and_repetition_of_what_is_told_ends_in_the_same_state(sales: Sales) -> None:
    for seed in SEEDS:
        chance = random.Random(seed)  # noqa: S311 - the same orders every time
        mine = sales.of_another_shop()
        lives = a_life(mine)
        before, balances = state(mine, lives), mine.books()
        letters = mine.letters()
        assert len(letters) >= 5
        for letter in chance.sample(letters, len(letters)) + chance.choices(letters, k=3):
            mine.deliver(letter)
            if chance.random() < 0.5:
                inbound.handle_due(mine.deps)
        inbound.handle_due(mine.deps)

        assert state(mine, lives) == before, seed
        assert mine.books() == balances, seed
        assert inbox(mine) <= {"handled", "ignored"}
        assert [one.status for one in before] == [
            PaymentStatus.CAPTURED,
            PaymentStatus.CAPTURED,
            PaymentStatus.CANCELED,
            PaymentStatus.CAPTURED,
        ]
        mine.assert_true()


def inbox(sales: Sales) -> set[str]:
    found = rows(
        "SELECT DISTINCT status FROM inbox WHERE merchant_id = :m", m=sales.shop.merchant_id
    )
    return {row["status"] for row in found}


def test_what_is_told_finishes_a_payment_whose_answer_was_lost(sales: Sales) -> None:
    """It comes before our own answer does: the payment is found by our reference."""
    for seed in SEEDS:
        mine = sales.of_another_shop()
        mine.arm("drop_after")
        payment = mine.pay()
        assert (payment.status, payment.processor_reference) == (PaymentStatus.UNKNOWN, None)
        letters = mine.letters()
        order = random.Random(seed).sample(letters, len(letters))  # noqa: S311 - the same every time
        for letter in order:
            mine.deliver(letter)
        inbound.handle_due(mine.deps)

        found = mine.load(payment)
        assert (found.status, found.operation) == (PaymentStatus.CAPTURED, None)
        assert found.processor_reference is not None
        mine.assert_true()


def test_old_news_of_a_decline_does_not_disturb_a_further_try(sales: Sales) -> None:
    declined = sales.pay(sales.driver.broke)
    letters = sales.letters()
    sales.arm("drop_before", "further")
    trying = sales.try_again(declined)
    for letter in letters:
        sales.deliver(letter)
    inbound.handle_due(sales.deps)

    assert trying.status is PaymentStatus.UNKNOWN
    assert sales.load(declined).status is PaymentStatus.UNKNOWN
    sales.settle(is_told=False)
    assert sales.load(declined).status is PaymentStatus.CAPTURED
    assert sales.facts("captured") == [5000]


def test_what_is_not_proved_to_be_the_processors_is_not_stored(sales: Sales) -> None:
    sales.pay()
    letter = sales.letters()[-1]
    for what, forged in sales.driver.forgeries(
        sales.account, letter, sales.deps.clock.now()
    ).items():
        with pytest.raises(SignatureInvalid):
            assert sales.deliver(forged) is None, what
    assert inbox(sales) == set()
    sales.deliver(letter)
    assert inbox(sales) == {"received"}
