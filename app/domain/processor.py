"""The Processor port: what we ask of a processor, and the only answers there are.

An adapter translates; it stores nothing. An answer that it does not understand, or that never came,
is Unknown: never a failure, never a success. A refusal is a value, not an exception.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from app.domain.asked import (
    AbandonRequest,
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    FinishRequest,
    Query,
    RefundRequest,
)
from app.domain.bank_facts import BankMoney, ReturnRequest
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest
from app.domain.methods.facts import CardFacts
from app.domain.money import Money
from app.domain.news import News
from app.domain.outcomes import (
    Absent,
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Facts,
    Idle,
    KeepOutcome,
    Kept,
    Outcome,
    Pending,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    Returned,
    Unknown,
)

__all__ = [
    "AbandonRequest",
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
    "FinishRequest",
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
    """One merchant's account at a processor, unsealed for use. Never logged. `external_account` is the
    processor's own name for it.
    """

    id: str
    merchant_id: str
    processor: str
    is_live: bool
    publishable_key: str
    secret_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False, default=())
    external_account: str = ""


class Processor(Protocol):
    """What every processor can do for a payment by card. `methods` are all that it takes.

    `is_told`: it cannot be asked. What became of a payment follows from all that it ever told, which each
    question carries as `heard`; where nothing was heard yet, the call is made again. `key_life`: so long it
    knows an idempotency key; a repetition after that would be a new call. `news_answer`: what it wants to
    read when it brought news; None for our own words.
    """

    name: str
    js_url: str
    js_origins: tuple[str, ...]
    methods: frozenset[str]
    is_told: bool
    key_life: timedelta
    news_answer: str | None

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

    def holds_secret(self, token: str) -> bool:
        """Whether a token may only be kept sealed, and only until its call has an outcome."""
        ...

    def finish(self, account: ProcessorAccount, request: FinishRequest) -> Outcome:
        """What came of the customer's answer to the bank. Safe to repeat with the same key."""
        ...

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Take what is held. Safe to repeat with the same idempotency key."""
        ...

    def cancel(self, account: ProcessorAccount, request: CancelRequest) -> Outcome:
        """Let go. Safe to repeat with the same idempotency key."""
        ...

    def abandon(self, account: ProcessorAccount, request: AbandonRequest) -> Unknown:
        """Have a try let go that may or may not have been made; what it was will be told. Asked only of a
        processor that cannot say it at once. Safe to repeat.
        """
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
        heard: tuple[bytes, ...] = (),
    ) -> RefundOutcome:
        """Ask what became of a refund, by our id or by theirs if we know it; changes nothing."""
        ...

    def refunds_of(
        self, account: ProcessorAccount, payment_reference: str, heard: tuple[bytes, ...] = ()
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
        self,
        account: ProcessorAccount,
        token: str,
        idempotency_key: str,
        customer_reference: str | None = None,
    ) -> Dropped | Unknown:
        """Forget a kept card of that customer. Safe to repeat."""
        ...

    def news_since(self, account: ProcessorAccount, since: datetime) -> list[News] | Unknown:
        """What the processor would have told us by webhooks since then; changes nothing."""
        ...

    def read_news(
        self, account: ProcessorAccount, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[News]:
        """Verify a webhook, all of it, on its raw bytes; raises SignatureInvalid."""
        ...
