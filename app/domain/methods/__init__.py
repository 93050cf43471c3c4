"""METHODS: every payment method that can be offered, which of them a customer is shown, and in what order.

Adding one is a file and a line here; the contract test then runs against it unasked.
"""

from collections.abc import Iterable
from types import MappingProxyType

from app.domain.methods import ach_debit, bank_transfer, card, sepa_debit
from app.domain.methods.contract import Flow, Method
from app.domain.money import Money

__all__ = ["CARD", "DELAYED", "METHODS", "SLOW", "Flow", "Method", "method_of", "offered"]

METHODS = MappingProxyType(
    {
        one.name: one
        for one in (card.METHOD, sepa_debit.METHOD, ach_debit.METHOD, bank_transfer.METHOD)
    }
)
CARD = card.METHOD.name
DELAYED = tuple(one.name for one in METHODS.values() if one.is_delayed)
# Nothing is wrong where a payment with one of these waits for days.
SLOW = (*DELAYED, *(one.name for one in METHODS.values() if one.flow is Flow.TRANSFER))


def method_of(name: str) -> Method:
    """The method of a payment's row; a name that is no longer offered behaves like a card."""
    return METHODS.get(name, card.METHOD)


def offered(
    allowed: Iterable[str],
    amount: Money,
    *,
    is_held: bool = False,
    country: str | None = None,
    likely: str | None = None,
) -> list[Method]:
    """The methods that can work for this payment, the likeliest first; never one that cannot.

    `country` is where the customer is, if that is known: a method made for other countries is hidden.
    `likely` is a mere hint, such as a browser's language: it puts methods that are favoured there first.
    """
    wanted = set(allowed)
    found = [
        one
        for one in METHODS.values()
        if one.name in wanted
        and one.takes(amount, is_held=is_held)
        and (country is None or not one.countries or country in one.countries)
    ]
    near = country or likely
    return sorted(found, key=lambda one: near not in one.favoured_in)
