"""Stripe's kinds of payment method, and what it tells of each. Tables first.

A kind that is not in the table is told by its own name and without details: the money is the money.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from app.adapters.processors import stripe_transfers
from app.domain.bank_money import is_transfer
from app.domain.declines import DeclineReason
from app.domain.methods import WALLETS, Flow, method_of
from app.domain.methods.facts import ActionKind, MethodFacts

_R = DeclineReason

# Our name → Stripe's.
TYPES = {
    "card": "card",
    "sepa_debit": "sepa_debit",
    "ach_debit": "us_bank_account",
    "paypal": "paypal",
    "klarna": "klarna",
    "bank_transfer": "customer_balance",
}
# What is taken: these, and the wallets that a card may be in.
TAKEN = frozenset({*TYPES, *WALLETS})
OURS = {theirs: ours for ours, theirs in TYPES.items()}

# What may be kept of each kind: Stripe's field → ours. Nothing here can be used to pay.
SHOWN: dict[str, dict[str, str]] = {
    "sepa_debit": {
        "last4": "last4",
        "bank_code": "bank",
        "country": "country",
        "mandate": "mandate",
        "fingerprint": "fingerprint",
    },
    "us_bank_account": {
        "last4": "last4",
        "bank_name": "bank",
        "account_type": "account_type",
        "account_holder_type": "holder_type",
        "mandate": "mandate",
        "fingerprint": "fingerprint",
    },
    "paypal": {
        "country": "country",
        "payer_email": "email",
        "payer_id": "payer",
        "payer_name": "name",
        "transaction_id": "transaction",
    },
    "klarna": {
        "payer_details.address.country": "country",
        "payment_method_category": "plan",
        "preferred_locale": "locale",
    },
}

# Why a bank refused a debit, or a provider a payment, for the customer's sake.
FAILURES: dict[str, DeclineReason] = {
    "insufficient_funds": _R.FUNDS,
    "account_closed": _R.ACCOUNT,
    "no_account": _R.ACCOUNT,
    "invalid_account_number": _R.ACCOUNT,
    "incorrect_account_details": _R.ACCOUNT,
    "payment_method_bank_account_already_verified": _R.TECHNICAL,
    "bank_account_unusable": _R.ACCOUNT,
    "bank_account_restricted": _R.ACCOUNT,
    "debit_not_authorized": _R.GENERIC,
    "charge_exceeds_source_limit": _R.LIMIT,
    "charge_exceeds_weekly_limit": _R.LIMIT,
    "payment_method_microdeposit_failed": _R.ACCOUNT,
    "payment_method_microdeposit_verification_attempts_exceeded": _R.VERIFY,
    "payment_method_microdeposit_verification_timeout": _R.VERIFY,
    "payment_intent_authentication_failure": _R.UNFINISHED,
    "payment_intent_payment_attempt_expired": _R.UNFINISHED,
    "payment_intent_redirect_confirmation_without_return_url": _R.TECHNICAL,
    "payment_method_customer_decline": _R.UNFINISHED,
    "payment_method_provider_decline": _R.PROVIDER,
    "payment_method_provider_timeout": _R.TECHNICAL,
    "payment_method_not_available": _R.TECHNICAL,
}


class NotOffered(ValueError):
    """Stripe has no such kind of method."""


def theirs(name: str) -> str:
    """Stripe's word for a method; raises NotOffered."""
    found = TYPES.get(name)
    if found is None:
        raise NotOffered(f"{name} cannot be paid through Stripe")
    return found


def refusal(name: str, code: str) -> DeclineReason:
    """Why a payment by this method was refused, by Stripe's word for it."""
    unnamed = _R.PROVIDER if method_of(name).flow is Flow.REDIRECT else _R.GENERIC
    return FAILURES.get(code, unnamed)


def facts_of(intent: dict[str, Any]) -> MethodFacts | None:
    """The method of an intent's last try: from its charge, else from itself; None where it is not told."""
    charge = intent.get("latest_charge")
    details = charge.get("payment_method_details") if isinstance(charge, dict) else None
    told = described(details) or described(intent.get("payment_method"))
    if told is not None and is_transfer(told.name):
        return MethodFacts(told.name, stripe_transfers.told_of(intent))
    return told


def described(source: Any) -> MethodFacts | None:
    """What may be shown of a method that Stripe describes; None if it describes none."""
    if not isinstance(source, dict) or not isinstance(source.get("type"), str):
        return None
    kind = str(source["type"])
    given: Any = source.get(kind)
    given = given if isinstance(given, dict) else {}
    found = {ours: _at(given, path) for path, ours in SHOWN.get(kind, {}).items()}
    shown = {ours: str(value)[:100] for ours, value in found.items() if value}
    return MethodFacts(OURS.get(kind, kind), shown)


def _at(given: Any, path: str) -> Any:
    """What stands at a path of names; None where it ends."""
    for name in path.split("."):
        given = given.get(name) if isinstance(given, dict) else None
    return given


def _web(url: Any) -> str:
    """An address that a customer may be sent to; raises ValueError for anything else."""
    if urlsplit(str(url)).scheme not in ("https", "http"):
        raise ValueError("the customer is to be sent to what is no web address")
    return str(url)


def action_of(intent: dict[str, Any]) -> tuple[ActionKind, dict[str, Any]]:
    """What the customer is asked for. What we have no page for is left to the processor's script."""
    action = intent.get("next_action") or {}
    match action.get("type"):
        case "verify_with_microdeposits":
            asked = action["verify_with_microdeposits"]
            arrival = datetime.fromtimestamp(int(asked["arrival_date"]), UTC).date()
            kind = str(asked.get("microdeposit_type") or "amounts")
            return ActionKind.MICRODEPOSITS, {"arrives_on": arrival.isoformat(), "by": kind}
        case "redirect_to_url":
            return ActionKind.REDIRECT, {"url": _web(action["redirect_to_url"]["url"])}
        case "display_bank_transfer_instructions":
            return ActionKind.TRANSFER, stripe_transfers.asked_of(intent)
    return ActionKind.AUTHENTICATE, {}
