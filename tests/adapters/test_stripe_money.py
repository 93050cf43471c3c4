"""Amounts on Stripe's wire: said exactly, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.processors import stripe_money
from app.domain.currencies import CURRENCIES, MAXIMUM_MINOR
from app.domain.money import Money
from app.sandbox import wire_money


@pytest.mark.parametrize(
    "money, wire_units",
    [
        (Money(4999, "USD"), 4999),
        (Money(999, "JPY"), 999),
        (Money(12340, "TND"), 12340),
        (Money(500, "ISK"), 50000),
        (Money(500, "UGX"), 50000),
        (Money(50000, "MGA"), 500),
    ],
    ids=str,
)
def test_amounts_in_stripes_units(money: Money, wire_units: int) -> None:
    assert stripe_money.to_wire(money) == wire_units
    assert stripe_money.from_wire(wire_units, money.currency.lower()) == money


@pytest.mark.parametrize("code", sorted(set(CURRENCIES) - stripe_money.WITHOUT_A_UNIT))
def test_every_currency_comes_back_from_the_wire_as_it_went(code: str) -> None:
    for minor in (100, 12300, 99900):
        sent = stripe_money.to_wire(Money(minor, code))
        assert stripe_money.from_wire(sent, code.lower()) == Money(minor, code)


@given(st.sampled_from(sorted(CURRENCIES)), st.integers(1, MAXIMUM_MINOR))
def test_an_amount_is_sent_exactly_or_not_at_all(code: str, minor: int) -> None:
    money = Money(minor, code)
    if stripe_money.problem(money) is not None:
        with pytest.raises(stripe_money.NotOnTheWire):
            stripe_money.to_wire(money)
        return
    sent = stripe_money.to_wire(money)

    assert Decimal(sent).scaleb(-stripe_money.processor_exponent(code)) == money.decimal
    assert sent <= stripe_money.MOST_ON_THE_WIRE
    assert sent % stripe_money.MULTIPLE_OF.get(code, 1) == 0
    assert wire_money.from_wire(sent, code) == minor
    wire_money.check_step(sent, code, param="amount")


@pytest.mark.parametrize(
    "money, why",
    [
        (Money(12345, "TND"), "TND 12.345 cannot be charged exactly: use a multiple of TND 0.010."),
        (Money(150, "MGA"), "MGA 1.50 cannot be charged exactly: use a multiple of MGA 1.00."),
        (Money(5000, "IQD"), "IQD cannot be charged through Stripe."),
        (Money(10_000_000_000, "ISK"), "ISK 10,000,000,000 is more than can be charged at once."),
    ],
    ids=str,
)
def test_why_an_amount_cannot_be_sent_is_said_in_the_callers_words(money: Money, why: str) -> None:
    assert stripe_money.problem(money) == why


def test_a_fee_is_taken_with_every_digit_that_stripe_names() -> None:
    assert stripe_money.from_wire(387, "tnd") == Money(387, "TND")


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_the_sandbox_has_the_same_units_as_the_adapter(code: str) -> None:
    assert (code in wire_money.NOT_SPOKEN) == (code in stripe_money.WITHOUT_A_UNIT)
    if code not in stripe_money.WITHOUT_A_UNIT:
        ours = wire_money.WIRE_EXPONENTS.get(code, CURRENCIES[code].exponent)
        assert ours == stripe_money.processor_exponent(code)
    assert wire_money.MULTIPLE_OF.get(code) == stripe_money.MULTIPLE_OF.get(code)


def test_what_is_no_amount_of_ours_is_not_understood() -> None:
    for value, currency in ((150, "isk"), (5000, "iqd"), (5000, "xau")):
        with pytest.raises(stripe_money.NotOnTheWire):
            stripe_money.from_wire(value, currency)
