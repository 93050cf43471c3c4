"""Amounts as Adyen's wire carries them. Nothing is rounded: what cannot be said exactly is refused.

Source: Adyen's documentation of currency codes and minor units. Its unit is ISO 4217's, but for four: CLP and
ISK have two decimals on the wire and none in ISO's list, CVE and IDR none on the wire and two in ISO's list.
"""

from app.domain.currencies import CURRENCIES
from app.domain.money import Money

# Decimals on the wire, where they are not ISO 4217's.
PROCESSOR_EXPONENTS = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

MOST_ON_THE_WIRE = 999_999_999_999


class NotOnTheWire(ValueError):
    """The amount cannot be said in Adyen's units."""


def to_wire(amount: Money) -> dict[str, int | str]:
    """The amount as Adyen's object; raises NotOnTheWire, in words for whoever named it."""
    shift = _shift(amount.currency)
    value, rest = _shifted(amount.amount_minor, shift)
    if rest:
        step = Money(int(10**-shift), amount.currency)
        raise NotOnTheWire(f"{amount} cannot be charged exactly: use a multiple of {step}.")
    if abs(value) > MOST_ON_THE_WIRE:
        raise NotOnTheWire(f"{amount} is more than can be charged at once.")
    return {"currency": amount.currency, "value": value}


def problem(amount: Money) -> str | None:
    """Why Adyen cannot be asked for exactly this amount; None where it can."""
    try:
        to_wire(amount)
    except NotOnTheWire as error:
        return str(error)
    return None


def from_wire(amount: object) -> Money:
    """Adyen's object as our minor units; raises NotOnTheWire for what our units cannot say."""
    if not isinstance(amount, dict):
        raise NotOnTheWire("there is no amount")
    value, currency = amount.get("value"), amount.get("currency")
    if type(value) is not int or not isinstance(currency, str):
        raise NotOnTheWire("the amount is no whole number of a currency")
    minor, rest = _shifted(value, -_shift(currency))
    if rest:
        raise NotOnTheWire(f"{value} {currency} is not an amount of ours.")
    return Money(minor, currency)


def _shift(currency: str) -> int:
    """How many decimals the wire has more than ISO's list."""
    if currency not in CURRENCIES:
        raise NotOnTheWire(f"{currency[:3]} is no currency that can be charged.")
    own = CURRENCIES[currency].exponent
    return PROCESSOR_EXPONENTS.get(currency, own) - own


def _shifted(units: int, places: int) -> tuple[int, int]:
    """The number moved by decimal places, and what is left over."""
    if places >= 0:
        return units * int(10**places), 0
    return divmod(units, int(10**-places))
