"""What a processor is asked about a refund, from the row that recorded the intent."""

from app.domain.processor import (
    ProcessorAccount,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from app.services.deps import Deps
from app.services.heard import heard_of
from app.store.payments import PaymentRow, Refund


def ask_refund(
    deps: Deps, account: ProcessorAccount, payment: PaymentRow, refund: Refund
) -> RefundOutcome:
    """What became of it, as far as the processor says or has told."""
    processor, reference = deps.processors[payment.processor], payment.processor_reference or ""
    heard = heard_of(deps, payment)
    return processor.query_refund(account, reference, refund.id, refund.processor_reference, heard)


def send_refund(
    deps: Deps, account: ProcessorAccount, payment: PaymentRow, refund: Refund, *, was_tried: bool
) -> RefundOutcome:
    """Make the call, unless the processor had the refund before or its key may be forgotten."""
    if refund.processor_reference is not None:
        return Unknown("the processor does not list a refund that it told us of")
    first_sent = refund.sent_at or refund.created_at
    processor = deps.processors[payment.processor]
    if was_tried and deps.clock.now() - first_sent > processor.key_life:
        # Of a refund that was told of by nobody nothing is known where nobody can be asked.
        unheard = Unknown("nothing was heard of it")
        return unheard if processor.is_told else not_processed(refund)
    request = RefundRequest(
        merchant_id=refund.merchant_id,
        payment_id=payment.id,
        refund_id=refund.id,
        reference=payment.processor_reference or "",
        amount=refund.amount,
        reason=refund.reason,
        idempotency_key=f"{refund.id}:refund",
    )
    return processor.refund(account, request)


def not_processed(refund: Refund) -> RefundRefused:
    """It was asked for, and the processor knows nothing of it."""
    return RefundRefused("not_processed", refund_id=refund.id)
