"""Amounts as Stripe's wire carries them, and back into ISO 4217 minor units.

Stripe's exponent differs from ISO's for three currencies: MGA has none on the wire, ISK and UGX
have two although no coin of theirs is smaller than the unit, so their amounts are multiples of 100.
Three-decimal amounts must end in 0. IQD and LYD, which ISO lists with three decimals, are no
currencies of Stripe's.
"""

from app.domain.currencies import CURRENCIES, Currency
from app.domain.money import Money
from app.sandbox.errors import invalid

WIRE_EXPONENTS = {"MGA": 0, "ISK": 2, "UGX": 2}
MULTIPLE_OF = {"ISK": 100, "UGX": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
NOT_SPOKEN = frozenset({"IQD", "LYD"})
MOST_ON_THE_WIRE = 999_999_999_999


def currency_row(code: str) -> Currency:
    """The row of `usd`; raises Stripe's error naming the code."""
    row = CURRENCIES.get(code.upper()) if code.isascii() and len(code) == 3 else None
    if row is None or row.code in NOT_SPOKEN:
        known = ", ".join(sorted(code.lower() for code in CURRENCIES if code not in NOT_SPOKEN))
        raise invalid(
            f"Invalid currency: {code[:20]}. Stripe currently supports these currencies: {known}",
            param="currency",
        )
    return row


def _shift(code: str) -> int:
    return WIRE_EXPONENTS.get(code, CURRENCIES[code].exponent) - CURRENCIES[code].exponent


def _power(places: int) -> int:
    return int(10**places)


def from_wire(amount: int, currency: str) -> int:
    """ISO minor units of a wire amount; exact, because `check_amount` refused what is not."""
    shift = _shift(currency.upper())
    return amount * _power(-shift) if shift < 0 else amount // _power(shift)


def to_wire(amount_minor: int, currency: str) -> int:
    """The wire amount of ISO minor units."""
    shift = _shift(currency.upper())
    return amount_minor * _power(shift) if shift >= 0 else amount_minor // _power(-shift)


def show(amount: int, currency: str) -> str:
    """A wire amount for people: "USD 49.99"."""
    return str(Money(from_wire(amount, currency), currency.upper()))


def check_amount(amount: int, currency: str, *, param: str = "amount") -> None:
    """Refuse what no card can be charged: not positive, not whole, below or above the limits."""
    row = currency_row(currency)
    if amount <= 0:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param=param,
            code="parameter_invalid_integer",
        )
    check_step(amount, currency, param=param)
    amount_minor = from_wire(amount, row.code)
    if amount_minor < row.minimum_minor:
        least = Money(row.minimum_minor, row.code)
        raise invalid(f"Amount must be at least {least}", param=param, code="amount_too_small")
    if amount_minor > row.maximum_minor or amount > MOST_ON_THE_WIRE:
        most = Money(row.maximum_minor, row.code)
        raise invalid(f"Amount must be no more than {most}", param=param, code="amount_too_large")


def check_step(amount: int, currency: str, *, param: str) -> None:
    """Refuse an amount that does not exist: part of a krona, the thousandth of a dinar."""
    step = MULTIPLE_OF.get(currency.upper(), 1)
    if amount % step:
        raise invalid(
            f"Invalid amount: {currency.upper()} is charged in multiples of {step}.",
            param=param,
            code="invalid_amount",
        )


def processing_fee(amount: int, currency: str, thousandths: int = 29) -> int:
    """2.9 % (or another rate) rounded half up, plus 30 of the smallest unit that exists, in wire units.

    Computed in whichever of wire and ISO units is coarser, so that the fee exists in both.
    """
    shift = _shift(currency.upper())
    unit = 10**shift if shift > 0 else 1
    return ((amount // unit * thousandths + 500) // 1000 + 30) * unit
