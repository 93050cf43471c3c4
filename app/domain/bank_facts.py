"""What a processor is asked and tells of the balances that it keeps for those who pay by bank transfer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.money import Money


class FactKind(StrEnum):
    """What happened to a payer's balance."""

    # A transfer arrived.
    RECEIVED = "received"
    # A refund of a payment was given to the balance.
    REFUNDED = "refunded"
    # Set aside for a payment, and let go again.
    APPLIED = "applied"
    UNAPPLIED = "unapplied"
    # Sent to the payer's bank, and come back from there.
    RETURNED = "returned"
    RETURN_FAILED = "return_failed"
    # Taken back by the payer's bank.
    REVERSED = "reversed"
    # Something else that the processor did; its sign says in which direction.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BankFact:
    """One fact. `amount` is below zero for what left the balance; `details` are `reference` (what the payer
    wrote), `sender`, `last4`, `bank`.
    """

    external_id: str
    kind: FactKind
    amount: Money
    at: datetime
    payment_reference: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a balance is, in our ids as the processor keeps them: a customer's, or one payment's guest's.
    Neither: nobody's that we know.
    """

    merchant_id: str | None = None
    customer_id: str | None = None
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class BankMoney:
    """What a processor tells of a payer. `owner` is told with the first facts only."""

    facts: tuple[BankFact, ...]
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """Send `amount` of a payer's balance to their bank account. `email`: where they can be asked for it."""

    merchant_id: str
    return_id: str
    payer_reference: str
    amount: Money
    idempotency_key: str
    email: str | None = None
