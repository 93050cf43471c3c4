"""Amounts as people read and type them, in every currency and many locales."""

import json
from contextlib import suppress

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from app.domain.currencies import CURRENCIES, MAXIMUM_MINOR
from app.domain.errors import AmountInvalid, InvalidRequest
from app.domain.money import Money
from app.web import amounts

LOCALES = (
    "en", "en_GB", "en_IN", "en_ZA", "en_CH", "de", "de_AT", "de_CH", "fr", "fr_CA", "fr_CH", "es",
    "es_MX", "es_AR", "it", "it_CH", "nl", "pt", "pt_PT", "pl", "sv", "da", "nb", "fi", "is", "cs",
    "hu", "ro", "bg", "el", "tr", "ru", "uk", "he", "ar", "ar_EG", "ar_AE", "fa", "ur", "hi", "mr",
    "bn", "ta", "th", "my", "ne", "zh", "zh_Hant", "ja", "ko", "vi", "id", "sw", "ka", "lt", "lv",
    "ckb", "ff_Adlm", "sat", "dz",
)  # fmt: skip

codes = st.sampled_from(sorted(CURRENCIES))
locales = st.sampled_from(LOCALES).map(Locale.parse)
everyday = st.integers(0, MAXIMUM_MINOR) | st.integers(0, 10_000_000)
EN, DE, FR = Locale("en"), Locale("de"), Locale("fr")


@pytest.mark.parametrize("name", LOCALES)
def test_what_is_shown_of_every_currency_can_be_typed_back(name: str) -> None:
    locale = Locale.parse(name)
    for code in CURRENCIES:
        money = Money(1234567, code)
        text, told = amounts.parts(money, locale)
        for shown in (amounts.in_text(money, locale), f"{text} {told}"):
            assert amounts.typed(shown, code, locale) == money, shown


@given(everyday, codes, locales)
def test_any_amount_can_be_typed_back(minor: int, code: str, locale: Locale) -> None:
    money = Money(minor, code)

    assert amounts.typed(amounts.in_text(money, locale), code, locale) == money
    assert amounts.typed(amounts.plain(money, locale), code, locale) == money


@given(st.integers(1, MAXIMUM_MINOR), codes, locales)
def test_two_amounts_never_look_alike(minor: int, code: str, locale: Locale) -> None:
    one, other = Money(minor, code), Money(minor - 1, code)

    assert amounts.in_text(one, locale) != amounts.in_text(other, locale)
    assert amounts.in_text(one, locale) != amounts.in_text(-one, locale)


@pytest.mark.parametrize(
    "text, currency, locale, expected",
    [
        ("49.99", "USD", "en", 4999),
        ("49.9", "USD", "en", 4990),
        ("49", "USD", "en", 4900),
        (".5", "USD", "en", 50),
        ("$.13", "USD", "en", 13),
        (",5", "EUR", "de", 50),
        (" 1,234.56 ", "USD", "en", 123456),
        ("$1,234.56", "USD", "en", 123456),
        ("usd 1234.56", "USD", "en", 123456),
        ("999", "JPY", "en", 999),
        ("12.345", "TND", "en", 12345),
        ("1.234,56", "EUR", "de", 123456),
        ("1.234,56 €", "EUR", "de", 123456),
        ("1.234", "EUR", "de", 123400),
        ("1\N{NO-BREAK SPACE}234,56", "EUR", "fr", 123456),
        ("1\N{NARROW NO-BREAK SPACE}234,56 €", "EUR", "fr", 123456),
        ("1 234,56", "EUR", "fr", 123456),
        ("1'234.50", "CHF", "de_CH", 123450),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.50", "CHF", "de_CH", 123450),
        ("12,34,567.89", "INR", "hi", 123456789),
        ("1,00,000", "INR", "en_IN", 10000000),
        ("١٬٢٣٤٫٥٦", "EGP", "ar_EG", 123456),  # noqa: RUF001 - that is the point
        ("1,234.56", "EGP", "ar_EG", 123456),
        ("۱٬۲۳۴", "IRR", "fa", 123400),  # noqa: RUF001 - that is the point
        ("१,२३४.५०", "INR", "mr", 123450),
        ("1234,50kr.", "DKK", "da", 123450),
    ],
)
def test_what_a_person_types_is_read_exactly(
    text: str, currency: str, locale: str, expected: int
) -> None:
    assert amounts.typed(text, currency, Locale.parse(locale)) == Money(expected, currency)


@pytest.mark.parametrize(
    "text, currency, locale, example",
    [
        ("1,50", "USD", "en", "1,234.56"),
        ("49.99", "EUR", "de", "1.234,56"),
        ("1.234,56", "USD", "en", "1,234.56"),
        ("1,234.56", "EUR", "fr", "1\N{NARROW NO-BREAK SPACE}234,56"),
        ("1 234.56", "USD", "en", "1,234.56"),
        ("1,2345.67", "USD", "en", "1,234.56"),
        ("0,123", "USD", "en", "1,234.56"),
        ("1,234,567.89", "INR", "hi", "1,234.56"),
        ("1,234", "TND", "en", "1,234.567"),
        ("1.234", "KWD", "de", "1.234,567"),
        ("4.9", "JPY", "en", "1,234"),
        ("49.999", "USD", "en", "1,234.56"),
        ("1,234 567", "USD", "en", "1,234.56"),
        ("١٢٣4", "EGP", "ar_EG", "١٬٢٣٤٫٥٦"),  # noqa: RUF001 - that is the point
        ("١٢٣", "USD", "en", "1,234.56"),
        ("４９", "USD", "en", "1,234.56"),  # noqa: RUF001 - that is the point
        ("", "USD", "en", "1,234.56"),
        ("-5", "USD", "en", "1,234.56"),
        ("+5", "USD", "en", "1,234.56"),
        ("1e3", "USD", "en", "1,234.56"),
        ("4_999", "USD", "en", "1,234.56"),
        ("49.", "USD", "en", "1,234.56"),
        (".", "USD", "en", "1,234.56"),
        (".123", "USD", "en", "1,234.56"),
        (".5", "EUR", "de", "1.234,56"),
        ("NaN", "USD", "en", "1,234.56"),
        ("€5", "USD", "en", "1,234.56"),
        ("9" * 16, "USD", "en", "1,234.56"),
    ],
)
def test_what_is_doubtful_is_refused_with_an_example_in_the_readers_format(
    text: str, currency: str, locale: str, example: str
) -> None:
    with pytest.raises(AmountInvalid) as refused:
        amounts.typed(text, currency, Locale.parse(locale))

    assert refused.value.message.endswith(f"like {example}.")


@given(codes, locales)
def test_the_example_is_one_that_is_taken(code: str, locale: Locale) -> None:
    shown = amounts.example(code, locale)

    assert amounts.typed(shown, code, locale).amount_minor > 0


@given(st.text(max_size=12), codes, locales)
def test_no_typed_text_does_anything_but_give_money_or_a_clear_refusal(
    text: str, code: str, locale: Locale
) -> None:
    money = Money.zero(code)
    with suppress(InvalidRequest):
        money = amounts.typed(text, code, locale)

    assert money.amount_minor >= 0


@pytest.mark.parametrize(
    "money, locale, shown",
    [
        (Money(123456, "EUR"), "en", "€1,234.56"),
        (Money(123456, "EUR"), "de", "1.234,56\N{NO-BREAK SPACE}€"),
        (Money(-123456, "EUR"), "de", "−1.234,56\N{NO-BREAK SPACE}€"),  # noqa: RUF001 - that is the point
        (Money(123456, "CHF"), "en", "1,234.56\N{NO-BREAK SPACE}CHF"),
        (Money(12345678, "INR"), "hi", "₹1,23,456.78"),
        (Money(500, "MGA"), "en", "5.00\N{NO-BREAK SPACE}MGA"),
        (Money(999, "ISK"), "is", "999\N{NO-BREAK SPACE}kr."),
        (Money(123456, "EGP"), "ar_EG", "\u200f١٬٢٣٤٫٥٦\N{NO-BREAK SPACE}ج.م.\u200f"),  # noqa: RUF001 - that is the point
    ],
    ids=str,
)
def test_amounts_follow_the_locale_with_isos_decimals(
    money: Money, locale: str, shown: str
) -> None:
    assert amounts.in_text(money, Locale.parse(locale)) == shown


def test_a_sentences_amounts_are_written_as_the_reader_writes_them() -> None:
    asked = f"You asked to release {Money(99900, 'USD')}; {Money(1234567, 'CHF')} is held."

    assert amounts.told(asked, EN) == (
        "You asked to release $999.00; 12,345.67\N{NO-BREAK SPACE}CHF is held."
    )
    assert "999,00\N{NO-BREAK SPACE}$" in amounts.told(asked, DE)
    for kept in ("USD has 2 decimals, like 1,234.56.", "ABC 5 is left.", "USD 0.505 is left."):
        assert amounts.told(kept, DE) == kept


def test_the_first_locale_that_exists_is_the_readers() -> None:
    assert amounts.first_locale(["", "xx-YY", "*", "de_CH", "fr"]) == Locale("de", "CH")
    assert amounts.first_locale(["../etc", "en-x-pirate", "\N{SNOWMAN}"]) == Locale("en", "US")
    assert amounts.first_locale(["zh-Hant-TW"]) == Locale("zh", "TW", "Hant")


def test_the_pages_script_is_told_how_the_reader_types() -> None:
    assert json.loads(json.dumps(amounts.signs(FR)))["decimals"] == ",,"
    assert amounts.signs(DE)["groups"] == "."
    assert amounts.signs(Locale("ar", "EG"))["digits"] == "٠١٢٣٤٥٦٧٨٩"
