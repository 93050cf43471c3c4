"""Exchange rates and conversions: exact decimals, stated rounding, and never a stale rate.

A conversion rounds half to even, to the minor unit of what is bought: over many payments neither side
gains by it. Its fee rounds half up, like every fee. A rate that is not quoted directly is derived once,
rounded to DIGITS significant digits, and stored: the stored value is what converts, so every amount can
be computed again from the rate's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from app.domain.currencies import CURRENCIES
from app.domain.money import Money

PIVOT = "EUR"
DIGITS = 12
_ROUNDED = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
# Wide enough that a product of two stored values is exact.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a source says: one `base` was worth `value` of `quote` at a moment."""

    base: str
    quote: str
    value: Decimal
    observed_at: datetime

    def __post_init__(self) -> None:
        if type(self.value) is not Decimal or not self.value.is_finite() or self.value <= 0:
            raise ValueError("a rate is a positive decimal")
        if self.base == self.quote or not {self.base, self.quote} <= set(CURRENCIES):
            raise ValueError("a rate is between two currencies of the table")


@dataclass(frozen=True, slots=True)
class Rate(Quote):
    """A stored quote. `derived_from` are the ids of those that it was computed of."""

    id: str = ""
    source: str = ""
    derived_from: tuple[str, ...] = field(default=())

    def is_stale(self, now: datetime, stale_hours: int) -> bool:
        """Whether it is too old to convert at."""
        return now - self.observed_at > timedelta(hours=stale_hours)

    @property
    def day(self) -> date:
        """The day that it is of, by its source's calendar: the reader's clock does not move it."""
        return self.observed_at.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Conversion:
    """`given` was changed into `gained` at a rate, of which `fee` is kept; both fees and amounts > 0."""

    rate_id: str
    given: Money
    gained: Money
    fee: Money

    @property
    def net(self) -> Money:
        """What is left of it."""
        return self.gained - self.fee


@dataclass(frozen=True, slots=True)
class Settlement:
    """In which currencies a merchant settles; without a choice of `kept`, in each that it is paid in."""

    default_currency: str
    kept: frozenset[str] | None = None

    def target(self, currency: str) -> str | None:
        """What money in this currency is converted into; None if it stays as it is."""
        if self.kept is None or currency == self.default_currency or currency in self.kept:
            return None
        return self.default_currency


def exchanged(amount: Money, rate: Quote) -> Money:
    """The amount in the rate's other currency, rounded half to even; may be nothing at all."""
    if amount.currency != rate.base:
        raise ValueError(f"a rate of {rate.base} says nothing of {amount.currency}")
    exponent = CURRENCIES[rate.quote].exponent
    exact = _EXACT.scaleb(_EXACT.multiply(amount.decimal, rate.value), exponent)
    return Money(int(exact.to_integral_value(ROUND_HALF_EVEN)), rate.quote)


def converted(amount: Money, rate: Rate, *, fee_basis_points: int) -> Conversion | None:
    """Change an amount, less the fee; None where less than one minor unit would come of it."""
    gained = exchanged(amount, rate)
    if amount.amount_minor <= 0 or gained.amount_minor <= 0:
        return None
    fee = (gained.amount_minor * fee_basis_points + 5_000) // 10_000
    return Conversion(rate.id, amount, gained, Money(min(fee, gained.amount_minor), rate.quote))


def cost(amount: Money, rate: Quote) -> Money:
    """What buying `amount` costs at the rate: as `exchanged`, but never less than one minor unit."""
    found = exchanged(amount, rate)
    return Money(max(found.amount_minor, 1), rate.quote)


def derived(base: str, quote: str, by_currency: Mapping[str, Rate]) -> Rate | None:
    """The rate of two currencies from those of EUR; None where one is missing.

    It is as old as the older of the two, and has no id before it is stored.
    """
    legs = [by_currency.get(code) for code in (base, quote) if code != PIVOT]
    known = [leg for leg in legs if leg is not None]
    if len(known) != len(legs) or base == quote:
        return None
    one = Decimal(1)
    bought = by_currency[quote].value if quote != PIVOT else one
    sold = by_currency[base].value if base != PIVOT else one
    return Rate(
        base=base,
        quote=quote,
        value=_ROUNDED.divide(bought, sold),
        observed_at=min(leg.observed_at for leg in known),
        source=known[0].source,
        derived_from=tuple(leg.id for leg in known),
    )
