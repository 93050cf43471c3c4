"""The only answers that a processor can give, in our words.

An answer that is not understood, or that never came, is Unknown: never a failure, never a success. A
refusal is a value, not an exception.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.domain.declines import DeclineReason
from app.domain.kept import Unkeepable
from app.domain.methods.facts import ActionKind, CardFacts, MethodFacts
from app.domain.money import Money


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies the processor's object, so that it can be checked against our row.

    Without a `reference` the object is one try's, which names the payment only once it has succeeded.
    """

    reference: str
    amount: Money
    is_live: bool
    merchant_id: str | None = None
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Authorized:
    """`amount` is held on the card until `capture_before`."""

    facts: Facts
    amount: Money
    card: CardFacts | None = None
    charge_reference: str | None = None
    capture_before: datetime | None = None
    method: MethodFacts | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """`amount` was taken. `processor_fee` and `available_on` may become known later. `beyond_minor` was taken
    of the same object besides, by captures that somebody else asked for.
    """

    facts: Facts
    amount: Money
    card: CardFacts | None = None
    charge_reference: str | None = None
    processor_fee: Money | None = None
    fee_reference: str | None = None
    available_on: date | None = None
    method: MethodFacts | None = None
    beyond_minor: int = 0


@dataclass(frozen=True, slots=True)
class Returned:
    """It was taken, and the customer's bank took `amount` of it back. `code` is the bank's, else the
    processor's word; `reference` names the return.
    """

    captured: Captured
    amount: Money
    code: str
    reference: str

    @property
    def facts(self) -> Facts:
        """The identity of the payment there."""
        return self.captured.facts


@dataclass(frozen=True, slots=True)
class ActionRequired:
    """The customer has to do something first: `kind` says what, `details` where and until when."""

    facts: Facts
    client_secret: str
    kind: ActionKind = ActionKind.AUTHENTICATE
    details: Mapping[str, Any] = field(default_factory=dict)
    method: MethodFacts | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The processor, or the customer's bank, is still deciding. Without `facts` it is a capture or a
    cancellation that was received.
    """

    facts: Facts | None
    method: MethodFacts | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Definitely not taken. `code` is the processor's own word, for staff only.

    `reached_bank`: it was a bank that said no. `is_unheard`: this call was refused at the door, which
    says nothing of an earlier one.
    """

    reason: DeclineReason
    code: str
    facts: Facts | None = None
    card: CardFacts | None = None
    reached_bank: bool = False
    is_unheard: bool = False
    method: MethodFacts | None = None


@dataclass(frozen=True, slots=True)
class Canceled:
    """Definitely over, nothing taken. Without `facts` it was never begun at the processor."""

    facts: Facts | None
    is_expired: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """The object exists there, nothing was tried on it yet."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Absent:
    """The processor has no such object."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The money may or may not have moved. `is_replay`: the answer was a stored one of an earlier
    call. `is_silent`: all that was told was understood, and says nothing of what was asked.
    """

    detail: str
    is_replay: bool = False
    is_silent: bool = False


Outcome = (
    Authorized
    | Captured
    | Returned
    | ActionRequired
    | Pending
    | Declined
    | Canceled
    | Idle
    | Absent
    | Unknown
)


@dataclass(frozen=True, slots=True)
class RefundAccepted:
    """The processor has the refund; `is_settled` once it left."""

    reference: str
    amount: Money
    is_settled: bool
    payment_reference: str = ""
    refund_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """Definitely not refunded, or sent back by the customer's bank. `is_unnamed`: it came back, and it cannot
    be said which of several refunds of that amount it was; `reference` names the return.
    """

    reason: str
    reference: str | None = None
    refund_id: str | None = None
    payment_reference: str = ""
    amount: Money | None = None
    is_unnamed: bool = False


RefundOutcome = RefundAccepted | RefundRefused | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Kept:
    """The card is kept: `token` may be used again and again, for its customer alone."""

    token: str
    card: CardFacts
    billing: Mapping[str, Any] = field(default_factory=dict)


KeepOutcome = Kept | Declined | Unkeepable | Unknown
