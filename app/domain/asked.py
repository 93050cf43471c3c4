"""What is asked of a processor about a payment. A repetition says exactly what the first call said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.methods import CARD
from app.domain.money import Money


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """Take, or only hold, `amount`. With `reference`, a further try on the same payment there.

    `return_url` is where the customer comes back to, if there is a question that has to know; `page` is ours
    for this payment, for a processor that always wants one.

    `customer_reference` is whose kept card, or whose balance, it is; `is_off_session`: nobody is there to
    be asked; `methods` are the kinds that may be used; `said` is what else the customer said: `mandate`
    (`accepted_at`, `ip`, `user_agent`), `country`. The token may stand for a kind by its name.
    """

    merchant_id: str
    payment_id: str
    operation_id: str
    amount: Money
    payment_method_token: str = field(repr=False)
    capture_now: bool
    idempotency_key: str
    created_at: datetime
    reference: str | None = None
    description: str | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    statement_descriptor: str | None = None
    return_url: str | None = None
    page: str | None = None
    customer_reference: str | None = None
    is_off_session: bool = False
    methods: tuple[str, ...] = ("card",)
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinishRequest:
    """What the customer's browser brought back from the bank (`details`), after the try `attempt_id` had
    led to a question.
    """

    merchant_id: str
    payment_id: str
    attempt_id: str
    operation_id: str
    amount: Money
    capture_now: bool
    details: str = field(repr=False)
    idempotency_key: str
    created_at: datetime
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class AbandonRequest:
    """Let go of a try whatever became of it: its answer was lost, and it will not be made again."""

    payment_id: str
    attempt_id: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """Take `amount` of what is held; the rest is let go. The ids are what we call it."""

    reference: str
    amount: Money
    idempotency_key: str
    payment_id: str = ""
    operation_id: str = ""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Let go of what is held, or of a payment that was never finished. The ids are what we call it."""

    reference: str
    reason: str
    idempotency_key: str
    payment_id: str = ""
    operation_id: str = ""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Send `amount` back to the customer."""

    merchant_id: str
    payment_id: str
    refund_id: str
    reference: str
    amount: Money
    reason: str | None
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Query:
    """What became of a payment: by the processor's reference, or by ours if we never learnt theirs.

    The rest is for a processor that cannot be asked: all that it told, one fact each, the oldest first; the
    last try, the capture or cancellation in flight, and what was asked for; `capture_now` is None where
    nobody knows whether the money was to be taken at once.
    """

    merchant_id: str
    payment_id: str
    reference: str | None
    created_at: datetime
    heard: tuple[bytes, ...] = ()
    attempt_id: str | None = None
    operation_id: str | None = None
    amount: Money | None = None
    capture_now: bool | None = None


def said_of(methods: Sequence[str], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a call says besides its columns; nothing where it is a plain card payment."""
    is_plain = list(methods) == [CARD] and not said
    return {} if is_plain else {"methods": list(methods), "said": dict(said)}
