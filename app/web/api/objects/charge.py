"""A try to pay that reached the bank, as a Charge."""

from typing import Any

from app.domain.attempts import Attempt
from app.domain.declines import DeclineReason
from app.domain.methods import CARD
from app.domain.payments import Payment
from app.domain.processor import CardFacts
from app.domain.states import PaymentStatus
from app.web.api.errors import ADVICE, codes_of
from app.web.api.objects.ids import charge_id, timestamp
from app.web.api.objects.method_words import api_type, shown, wallet
from app.web.api.objects.payment_intent import application_fee, decline_message, transfer_data

_P = PaymentStatus
BRANDS = ("amex", "diners", "discover", "eftpos_au", "jcb", "mastercard", "unionpay", "visa")


def charge(
    attempt: Attempt, *, is_live: bool, transaction: str | None, transfer: str | None = None
) -> dict[str, Any]:
    """The object. `transaction` is its balance transaction, once money moved; `transfer` the one that sent
    it on, if it went on.
    """
    payment = attempt.payment
    amount = payment.amount.amount_minor
    captured = payment.captured_minor if attempt.is_paid else 0
    held = payment.authorized_minor if attempt.is_paid else amount
    refunded, let_go = _given_back(payment, attempt)
    is_ours = attempt.is_paid or attempt.is_latest
    is_failed = not attempt.is_paid and not attempt.is_pending
    return {
        "id": charge_id(attempt.id),
        "object": "charge",
        "amount": held,
        "amount_captured": captured,
        "amount_refunded": refunded + let_go,
        "application": None,
        "application_fee": None,
        "application_fee_amount": application_fee(payment),
        "balance_transaction": transaction if attempt.is_paid else None,
        "billing_details": _billing(payment),
        "calculated_statement_descriptor": None,
        "captured": captured > 0,
        "created": timestamp(attempt.created_at),
        "currency": payment.currency.lower(),
        "customer": payment.customer_id,
        "description": payment.description,
        "disputed": payment.status is _P.RETURNED and attempt.is_paid,
        "failure_balance_transaction": None,
        "failure_code": _codes(attempt)[0] if is_failed else None,
        "failure_message": _message(attempt) if is_failed else None,
        "fraud_details": {},
        "livemode": is_live,
        "metadata": payment.metadata,
        "on_behalf_of": None,
        "outcome": _outcome(attempt),
        "paid": attempt.is_paid,
        "payment_intent": payment.id,
        "payment_method": attempt.payment_method_id or "pm_" + attempt.id.removeprefix("op_"),
        "payment_method_details": _details(payment) if is_ours else None,
        "receipt_email": payment.customer_email,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": attempt.is_paid and refunded + let_go >= held,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if is_failed else "succeeded" if attempt.is_paid else "pending",
        "transfer_data": _transfer_data(payment),
        "transfer_group": (payment.escrow or {}).get("transfer_group"),
    } | ({"transfer": transfer} if transfer and attempt.is_paid else {})


def _transfer_data(payment: Payment) -> dict[str, Any] | None:
    """As the payment's, but a charge always says an amount: null is all of it."""
    told = transfer_data(payment)
    return {"amount": None} | told if told is not None else None


def _given_back(payment: Payment, attempt: Attempt) -> tuple[int, int]:
    """Refunded, and let go without having been captured: Stripe counts both as refunded."""
    if not attempt.is_paid:
        return 0, 0
    refunded = payment.refunded_minor + payment.refund_reserved_minor
    is_over = payment.status in (_P.CAPTURED, _P.RETURNED, _P.CANCELED, _P.EXPIRED)
    return refunded, payment.authorized_minor - payment.captured_minor if is_over else 0


def _billing(payment: Payment) -> dict[str, Any]:
    return {
        "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
        "email": payment.customer_email,
        "name": payment.customer_name,
        "phone": None,
        "tax_id": None,
    }


def _reason(attempt: Attempt) -> DeclineReason:
    known = attempt.reason in set(DeclineReason)
    return DeclineReason(attempt.reason) if known and attempt.reason else DeclineReason.GENERIC


def _codes(attempt: Attempt) -> tuple[str, str]:
    return codes_of(_reason(attempt), attempt.payment.method)


def _message(attempt: Attempt) -> str:
    return decline_message(_reason(attempt), attempt.payment.method)


def _outcome(attempt: Attempt) -> dict[str, Any] | None:
    if attempt.is_pending:
        return None
    if attempt.is_paid:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "not_assessed",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "advice_code": ADVICE.get(_reason(attempt)),
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network",
        "reason": _codes(attempt)[1],
        "risk_level": "not_assessed",
        "seller_message": _message(attempt),
        "type": "issuer_declined",
    }


def _check(value: str) -> str | None:
    return value if value in ("pass", "fail", "unavailable", "unchecked") else None


def _details(payment: Payment) -> dict[str, Any] | None:
    if payment.method != CARD and payment.method_details:
        kind = api_type(payment.method)
        return {"type": kind, kind: shown(payment.method, payment.method_details, is_charge=True)}
    return _card_details(payment.card) if payment.card is not None else None


def _card_details(card: CardFacts) -> dict[str, Any]:
    return {
        "type": "card",
        "card": {
            "amount_authorized": None,
            "authorization_code": card.authorization_code or None,
            "brand": card.brand or None,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": _check(card.postal_check),
                "cvc_check": _check(card.cvc_check),
            },
            "country": card.country or None,
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "fingerprint": card.fingerprint or None,
            "funding": card.funding or None,
            "installments": None,
            "last4": card.last4,
            "mandate": None,
            "network": card.brand or None,
            "network_token": {"used": False},
            "network_transaction_id": None,
            "regulated_status": None,
            "three_d_secure": None,
            "wallet": wallet(card),
        },
    }
