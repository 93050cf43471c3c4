"""What a processor tells of the method that a payment was made with, and what a customer still has to do.

Nothing here can be used to pay: of an account only the last four characters are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """The method by our name for it, and what may be shown of it: `last4`, `bank`, `mandate`, `email`."""

    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a processor tells of a card; nothing here can be used to pay. `wallet` is the method that it came
    out of, `device_last4` the end of the number that only its owner's device has.
    """

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    country: str = ""
    funding: str = ""
    fingerprint: str = ""
    cvc_check: str = ""
    postal_check: str = ""
    three_d_secure: str = ""
    authorization_code: str = ""
    wallet: str = ""
    device_last4: str = ""


class ActionKind(StrEnum):
    """What a customer is asked for before the money can be taken."""

    AUTHENTICATE = "authenticate"
    MICRODEPOSITS = "microdeposits"
    # Confirm on the provider's own page: `url`.
    REDIRECT = "redirect"
    TRANSFER = "transfer"


# The customer has done their part for today: nobody waits at a screen for what comes next.
PATIENT = (ActionKind.MICRODEPOSITS, ActionKind.TRANSFER)

# What stands for a token where nothing secret is typed on our page: the method's name says it all.
_BY_NAME = "method="


def token_of(name: str) -> str:
    """What a call says instead of a token of the processor's: a method of this kind, made by the call."""
    return _BY_NAME + name


def name_in(token: str) -> str | None:
    """The method that a call makes by its name; None where the token is one of the processor's."""
    return token.removeprefix(_BY_NAME) if token.startswith(_BY_NAME) else None
