"""Our objects in Stripe's shapes (API version 2026-10-28), for SDKs that know them. Amounts are in
minor units.
"""

from datetime import datetime
from typing import Any

from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.web.api.errors import DECLINE_CODES

_P = PaymentStatus

STATUS = {
    _P.OPEN: "requires_payment_method",
    _P.PROCESSING: "processing",
    _P.UNKNOWN: "processing",
    _P.REQUIRES_ACTION: "requires_action",
    _P.AUTHORIZED: "requires_capture",
    _P.CAPTURED: "succeeded",
    _P.FAILED: "requires_payment_method",
    _P.CANCELED: "canceled",
    _P.EXPIRED: "canceled",
}

CANCEL_REASONS = {"requested_by_customer", "duplicate", "fraudulent", "abandoned"}


def timestamp(at: datetime) -> int:
    """Seconds since 1970, as Stripe tells times."""
    return int(at.timestamp())


def payment_intent(payment: Payment, *, is_live: bool, decline_message: str = "") -> dict[str, Any]:
    """A payment as a PaymentIntent."""
    authorized = payment.status is _P.AUTHORIZED
    return {
        "id": payment.id,
        "object": "payment_intent",
        "amount": payment.amount.amount_minor,
        "amount_capturable": payment.authorized_minor if authorized else 0,
        "amount_details": {"tip": {}},
        "amount_received": payment.captured_minor,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": _cancellation(payment),
        "capture_method": payment.capture_method,
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": timestamp(payment.created_at),
        "currency": payment.currency.lower(),
        "customer": None,
        "description": payment.description,
        "last_payment_error": _last_error(payment, decline_message),
        "latest_charge": None,
        "livemode": is_live,
        "metadata": payment.metadata,
        "next_action": _next_action(payment),
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": payment.customer_email,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": STATUS[payment.status],
        "transfer_data": None,
        "transfer_group": None,
    }


def _cancellation(payment: Payment) -> str | None:
    if payment.status is _P.EXPIRED:
        return "automatic"
    if payment.status is not _P.CANCELED:
        return None
    return payment.cancel_reason if payment.cancel_reason in CANCEL_REASONS else "abandoned"


def _last_error(payment: Payment, message: str) -> dict[str, Any] | None:
    if payment.status is not _P.FAILED:
        return None
    code, decline_code = DECLINE_CODES[payment.decline_reason or "generic"]
    return {"type": "card_error", "code": code, "decline_code": decline_code, "message": message}


def _next_action(payment: Payment) -> dict[str, Any] | None:
    if payment.status is not _P.REQUIRES_ACTION:
        return None
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure", "client_secret": payment.client_secret},
    }


# What Stripe has and we do not offer yet; SDKs expect the names.
NOT_OFFERED: dict[str, Any] = {
    "adaptive_pricing": None,
    "after_expiration": None,
    "allow_promotion_codes": None,
    "billing_address_collection": None,
    "client_secret": None,
    "consent": None,
    "consent_collection": None,
    "currency_conversion": None,
    "custom_fields": [],
    "customer": None,
    "customer_creation": None,
    "discounts": [],
    "invoice": None,
    "invoice_creation": None,
    "payment_method_options": {},
    "recovered_from": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "subscription": None,
}


def checkout_session(
    row: Any, payment: Payment | None, *, is_live: bool, base_url: str
) -> dict[str, Any]:
    """A checkout as a Checkout Session; `row` is its row of the store."""
    is_open = row.status == "open"
    # Money that came after the end goes back by itself: nobody should ship for it.
    is_paid = payment is not None and payment.status is _P.CAPTURED and not payment.needs_reversal
    email = (payment.customer_email if payment else None) or row.customer_email
    return NOT_OFFERED | {
        "id": row.id,
        "object": "checkout.session",
        "amount_subtotal": row.amount_minor,
        "amount_total": row.amount_minor,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": row.cancel_url,
        "client_reference_id": row.client_reference_id,
        "created": timestamp(row.created_at),
        "currency": row.currency.lower(),
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_details": _customer(email, payment),
        "customer_email": row.customer_email,
        "expires_at": timestamp(row.expires_at),
        "livemode": is_live,
        "locale": row.locale,
        "metadata": row.metadata_,
        "mode": "payment",
        "payment_intent": payment.id if payment else None,
        "payment_link": row.payment_link_id,
        "payment_method_collection": "if_required",
        "payment_method_types": ["card"],
        "payment_status": "paid" if is_paid else "unpaid",
        "phone_number_collection": {"enabled": False},
        "status": row.status,
        "submit_type": row.submit_type,
        "success_url": row.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{base_url}/pay/{row.id}" if is_open else None,
    }


def _customer(email: str | None, payment: Payment | None) -> dict[str, Any] | None:
    if email is None:
        return None
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": payment.customer_name if payment else None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }
