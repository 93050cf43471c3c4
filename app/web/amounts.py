"""Amounts as people read and type them: by CLDR, in the reader's locale, with ISO 4217's decimals.

What is shown can be typed back, in every currency and locale. What could mean two amounts is refused
with an example, never guessed. No step goes through a float.
"""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from app.domain.currencies import CURRENCIES
from app.domain.errors import AmountInvalid, FarthingError
from app.domain.money import Money, currency_of, from_units

MINUS = "\N{MINUS SIGN}"
_NBSP = "\N{NO-BREAK SPACE}"
_SPACES = frozenset(" \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}")
_APOSTROPHES = frozenset("'\N{RIGHT SINGLE QUOTATION MARK}")
_POINTS = frozenset(",.")
_ASCII = "0123456789"
_MOST_DIGITS = 15
# As `Money` writes itself.
_AMOUNT = re.compile(r"\b([A-Z]{3}) (-?[0-9][0-9,]*(?:\.[0-9]+)?)", re.ASCII)

# Marks of direction: they have no part in a number, and come along when it is copied from a page.
_DIRECTION = dict.fromkeys(
    map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)

# The first digit of each system of digits that a locale of CLDR writes by default.
_ZEROS = {
    "adlm": "\U0001e950",
    "arab": "\u0660",
    "arabext": "\u06f0",
    "beng": "\u09e6",
    "cakm": "\U00011136",
    "deva": "\u0966",
    "hmnp": "\U0001e140",
    "mtei": "\uabf0",
    "mymr": "\u1040",
    "nkoo": "\u07c0",
    "olck": "\u1c50",
    "tibt": "\u0f20",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are written: ten digits, what parts groups, and what parts decimals.

    `last` and `others` are the sizes of the groups: 3 and 2 where a lakh is a unit.
    """

    digits: str
    groups: frozenset[str]
    decimal: str
    last: int
    others: int

    @property
    def to_ascii(self) -> dict[int, str]:
        """Reads its digits; ASCII's among digits of another kind become what no number has."""
        others = {} if self.digits == _ASCII else dict.fromkeys(map(ord, _ASCII), "?")
        return others | {ord(own): digit for own, digit in zip(self.digits, _ASCII, strict=True)}

    @property
    def has_doubtful_groups(self) -> bool:
        """Whether others write decimals with what parts thousands here."""
        return bool(self.groups & _POINTS)


def parse_locale(tag: str) -> Locale | None:
    """The locale of a tag, "de-CH" or "de_CH", if there is such a one."""
    try:
        return Locale.parse(tag.replace("_", "-"), sep="-") if tag else None
    except (ValueError, TypeError, UnknownLocaleError):
        return None


def first_locale(tags: Iterable[str]) -> Locale:
    """The first tag that is a locale; else American English."""
    found = (parse_locale(tag) for tag in tags)
    return next((locale for locale in found if locale), Locale("en", "US"))


def parts(money: Money, locale: Locale) -> tuple[str, str]:
    """An amount as (digits with the symbol, code): ("$49.99", "USD")."""
    text = _written(money, locale, money.currency)
    if money.currency in text:
        text = text.replace(money.currency, "").strip(f" {_NBSP}")
        if text.startswith(MINUS):
            text = MINUS + text[1:].strip(f" {_NBSP}")
    return text, money.currency


def in_text(money: Money, locale: Locale) -> str:
    """An amount in a sentence or on a button: "$49.99", or "49.99 CHF" where there is no symbol."""
    text, code = parts(money, locale)
    symbol = get_currency_symbol(code, locale)
    return f"{text}{_NBSP}{code}" if symbol == code else text


def told(sentence: str, locale: Locale) -> str:
    """A sentence with its amounts as the reader writes them: what is known of no reader says "USD 0.50"."""

    def written(found: re.Match[str]) -> str:
        try:
            return in_text(from_units(Decimal(found[2].replace(",", "")), found[1]), locale)
        except FarthingError:
            return found[0]

    return _AMOUNT.sub(written, sentence)


def plain(money: Money, locale: Locale) -> str:
    """An amount as it is typed: "49.99", without symbol or code."""
    return _written(money, locale, "").translate(_DIRECTION).strip(f" {_NBSP}")


def example(currency: str, locale: Locale) -> str:
    """An amount of this currency, with thousands and decimals, as the reader would type it."""
    exponent = CURRENCIES[currency].exponent
    return plain(Money(int("1234567"[: 4 + exponent]), currency), locale)


def signs(locale: Locale) -> dict[str, str]:
    """What a script needs to read what is being typed; it only previews, `typed` decides."""
    own, plain_digits = _own_style(str(locale)), _ascii_style(str(locale))
    return {
        "digits": own.digits,
        "decimals": own.decimal + plain_digits.decimal,
        "groups": "".join(sorted(own.groups | plain_digits.groups)),
        "locale": str(locale).replace("_", "-"),
    }


def typed(text: str, currency: object, locale: Locale, *, param: str = "amount") -> Money:
    """What a person typed, as Money; raises AmountInvalid in words fit for a form.

    Digits and separators are the locale's own, or its separators with ASCII digits; the currency's
    symbol or code may stand before or after them.
    """
    row = currency_of(currency)
    number = _bare(text, row.code, locale)
    style = _style_of(number, locale)
    ascii_number = number.translate(style.to_ascii)
    whole, point, fraction = ascii_number.partition(style.decimal)
    # Many write the cents alone: .50
    joined = "0" if point and not whole else _joined(whole, style)
    like = f"like {example(row.code, locale)}."
    if joined is None or (point and not _are_digits(fraction)):
        raise AmountInvalid(f"Enter an amount, {like}", param=param)
    if len(fraction) > row.exponent:
        decimals = f"{row.exponent} decimals" if row.exponent else "no decimals"
        raise AmountInvalid(f"{row.code} has {decimals}, {like}", param=param)
    if _is_doubtful(whole, point, style, row.exponent):
        raise AmountInvalid(
            f"This could be read as two amounts: write the decimals too, {like}", param=param
        )
    return Money(int(joined + fraction.ljust(row.exponent, "0")), row.code)


def _written(money: Money, locale: Locale, symbol: str) -> str:
    exponent = CURRENCIES[money.currency].exponent
    pattern = copy.copy(locale.currency_formats["standard"])
    pattern.frac_prec = (exponent, exponent)
    if not symbol:
        pattern.prefix, pattern.suffix = ("", "-"), ("", "")
    text = pattern.apply(
        money.decimal,
        locale,
        currency=symbol or None,
        currency_digits=False,
        numbering_system="default",
    )
    digits = _own_style(str(locale)).digits
    return str(text).translate(str.maketrans(_ASCII, digits)).replace("-", MINUS)


def _bare(text: str, code: str, locale: Locale) -> str:
    """The number alone: without marks of direction, and without the currency at its ends."""
    number = text.translate(_DIRECTION).strip()
    symbol = get_currency_symbol(code, locale).translate(_DIRECTION).strip()
    for mark in dict.fromkeys((code, symbol)):
        if number.upper().startswith(mark.upper()):
            number = number[len(mark) :].strip()
        elif number.upper().endswith(mark.upper()):
            number = number[: -len(mark)].strip()
    return number


def _style_of(number: str, locale: Locale) -> Style:
    """The locale's own style where one of its digits stands in the number, else that of ASCII digits."""
    own = _own_style(str(locale))
    return own if any(digit in number for digit in own.digits) else _ascii_style(str(locale))


@lru_cache(maxsize=256)
def _own_style(name: str) -> Style:
    return _style(Locale.parse(name), "default")


@lru_cache(maxsize=256)
def _ascii_style(name: str) -> Style:
    return _style(Locale.parse(name), "latn")


def _style(locale: Locale, system: str) -> Style:
    group = get_group_symbol(locale, numbering_system=system)
    alike = next((kind for kind in (_SPACES, _APOSTROPHES) if group in kind), frozenset({group}))
    zero = _ZEROS.get(locale.default_numbering_system, "0") if system == "default" else "0"
    last, others = locale.currency_formats["standard"].grouping
    return Style(
        digits="".join(chr(ord(zero) + step) for step in range(10)),
        groups=alike,
        decimal=get_decimal_symbol(locale, numbering_system=system),
        last=last,
        others=others,
    )


def _are_digits(text: str) -> bool:
    return bool(text) and all(sign in _ASCII for sign in text)


def _joined(whole: str, style: Style) -> str | None:
    """The digits before the decimals; None unless they are grouped as the locale does, or not at all."""
    separators = set(whole) - set(_ASCII)
    if len(separators) > 1 or not separators <= style.groups:
        return None
    if separators:
        first, *middle, last = whole.split(separators.pop())
        is_grouped = len(last) == style.last and all(len(one) == style.others for one in middle)
        if not is_grouped or not 1 <= len(first) <= style.others or first.startswith("0"):
            return None
        whole = first + "".join(middle) + last
    return whole if _are_digits(whole) and len(whole) <= _MOST_DIGITS else None


def _is_doubtful(whole: str, point: str, style: Style, exponent: int) -> bool:
    """Whether the one separator parts thousands here and could part decimals elsewhere: 1,234 dinars."""
    separators = [sign for sign in whole if sign not in _ASCII]
    return (
        not point and len(separators) == 1 and exponent >= style.last and style.has_doubtful_groups
    )
