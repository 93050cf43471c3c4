"""Stripe's words and what they mean to us. Tables first; a value that is in none of them is
unknown.

Sources: Stripe's API reference and its documentation of declines, currencies and PaymentIntents'
lifecycle, API version 2026-10-28.
"""

import logging
import re
from datetime import UTC, date, datetime
from typing import Any

from app.adapters.processors import stripe_methods as methods
from app.adapters.processors.stripe_money import NotOnTheWire, from_wire
from app.domain.declines import DeclineReason
from app.domain.methods import CARD
from app.domain.money import Money
from app.domain.processor import (
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    CardFacts,
    Declined,
    Facts,
    Idle,
    Kept,
    Outcome,
    Pending,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    Unknown,
)

_R = DeclineReason

DECLINE: dict[str, DeclineReason] = {
    "insufficient_funds": _R.FUNDS,
    "withdrawal_count_limit_exceeded": _R.FUNDS,
    "expired_card": _R.EXPIRED,
    "invalid_expiry_month": _R.EXPIRED,
    "invalid_expiry_year": _R.EXPIRED,
    "incorrect_number": _R.NUMBER,
    "invalid_number": _R.NUMBER,
    "incorrect_cvc": _R.CVC,
    "invalid_cvc": _R.CVC,
    "incorrect_zip": _R.POSTCODE,
    "incorrect_address": _R.POSTCODE,
    "authentication_required": _R.AUTHENTICATE,
    "authentication_not_handled": _R.AUTHENTICATE,
    "mobile_device_authentication_required": _R.AUTHENTICATE,
    "payment_intent_authentication_failure": _R.AUTHENTICATE,
    "offline_pin_required": _R.AUTHENTICATE,
    "online_or_offline_pin_required": _R.AUTHENTICATE,
    "processing_error": _R.TECHNICAL,
    "issuer_not_available": _R.TECHNICAL,
    "reenter_transaction": _R.TECHNICAL,
    "try_again_later": _R.TECHNICAL,
    "approve_with_id": _R.TECHNICAL,
    "card_not_supported": _R.UNSUPPORTED,
    "currency_not_supported": _R.UNSUPPORTED,
    "invalid_amount": _R.UNSUPPORTED,
}

# Refusals of the request itself: nothing was tried, so nothing was taken.
REFUSED_REQUEST: dict[str, DeclineReason] = {
    "amount_too_small": _R.UNSUPPORTED,
    "amount_too_large": _R.UNSUPPORTED,
    "currency_not_supported": _R.UNSUPPORTED,
    "parameter_invalid_integer": _R.UNSUPPORTED,
    "resource_missing": _R.GENERIC,
    "payment_method_unactivated": _R.UNSUPPORTED,
    "payment_method_invalid_parameter": _R.GENERIC,
    "payment_method_unexpected_state": _R.GENERIC,
    "token_already_used": _R.GENERIC,
    "payment_intent_invalid_parameter": _R.UNSUPPORTED,
    "url_invalid": _R.TECHNICAL,
    "parameter_unknown": _R.TECHNICAL,
    "parameter_missing": _R.TECHNICAL,
}

REFUND_REASON = {
    "duplicate": "duplicate",
    "fraudulent": "fraudulent",
    "requested_by_customer": "requested_by_customer",
}

CANCEL_REASON = {
    "requested_by_customer": "requested_by_customer",
    "duplicate": "duplicate",
    "fraudulent": "fraudulent",
}

ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")

# Stripe's wallets → ours. A card out of another one is a card like any other.
WALLETS = {"apple_pay": "apple_pay", "google_pay": "google_pay"}

_LAST4 = re.compile(r"[0-9]{4}", re.ASCII)

log = logging.getLogger(__name__)


def facts_of(intent: dict[str, Any]) -> Facts:
    """What identifies a payment intent."""
    metadata = intent.get("metadata") or {}
    return Facts(
        reference=intent["id"],
        amount=from_wire(intent["amount"], intent["currency"]),
        is_live=bool(intent["livemode"]),
        merchant_id=metadata.get("farthing_merchant"),
        payment_id=metadata.get("farthing_payment"),
    )


def outcome_of(intent: dict[str, Any]) -> Outcome:  # noqa: C901 - one case per status
    """What a payment intent tells us. Every status of the API version is here; another one is
    unknown.
    """
    try:
        facts = facts_of(intent)
        match intent["status"]:
            case "succeeded":
                return _captured(intent, facts)
            case "requires_capture":
                return _authorized(intent, facts)
            case "requires_action":
                kind, asked = methods.action_of(intent)
                secret = intent["client_secret"]
                return ActionRequired(facts, secret, kind, asked, methods.facts_of(intent))
            case "processing":
                return Pending(facts, methods.facts_of(intent))
            case "canceled":
                reason = intent.get("cancellation_reason")
                return Canceled(facts, is_expired=reason in ("automatic", "expired"))
            case "requires_payment_method":
                error = intent.get("last_payment_error")
                return _declined(error, facts) if error else Idle(facts)
            case "requires_confirmation":
                return Idle(facts)
            case other:
                return Unknown(f"status {other}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unknown(f"answer not understood: {type(error).__name__}: {error}")


def _charge(intent: dict[str, Any]) -> dict[str, Any]:
    charge = intent.get("latest_charge")
    return charge if isinstance(charge, dict) else {}


def _reference(charge: Any) -> str | None:
    if isinstance(charge, dict):
        return charge.get("id")
    return charge if isinstance(charge, str) else None


def _captured(intent: dict[str, Any], facts: Facts) -> Captured:
    charge = _charge(intent)
    movement = charge.get("balance_transaction")
    fee, fee_reference, available_on = None, None, None
    if isinstance(movement, dict):
        fee = _fee(movement)
        fee_reference = movement.get("id")
        available_on = _day(movement.get("available_on"))
    return Captured(
        facts=facts,
        amount=from_wire(intent["amount_received"], intent["currency"]),
        card=card_of(charge),
        charge_reference=_reference(intent.get("latest_charge")),
        processor_fee=fee,
        fee_reference=fee_reference,
        available_on=available_on,
        method=methods.facts_of(intent),
    )


def _fee(movement: dict[str, Any]) -> Money | None:
    """Stripe's fee, where it can be said in our units; the money taken is known without it."""
    try:
        return from_wire(movement["fee"], movement["currency"])
    except (NotOnTheWire, KeyError, TypeError, AttributeError) as error:
        log.error("processor.fee_not_understood", extra={"why": str(error)})  # noqa: TRY400 - a fact to look into
        return None


def _authorized(intent: dict[str, Any], facts: Facts) -> Authorized:
    charge = _charge(intent)
    details = (charge.get("payment_method_details") or {}).get("card") or {}
    before = details.get("capture_before")
    return Authorized(
        facts=facts,
        amount=from_wire(intent["amount_capturable"], intent["currency"]),
        card=card_of(charge),
        charge_reference=_reference(intent.get("latest_charge")),
        capture_before=datetime.fromtimestamp(before, UTC) if before else None,
        method=methods.facts_of(intent),
    )


def _declined(error: dict[str, Any], facts: Facts) -> Declined:
    code = error.get("decline_code") or error.get("code") or "generic_decline"
    method = error.get("payment_method")
    told = methods.described(method)
    if told is not None and told.name != CARD:
        # The bank's own code says more than the processor's word for it.
        shown = error.get("network_decline_code") or code
        reason = methods.refusal(told.name, code)
        return Declined(reason, shown, facts, reached_bank=_names_charge(error), method=told)
    reason = DECLINE.get(code) or DECLINE.get(error.get("code") or "") or _R.GENERIC
    card = card_of_method(method) if isinstance(method, dict) else None
    return Declined(reason, code, facts, card, reached_bank=_names_charge(error), method=told)


def declined_by_error(body: dict[str, Any], fallback_code: str) -> Declined:
    """A card error's body: a refusal, with the intent it belongs to if it names one."""
    intent = body.get("payment_intent")
    error = {**body, "code": body.get("code") or fallback_code}
    if isinstance(intent, dict):
        return _declined(error, facts_of(intent))
    code = error.get("decline_code") or error["code"]
    reason = DECLINE.get(code) or DECLINE.get(error["code"]) or _R.GENERIC
    return Declined(reason, code, reached_bank=_names_charge(error))


def _names_charge(error: dict[str, Any]) -> bool:
    """Whether a bank was asked: each time one is, there is a charge, and its refusal names it."""
    return bool(error.get("charge"))


def _day(timestamp: object) -> date | None:
    return datetime.fromtimestamp(timestamp, UTC).date() if isinstance(timestamp, int) else None


def card_of(charge: dict[str, Any]) -> CardFacts | None:
    """The card of a charge; None if it was not paid by card or says too little."""
    card = (charge.get("payment_method_details") or {}).get("card")
    if not isinstance(card, dict) or not _LAST4.fullmatch(str(card.get("last4"))):
        return None
    checks = card.get("checks") or {}
    secure = card.get("three_d_secure") or {}
    wallet = card.get("wallet") or {}
    device = str(wallet.get("dynamic_last4"))
    return CardFacts(
        brand=card.get("brand") or "unknown",
        last4=card["last4"],
        exp_month=card.get("exp_month") or 0,
        exp_year=card.get("exp_year") or 0,
        country=card.get("country") or "",
        funding=card.get("funding") or "",
        fingerprint=card.get("fingerprint") or "",
        cvc_check=checks.get("cvc_check") or "",
        postal_check=checks.get("address_postal_code_check") or "",
        three_d_secure=secure.get("result") or "",
        authorization_code=card.get("authorization_code") or "",
        wallet=WALLETS.get(str(wallet.get("type")), ""),
        device_last4=device if _LAST4.fullmatch(device) else "",
    )


def card_of_method(method: dict[str, Any]) -> CardFacts | None:
    """The card of a payment method."""
    return card_of({"payment_method_details": {"card": method.get("card")}})


def kept_of(method: dict[str, Any]) -> Kept | Unknown:
    """What a payment method that its customer keeps tells us."""
    try:
        card = card_of_method(method)
        if card is None:
            return Unknown("what is kept is not a card")
        billing = method.get("billing_details") or {}
        address = billing.get("address") or {}
        return Kept(
            token=method["id"],
            card=card,
            billing={
                **{name: billing[name] for name in ("name", "email", "phone") if billing.get(name)},
                "address": {name: address[name] for name in ADDRESS if address.get(name)},
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        return Unknown(f"payment method not understood: {type(error).__name__}: {error}")


def refund_of(refund: dict[str, Any]) -> RefundOutcome:
    """What a refund tells us; another status than the API version's is unknown."""
    try:
        reference, refund_id = refund["id"], (refund.get("metadata") or {}).get("farthing_refund")
        payment = refund.get("payment_intent") or ""
        payment = payment["id"] if isinstance(payment, dict) else payment
        amount = from_wire(refund["amount"], refund["currency"])
        match refund["status"]:
            case "succeeded":
                return RefundAccepted(reference, amount, True, payment, refund_id)
            case "pending" | "requires_action":
                return RefundAccepted(reference, amount, False, payment, refund_id)
            case "failed" | "canceled":
                why = refund.get("failure_reason") or refund["status"]
                return RefundRefused(why, reference, refund_id, payment, amount)
            case other:
                return Unknown(f"refund status {other}")
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"refund not understood: {type(error).__name__}: {error}")
