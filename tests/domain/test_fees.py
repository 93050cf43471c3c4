"""What a merchant pays for a payment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.currencies import CURRENCIES, MAXIMUM_MINOR
from app.domain.fees import CARD_STANDARD, FeeSchedule
from app.domain.money import Money


@pytest.mark.parametrize(
    "amount, currency, fee",
    [
        (4999, "USD", 175),
        (1000, "USD", 59),
        (50, "USD", 31),
        (10000, "EUR", 320),
        (100000, "JPY", 2900),
        (999, "JPY", 29),
        (12345, "TND", 658),
        (10, "TND", 10),
    ],
)
def test_a_card_payment_costs_a_percentage_and_a_fixed_part(
    amount: int, currency: str, fee: int
) -> None:
    assert CARD_STANDARD.fee(Money(amount, currency)) == Money(fee, currency)


@pytest.mark.parametrize("amount, fee", [(499, 14), (500, 15), (501, 15)])
def test_half_a_minor_unit_is_rounded_up(amount: int, fee: int) -> None:
    assert FeeSchedule("test", 290, 0).fee(Money(amount, "USD")).amount_minor == fee


@given(st.integers(1, MAXIMUM_MINOR), st.sampled_from(sorted(CURRENCIES)))
def test_a_fee_is_never_negative_nor_more_than_the_payment(minor: int, code: str) -> None:
    fee = CARD_STANDARD.fee(Money(minor, code))

    assert 0 <= fee.amount_minor <= minor
    assert fee.currency == code


@given(st.integers(1, MAXIMUM_MINOR - 1))
def test_a_larger_payment_never_costs_less(minor: int) -> None:
    assert CARD_STANDARD.fee(Money(minor, "USD")) <= CARD_STANDARD.fee(Money(minor + 1, "USD"))
