"""The contract of a payment method: everything that the product must know before it may offer one.

A method is data. What is asked of a customer, how long the answer takes, until when the money can be taken
back and what is said about it follow from these fields; no code asks for a method by its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from app.domain.bank_days import Calendar, bank_days_after
from app.domain.clock import add_months
from app.domain.money import Money


class Flow(StrEnum):
    """How a customer pays with it."""

    # Secure fields, answered at once.
    FIELDS = "fields"
    # Secure fields and a mandate; the bank answers in days.
    DEBIT = "debit"
    # On the provider's own page; the provider answers when the customer has confirmed or gone.
    REDIRECT = "redirect"
    # A button that opens the wallet of the customer's device, where the browser has one; answered at once.
    EXPRESS = "express"
    # Nothing is typed in: the customer is told an account and sends the money there.
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Window:
    """A length of time in calendar days, business days or months; exactly one of them."""

    days: int = 0
    business_days: int = 0
    months: int = 0

    def end(self, start: date, calendar: Calendar = Calendar.WEEKDAYS) -> date:
        """The last day of the window that begins on `start`."""
        day = bank_days_after(start, self.business_days, calendar)
        return add_months(day, self.months) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class ReturnRule:
    """One reason for which a bank takes a debit back: its code, and until when after the booking."""

    code: str
    meaning: str
    window: Window


@dataclass(frozen=True, slots=True)
class RefundRule:
    """Until when after the payment money can be sent back, and whether a part of it can."""

    window_days: int | None
    is_partial: bool = True

    def until(self, paid: date) -> date | None:
        """The last day on which money can be sent back; None where there is none."""
        return None if self.window_days is None else paid + timedelta(days=self.window_days)


@dataclass(frozen=True, slots=True)
class Limit:
    """The least and the most in one currency, in minor units; None leaves the currency's own."""

    least_minor: int | None = None
    most_minor: int | None = None

    def allows(self, minor: int) -> bool:
        """Whether an amount lies within."""
        is_enough = self.least_minor is None or minor >= self.least_minor
        return is_enough and (self.most_minor is None or minor <= self.most_minor)


@dataclass(frozen=True, slots=True)
class Market:
    """A country whose customers can have a method in its own currency alone, within limits of its own."""

    currency: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Method:
    """One payment method. `title` is what customers and merchants read; `fee_class` is a key of the fee
    schedules; `countries` are those whose customers can have it; empty sets mean all. `markets` are its
    countries where each has a currency and limits of its own. `favoured_in` are those whose customers
    look for it first. `base` is the method that this one is a form of: a wallet pays with a card out of
    it, and can do no more than that.

    `answer_business_days`: from the customer's consent to the bank's word; `settlement_business_days`: from
    there to available; `hold_days`: for how long an amount is held, where the processor does not say.
    `what_can_go_wrong` is said to merchants of a payment that waits; `calendar` counts its business days.
    """

    name: str
    title: str
    flow: Flow
    fee_class: str
    settlement_business_days: int
    refund: RefundRule
    dispute: str
    base: str = ""
    currencies: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    favoured_in: frozenset[str] = frozenset()
    limits: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))
    markets: Mapping[str, Market] = field(default_factory=lambda: MappingProxyType({}))
    can_hold: bool = False
    hold_days: int = 0
    answer_business_days: int = 0
    returns: tuple[ReturnRule, ...] = ()
    disputable: Window | None = None
    mandate: str = ""
    notice: str = ""
    what_can_go_wrong: str = ""
    calendar: Calendar = Calendar.WEEKDAYS

    @property
    def is_delayed(self) -> bool:
        """Whether the bank's word comes days after the customer's."""
        return self.answer_business_days > 0

    @property
    def is_by_name(self) -> bool:
        """Whether nothing secret is typed for it on our page: its name stands for a token."""
        return self.flow in (Flow.REDIRECT, Flow.TRANSFER)

    def takes(self, amount: Money, *, is_held: bool = False, country: str | None = None) -> bool:
        """Whether this amount can be paid so at all; `is_held`: it is to be held first; `country`: where
        the customer is, if that is known.
        """
        if is_held and not self.can_hold:
            return False
        if country is not None and self.countries and country not in self.countries:
            return False
        if self.markets:
            found = self.countries_for(amount)
            return bool(found) if country is None else country in found
        if self.currencies and amount.currency not in self.currencies:
            return False
        return self.limits.get(amount.currency, Limit()).allows(amount.amount_minor)

    def countries_for(self, amount: Money) -> tuple[str, ...]:
        """Where a customer may be who pays this amount with it; empty where that makes no difference."""
        return tuple(
            country
            for country, market in self.markets.items()
            if market.currency == amount.currency and market.limit.allows(amount.amount_minor)
        )

    def expected_on(self, begun: date) -> date:
        """The day on which the bank's word is expected."""
        return bank_days_after(begun, self.answer_business_days, self.calendar)

    def debited_on(self, today: date) -> date:
        """The day that is announced for a debit that is agreed to now."""
        return bank_days_after(today, 1, self.calendar)

    def clawback_until(self, booked: date) -> date | None:
        """The last day on which the money can be taken back; None where no such day is known."""
        windows = [rule.window for rule in self.returns]
        windows += [self.disputable] if self.disputable is not None else []
        return max((window.end(booked, self.calendar) for window in windows), default=None)

    def available_on(self, booked: date) -> date:
        """The day on which what was booked is expected to be available, where the processor tells none."""
        return bank_days_after(booked, self.settlement_business_days, self.calendar)

    def return_rule(self, code: str) -> ReturnRule | None:
        """What a bank's code means here."""
        return next((rule for rule in self.returns if rule.code == code), None)

    def mandate_text(self, merchant: str) -> str:
        """What the customer agrees to; empty where nothing is to be agreed to."""
        return self.mandate.format(merchant=merchant)

    def notice_text(self, merchant: str, amount: str, on: str) -> str:
        """What is announced before the debit; empty where nothing is."""
        return self.notice.format(merchant=merchant, amount=amount, day=on)
