"""Amounts: what is taken, what is refused, and that nothing is ever lost."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.currencies import CURRENCIES, MAXIMUM_MINOR
from app.domain.errors import (
    AmountInvalid,
    AmountTooLarge,
    AmountTooSmall,
    CurrencyUnknown,
)
from app.domain.money import Money, allocate, currency_of, from_units, parse_amount

codes = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(True, id="true"),
        pytest.param(False, id="false"),
        pytest.param(1.0, id="float"),
        pytest.param(1e3, id="exponent"),
        pytest.param("1e3", id="exponent-text"),
        pytest.param("4_999", id="underscore"),
        pytest.param("4,999", id="comma"),
        pytest.param("49.99", id="decimal-text"),
        pytest.param("+4999", id="plus"),
        pytest.param("-4999", id="minus"),
        pytest.param(" 4999", id="space"),
        pytest.param("4999\n", id="newline"),
        pytest.param("", id="empty"),
        pytest.param("４９９９", id="fullwidth"),  # noqa: RUF001 - that is the point
        pytest.param("٤٩٩٩", id="arabic-indic"),
        pytest.param("9" * 19, id="overlong-text"),
        pytest.param(None, id="none"),
        pytest.param([4999], id="list"),
        pytest.param({"amount": 4999}, id="object"),
        pytest.param(Decimal(4999), id="decimal"),
        pytest.param(0, id="zero"),
        pytest.param("0", id="zero-text"),
        pytest.param(-1, id="negative"),
    ],
)
def test_what_is_not_a_positive_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(AmountInvalid) as refused:
        parse_amount(value, "usd")

    assert refused.value.param == "amount"
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "value, currency, expected",
    [
        (4999, "usd", Money(4999, "USD")),
        ("4999", "USD", Money(4999, "USD")),
        (999, "jpy", Money(999, "JPY")),
        (12345, "tnd", Money(12345, "TND")),
        (4999, "jpy", Money(4999, "JPY")),
    ],
)
def test_whole_numbers_of_minor_units_are_taken(
    value: object, currency: str, expected: Money
) -> None:
    assert parse_amount(value, currency) == expected


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_each_currency_has_a_least_and_a_largest_charge(code: str) -> None:
    row = CURRENCIES[code]

    assert parse_amount(row.minimum_minor, code).amount_minor == row.minimum_minor
    assert parse_amount(row.maximum_minor, code).amount_minor == row.maximum_minor
    with pytest.raises(AmountTooLarge, match=code):
        parse_amount(row.maximum_minor + 1, code)
    with pytest.raises((AmountTooSmall, AmountInvalid)):
        parse_amount(row.minimum_minor - 1, code)


def test_limits_are_told_in_the_currencys_own_decimals() -> None:
    with pytest.raises(AmountTooSmall, match=r"at least USD 0\.50\."):
        parse_amount(49, "usd")
    with pytest.raises(AmountTooSmall, match=r"at least JPY 50\."):
        parse_amount(49, "jpy")
    with pytest.raises(AmountTooSmall, match=r"at least TND 0\.010\."):
        parse_amount(9, "tnd")
    with pytest.raises(AmountTooLarge, match=r"no more than USD 9,999,999,999\.99\."):
        parse_amount(MAXIMUM_MINOR + 1, "usd")


@pytest.mark.parametrize("code", ["", "us", "usdd", "XXX", "u$d", None, 840, True, "ＵＳＤ"])  # noqa: RUF001
def test_an_unknown_currency_is_refused_by_name(code: object) -> None:
    with pytest.raises(CurrencyUnknown) as refused:
        parse_amount(4999, code)

    assert refused.value.param == "currency"


def test_exponents_follow_iso_4217() -> None:
    assert {code: CURRENCIES[code].exponent for code in ("USD", "JPY", "TND", "ISK", "MGA")} == {
        "USD": 2,
        "JPY": 0,
        "TND": 3,
        "ISK": 0,
        "MGA": 2,
    }
    assert currency_of("eUr").code == "EUR"


def test_money_is_never_made_of_a_float_or_a_boolean() -> None:
    wrong: tuple[Any, ...] = (49.99, True, "4999", None, Decimal(1))
    for value in wrong:
        with pytest.raises(TypeError):
            Money(value, "USD")
    with pytest.raises(CurrencyUnknown):
        Money(1, "usd")


def test_two_currencies_do_not_mix() -> None:
    dollars, euros = Money(1, "USD"), Money(1, "EUR")
    for mix in (
        lambda: dollars + euros,
        lambda: dollars - euros,
        lambda: dollars < euros,
        lambda: dollars <= euros,
    ):
        with pytest.raises(ValueError, match="do not mix"):
            mix()


@pytest.mark.parametrize(
    "money, text",
    [
        (Money(4999, "USD"), "USD 49.99"),
        (Money(5, "USD"), "USD 0.05"),
        (Money(-5, "USD"), "USD -0.05"),
        (Money(999, "JPY"), "JPY 999"),
        (Money(12345, "TND"), "TND 12.345"),
        (Money(123456789, "USD"), "USD 1,234,567.89"),
        (Money(0, "USD"), "USD 0.00"),
    ],
)
def test_money_is_shown_with_its_currencys_decimals(money: Money, text: str) -> None:
    assert str(money) == text


@given(
    st.integers(-(10**12), 10**12),
    codes,
    st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any),
)
def test_splitting_loses_nothing_and_is_fair_to_a_unit(
    minor: int, code: str, weights: list[int]
) -> None:
    parts = allocate(Money(minor, code), weights)

    assert sum(part.amount_minor for part in parts) == minor
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(minor) * weight / sum(weights)
        assert abs(part.amount_minor - exact) < 1
        if weight == 0:
            assert part.amount_minor == 0


def test_splitting_hands_the_remainder_to_the_largest_fraction() -> None:
    assert [part.amount_minor for part in allocate(Money(100, "USD"), [1, 1, 1])] == [34, 33, 33]
    assert [part.amount_minor for part in allocate(Money(5, "USD"), [3, 7])] == [2, 3]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [-1, 3]])
def test_splitting_refuses_weights_that_make_no_sense(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(Money(100, "USD"), weights)


@given(st.integers(), st.integers(), codes)
def test_money_adds_like_its_minor_units(a: int, b: int, code: str) -> None:
    one, two = Money(a, code), Money(b, code)

    assert (one + two).amount_minor == a + b
    assert (one + two) - two == one
    assert -one == Money(-a, code)
    assert (one < two) == (a < b)
    assert (one <= two) == (a <= b)
    assert bool(one) == (a != 0)
    assert one.decimal == Decimal(a).scaleb(-CURRENCIES[code].exponent)


@pytest.mark.parametrize(
    "text, currency, minor",
    [("49.99", "USD", 4999), ("49.9", "USD", 4990), ("800", "JPY", 800), ("-1.005", "TND", -1005)],
)
def test_units_as_banks_write_them_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert from_units(Decimal(text), currency) == Money(minor, currency)


@pytest.mark.parametrize("text, currency", [("0.001", "USD"), ("1.5", "JPY"), ("NaN", "USD")])
def test_units_that_are_not_exact_are_refused(text: str, currency: str) -> None:
    with pytest.raises(AmountInvalid):
        from_units(Decimal(text), currency)
