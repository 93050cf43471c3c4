"""What a processor's webhook is about. It is a hint: the object itself is asked for, or what became of it
follows from all that was told.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class News:
    """One verified fact or hint, read only for what it is about. `body` is what is kept of it.

    `told_payment_id` is our own name of the payment, where the processor repeats it. `why_ignored`: why
    nothing is to be done about it, if so.
    """

    external_id: str
    kind: str
    is_live: bool
    payment_reference: str | None
    refund_reference: str | None = None
    payer_reference: str | None = None
    told_payment_id: str | None = None
    body: bytes = b""
    why_ignored: str | None = None
