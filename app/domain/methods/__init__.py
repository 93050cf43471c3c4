"""METHODS: every payment method that can be offered, which of them a customer is shown, and in what order.

Adding one is a file and a line here; the contract test then runs against it unasked.
"""

from collections.abc import Iterable
from types import MappingProxyType

from app.domain.methods import (
    ach_debit,
    apple_pay,
    bank_transfer,
    card,
    google_pay,
    klarna,
    paypal,
    sepa_debit,
)
from app.domain.methods.contract import Flow, Method
from app.domain.money import Money

__all__ = [
    "CARD",
    "DELAYED",
    "METHODS",
    "SLOW",
    "WALLETS",
    "Flow",
    "Method",
    "kind_of",
    "made_with",
    "method_of",
    "offered",
    "with_forms",
]

_ALL = (
    card.METHOD,
    apple_pay.METHOD,
    google_pay.METHOD,
    sepa_debit.METHOD,
    ach_debit.METHOD,
    paypal.METHOD,
    klarna.METHOD,
    bank_transfer.METHOD,
)
METHODS = MappingProxyType({one.name: one for one in _ALL})
CARD = card.METHOD.name
DELAYED = tuple(one.name for one in METHODS.values() if one.is_delayed)
# Payments by these are payments by card, and rows and API call them so.
WALLETS = tuple(one.name for one in METHODS.values() if one.base == CARD)
# Nothing is wrong where a payment with one of these waits for days.
SLOW = (*DELAYED, *(one.name for one in METHODS.values() if one.flow is Flow.TRANSFER))


def method_of(name: str) -> Method:
    """The method of a payment's row; a name that is no longer offered behaves like a card."""
    return METHODS.get(name, card.METHOD)


def kind_of(name: str) -> str:
    """The method as a payment's row names it: whoever pays out of a wallet pays by card."""
    return method_of(name).base or name


def made_with(name: str, wallet: str) -> Method:
    """What a payment by the method of this name was really made with: the wallet that a card came from."""
    method = METHODS.get(wallet)
    return method if method is not None and method.base == name else method_of(name)


def with_forms(names: Iterable[str], on: Iterable[str]) -> list[str]:
    """These methods, and those of `on` that are forms of one of them: a card brings its wallets along."""
    found = list(names)
    return found + [name for name in on if method_of(name).base in found and name not in found]


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
        and (not one.base or one.base in wanted)
        and one.takes(amount, is_held=is_held, country=country)
    ]
    near = country or likely
    return sorted(found, key=lambda one: near not in one.favoured_in)
