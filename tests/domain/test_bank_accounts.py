"""Account numbers as people type them: what fits is taken, what does not is explained."""

import pytest

from app.domain.bank_accounts import CheckedNumber, check_american, check_holder, check_iban
from app.domain.errors import InvalidRequest


@pytest.mark.parametrize(
    "typed, number, country, bank",
    [
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "DE", "Commerzbank"),
        ("de89370400440532013000", "DE89370400440532013000", "DE", "Commerzbank"),
        (" GB29-NWBK-6016-1331-9268-19 ", "GB29NWBK60161331926819", "GB", ""),
        ("AT61 1904 3002 3457 3201", "AT611904300234573201", "AT", ""),
        ("NO93 8601 1117 947", "NO9386011117947", "NO", ""),
        ("MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S", "MT", ""),
    ],
)
def test_an_iban_is_taken_however_it_is_spaced(
    typed: str, number: str, country: str, bank: str
) -> None:
    found = check_iban(typed)

    assert (found.kind, found.number, found.country) == ("iban", number, country)
    assert found.last4 == number[-4:]
    assert not bank or found.bank_name == bank


@pytest.mark.parametrize(
    "typed, words",
    [
        ("DE88 3704 0044 0532 0130 00", "typing error"),
        ("DE89 3704 0044 0532 0103 00", "typing error"),
        ("DE89 3704 0044 0532 0130 0", "too short or too long"),
        ("DE89 3704 0044 0532 0130 001", "too short or too long"),
        ("XX89 3704 0044 0532 0130 00", "two letters of its country"),
        ("4242 4242 4242 4242", "two letters of its country"),
        ("DE89 3704 0044 0532 O130 00", "statement"),
        ("", "IBAN"),
        ("DE", "IBAN"),
        ("<script>", "IBAN"),
        ("\u0664\u0664" * 9, "IBAN"),
    ],
)
def test_an_iban_that_does_not_fit_is_explained_at_its_field(typed: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_iban(typed)

    assert refused.value.param == "iban"
    assert words in refused.value.message


def test_an_american_account_has_a_routing_number_that_fits() -> None:
    found = check_american("110000000", "000-123456789")

    assert found == CheckedNumber("us_account", "000123456789", "110000000", "US", "")
    assert found.last4 == "6789"


@pytest.mark.parametrize(
    "routing, number, param",
    [
        ("110000001", "000123456789", "routing"),
        ("11000000", "000123456789", "routing"),
        ("", "000123456789", "routing"),
        ("110000000", "123", "number"),
        ("110000000", "123456789012345678", "number"),
        ("110000000", "12a4", "number"),
        ("110000000", "\u0661\u0662\u0663\u0664", "number"),
    ],
)
def test_an_american_account_that_does_not_fit_is_explained_at_its_field(
    routing: str, number: str, param: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_american(routing, number)

    assert refused.value.param == param


def test_a_number_is_not_in_what_is_printed() -> None:
    assert "370400440532013000" not in repr(check_iban("DE89 3704 0044 0532 0130 00"))


@pytest.mark.parametrize("name", ["", "   ", "x" * 71, "a\x00b"])
def test_a_holder_has_a_name(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_holder(name)
    assert refused.value.param == "holder_name"

    assert check_holder("  Ada \n Novak ") == "Ada Novak"
