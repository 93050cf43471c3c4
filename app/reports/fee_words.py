"""A schedule in words: what a payment costs, as a sentence that a merchant can check an invoice with."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.fee_table import SEPA
from app.domain.fees import Corridor, OnRefund, Schedule, Sum, Tier, percent
from app.domain.money import Money

MOST_COUNTRIES = 3
# What goes back in proportion to what is refunded; nothing is said of a fee that is kept.
RETURNED = {
    OnRefund.PERCENTAGE: "the percentage is returned with refunds, in proportion",
    OnRefund.FIXED: "the fixed part is returned with refunds, in proportion",
    OnRefund.WHOLE: "all of it is returned with refunds, in proportion",
}


@dataclass(frozen=True, slots=True)
class Writer:
    """How the reader writes an amount, a rate in basis points and a country."""

    money: Callable[[Money], str] = str
    rate: Callable[[int], str] = lambda basis_points: f"{percent(basis_points)}%"
    country: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Words:
    """What each payment costs, and a clause for each thing that costs more."""

    base: str
    extras: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join((self.base, *self.extras))


def words_of(schedule: Schedule, currency: str, write: Writer) -> Words:
    """The schedule in words, its sums in a currency that it prices."""

    def sum_of(one: Sum) -> str:
        return write.money(one.money(currency))

    clauses = _costs(schedule, currency, sum_of, write)
    for text, limit in (("at least", schedule.minimum), ("at most", schedule.cap)):
        if limit is not None:
            clauses.append(f"{text} {sum_of(limit)}")
    extras = [
        _corridor(way, currency, write, is_last=at > 0) for at, way in enumerate(schedule.corridors)
    ]
    if schedule.conversion_basis_points:
        extras.append(f"{write.rate(schedule.conversion_basis_points)} more if converted")
    if schedule.on_refund in RETURNED:
        extras.append(RETURNED[schedule.on_refund])
    return Words(", ".join(clauses), tuple(extras))


def _costs(
    schedule: Schedule, currency: str, sum_of: Callable[[Sum], str], write: Writer
) -> list[str]:
    """The rates and the fixed sum, a clause each: "2.9% plus $0.30", "6%", "5% of what is above …"."""
    tiers = schedule.by_amount or schedule.by_volume
    has_rate = bool(schedule.basis_points or tiers)
    clauses = [write.rate(schedule.basis_points)] if has_rate else []
    clauses += [_tier(tier, sum_of, write, is_volume=bool(schedule.by_volume)) for tier in tiers]
    if not schedule.fixed.minor(currency):
        return clauses or ["Nothing"]
    fixed = sum_of(schedule.fixed)
    if len(clauses) == 1:
        return [f"{clauses[0]} plus {fixed}"]
    return [*clauses, f"plus {fixed}" if has_rate else f"{fixed} each"]


def _tier(tier: Tier, sum_of: Callable[[Sum], str], write: Writer, *, is_volume: bool) -> str:
    rate, above = write.rate(tier.basis_points), sum_of(tier.above)
    if is_volume:
        return f"{rate} after a month of {above} or more"
    return f"{rate} of what is above {above}"


def _corridor(way: Corridor, currency: str, write: Writer, *, is_last: bool) -> str:
    costs = []
    if way.basis_points:
        costs.append(write.rate(way.basis_points))
    if way.fixed.minor(currency):
        costs.append(write.money(way.fixed.money(currency)))
    return f"{' and '.join(costs) or 'nothing'} more {_where(way, write, is_last=is_last)}"


def _where(way: Corridor, write: Writer, *, is_last: bool) -> str:
    if not way.within:
        return "from any other country" if is_last else "from another country"
    if way.within == SEPA:
        return "between SEPA countries"
    if len(way.within) <= MOST_COUNTRIES:
        return f"between {', '.join(write.country(code) for code in sorted(way.within))}"
    return f"within a group of {len(way.within)} countries"
