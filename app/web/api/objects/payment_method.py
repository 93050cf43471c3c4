"""A kept card, or the card of a single try, as a PaymentMethod."""

from datetime import datetime
from typing import Any

from app.domain.methods import CARD
from app.domain.payments import Payment
from app.domain.processor import CardFacts
from app.reports.objects.customers import PaymentMethod
from app.web.api.objects.customer import address
from app.web.api.objects.ids import attempt_id, timestamp
from app.web.api.objects.method_words import api_type, shown, wallet

CHECKS = ("pass", "fail", "unavailable", "unchecked")
# Stripe's names of brands differ between these two fields of one object.
DISPLAY_BRANDS = {"amex": "american_express", "diners": "diners_club"}
FUNDING = ("credit", "debit", "prepaid", "unknown")


def payment_method(row: PaymentMethod, *, is_live: bool) -> dict[str, Any]:
    """A kept card, or one that was dropped."""
    card = CardFacts(
        brand=row.card_brand,
        last4=row.card_last4,
        exp_month=row.card_exp_month,
        exp_year=row.card_exp_year,
        country=row.card_country or "",
        funding=row.card_funding or "",
        fingerprint=row.card_fingerprint or "",
        cvc_check=row.card_cvc_check or "",
        postal_check=row.card_postal_check or "",
        wallet=row.card_wallet or "",
        device_last4=row.card_device_last4 or "",
    )
    body = _method(row.id, row.created_at, is_live=is_live)
    body["billing_details"] = _billing(row.billing_details)
    body["card"] = _card(card)
    body["customer"] = row.customer_id
    body["metadata"] = row.metadata_
    return body


def used_method(payment: Payment, method_id: str, *, is_live: bool) -> dict[str, Any]:
    """The card of a single try: good for nothing any more. Only the last try's card is remembered."""
    body = _method(method_id, payment.created_at, is_live=is_live)
    body["billing_details"] = _billing(
        {"email": payment.customer_email, "name": payment.customer_name}
    )
    is_its = payment.attempt_id == attempt_id(method_id)
    if is_its and payment.method != CARD:
        kind = api_type(payment.method)
        body["type"] = kind
        body[kind] = shown(payment.method, payment.method_details, is_charge=False)
    elif is_its and payment.card is not None:
        body["card"] = _card(payment.card)
    return body


def _method(method_id: str, created_at: datetime, *, is_live: bool) -> dict[str, Any]:
    return {
        "id": method_id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": _billing({}),
        "created": timestamp(created_at),
        "customer": None,
        "livemode": is_live,
        "metadata": {},
        "type": "card",
    }


def _billing(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": address(given.get("address") or {}),
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tax_id": None,
    }


def _card(card: CardFacts) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": _check(card.postal_check),
            "cvc_check": _check(card.cvc_check),
        },
        "country": card.country or None,
        "display_brand": DISPLAY_BRANDS.get(card.brand, card.brand),
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint or None,
        "funding": card.funding if card.funding in FUNDING else "unknown",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": None,
        "three_d_secure_usage": {"supported": True},
        "wallet": wallet(card),
    }


def _check(value: str) -> str | None:
    return value if value in CHECKS else None
