"""The Processor port: what we ask of a processor, and the only answers there are.

An adapter translates; it stores nothing. An answer that it does not understand, or that never came,
is Unknown: never a failure, never a success. A refusal is a value, not an exception.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from app.domain.asked import (
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    Query,
    RefundRequest,
)
from app.domain.bank_facts import BankMoney, ReturnRequest
from app.domain.declines import DeclineReason
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest, Unkeepable
from app.domain.methods.facts import ActionKind, CardFacts, MethodFacts
from app.domain.money import Money
from app.domain.news import News

__all__ = [
    "Absent",
    "ActionRequired",
    "AuthorizeRequest",
    "Authorized",
    "CancelRequest",
    "Canceled",
    "CaptureRequest",
    "Captured",
    "CardFacts",
    "Declined",
    "Facts",
    "Idle",
    "KeepOutcome",
    "Kept",
    "News",
    "Outcome",
    "Pending",
    "Processor",
    "ProcessorAccount",
    "Query",
    "RefundAccepted",
    "RefundOutcome",
    "RefundRefused",
    "RefundRequest",
    "Returned",
    "Unknown",
]


@dataclass(frozen=True, slots=True)
class ProcessorAccount:
    """One merchant's account at a processor, unsealed for use. Never logged."""

    id: str
    merchant_id: str
    processor: str
    is_live: bool
    publishable_key: str
    secret_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies the processor's object, so that it can be checked against our row."""

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
    """`amount` was taken. `processor_fee` and `available_on` may become known later."""

    facts: Facts
    amount: Money
    card: CardFacts | None = None
    charge_reference: str | None = None
    processor_fee: Money | None = None
    fee_reference: str | None = None
    available_on: date | None = None
    method: MethodFacts | None = None


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
    """The processor, or the customer's bank, is still deciding."""

    facts: Facts
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
    call.
    """

    detail: str
    is_replay: bool = False


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
    """Definitely not refunded, or sent back by the customer's bank."""

    reason: str
    reference: str | None = None
    refund_id: str | None = None
    payment_reference: str = ""
    amount: Money | None = None


RefundOutcome = RefundAccepted | RefundRefused | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Kept:
    """The card is kept: `token` may be used again and again, for its customer alone."""

    token: str
    card: CardFacts
    billing: Mapping[str, Any] = field(default_factory=dict)


KeepOutcome = Kept | Declined | Unkeepable | Unknown


class Processor(Protocol):
    """What every processor can do for a payment by card."""

    name: str
    js_url: str
    js_origins: tuple[str, ...]

    def amount_problem(self, amount: Money) -> str | None:
        """Why it cannot be asked for exactly this amount, in the caller's words; None if it can.

        Nothing is asked of the processor itself.
        """
        ...

    def script_amount(self, amount: Money) -> int:
        """An amount that has no problem, in the unit of its script for browsers."""
        ...

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        """Hold or take the money. Safe to repeat with the same idempotency key."""
        ...

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Take what is held. Safe to repeat with the same idempotency key."""
        ...

    def cancel(self, account: ProcessorAccount, request: CancelRequest) -> Outcome:
        """Let go. Safe to repeat with the same idempotency key."""
        ...

    def query(self, account: ProcessorAccount, query: Query) -> Outcome:
        """Ask what became of a payment; changes nothing."""
        ...

    def refund(self, account: ProcessorAccount, request: RefundRequest) -> RefundOutcome:
        """Send money back. Safe to repeat with the same idempotency key."""
        ...

    def query_refund(
        self,
        account: ProcessorAccount,
        payment_reference: str,
        refund_id: str,
        reference: str | None = None,
    ) -> RefundOutcome:
        """Ask what became of a refund, by our id or by theirs if we know it; changes nothing."""
        ...

    def refunds_of(
        self, account: ProcessorAccount, payment_reference: str
    ) -> list[RefundAccepted | RefundRefused] | Unknown:
        """Every refund the processor knows of for a payment."""
        ...

    def bank_money(
        self, account: ProcessorAccount, payer_reference: str, after: str | None
    ) -> BankMoney | Unknown:
        """What happened to a payer's balance after that fact, the oldest first; changes nothing."""
        ...

    def return_bank_money(self, account: ProcessorAccount, request: ReturnRequest) -> RefundOutcome:
        """Send money of a payer's balance to their bank. Safe to repeat with the same key."""
        ...

    def query_return(
        self, account: ProcessorAccount, return_id: str, reference: str | None, since: datetime
    ) -> RefundOutcome:
        """Ask what became of a return that was made then, by our id or theirs; changes nothing."""
        ...

    def open_customer(
        self, account: ProcessorAccount, request: CustomerRequest
    ) -> CustomerKnown | Unknown:
        """Make the customer known. Safe to repeat with the same idempotency key."""
        ...

    def keep_method(self, account: ProcessorAccount, request: KeepRequest) -> KeepOutcome:
        """Keep a card for a customer; moves no money. Safe to repeat."""
        ...

    def drop_method(
        self, account: ProcessorAccount, token: str, idempotency_key: str
    ) -> Dropped | Unknown:
        """Forget a kept card. Safe to repeat."""
        ...

    def news_since(self, account: ProcessorAccount, since: datetime) -> list[News] | Unknown:
        """What the processor would have told us by webhooks since then; changes nothing."""
        ...

    def read_news(
        self, account: ProcessorAccount, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> News:
        """Verify a webhook on its raw bytes; raises SignatureInvalid."""
        ...
