"""The table of currencies, held against lists that others keep."""

import iso4217
import pytest
from babel.numbers import get_territory_currencies

from app.domain.currencies import CURRENCIES, KNOWN_ONLY, MAXIMUM_MINOR
from app.domain.errors import CurrencyUnknown
from app.domain.money import currency_of

ISO = {row.code: row for row in iso4217.Currency}


def test_every_active_code_of_iso_4217_is_payable_or_known_with_a_reason() -> None:
    assert set(CURRENCIES).isdisjoint(KNOWN_ONLY)
    assert set(CURRENCIES) | set(KNOWN_ONLY) == set(ISO)


@pytest.mark.parametrize("code", sorted(ISO))
def test_exponents_are_those_of_the_standards_list(code: str) -> None:
    row = CURRENCIES.get(code) or KNOWN_ONLY[code]

    assert row.exponent == ISO[code].exponent


def test_at_least_135_currencies_can_be_paid_in() -> None:
    assert len(CURRENCIES) >= 135


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_limits_are_in_order(code: str) -> None:
    row = CURRENCIES[code]

    assert 1 <= row.minimum_minor < row.maximum_minor <= MAXIMUM_MINOR


@pytest.mark.parametrize("territory", ["US", "DE", "GB", "JP", "BR", "IN", "SL", "ZW", "HR", "CW"])
def test_what_people_carry_in_their_pockets_can_be_paid_in(territory: str) -> None:
    for code in get_territory_currencies(territory, tender=True, non_tender=False):
        assert code in CURRENCIES or code in {"ANG", "BGN", "ZWL"}, code


@pytest.mark.parametrize("code", sorted(KNOWN_ONLY))
def test_nobody_pays_in_a_code_that_is_no_money_and_the_reason_is_told(code: str) -> None:
    with pytest.raises(CurrencyUnknown, match=f"Nobody can pay in {code}: it is "):
        currency_of(code.lower())
