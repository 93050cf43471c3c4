"""Money: a whole number of minor units and a currency. No float comes near it.

Amounts of two currencies never mix. Splitting never loses a unit: `allocate` hands the remainder
out by largest fraction, so the parts always add up to the whole.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from app.domain.currencies import CURRENCIES, KNOWN_ONLY, Currency
from app.domain.errors import AmountInvalid, AmountTooLarge, AmountTooSmall, CurrencyUnknown

_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)


def currency_of(code: object, *, param: str = "currency") -> Currency:
    """The row of the table for `usd`, `USD`, …; raises CurrencyUnknown naming the code."""
    known = code.upper() if isinstance(code, str) and len(code) == 3 else ""
    row = CURRENCIES.get(known)
    if row is None:
        unpayable = KNOWN_ONLY.get(known)
        why = f" Nobody can pay in {known}: it is {unpayable.why}." if unpayable else ""
        raise CurrencyUnknown(f"Invalid currency: {str(code)[:20]}.{why}", param=param)
    return row


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` minor units of `currency` (ISO 4217, upper case). May be negative in reports."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError("amount_minor is a whole number of minor units")
        if self.currency not in CURRENCIES:
            raise CurrencyUnknown(f"Invalid currency: {self.currency}.", param="currency")

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in that currency."""
        return cls(0, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exact: 4999 US cents are Decimal("49.99")."""
        return Decimal(self.amount_minor).scaleb(-CURRENCIES[self.currency].exponent)

    def __str__(self) -> str:
        return f"{self.currency} {self.decimal:,f}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.amount_minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount_minor != 0


def parse_amount(value: object, currency: object, *, param: str = "amount") -> Money:
    """A charge's amount from an API argument: a JSON integer, or ASCII digits from a form.

    Refuses booleans, floats, underscores, signs, exponents, other scripts' digits, zero and
    whatever is outside the currency's limits; each refusal names `param`.
    """
    row = currency_of(currency)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise AmountInvalid(f"Invalid integer: {_shown(value)}.", param=param)
    if value <= 0:
        raise AmountInvalid("Invalid positive integer.", param=param)
    if value < row.minimum_minor:
        least = Money(row.minimum_minor, row.code)
        raise AmountTooSmall(f"Amount must be at least {least}.", param=param)
    if value > row.maximum_minor:
        most = Money(row.maximum_minor, row.code)
        raise AmountTooLarge(f"Amount must be no more than {most}.", param=param)
    return Money(value, row.code)


def from_units(value: Decimal, currency: object) -> Money:
    """Whole units as banks write them, Decimal("49.99"), exactly; raises AmountInvalid otherwise."""
    row = currency_of(currency)
    minor = value.scaleb(row.exponent) if value.is_finite() else value
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise AmountInvalid(f"{row.code} has {row.exponent} decimals.")
    return Money(int(minor), row.code)


def _shown(value: object) -> str:
    """What was sent, as JSON writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)[:40]


def allocate(money: Money, weights: list[int]) -> list[Money]:
    """Split by weight; the parts add up to the whole. Weights are not negative and not all zero."""
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights are not negative and not all zero")
    shares = [divmod(money.amount_minor * weight, total) for weight in weights]
    left = money.amount_minor - sum(quotient for quotient, _ in shares)
    by_fraction = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
    extra = set(by_fraction[:left])
    return [Money(q + (i in extra), money.currency) for i, (q, _) in enumerate(shares)]
