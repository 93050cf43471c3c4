"""What a payout is: a period of a balance, and why the bank amount is what it is.

opening + gross + fees + refunds + disputes + reserve + FX + transfers + returned + other
= the amount that goes to the bank + what is carried into the next period.

Every movement of the merchant's payable money is a line of one payout at most. `plan` decides from sums
alone; who comes with sums that do not match the stored balance is refused, loudly: then the books, or the
way that the lines were found, are wrong, and no money goes out on a wrong sum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from app.domain.errors import BalanceInsufficient, PayoutContradiction
from app.domain.money import Money


class Category(StrEnum):
    """The bars of the waterfall between what was carried in and what the bank gets, in their order."""

    GROSS = "gross"
    FEES = "fees"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    RESERVE = "reserve"
    FX = "fx"
    TRANSFERS = "transfers"
    RETURNED = "returned"
    OTHER = "other"


_C = Category

# Which bar a journal belongs to; its fees go to the bar of fees. What is not named here is OTHER,
# so that no movement is ever left out.
CATEGORIES: dict[str, Category] = {
    "payment_captured": _C.GROSS,
    "bank_money_applied": _C.GROSS,
    "refund_requested": _C.REFUNDS,
    "refund_failed": _C.REFUNDS,
    "refund_returned": _C.REFUNDS,
    "escrow_refunded": _C.REFUNDS,
    "payment_returned": _C.DISPUTES,
    "dispute_opened": _C.DISPUTES,
    "dispute_won": _C.DISPUTES,
    "dispute_lost": _C.DISPUTES,
    "reserve_held": _C.RESERVE,
    "reserve_released": _C.RESERVE,
    "money_converted_out": _C.FX,
    "money_converted_in": _C.FX,
    "conversion_reversed_out": _C.FX,
    "conversion_reversed_in": _C.FX,
    "escrow_held": _C.TRANSFERS,
    "escrow_released": _C.TRANSFERS,
    "transfer_received": _C.TRANSFERS,
    "transfer_reversed": _C.TRANSFERS,
    "transfer_returned": _C.TRANSFERS,
    "transfer_sent": _C.TRANSFERS,
    "application_fee_paid": _C.TRANSFERS,
    "application_fee_earned": _C.TRANSFERS,
    "application_fee_returned": _C.TRANSFERS,
    "application_fee_refunded": _C.TRANSFERS,
    "payout_failed": _C.RETURNED,
    "payout_returned": _C.RETURNED,
    "payout_canceled": _C.RETURNED,
}
# Within the merchant's own money, or told as the amount of the payout itself.
NO_LINES = ("funds_released", "payout_sent")


def category_of(event: str) -> Category:
    """The bar that a journal's gross amount belongs to."""
    return CATEGORIES.get(event, Category.OTHER)


def events_of(category: Category) -> tuple[str, ...]:
    """The journals of a bar; those of OTHER are all that no other bar has."""
    return tuple(event for event, its in CATEGORIES.items() if its is category)


@dataclass(frozen=True, slots=True)
class Movements:
    """Lines of one kind of journal, added up: minor units with their sign; `fee_minor` is below zero
    where fees went back."""

    event: str
    count: int
    gross_minor: int
    fee_minor: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the books say at one moment.

    `attached` are the lines of this period, `left` those whose time has come but that wait for the delay.
    `due_minor` is pending money whose day has come and that was not moved to available yet.
    """

    attached: tuple[Movements, ...]
    left: tuple[Movements, ...]
    due_minor: int
    available_minor: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How a merchant is paid in one currency. Amounts are minor units."""

    schedule: str = "daily"
    weekday: int = 1
    monthday: int = 1
    delay_days: int = 0
    minimum_minor: int = 0
    retained_minor: int = 0
    reserve_basis_points: int = 0
    reserve_days: int = 90
    statement_descriptor: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A payout that adds up. `sums` has every category; `held_minor` of them is newly kept back."""

    currency: str
    opening_minor: int
    sums: Mapping[Category, int]
    held_minor: int
    amount_minor: int
    carried_minor: int
    line_count: int

    @property
    def amount(self) -> Money:
        """What goes to the bank."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Sums:
    """The waterfall as it grows."""

    by_category: dict[Category, int] = field(default_factory=lambda: dict.fromkeys(Category, 0))

    def add(self, movements: Iterable[Movements]) -> None:
        """Put each kind to its bar, and its fees to theirs."""
        for one in movements:
            self.by_category[category_of(one.event)] += one.gross_minor
            self.by_category[Category.FEES] -= one.fee_minor

    @property
    def total(self) -> int:
        """All bars together."""
        return sum(self.by_category.values())


def plan(
    currency: str, opening_minor: int, found: Found, terms: Terms, asked: Money | None = None
) -> Plan | None:
    """The payout of this period, or None if there is not enough to send.

    With `asked` exactly that much: raises BalanceInsufficient. Raises PayoutContradiction when lines
    and balance do not agree.
    """
    sums, left = Sums(), Sums()
    sums.add(found.attached)
    left.add(found.left)
    whole = opening_minor + sums.total + left.total
    if whole != found.available_minor + found.due_minor:
        raise PayoutContradiction(
            f"Movements in {currency} add up to {whole}, the balance to"
            f" {found.available_minor + found.due_minor}: nothing is paid out."
        )
    period = opening_minor + sums.total
    # What waits for its delay is not paid out; what it takes away is missing already.
    payable = min(period, found.available_minor, found.available_minor + found.due_minor)
    held = _held(sums, payable, terms)
    most = payable - held
    amount = most - terms.retained_minor
    if asked is not None:
        if asked.amount_minor > most:
            left_over = Money(max(most, 0), currency)
            raise BalanceInsufficient(
                f"You asked to pay out {asked}; {left_over} is available.", param="amount"
            )
        amount = asked.amount_minor
    elif amount < max(terms.minimum_minor, 1):
        return None
    sums.by_category[Category.RESERVE] -= held
    return Plan(
        currency=currency,
        opening_minor=opening_minor,
        sums=sums.by_category,
        held_minor=held,
        amount_minor=amount,
        carried_minor=period - held - amount,
        line_count=sum(one.count for one in found.attached) + (1 if held else 0),
    )


def _held(sums: Sums, payable: int, terms: Terms) -> int:
    """The rolling reserve: a part of what was taken, rounded down, never more than there is."""
    gross = max(sums.by_category[Category.GROSS], 0)
    return max(min(gross * terms.reserve_basis_points // 10_000, payable), 0)


def next_date(terms: Terms, after: date) -> date | None:
    """The next day of the schedule after a day; None if it is manual.

    A month that has no such day pays on its last.
    """
    if terms.schedule == "manual":
        return None
    if terms.schedule == "daily":
        return after + timedelta(days=1)
    if terms.schedule == "weekly":
        return after + timedelta(days=(terms.weekday - after.isoweekday() - 1) % 7 + 1)
    this_month = _monthday(after.year, after.month, terms.monthday)
    if this_month > after:
        return this_month
    months = after.year * 12 + after.month
    return _monthday(months // 12, months % 12 + 1, terms.monthday)


def _monthday(year: int, month: int, day: int) -> date:
    months = year * 12 + month
    last = date(months // 12, months % 12 + 1, 1) - timedelta(days=1)
    return last.replace(day=min(day, last.day))
