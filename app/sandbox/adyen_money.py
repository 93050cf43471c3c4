"""Amounts as Adyen's wire carries them, and back into ISO 4217 minor units.

Adyen's table of currency codes differs from ISO's for four currencies: CLP and ISK are sent with two
decimals although no coin of theirs is smaller than the unit (so their amounts are multiples of 100),
CVE and IDR with none although ISO lists two.
"""

from app.domain.currencies import CURRENCIES
from app.domain.money import Money

WIRE_EXPONENTS = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}


def _shift(code: str) -> int:
    return WIRE_EXPONENTS.get(code, CURRENCIES[code].exponent) - CURRENCIES[code].exponent


def _power(places: int) -> int:
    return int(10**places)


def is_whole(value: int, currency: str) -> bool:
    """Whether the amount exists: no part of a peso, no part of a krona."""
    return value % _power(max(_shift(currency.upper()), 0)) == 0


def from_wire(value: int, currency: str) -> int:
    """ISO minor units of a wire amount; exact, because amounts that are not whole are refused."""
    shift = _shift(currency.upper())
    return value * _power(-shift) if shift < 0 else value // _power(shift)


def show(value: int, currency: str) -> str:
    """A wire amount for people: "EUR 49.99"."""
    return str(Money(from_wire(value, currency), currency.upper()))
