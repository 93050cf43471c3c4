"""What a processor's webhook is about. It is a hint: the object itself is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class News:
    """A verified webhook, read only for what it is about: the object itself is asked for."""

    external_id: str
    kind: str
    is_live: bool
    payment_reference: str | None
    refund_reference: str | None = None
    payer_reference: str | None = None
