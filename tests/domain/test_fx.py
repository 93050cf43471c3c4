"""Rates and conversions: exact, rounded as stated, and never by a float."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.currencies import CURRENCIES
from app.domain.fx import Rate, Settlement, converted, cost, derived, exchanged
from app.domain.money import Money

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
codes = st.sampled_from(sorted(CURRENCIES))
values = st.decimals("0.000001", "999999", places=6)


def rate(base: str, quote: str, value: str, **more: Any) -> Rate:
    return Rate(base, quote, Decimal(value), NOW, id=f"fxr_{base}{quote}", source="ecb", **more)


@pytest.mark.parametrize(
    "amount, at, expected",
    [
        (Money(10000, "EUR"), rate("EUR", "USD", "1.0842"), Money(10842, "USD")),
        (Money(1, "EUR"), rate("EUR", "USD", "2.5"), Money(2, "USD")),
        (Money(3, "EUR"), rate("EUR", "USD", "2.5"), Money(8, "USD")),
        (Money(5000, "JPY"), rate("JPY", "USD", "0.0066"), Money(3300, "USD")),
        (Money(3300, "USD"), rate("USD", "JPY", "151.515"), Money(5000, "JPY")),
        (Money(12340, "TND"), rate("TND", "EUR", "0.3"), Money(370, "EUR")),
        (Money(1, "IDR"), rate("IDR", "USD", "0.00006"), Money(0, "USD")),
    ],
    ids=str,
)
def test_a_conversion_rounds_half_to_even_in_the_minor_unit_of_what_is_bought(
    amount: Money, at: Rate, expected: Money
) -> None:
    assert exchanged(amount, at) == expected


@given(st.integers(1, 10**12), codes, codes, values)
def test_what_comes_of_an_amount_is_within_half_a_unit_of_the_exact_value(
    minor: int, base: str, quote: str, value: Decimal
) -> None:
    if base == quote:
        return
    at = Rate(base, quote, value, NOW)
    shift = CURRENCIES[quote].exponent - CURRENCIES[base].exponent
    exact = Fraction(minor) * Fraction(value) * Fraction(10) ** shift

    assert abs(exchanged(Money(minor, base), at).amount_minor - exact) <= Fraction(1, 2)


@given(st.integers(1, 10**12), values, st.integers(0, 1000))
def test_parts_of_a_conversion_add_up(minor: int, value: Decimal, points: int) -> None:
    made = converted(
        Money(minor, "EUR"), Rate("EUR", "USD", value, NOW, id="fxr_1"), fee_basis_points=points
    )
    if made is None:
        return

    assert made.net + made.fee == made.gained
    assert 0 <= made.fee.amount_minor <= made.gained.amount_minor
    assert made.gained.amount_minor > 0


def test_the_fee_rounds_half_up_like_every_fee() -> None:
    at = rate("EUR", "USD", "1")
    for gained, fee in ((50, 1), (49, 0), (150, 2), (10000, 100)):
        made = converted(Money(gained, "EUR"), at, fee_basis_points=100)
        assert made is not None
        assert made.fee == Money(fee, "USD")


def test_what_is_worth_less_than_a_unit_is_not_converted_but_costs_one() -> None:
    at = rate("IDR", "USD", "0.00006")

    assert converted(Money(50, "IDR"), at, fee_basis_points=100) is None
    assert cost(Money(50, "IDR"), at) == Money(1, "USD")


def test_cross_and_inverse_rates_go_through_the_euro() -> None:
    known = {
        "USD": rate("EUR", "USD", "1.25"),
        "GBP": replace(rate("EUR", "GBP", "0.8"), observed_at=NOW - timedelta(days=1)),
    }
    cross = derived("GBP", "USD", known)
    inverse = derived("USD", "EUR", known)

    assert cross is not None
    assert inverse is not None
    assert (cross.value, cross.derived_from) == (Decimal("1.5625"), ("fxr_EURGBP", "fxr_EURUSD"))
    assert cross.observed_at == NOW - timedelta(days=1)
    assert (inverse.value, inverse.base, inverse.quote) == (Decimal("0.8"), "USD", "EUR")
    assert derived("GBP", "JPY", known) is None
    third = derived("JPY", "EUR", {"JPY": rate("EUR", "JPY", "3")})
    assert third is not None
    assert third.value == Decimal("0.333333333333")


@given(values, values)
def test_a_derived_rate_is_right_to_twelve_digits(sold: Decimal, bought: Decimal) -> None:
    known = {"GBP": rate("EUR", "GBP", str(sold)), "USD": rate("EUR", "USD", str(bought))}
    cross = derived("GBP", "USD", known)
    assert cross is not None
    exact = Fraction(bought) / Fraction(sold)

    assert abs(Fraction(cross.value) - exact) <= exact / 10**11


def test_a_rate_grows_stale() -> None:
    at = rate("EUR", "USD", "1.1")

    assert not at.is_stale(NOW + timedelta(hours=96), 96)
    assert at.is_stale(NOW + timedelta(hours=96, seconds=1), 96)


@pytest.mark.parametrize("value", [1.1, "one", 1, Decimal(0), Decimal(-1), Decimal("NaN"), None])
def test_a_rate_is_a_positive_decimal(value: Any) -> None:
    with pytest.raises(ValueError, match="positive decimal"):
        Rate("EUR", "USD", value, NOW)
    with pytest.raises(ValueError, match="two currencies"):
        rate("EUR", "EUR", "1")
    with pytest.raises(ValueError, match="says nothing"):
        exchanged(Money(1, "GBP"), rate("EUR", "USD", "1.1"))


def test_a_merchant_without_a_choice_keeps_every_currency() -> None:
    assert Settlement("USD").target("EUR") is None
    chosen = Settlement("USD", frozenset({"GBP"}))
    assert {code: chosen.target(code) for code in ("USD", "GBP", "EUR")} == {
        "USD": None,
        "GBP": None,
        "EUR": "USD",
    }
