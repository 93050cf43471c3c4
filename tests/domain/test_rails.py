"""What a merchant is told of each failure, and which rail carries an order."""

import pytest

from app.domain.rails import FAILURE_ADVICE, AccountKind, FailureCode, rail_for
from tests.adapters.rails import StandInRail


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_has_advice_in_whole_sentences(code: FailureCode) -> None:
    advice = FAILURE_ADVICE[code]

    for text in (advice.happened, advice.what_to_do, advice.after_payout):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "_" not in text


def test_no_two_failures_are_told_alike() -> None:
    told = {(advice.happened, advice.what_to_do) for advice in FAILURE_ADVICE.values()}

    assert len(told) == len(FailureCode)


@pytest.mark.parametrize(
    "currency, kind, is_live, expected",
    [
        ("EUR", "iban", True, "sepa"),
        ("USD", "us_account", True, "ach"),
        ("EUR", "iban", False, "play"),
        ("USD", "iban", True, None),
        ("GBP", "iban", True, None),
    ],
)
def test_a_rail_carries_its_currencies_to_its_kind_of_account_in_its_mode(
    currency: str, kind: AccountKind, is_live: bool, expected: str | None
) -> None:
    rails = [
        StandInRail("play", currencies={"EUR", "USD"}, kinds={"iban", "us_account"}, is_live=False),
        StandInRail("sepa", currencies={"EUR"}, kinds={"iban"}, is_live=True),
        StandInRail("ach", currencies={"USD"}, kinds={"us_account"}, is_live=True),
    ]

    found = rail_for(rails, currency=currency, kind=kind, is_live=is_live)

    assert (found and found.name) == expected


def test_a_rail_carries_to_the_countries_that_it_reaches() -> None:
    near = StandInRail("near", countries={"DE", "AT"})
    wide = StandInRail("wide")

    def found(country: str, *rails: StandInRail) -> str | None:
        rail = rail_for(rails, currency="EUR", kind="iban", is_live=False, country=country)
        return rail and rail.name

    assert [found("AT", near, wide), found("SA", near, wide)] == ["near", "wide"]
    assert found("SA", near) is None
