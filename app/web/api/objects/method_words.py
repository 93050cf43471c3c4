"""Payment methods in the words of Stripe's API, and what may be shown of each in its shapes."""

from collections.abc import Mapping
from typing import Any

from app.domain.methods import METHODS

_WORDS = {"ach_debit": "us_bank_account", "bank_transfer": "customer_balance"}
# The kind of bank transfer of each currency.
TRANSFER_KINDS = {"EUR": "eu_bank_transfer", "USD": "us_bank_transfer"}
API_TYPES = tuple(_WORDS.get(name, name) for name in METHODS)
_NAMES = {_WORDS.get(name, name): name for name in METHODS}


def api_type(name: str) -> str:
    """Our method's name as the API says it."""
    return _WORDS.get(name, name)


def method_name(word: str) -> str:
    """The API's word as our method's name; the words are those of API_TYPES."""
    return _NAMES[word]


def shown(name: str, details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:
    """The part of a charge's or a payment method's object that its type has a name for."""
    return _SHAPES[name](details, is_charge=is_charge)


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


def _transfer(_details: Mapping[str, Any], *, is_charge: bool) -> dict[str, Any]:  # noqa: ARG001 - as the others
    return {}


_SHAPES = {"sepa_debit": _sepa, "ach_debit": _us, "bank_transfer": _transfer}
