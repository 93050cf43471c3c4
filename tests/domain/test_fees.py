"""What a merchant pays for a payment: exact values, and what holds for every schedule and currency."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.currencies import CURRENCIES, MAXIMUM_MINOR
from app.domain.fee_rules import read_rules, rules_of
from app.domain.fee_table import METHODS, STANDARD, STANDARD_PRICES
from app.domain.fees import (
    PART_NAMES,
    Corridor,
    OnRefund,
    Price,
    PriceList,
    Sale,
    Schedule,
    Sum,
    Tier,
)
from app.domain.money import Money

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(days=1), NOW + timedelta(days=1)


def price(
    minor: int,
    currency: str = "USD",
    method: str = "card",
    *,
    prices: PriceList = STANDARD_PRICES,
    home: str = "US",
    payer: str = "",
    is_converted: bool = False,
    schedule_id: str = "",
) -> Price:
    """What a payment costs."""
    sale = Sale(Money(minor, currency), method, NOW, schedule_id, payer, is_converted)
    return replace(prices, country=home).price(sale)


def fee(*arguments: object, **more: object) -> int:
    return price(*arguments, **more).fee.amount_minor  # type: ignore[arg-type]


def lines(found: Price) -> dict[str, int]:
    return {part.name: part.minor for part in found.parts}


def agreed(**rules: object) -> PriceList:
    """The prices of a merchant with one schedule of its own, for cards."""
    own = Schedule("fee_own", "card", **rules)  # type: ignore[arg-type]
    return replace(STANDARD_PRICES, own=(own,))


@pytest.mark.parametrize(
    "amount, currency, expected",
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
@pytest.mark.parametrize("method", ["card", "wallet"])
def test_a_card_payment_costs_a_percentage_and_a_fixed_part(
    amount: int, currency: str, expected: int, method: str
) -> None:
    assert fee(amount, currency, method) == expected


@pytest.mark.parametrize(
    "amount, currency, method, payer, expected",
    [
        (4999, "USD", "ach_debit", "US", 150),
        (1_000_000, "USD", "ach_debit", "US", 150),
        (100, "USD", "ach_debit", "US", 100),
        (4999, "EUR", "sepa_debit", "DE", 5),
        (500_000, "EUR", "sepa_debit", "DE", 500),
        (9_000_000, "EUR", "sepa_debit", "FR", 500),
        (250_000, "USD", "bank_transfer", "US", 1000),
        (250_000, "USD", "bank_transfer", "MX", 2500),
        (250_000, "USD", "bank_transfer", "", 1000),
        (5000, "USD", "bnpl", "US", 330),
        (50_000, "USD", "bnpl", "US", 600 + 2000 + 30),
        (200_000, "USD", "bnpl", "US", 600 + 4500 + 4000 + 30),
        (4999, "USD", "carrier_pigeon", "US", 175),
    ],
)
def test_every_method_has_its_standard_price(
    amount: int, currency: str, method: str, payer: str, expected: int
) -> None:
    assert fee(amount, currency, method, payer=payer) == expected


@pytest.mark.parametrize("home, payer, expected", [("DE", "FR", 1500), ("DE", "US", 2500)])
def test_a_wire_costs_by_its_corridor(home: str, payer: str, expected: int) -> None:
    assert fee(250_000, "EUR", "bank_transfer", home=home, payer=payer) == expected


@pytest.mark.parametrize(
    "more, expected",
    [
        ({"payer": "US"}, {"base": 145, "fixed": 30}),
        ({"payer": ""}, {"base": 145, "fixed": 30}),
        ({"payer": "DE"}, {"base": 145, "fixed": 30, "cross_border": 75}),
        ({"is_converted": True}, {"base": 145, "fixed": 30, "conversion": 50}),
        (
            {"payer": "DE", "is_converted": True},
            {"base": 145, "fixed": 30, "cross_border": 75, "conversion": 50},
        ),
    ],
)
def test_each_extra_is_a_line_of_its_own(more: dict[str, object], expected: dict[str, int]) -> None:
    found = price(4999, **more)  # type: ignore[arg-type]

    assert lines(found) == expected
    assert found.fee == Money(sum(expected.values()), "USD")


def test_a_line_says_its_rate_where_one_rate_gave_it() -> None:
    found = price(200_000, payer="DE")
    assert {part.name: part.basis_points for part in found.parts} == {
        "base": 290,
        "fixed": None,
        "cross_border": 150,
    }
    assert price(200_000, method="bnpl").parts[0].basis_points is None


@pytest.mark.parametrize("amount, expected", [(499, 14), (500, 15), (501, 15)])
def test_half_a_minor_unit_is_rounded_up(amount: int, expected: int) -> None:
    assert fee(amount, prices=agreed(basis_points=290)) == expected


def test_each_line_is_rounded_by_itself() -> None:
    prices = agreed(basis_points=50, corridors=(Corridor(basis_points=50),))

    assert lines(price(100, prices=prices, payer="DE")) == {"base": 1, "cross_border": 1}


def test_a_minimum_and_a_cap_are_lines_and_do_not_touch_the_extras() -> None:
    prices = agreed(
        basis_points=100, minimum=Sum(50), cap=Sum(200), corridors=(Corridor(basis_points=100),)
    )

    assert lines(price(1000, prices=prices)) == {"base": 10, "minimum": 40}
    assert lines(price(50_000, prices=prices, payer="DE")) == {
        "base": 500,
        "cap": -300,
        "cross_border": 500,
    }


def test_a_fee_is_never_more_than_the_payment() -> None:
    assert lines(price(20)) == {"base": 1, "fixed": 30, "limit": -11}


@pytest.mark.parametrize(
    "volume, rate", [(0, 290), (999_999, 290), (1_000_000, 250), (9_000_000, 200)]
)
def test_the_month_before_chooses_the_tier(volume: int, rate: int) -> None:
    prices = replace(
        agreed(
            basis_points=290,
            by_volume=(Tier(Sum(1_000_000), 250), Tier(Sum(5_000_000), 200)),
        ),
        volumes={"USD": volume},
    )

    assert price(10_000, prices=prices).parts[0].basis_points == rate
    assert price(10_000, "EUR", prices=prices).parts[0].basis_points == 290


def test_a_schedule_in_dollars_says_nothing_of_yen() -> None:
    prices = agreed(basis_points=100, fixed=Sum(stated={"USD": 10, "TND": 100}))

    assert lines(price(10_000, prices=prices)) == {"base": 100, "fixed": 10}
    assert lines(price(10_000, "TND", prices=prices)) == {"base": 100, "fixed": 100}
    assert price(10_000, "JPY", prices=prices).schedule.id == "card-standard-1"


def version(number: int, valid_from: datetime, method: str = "card") -> Schedule:
    return Schedule(f"fee_{number}", method, version=number, valid_from=valid_from)


@pytest.mark.parametrize(
    "own, expected",
    [
        ((), "card-standard-1"),
        ((version(1, EARLIER),), "fee_1"),
        ((version(1, NOW),), "fee_1"),
        ((version(1, LATER),), "card-standard-1"),
        ((version(1, EARLIER), version(2, EARLIER)), "fee_2"),
        ((version(2, LATER), version(1, EARLIER)), "fee_1"),
        ((version(1, EARLIER), version(2, LATER), version(3, NOW)), "fee_3"),
        ((version(1, EARLIER, "wallet"),), "card-standard-1"),
    ],
)
def test_the_newest_version_that_has_begun_holds(own: tuple[Schedule, ...], expected: str) -> None:
    assert price(5000, prices=replace(STANDARD_PRICES, own=own)).schedule.id == expected


def test_a_payment_keeps_the_version_that_it_was_made_under() -> None:
    prices = replace(STANDARD_PRICES, own=(version(2, EARLIER), version(1, EARLIER)))

    assert price(5000, prices=prices, schedule_id="fee_1").schedule.id == "fee_1"
    assert price(5000, prices=prices, schedule_id="card-standard-1").fee.amount_minor == 175


def test_a_payment_by_another_method_in_the_end_is_priced_as_that_method_was_then() -> None:
    prices = replace(STANDARD_PRICES, own=(version(1, EARLIER, "bnpl"), version(2, LATER, "bnpl")))

    found = price(5000, method="bnpl", prices=prices, schedule_id="card-standard-1")
    assert found.schedule.id == "fee_1"


codes = st.sampled_from(sorted(CURRENCIES))
rates = st.integers(0, 10_000)
smalls = st.integers(0, 100_000)


@st.composite
def schedules(draw: Callable[..., object]) -> Schedule:
    """Any schedule that the rules allow."""
    low, high = sorted((draw(smalls), draw(smalls)))
    tiers = [
        {"above": above, "basis_points": draw(rates)}
        for above in sorted(draw(st.sets(st.integers(1, 10_000_000), max_size=3)))
    ]
    rules = {
        "basis_points": draw(rates),
        "fixed": draw(smalls),
        "minimum": draw(st.sampled_from([None, low])),
        "cap": draw(st.sampled_from([None, high])),
        draw(st.sampled_from(["by_amount", "by_volume"])): tiers,
        "corridors": draw(
            st.sampled_from(
                [
                    [],
                    [{"basis_points": 150}],
                    [{"within": ["DE", "US"], "fixed": 500}, {"basis_points": 150, "fixed": 7}],
                ]
            )
        ),
        "conversion_basis_points": draw(st.none() | rates),
        "on_refund": draw(st.sampled_from(list(OnRefund))),
    }
    return Schedule("fee_any", "card", **read_rules(rules))


@given(schedules(), st.integers(1, MAXIMUM_MINOR), codes, st.sampled_from(["", "US", "DE", "JP"]))
def test_the_lines_are_the_fee_which_is_never_negative_nor_more_than_the_payment(
    schedule: Schedule, minor: int, code: str, payer: str
) -> None:
    prices = replace(STANDARD_PRICES, own=(schedule,), volumes={code: minor})
    found = price(minor, code, prices=prices, payer=payer, is_converted=True)

    assert found.schedule == schedule
    assert sum(part.minor for part in found.parts) == found.fee.amount_minor
    assert 0 <= found.fee.amount_minor <= minor
    assert found.fee.currency == code
    assert all(part.name in PART_NAMES and part.minor for part in found.parts)
    assert all(part.minor > 0 for part in found.parts if part.name not in ("cap", "limit"))


@given(schedules(), st.integers(1, 50_000_000), st.integers(1, 1000), codes)
def test_a_larger_payment_never_costs_less(
    schedule: Schedule, minor: int, more: int, code: str
) -> None:
    prices = replace(STANDARD_PRICES, own=(schedule,), volumes={code: 1_000_000})

    def cost(amount: int) -> int:
        return fee(amount, code, prices=prices, payer="DE", is_converted=True)

    assert cost(minor) <= cost(minor + 1) <= cost(minor + more)


@given(schedules(), st.integers(1, MAXIMUM_MINOR), codes)
def test_the_base_keeps_between_minimum_and_cap(schedule: Schedule, minor: int, code: str) -> None:
    found = fee(minor, code, prices=replace(STANDARD_PRICES, own=(schedule,)))

    if schedule.cap is not None:
        assert found <= max(schedule.cap.minor(code), 0)
    if schedule.minimum is not None:
        assert found >= min(schedule.minimum.minor(code), minor)


@given(schedules())
def test_rules_are_read_as_they_were_written(schedule: Schedule) -> None:
    assert replace(schedule, **read_rules(rules_of(schedule))) == schedule


@pytest.mark.parametrize("method", METHODS)
def test_every_currency_has_a_price_by_every_method(method: str) -> None:
    for row in CURRENCIES.values():
        found = price(row.maximum_minor, row.code, method, payer="JP", is_converted=True)

        assert found.schedule.method == method
        assert 0 < found.fee.amount_minor <= row.maximum_minor


def test_what_was_published_is_never_changed() -> None:
    assert {one.id: rules_of(one)["basis_points"] for one in STANDARD} == {
        "card-standard-1": 290,
        "wallet-standard-1": 290,
        "ach_debit-standard-1": 0,
        "sepa_debit-standard-1": 10,
        "bank_transfer-standard-1": 0,
        "bnpl-standard-1": 600,
        "other-standard-1": 290,
    }
    assert len({one.id for one in STANDARD}) == len(STANDARD)
