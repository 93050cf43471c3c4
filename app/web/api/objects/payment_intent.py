"""A payment as a PaymentIntent."""

from datetime import UTC, date, datetime, time
from typing import Any

from app.domain.declines import DeclineReason, customer_text
from app.domain.methods.facts import ActionKind
from app.domain.onward import KEY
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.reports.objects import payments as reads
from app.web.api.errors import last_error
from app.web.api.objects.bank_instructions import instructions
from app.web.api.objects.ids import latest_charge, method_id, refused_charge, timestamp
from app.web.api.objects.method_words import api_type
from app.web.client_secrets import bank_page, client_secret

_P = PaymentStatus

STATUS = {
    _P.OPEN: "requires_payment_method",
    _P.PROCESSING: "processing",
    _P.UNKNOWN: "processing",
    _P.REQUIRES_ACTION: "requires_action",
    _P.AUTHORIZED: "requires_capture",
    _P.CAPTURED: "succeeded",
    # A debit that was taken back did succeed; its charge says that it is disputed.
    _P.RETURNED: "succeeded",
    _P.FAILED: "requires_payment_method",
    _P.CANCELED: "canceled",
    _P.EXPIRED: "canceled",
}

CANCEL_REASONS = ("requested_by_customer", "duplicate", "fraudulent", "abandoned")


def decline_message(reason: DeclineReason | None, method: str) -> str:
    """What to tell a customer whose payment was declined."""
    words = customer_text(reason, method)
    return f"{words.title}. {words.text}"


def payment_intent(payment: Payment, *, is_live: bool) -> dict[str, Any]:
    """The object; ids stand where other objects can be expanded."""
    authorized = payment.status is _P.AUTHORIZED
    return {
        "id": payment.id,
        "object": "payment_intent",
        "amount": payment.amount.amount_minor,
        "amount_capturable": payment.authorized_minor if authorized else 0,
        "amount_details": {"tip": {}},
        "amount_received": payment.captured_minor,
        "application": None,
        "application_fee_amount": application_fee(payment),
        "automatic_payment_methods": None,
        "canceled_at": timestamp(payment.canceled_at) if payment.canceled_at else None,
        "cancellation_reason": _cancellation(payment),
        "capture_method": payment.capture_method,
        "client_secret": client_secret(payment.id),
        "confirmation_method": "automatic",
        "created": timestamp(payment.created_at),
        "currency": payment.currency.lower(),
        "customer": payment.customer_id,
        "description": payment.description,
        "last_payment_error": _last_error(payment),
        "latest_charge": latest_charge(payment),
        "livemode": is_live,
        "metadata": payment.metadata,
        "next_action": _next_action(payment),
        "on_behalf_of": None,
        "payment_method": _method(payment),
        "payment_method_options": {},
        "payment_method_types": [api_type(name) for name in payment.method_types],
        "processing": None,
        "receipt_email": payment.customer_email,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status_of(payment),
        "transfer_data": transfer_data(payment),
        "transfer_group": (payment.escrow or {}).get("transfer_group"),
    }


def transfer_data(payment: Payment) -> dict[str, Any] | None:
    """For whom the payment is, and how much of it is sent on if that is not all."""
    plan = payment.escrow or {}
    if "destination" not in plan:
        return None
    amount = plan.get(KEY, {}).get("amount_minor")
    return {"destination": plan["destination"]} | ({} if amount is None else {"amount": amount})


def application_fee(payment: Payment) -> int | None:
    """What the platform keeps of what is sent on; at most what was captured of it."""
    fee: int | None = (payment.escrow or {}).get(KEY, {}).get("application_fee_minor")
    return fee if fee is None or not payment.captured_minor else min(fee, payment.captured_minor)


def status_of(payment: Payment) -> str:
    """Stripe's word for where the payment stands."""
    if payment.status is _P.OPEN and payment.payment_method is not None:
        return "requires_confirmation"
    return STATUS[payment.status]


def _method(payment: Payment) -> str | None:
    # A method that was refused is no longer the payment's: another one has to be given.
    return None if payment.status is _P.FAILED else method_id(payment)


def _cancellation(payment: Payment) -> str | None:
    if payment.status is _P.EXPIRED:
        return "expired" if payment.authorized_minor else "automatic"
    if payment.status is not _P.CANCELED:
        return None
    return payment.cancel_reason if payment.cancel_reason in CANCEL_REASONS else "abandoned"


def _last_error(payment: Payment) -> dict[str, Any] | None:
    # A method that does not exist is the caller's mistake: nothing was tried with the payment.
    if payment.status is not _P.FAILED or payment.decline_reason is DeclineReason.ABSENT:
        return None
    detail = last_error(payment, decline_message(payment.decline_reason, payment.method))
    charge = refused_charge(payment)
    return {**detail, "charge": charge} if charge else detail


def _next_action(payment: Payment) -> dict[str, Any] | None:
    if payment.status is not _P.REQUIRES_ACTION:
        return None
    action = payment.action or {}
    if action.get("kind") == ActionKind.MICRODEPOSITS:
        return _microdeposits(payment, action)
    if action.get("kind") == ActionKind.TRANSFER:
        return instructions(payment)
    page = action["url"] if action.get("kind") == ActionKind.REDIRECT else bank_page(payment)
    # Asked for by those that wait alone: no other payment's answer costs a statement more.
    return_url = reads.return_url(payment.merchant_id, payment.attempt_id)
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": page},
    }


def _microdeposits(payment: Payment, action: dict[str, Any]) -> dict[str, Any]:
    arrival = datetime.combine(date.fromisoformat(action["arrives_on"]), time(), UTC)
    return {
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": timestamp(arrival),
            "hosted_verification_url": bank_page(payment),
            "microdeposit_type": action["by"],
        },
    }
