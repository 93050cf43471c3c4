"""Payment methods in the words of Stripe's API, and what may be shown of each in its shapes."""

from collections.abc import Mapping
from typing import Any

from app.domain.methods import METHODS, WALLETS
from app.domain.processor import CardFacts

_WORDS = {"ach_debit": "us_bank_account", "bank_transfer": "customer_balance"}
# The kind of bank transfer of each currency.
TRANSFER_KINDS = {"EUR": "eu_bank_transfer", "USD": "us_bank_transfer"}
# A wallet is no type of its own: its payments are of the type `card`.
_NAMES = {_WORDS.get(name, name): name for name in METHODS if name not in WALLETS}
API_TYPES = tuple(_NAMES)


def api_type(name: str) -> str:
    """Our method's name as the API says it."""
    return _WORDS.get(name, name)


def method_name(word: str) -> str:
    """The API's word as our method's name; the words are those of API_TYPES."""
    return _NAMES[word]


def shown(name: str, details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:
    """The part of a charge's or a payment method's object that its type has a name for."""
    return _SHAPES[name](details, is_charge=is_charge)


def wallet(card: CardFacts) -> dict[str, Any] | None:
    """The wallet that a card came from; None if it was typed."""
    if not card.wallet:
        return None
    return {
        card.wallet: {},
        "dynamic_last4": card.device_last4 or None,
        "type": card.wallet,
    }


def _sepa(details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "bank_code": details.get("bank"),
        "branch_code": None,
        "country": details.get("country"),
        "fingerprint": details.get("fingerprint"),
        "last4": details.get("last4"),
    }
    if is_charge:
        return body | {"expected_debit_date": None, "mandate": details.get("mandate")}
    return body | {"generated_from": {"charge": None, "setup_attempt": None}}


def _us(details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "account_holder_type": details.get("holder_type"),
        "account_type": details.get("account_type"),
        "bank_name": details.get("bank"),
        "fingerprint": details.get("fingerprint"),
        "last4": details.get("last4"),
        "routing_number": None,
    }
    if is_charge:
        return body | {
            "expected_debit_date": None,
            "mandate": details.get("mandate"),
            "payment_reference": None,
        }
    return body | {
        "financial_connections_account": None,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "status_details": None,
    }


def _paypal(details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "country": details.get("country"),
        "payer_email": details.get("email"),
        "payer_id": details.get("payer"),
    }
    if not is_charge:
        return body
    return body | {
        "payer_name": details.get("name"),
        "seller_protection": None,
        "transaction_id": details.get("transaction"),
    }


def _klarna(details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:
    if not is_charge:
        return {"dob": None}
    country = details.get("country")
    return {
        "payer_details": {"address": {"country": country}} if country else None,
        "payment_method_category": details.get("plan"),
        "preferred_locale": details.get("locale"),
    }


def _transfer(_details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:  # noqa: ARG001 - as the others
    return {}


_SHAPES = {
    "sepa_debit": _sepa,
    "ach_debit": _us,
    "paypal": _paypal,
    "klarna": _klarna,
    "bank_transfer": _transfer,
}
