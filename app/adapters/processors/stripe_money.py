"""Amounts as Stripe's wire carries them. Nothing is rounded: what cannot be said exactly is refused.

Source: Stripe's documentation of supported currencies. Its unit is ISO 4217's, but for these:

* MGA has no decimals on the wire and two in ISO's list.
* ISK and UGX have two on the wire and none in ISO's list, so their amounts are multiples of 100.
* BHD, JOD, KWD, OMR and TND have three, of which the last must be 0.
* IQD and LYD have three in ISO's list, and Stripe names no unit for them: a guess might be ten times off.

HUF and TWD are charged with two decimals like others; only Stripe's payouts to our own bank are whole.
What Stripe tells of its own accord, a fee with a last digit for instance, is taken as it is said.
"""

from app.domain.currencies import CURRENCIES
from app.domain.money import Money

# Decimals on the wire, where they are not ISO 4217's.
PROCESSOR_EXPONENTS = {"ISK": 2, "UGX": 2, "MGA": 0}

# An amount that we name has to be a multiple of this many units of the wire.
MULTIPLE_OF = {"BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10, "ISK": 100, "UGX": 100}

WITHOUT_A_UNIT = frozenset({"IQD", "LYD"})

MOST_ON_THE_WIRE = 999_999_999_999


class NotOnTheWire(ValueError):
    """The amount cannot be said in Stripe's units."""


def processor_exponent(currency: str) -> int:
    """How many decimals Stripe's unit has; raises NotOnTheWire where Stripe names none."""
    if currency not in CURRENCIES or currency in WITHOUT_A_UNIT:
        raise NotOnTheWire(f"{currency} cannot be charged through Stripe.")
    return PROCESSOR_EXPONENTS.get(currency, CURRENCIES[currency].exponent)


def to_wire(amount: Money) -> int:
    """Our minor units as Stripe's; raises NotOnTheWire, in words for whoever named the amount."""
    shift = processor_exponent(amount.currency) - CURRENCIES[amount.currency].exponent
    value, rest = _shifted(amount.amount_minor, shift)
    if rest or value % MULTIPLE_OF.get(amount.currency, 1):
        step = Money(_step_minor(amount.currency, shift), amount.currency)
        raise NotOnTheWire(f"{amount} cannot be charged exactly: use a multiple of {step}.")
    if abs(value) > MOST_ON_THE_WIRE:
        raise NotOnTheWire(f"{amount} is more than can be charged at once.")
    return value


def problem(amount: Money) -> str | None:
    """Why Stripe cannot be asked for exactly this amount; None where it can."""
    try:
        to_wire(amount)
    except NotOnTheWire as error:
        return str(error)
    return None


def from_wire(value: int, currency: str) -> Money:
    """Stripe's units as our minor units; raises NotOnTheWire for what our units cannot say."""
    code = currency.upper()
    shift = processor_exponent(code) - CURRENCIES[code].exponent
    minor, rest = _shifted(value, -shift)
    if rest:
        raise NotOnTheWire(f"{value} {code} is not an amount of ours.")
    return Money(minor, code)


def _shifted(units: int, places: int) -> tuple[int, int]:
    """The number moved by decimal places, and what is left over."""
    if places >= 0:
        return units * int(10**places), 0
    return divmod(units, int(10**-places))


def _step_minor(currency: str, shift: int) -> int:
    """The smallest amount that can be charged, in our minor units."""
    step, rest = _shifted(MULTIPLE_OF.get(currency, 1), -shift)
    return max(step, 1) if not rest else 1
