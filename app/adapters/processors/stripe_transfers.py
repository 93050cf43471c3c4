"""How Stripe tells where a customer is to send a bank transfer, and how it is asked for one. Tables first."""

from collections.abc import Mapping
from typing import Any

from app.adapters.processors.stripe_money import from_wire

# Which kind of transfer a currency has there.
KINDS = {"EUR": "eu_bank_transfer", "USD": "us_bank_transfer"}
# Where the account for euros is kept, if nobody asks for one of the other countries that Stripe has.
COUNTRY = "DE"

# Stripe's field → ours, by the kind of account.
_IBAN = {"iban": "iban", "bic": "bic", "account_holder_name": "holder", "country": "country"}
_ABA = {
    "account_number": "number",
    "routing_number": "routing",
    "bank_name": "bank",
    "account_holder_name": "holder",
    "account_type": "account_type",
}
_ACCOUNTS = {"iban": _IBAN, "aba": _ABA}


def options_of(currency: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What asks for a bank transfer in this currency; nothing where there is none."""
    kind = KINDS.get(currency)
    if kind is None:
        return {}
    transfer: dict[str, Any] = {"type": kind}
    if kind == "eu_bank_transfer":
        transfer[kind] = {"country": said.get("transfer", {}).get("country", COUNTRY)}
    return {"customer_balance": {"funding_type": "bank_transfer", "bank_transfer": transfer}}


def told_of(intent: dict[str, Any]) -> dict[str, Any]:
    """What stays to be told of a transfer: whose balance it goes through, and where to send it."""
    customer = intent.get("customer")
    payer = customer.get("id") if isinstance(customer, dict) else customer
    told: dict[str, Any] = {"payer": payer} if payer else {}
    action = intent.get("next_action") or {}
    given = action.get("display_bank_transfer_instructions")
    if not isinstance(given, dict):
        return told
    accounts = [_account(one) for one in given.get("financial_addresses") or ()]
    found = next((one for one in accounts if one), None)
    told |= {"account": found} if found else {}
    return told | ({"reference": given["reference"]} if given.get("reference") else {})


def asked_of(intent: dict[str, Any]) -> dict[str, Any]:
    """What is still to come."""
    given = intent["next_action"]["display_bank_transfer_instructions"]
    currency = given.get("currency") or intent["currency"]
    return {"remaining_minor": from_wire(given["amount_remaining"], currency).amount_minor}


def _account(address: dict[str, Any]) -> dict[str, str] | None:
    """An account that a customer can send to; None for a kind that we have no words for."""
    kind = address["type"]
    if kind not in _ACCOUNTS:
        return None
    told = address[kind]
    shown = {
        ours: str(told[theirs])[:100]
        for theirs, ours in _ACCOUNTS[kind].items()
        if told.get(theirs)
    }
    return {"kind": kind, **shown}
