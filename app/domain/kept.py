"""What is asked of a processor about customers and the cards they keep, and its plain answers.

Nothing here moves money. What was kept, and a refusal, are told in `processor`, with the card.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CustomerRequest:
    """Let the processor know a customer, so that cards can be kept for them."""

    merchant_id: str
    customer_id: str
    email: str | None
    name: str | None
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class CustomerKnown:
    """The processor knows the customer by this name."""

    reference: str


@dataclass(frozen=True, slots=True)
class KeepRequest:
    """Keep the card behind a token, for further payments of one customer."""

    customer_reference: str
    payment_method_token: str = field(repr=False)
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Unkeepable:
    """Nothing was tried with the issuer: the token is not one that can be kept.

    `why` is `absent`, `used` (charged before, or dropped), `taken` (another customer's), or
    `refused`.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """The processor has forgotten the card."""
