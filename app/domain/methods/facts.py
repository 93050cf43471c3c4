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


class ActionKind(StrEnum):
    """What a customer is asked for before the money can be taken."""

    AUTHENTICATE = "authenticate"
    MICRODEPOSITS = "microdeposits"


# The customer has done their part for today: nobody waits at a screen for what comes next.
PATIENT = (ActionKind.MICRODEPOSITS,)
