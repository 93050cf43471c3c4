"""What a processor is asked for a payment, from the rows that recorded the intent."""

from app.domain.methods import CARD
from app.domain.methods.facts import name_in
from app.domain.payments import OperationInFlight, Payment
from app.domain.processor import AuthorizeRequest


def authorize_request(
    payment: Payment, operation: OperationInFlight, key: str, page: str
) -> AuthorizeRequest:
    """The call that an authorisation makes, the same each time it is repeated. `page` is ours for this
    payment: where a provider's own page sends the customer back to.
    """
    if operation.payment_method_token is None:
        raise AssertionError("an authorisation needs a payment method")
    return AuthorizeRequest(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        operation_id=operation.id,
        amount=payment.amount,
        payment_method_token=operation.payment_method_token,
        capture_now=payment.capture_method == "automatic",
        idempotency_key=key,
        created_at=operation.created_at,
        reference=payment.processor_reference,
        description=payment.description,
        customer_email=payment.customer_email,
        customer_name=payment.customer_name,
        return_url=_back(payment, operation, page),
        customer_reference=operation.customer_reference,
        is_off_session=operation.is_off_session,
        methods=tuple(operation.details.get("methods", [CARD])),
        said=operation.details.get("said", {}),
    )


def _back(payment: Payment, operation: OperationInFlight, page: str) -> str | None:
    """Where the customer comes back to. It is a page of ours: we send them on to the merchant's ourselves,
    for a processor would tell it of ids that the merchant never saw.
    """
    if payment.session_id is not None:
        return operation.return_url
    return page if name_in(operation.payment_method_token or "") is not None else None
