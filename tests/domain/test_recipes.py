"""The books, as tables that anyone can audit."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import recipes
from app.domain.accounts import CHART, Side, account_of
from app.domain.currencies import CURRENCIES
from app.domain.money import Money
from app.domain.recipes import Journal

DAY = date(2026, 3, 2)
ZERO = Money(0, "USD")


def _usd(text: str) -> Money:
    return Money(int(Decimal(text) * 100), "USD")


def _captured(source: str, amount: Money, fee: Money) -> Journal:
    return recipes.payment_captured("stripe", source, amount, fee, DAY)


STEPS: dict[str, Callable[[str, Money, Money], Journal]] = {
    "captured": _captured,
    "taken back": lambda s, a, _: recipes.payment_returned("stripe", s, a, DAY),
    "charged by the processor": lambda s, a, _: recipes.processor_fee_charged("stripe", s, a, DAY),
    "refund requested": lambda s, a, f: recipes.refund_requested(s, a, f, DAY),
    "refund settled": lambda s, a, _: recipes.refund_settled("stripe", s, a, DAY),
    "refund failed": lambda s, a, f: recipes.refund_failed(s, a, f, DAY),
    "refund returned": lambda s, a, f: recipes.refund_returned("stripe", s, a, f, DAY),
    "released": lambda s, a, _: recipes.funds_released(s, a, DAY),
    "unmatched receipt": lambda s, a, _: recipes.unmatched_receipt("stripe", s, a, DAY),
    "unmatched refund": lambda s, a, _: recipes.unmatched_refund("stripe", s, a, DAY),
    "sent by a customer": lambda s, a, _: recipes.bank_money_received("stripe", s, a, DAY),
    "applied": lambda s, a, _: recipes.bank_money_applied("stripe", s, a, DAY),
    "sent back": lambda s, a, _: recipes.bank_money_returned("stripe", s, a, DAY),
    "paid out": lambda s, a, _: recipes.payout_sent(s, a, DAY),
    "payout arrived": lambda s, a, _: recipes.payout_paid(s, a, DAY),
    "payout failed": lambda s, a, _: recipes.payout_failed(s, a, DAY),
    "payout canceled": lambda s, a, _: recipes.payout_canceled(s, a, DAY),
    "payout returned": lambda s, a, _: recipes.payout_returned(s, a, DAY),
    "reserve held": lambda s, a, _: recipes.reserve_held(s, a, DAY),
    "reserve released": lambda s, a, _: recipes.reserve_released(s, a, DAY),
    "deposit sent": lambda s, a, _: recipes.micro_deposit_sent(s, a, DAY),
    "deposit returned": lambda s, a, _: recipes.micro_deposit_returned(s, a, DAY),
    "converted out": lambda s, a, _: recipes.money_converted_out(s, a, DAY),
    "converted in": lambda s, a, f: recipes.money_converted_in(s, a, f, DAY),
    "changed back out": lambda s, a, _: recipes.conversion_reversed_out(s, a, DAY),
    "changed back in": lambda s, a, _: recipes.conversion_reversed_in(s, a, DAY),
    "held": lambda s, a, _: recipes.escrow_held(s, a, DAY),
    "let go": lambda s, a, fee: recipes.escrow_released(s, fee, [a], DAY),
    "given for a refund": lambda s, a, _: recipes.escrow_refunded(s, a, DAY),
    "received": lambda s, a, _: recipes.transfer_received(s, a, DAY),
    "reversed": lambda s, a, _: recipes.transfer_reversed(s, a, DAY, is_pending=False),
    "returned": lambda s, a, _: recipes.transfer_returned(s, a, DAY),
    "sent on": lambda s, a, _: recipes.transfer_sent(s, a, DAY),
    "fee paid": lambda s, a, _: recipes.application_fee_paid(s, a, DAY),
    "fee earned": lambda s, a, _: recipes.application_fee_earned(s, a, DAY),
    "fee returned": lambda s, a, _: recipes.application_fee_returned(s, a, DAY),
    "fee had again": lambda s, a, _: recipes.application_fee_refunded(s, a, DAY, is_pending=False),
}


def _tell(story: str) -> list[Journal]:
    """`captured 100.00 fee 3.20; released 96.80` → their journals."""
    journals = []
    for number, sentence in enumerate(story.split("; ")):
        words, _, fee = sentence.partition(" fee ")
        step, _, amount = words.rpartition(" ")
        journals.append(STEPS[step](f"src_{number}", _usd(amount), _usd(fee or "0")))
    return journals


def _balances(journals: list[Journal]) -> dict[str, Decimal]:
    """Each account's balance on its normal side, without the empty ones."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for journal in journals:
        for posting in journal.postings:
            for code, side in ((posting.debit, Side.DEBIT), (posting.credit, Side.CREDIT)):
                sign = 1 if account_of(code).normal is side else -1
                sums[code.partition(":")[0]] += sign * posting.amount.decimal
    return {code: balance for code, balance in sums.items() if balance}


@pytest.mark.parametrize(
    "story, expected",
    [
        (
            "captured 100.00 fee 3.20",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; charged by the processor 2.50",
            "processor_receivable 97.50, merchant_pending 96.80, platform_fees 3.20,"
            " processor_fees 2.50",
        ),
        (
            "captured 100.00 fee 0.35; taken back 100.00",
            "merchant_pending -0.35, platform_fees 0.35",
        ),
        (
            "captured 100.00 fee 0.35; released 99.65; taken back 100.00; released -100.00",
            "merchant_available -0.35, platform_fees 0.35",
        ),
        (
            "captured 100.00 fee 0.35; refund requested 40.00; refund settled 40.00; taken back 100.00",
            "processor_receivable -40.00, merchant_pending -40.35, platform_fees 0.35",
        ),
        (
            "captured 100.00 fee 3.20; released 96.80",
            "processor_receivable 100.00, merchant_available 96.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 40.00",
            "processor_receivable 100.00, merchant_pending 56.80, refunds_in_transit 40.00,"
            " platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 40.00; refund settled 40.00",
            "processor_receivable 60.00, merchant_pending 56.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 40.00; refund failed 40.00",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 40.00; refund settled 40.00;"
            " refund returned 40.00",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 50.00 fee 1.45; refund settled 50.00",
            "processor_receivable 50.00, merchant_pending 48.25, platform_fees 1.75",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 50.00 fee 1.45; refund failed 50.00 fee 1.45",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; refund requested 50.00 fee 1.45; refund settled 50.00;"
            " refund returned 50.00 fee 1.45",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; released 96.80; refund requested 100.00;"
            " refund settled 100.00; released -100.00",
            "merchant_available -3.20, platform_fees 3.20",
        ),
        (
            "captured 100.00 fee 3.20; converted out 96.80",
            "processor_receivable 100.00, platform_fees 3.20, fx_clearing 96.80",
        ),
        (
            "converted in 104.95 fee 1.05",
            "fx_clearing -104.95, merchant_pending 103.90, fx_fees 1.05",
        ),
        ("converted out 5.00; changed back in 5.00", ""),
        ("converted in 5.00; changed back out 5.00", ""),
        (
            "captured 100.00 fee 3.20; held 96.80",
            "processor_receivable 100.00, escrow_held 96.80, platform_fees 3.20",
        ),
        # Both books together: the platform keeps its commission, the seller has the rest.
        (
            "captured 100.00 fee 3.20; held 96.80; let go 90.00 fee 6.80; received 90.00",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "held 10.00; let go 10.00; received 10.00; reversed 4.00; returned 4.00",
            "merchant_available -4.00, merchant_pending 4.00",
        ),
        # The platform pays the processing fee of what it sends on, and keeps its own fee of 10.00.
        (
            "captured 100.00 fee 3.20; sent on 100.00; received 100.00; fee paid 10.00; fee earned 10.00",
            "processor_receivable 100.00, merchant_pending 96.80, platform_fees 3.20",
        ),
        (
            "sent on 100.00; received 100.00; fee paid 10.00; fee earned 10.00; fee returned 10.00;"
            " fee had again 10.00; reversed 100.00; returned 100.00",
            "merchant_available -90.00, merchant_pending 90.00",
        ),
        (
            "captured 100.00 fee 3.20; held 96.80; given for a refund 40.00; refund requested 40.00",
            "processor_receivable 100.00, escrow_held 56.80, platform_fees 3.20,"
            " refunds_in_transit 40.00",
        ),
        ("unmatched receipt 12.00", "processor_receivable 12.00, suspense 12.00"),
        ("unmatched refund 12.00", "processor_receivable -12.00, suspense -12.00"),
        ("unmatched receipt 12.00; unmatched refund 12.00", ""),
        (
            "captured 100.00 fee 3.20; released 96.80; reserve held 10.00; paid out 86.80",
            "processor_receivable 100.00, platform_fees 3.20, merchant_reserved 10.00,"
            " payouts_in_transit 86.80",
        ),
        (
            "captured 100.00 fee 3.20; released 96.80; paid out 96.80; payout arrived 96.80",
            "processor_receivable 100.00, platform_fees 3.20, bank -96.80",
        ),
        (
            "captured 100.00 fee 3.20; released 96.80; paid out 96.80; payout arrived 96.80;"
            " payout returned 96.80",
            "processor_receivable 100.00, platform_fees 3.20, merchant_available 96.80",
        ),
        ("released 50.00; paid out 50.00; payout failed 50.00; released -50.00", ""),
        ("released 50.00; paid out 50.00; payout canceled 50.00; released -50.00", ""),
        ("released 50.00; reserve held 5.00; reserve released 5.00; released -50.00", ""),
        ("deposit sent 0.32", "bank -0.32, verification_costs 0.32"),
        ("deposit sent 0.32; deposit returned 0.32", ""),
    ],
)
def test_the_books_after(story: str, expected: str) -> None:
    wanted = dict(line.split(" ") for line in expected.split(", ") if line)

    assert _balances(_tell(story)) == {code: Decimal(text) for code, text in wanted.items()}


def test_what_is_nothing_is_not_posted() -> None:
    assert len(_captured("pi_1", _usd("10.00"), ZERO).postings) == 1
    assert recipes.funds_released("d", ZERO, DAY).postings == ()
    assert recipes.processor_fee_charged("stripe", "t", ZERO, DAY).postings == ()


def test_a_journal_says_which_fact_it_books() -> None:
    journals = _tell("; ".join(f"{step} 1.00" for step in STEPS))

    assert [journal.event for journal in journals] == [
        recipe.__name__ for recipe in recipes.RECIPES
    ]
    assert len({journal.source_id for journal in journals}) == len(journals)


def test_every_account_that_a_recipe_names_is_in_the_chart() -> None:
    named = {
        code.partition(":")[0]
        for journal in _tell("; ".join(f"{step} 1.00" for step in STEPS))
        for posting in journal.postings
        for code in (posting.debit, posting.credit)
    }
    assert named <= set(CHART)


amounts = st.integers(1, 10**9)
steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(STEPS)),
        amounts,
        st.integers(0, 10**6),
        st.sampled_from(sorted(CURRENCIES)),
        st.booleans(),
    ),
    max_size=20,
)


@given(steps)
def test_no_sequence_of_business_events_unbalances_the_books(
    sequence: list[tuple[str, int, int, str, bool]],
) -> None:
    for step, minor, fee, code, is_negative in sequence:
        signed = -minor if is_negative and step == "released" else minor
        for posting in STEPS[step]("src", Money(signed, code), Money(fee, code)).postings:
            assert posting.amount.amount_minor > 0
            assert posting.debit != posting.credit
            assert posting.amount.currency == code
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for step, minor, fee, code, _ in sequence:
        for posting in STEPS[step]("src", Money(minor, code), Money(fee, code)).postings:
            sums[posting.debit, code] += posting.amount.amount_minor
            sums[posting.credit, code] -= posting.amount.amount_minor

    for currency in {code for _, code in sums}:
        assert sum(total for (_, code), total in sums.items() if code == currency) == 0
