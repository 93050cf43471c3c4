"""A payment as it stands at a version of its row, and what a decision about it says is to be written."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.domain.declines import DeclineReason
from app.domain.fees import Part
from app.domain.money import Money
from app.domain.processor import CardFacts
from app.domain.recipes import Journal
from app.domain.states import OperationStatus, PaymentStatus

# Why a call has no outcome though it was answered.
RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class OperationInFlight:
    """The call to the processor that has no outcome yet. `details` is what it says besides the columns:
    `methods` and `said`, in the words of AuthorizeRequest; `error` why it has no outcome yet.
    """

    id: str
    kind: str
    status: OperationStatus
    amount_minor: int
    payment_method_token: str | None
    return_url: str | None
    reason: str | None
    attempts: int
    created_at: datetime
    customer_reference: str | None = None
    is_off_session: bool = False
    payment_method_id: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def is_received(self) -> bool:
        """Whether the processor has it, and will tell what became of it."""
        return self.error == RECEIVED


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as it stood at `version`. Of its tries, `attempt_id` is the last one, and
    `charge_attempt_id` the last one that reached a bank.
    """

    merchant_id: str
    id: str
    version: int
    status: PaymentStatus
    amount: Money
    capture_method: str
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    refund_reserved_minor: int
    fee_minor: int
    fee_schedule: str
    processor: str
    processor_account_id: str
    created_at: datetime
    session_id: str | None = None
    processor_reference: str | None = None
    processor_charge_reference: str | None = None
    processor_fee_minor: int | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    card: CardFacts | None = None
    client_secret: str | None = None
    decline_reason: DeclineReason | None = None
    decline_code: str | None = None
    cancel_reason: str | None = None
    needs_reversal: bool = False
    available_on: date | None = None
    capture_before: datetime | None = None
    captured_at: datetime | None = None
    attempt_id: str | None = None
    charge_attempt_id: str | None = None
    customer_id: str | None = None
    payment_method: str | None = None
    canceled_at: datetime | None = None
    method: str = "card"
    method_types: list[str] = field(default_factory=lambda: ["card"])
    method_details: dict[str, Any] = field(default_factory=dict)
    action: dict[str, Any] | None = None
    returned_at: datetime | None = None
    return_code: str | None = None
    fee_parts: tuple[Part, ...] = ()
    settlement_currency: str | None = None
    fx_rate_id: str | None = None
    settled_minor: int | None = None
    fx_fee_minor: int | None = None
    escrow: dict[str, Any] | None = None
    operation: OperationInFlight | None = None

    @property
    def currency(self) -> str:
        """ISO code of every amount of this payment."""
        return self.amount.currency


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event to be written with the change that it tells of."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write. `after` is the payment as it will stand; None in `operation_status` leaves it."""

    before: Payment
    after: Payment
    operation_status: OperationStatus | None = None
    operation_error: str | None = None
    journals: tuple[Journal, ...] = ()
    events: tuple[EventDraft, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether the outcome tells nothing new."""
        return self.operation_status is None and not self.journals and self.after == self.before
