"""A hosted checkout as a Checkout Session."""

from typing import Any

from app.domain.methods import CARD
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.web.api.objects.ids import timestamp
from app.web.api.objects.method_words import api_type

# What Stripe has and we do not offer; SDKs expect the names.
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


def _types(row: Any, payment: Payment | None) -> list[str]:
    """What it was opened with; else what it was paid with, else cards, which everybody takes."""
    named = row.methods or ([payment.method] if payment else [CARD])
    return [api_type(name) for name in named]


def checkout_session(
    row: Any, payment: Payment | None, *, is_live: bool, base_url: str
) -> dict[str, Any]:
    """The object; `row` is the checkout's row."""
    is_open = row.status == "open"
    # Money that came after the end goes back by itself: nobody should ship for it.
    is_paid = (
        payment is not None
        and payment.status is PaymentStatus.CAPTURED
        and not payment.needs_reversal
    )
    email = (payment.customer_email if payment else None) or row.customer_email
    return {
        "id": row.id,
        "object": "checkout.session",
        **NOT_OFFERED,
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
        "customer": row.customer_id,
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
        "payment_method_types": _types(row, payment),
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


def items_of(row: Any) -> list[dict[str, Any]]:
    """What the checkout is for; a line's id says which line of which checkout it is."""
    return [
        {
            "id": f"li_{row.id.rpartition('_')[2][:16]}{place:03d}",
            "object": "item",
            "adjustable_quantity": None,
            "amount_discount": 0,
            "amount_subtotal": line["amount_minor"],
            "amount_tax": 0,
            "amount_total": line["amount_minor"],
            "currency": row.currency.lower(),
            "description": line["name"],
            "metadata": {},
            "price": None,
            "quantity": line["quantity"],
        }
        for place, line in enumerate(row.line_items)
    ]


def line_items(row: Any, *, limit: int) -> dict[str, Any]:
    """The list that stands inside an expanded checkout."""
    lines = items_of(row)
    return {
        "object": "list",
        "data": lines[:limit],
        "has_more": len(lines) > limit,
        "url": f"/v1/checkout/sessions/{row.id}/line_items",
    }
