"""What a merchant pays for a payment: a schedule of whole numbers, and the lines that it gives.

Rounding: half up to the minor unit, each line by itself, so that each can be checked alone; the fee is
the sum of its lines, and never more than the payment. A schedule is never changed: a new version is
added, and a payment keeps the one that was in force when it was made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.domain.currencies import CURRENCIES
from app.domain.money import Money

WHOLE = 10_000  # A rate is in basis points: 290 of 10,000 are 2.9 %.
OTHER = "other"  # The schedule of a method that has none of its own.
ALWAYS = datetime.min.replace(tzinfo=UTC)

# The lines of a fee, in the order in which they are added up, and what each is called.
PART_NAMES = {
    "base": "Processing fee",
    "fixed": "Fixed fee",
    "minimum": "Raised to the minimum",
    "cap": "Reduced to the cap",
    "cross_border": "International fee",
    "conversion": "Currency conversion fee",
    "limit": "Reduced to the amount of the payment",
    "returned": "Fee returned with the refund",
    "kept": "Returned fee taken back",  # The refund that it went back with did not happen.
    "unitemized": "Processing fee",  # Priced before lines were kept.
}


class OnRefund(StrEnum):
    """What of a fee goes back with a refund, in proportion to what is refunded."""

    KEPT = "kept"
    PERCENTAGE = "percentage"
    FIXED = "fixed"
    WHOLE = "whole"


def percent(basis_points: int) -> str:
    """A rate in per cent, exact: 290 are "2.9", 1500 are "15"."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Sum:
    """A fixed sum: stated in minor units of some currencies, or in hundredths of any currency's unit."""

    hundredths: int = 0
    stated: Mapping[str, int] | None = None

    def minor(self, currency: str) -> int:
        """The sum in minor units of a currency: 0.30 of a yen, which has no cents, is none."""
        if self.stated is not None:
            return self.stated[currency]
        unit: int = 10 ** CURRENCIES[currency].exponent
        return (self.hundredths * unit + 50) // 100

    def money(self, currency: str) -> Money:
        """The same as Money."""
        return Money(self.minor(currency), currency)


@dataclass(frozen=True, slots=True)
class Tier:
    """Another rate from a sum on: of the payment's amount above it, or once a month's volume reached it."""

    above: Sum
    basis_points: int


@dataclass(frozen=True, slots=True)
class Corridor:
    """What a payer from another country costs more: between two countries of `within`, or any if empty."""

    within: frozenset[str] = frozenset()
    basis_points: int = 0
    fixed: Sum = Sum()

    def joins(self, one: str, other: str) -> bool:
        """Whether money between these two countries goes this way."""
        return not self.within or {one, other} <= self.within


@dataclass(frozen=True, slots=True)
class Schedule:
    """One version of what payments by one method cost.

    The base is `basis_points` of the amount and `fixed`, kept between `minimum` and `cap`; what crosses
    a border or is converted costs more on top; without a rate of its own for conversions, each costs what
    the platform asks for apart. `by_amount`: other rates for what lies above a sum.
    `by_volume`: other rates after a month that reached a sum, in the payment's currency.
    """

    id: str
    method: str
    basis_points: int = 0
    fixed: Sum = Sum()
    minimum: Sum | None = None
    cap: Sum | None = None
    by_amount: tuple[Tier, ...] = ()
    by_volume: tuple[Tier, ...] = ()
    corridors: tuple[Corridor, ...] = ()
    conversion_basis_points: int | None = None
    on_refund: OnRefund = OnRefund.KEPT
    version: int = 1
    valid_from: datetime = ALWAYS
    created_by: str = "system"

    @property
    def sums(self) -> tuple[Sum, ...]:
        """Every sum that it states."""
        found = (
            self.fixed,
            self.minimum,
            self.cap,
            *(tier.above for tier in (*self.by_amount, *self.by_volume)),
            *(corridor.fixed for corridor in self.corridors),
        )
        return tuple(one for one in found if one is not None)

    def prices(self, currency: str) -> bool:
        """Whether it says what a payment in this currency costs: a sum in dollars is none in yen."""
        return all(one.stated is None or currency in one.stated for one in self.sums)

    def corridor(self, one: str, other: str) -> Corridor | None:
        """The first corridor between two countries; none within a country, or to one not known."""
        if not one or not other or one == other:
            return None
        return next((way for way in self.corridors if way.joins(one, other)), None)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a fee, a key of PART_NAMES; `basis_points` where one rate of the amount gave it."""

    name: str
    minor: int
    basis_points: int | None = None


def parts_of(stored: Sequence[Mapping[str, Any]] | None, fee_minor: int) -> tuple[Part, ...]:
    """The lines of a payment's row; a fee of before lines were kept is a single one."""
    if stored is None:
        return (Part("unitemized", fee_minor),) if fee_minor else ()
    return tuple(Part(**part) for part in stored)


@dataclass(frozen=True, slots=True)
class Price:
    """A fee with its lines, which add up to it, and the schedule that gave them."""

    schedule: Schedule
    fee: Money
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Sale:
    """What is priced. `made_at` and `schedule_id` are of the payment's making, `amount` is captured.

    `payer_country` is the card's or the bank's; empty when it is not known, which costs nothing more.
    """

    amount: Money
    method: str
    made_at: datetime
    schedule_id: str = ""
    payer_country: str = ""
    is_converted: bool = False


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a merchant pays: its own versions, and the standard schedules where it has none.

    `volumes` is what it took, by currency, in the month before the sale's. `is_converting`: what is priced
    is settled in another currency than it is paid in.
    """

    country: str = ""
    own: tuple[Schedule, ...] = ()
    standard: tuple[Schedule, ...] = ()
    volumes: Mapping[str, int] = field(default_factory=dict)
    is_converting: bool = False

    def named(self, schedule_id: str) -> Schedule | None:
        """The version with this id."""
        known = (one for one in (*self.own, *self.standard) if one.id == schedule_id)
        return next(known, None)

    def schedule(self, sale: Sale) -> Schedule:
        """The version that a sale is priced by.

        It is the one that the payment was made under; if it is paid by another method in the end, that
        method's newest version of then.
        """
        currency = sale.amount.currency
        own = [one for one in self.own if one.method == sale.method and one.prices(currency)]
        known = own + [one for one in self.standard if one.method == sale.method]
        for one in known:
            if one.id == sale.schedule_id:
                return one
        by_version = sorted(known, key=lambda one: (one in own, one.version), reverse=True)
        for one in by_version:
            if one.valid_from <= sale.made_at:
                return one
        return next(one for one in self.standard if one.method == OTHER)

    def price(self, sale: Sale) -> Price:
        """The fee for what was captured, with its lines."""
        schedule, currency = self.schedule(sale), sale.amount.currency
        parts = _kept_between(schedule, currency, _base(schedule, sale.amount, self.volumes))
        parts += _extras(schedule, sale, self.country)
        beyond = sum(part.minor for part in parts) - sale.amount.amount_minor
        if beyond > 0:
            parts.append(Part("limit", -beyond))
        lines = tuple(part for part in parts if part.minor)
        return Price(schedule, Money(sum(part.minor for part in lines), currency), lines)


def _base(schedule: Schedule, amount: Money, volumes: Mapping[str, int]) -> list[Part]:
    currency, minor = amount.currency, amount.amount_minor
    rate, total, start = schedule.basis_points, 0, 0
    for tier in schedule.by_volume:
        if volumes.get(currency, 0) >= tier.above.minor(currency):
            rate = tier.basis_points
    is_one_rate = True
    for tier in schedule.by_amount:
        above = tier.above.minor(currency)
        if minor <= above:
            break
        total += (above - start) * rate
        start, rate, is_one_rate = above, tier.basis_points, False
    total += (minor - start) * rate
    return [
        Part("base", _rounded(total), rate if is_one_rate else None),
        Part("fixed", schedule.fixed.minor(currency)),
    ]


def _kept_between(schedule: Schedule, currency: str, parts: list[Part]) -> list[Part]:
    total = sum(part.minor for part in parts)
    if schedule.minimum is not None and total < (least := schedule.minimum.minor(currency)):
        return [*parts, Part("minimum", least - total)]
    if schedule.cap is not None and total > (most := schedule.cap.minor(currency)):
        return [*parts, Part("cap", most - total)]
    return parts


def _extras(schedule: Schedule, sale: Sale, country: str) -> list[Part]:
    minor, currency = sale.amount.amount_minor, sale.amount.currency
    parts = []
    corridor = schedule.corridor(country, sale.payer_country)
    if corridor is not None:
        extra = _rounded(minor * corridor.basis_points) + corridor.fixed.minor(currency)
        rate = corridor.basis_points if not corridor.fixed.minor(currency) else None
        parts.append(Part("cross_border", extra, rate))
    rate = schedule.conversion_basis_points
    if sale.is_converted and rate is not None:
        parts.append(Part("conversion", _rounded(minor * rate), rate))
    return parts


def _rounded(basis_point_units: int) -> int:
    """Half up to the minor unit."""
    return (basis_point_units + WHOLE // 2) // WHOLE
