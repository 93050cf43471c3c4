"""What a processor is asked for a payment, from the rows that recorded the intent."""

from dataclasses import replace

from app.domain.methods import CARD
from app.domain.methods.facts import name_in
from app.domain.money import Money
from app.domain.payments import TRIES, OperationInFlight, Payment
from app.domain.processor import (
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    FinishRequest,
    Outcome,
    ProcessorAccount,
)
from app.services.deps import Deps
from app.services.tokens import opened


def call(deps: Deps, account: ProcessorAccount, payment: Payment) -> Outcome:
    """Ask the processor for what the operation in flight says, with the operation's own key.

    A repetition says exactly what the first call said: a processor refuses a key with other words.
    """
    operation = payment.operation
    if operation is None:
        raise AssertionError("no operation is in flight")
    processor = deps.processors[payment.processor]
    key = f"{operation.id}:{operation.kind}"
    if operation.kind in TRIES:
        operation = replace(operation, payment_method_token=opened(deps, operation))
    if operation.kind == "authorize":
        page = deps.customer_page(payment.merchant_id, payment.id)
        return processor.authorize(account, authorize_request(payment, operation, key, page))
    if operation.kind == "finish":
        return processor.finish(account, finish_request(payment, operation, key))
    if payment.processor_reference is None:
        raise AssertionError("a capture or cancellation needs the processor's reference")
    names = (payment.id, operation.id)
    if operation.kind == "capture":
        amount = Money(operation.amount_minor, payment.currency)
        return processor.capture(
            account, CaptureRequest(payment.processor_reference, amount, key, *names)
        )
    reason = operation.reason or "requested_by_customer"
    return processor.cancel(
        account, CancelRequest(payment.processor_reference, reason, key, *names)
    )


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
        page=page,
        customer_reference=operation.customer_reference,
        is_off_session=operation.is_off_session,
        methods=tuple(operation.details.get("methods", [CARD])),
        said=operation.details.get("said", {}),
    )


def finish_request(payment: Payment, operation: OperationInFlight, key: str) -> FinishRequest:
    """The call that takes the customer's answer to the bank further, the same each time."""
    if operation.payment_method_token is None or payment.attempt_id is None:
        raise AssertionError("there is no try to finish, or nothing to finish it with")
    return FinishRequest(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        attempt_id=payment.attempt_id,
        operation_id=operation.id,
        amount=payment.amount,
        capture_now=payment.capture_method == "automatic",
        details=operation.payment_method_token,
        idempotency_key=key,
        created_at=operation.created_at,
        reference=payment.processor_reference,
    )


def _back(payment: Payment, operation: OperationInFlight, page: str) -> str | None:
    """Where the customer comes back to. It is a page of ours: we send them on to the merchant's ourselves,
    for a processor would tell it of ids that the merchant never saw.
    """
    if payment.session_id is not None:
        return operation.return_url
    return page if name_in(operation.payment_method_token or "") is not None else None
