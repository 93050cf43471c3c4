"""What a processor is asked about a payment. One that cannot be asked is shown all that it ever told, from
the inbox: for the others this costs nothing.
"""

from app.domain.payments import Payment
from app.domain.processor import Query
from app.services.deps import Deps
from app.store import inbox
from app.store.payments import PaymentRow

# Calls that change a payment which was made.
MODIFICATIONS = ("capture", "cancel")


def heard_of(
    deps: Deps, payment: Payment | PaymentRow, reference: str | None = None
) -> tuple[bytes, ...]:
    """All that was told of a payment, or of an object of its processor's."""
    if not deps.processors[payment.processor].is_told:
        return ()
    known = reference or payment.processor_reference
    return inbox.heard(payment.merchant_id, payment.processor_account_id, payment.id, known)


def query_of(deps: Deps, payment: Payment, reference: str | None = None) -> Query:
    """The question what became of a payment, or of this object under its name."""
    operation = payment.operation
    is_modified = operation is not None and operation.kind in MODIFICATIONS
    return Query(
        payment.merchant_id,
        payment.id,
        reference or payment.processor_reference,
        payment.created_at,
        heard=heard_of(deps, payment, reference),
        attempt_id=payment.attempt_id,
        operation_id=operation.id if operation is not None and is_modified else None,
        amount=payment.amount,
        capture_now=payment.capture_method == "automatic",
    )
