"""Where a customer is to send a bank transfer, as a PaymentIntent tells it."""

from typing import Any

from app.domain.bank_money import due
from app.domain.payments import Payment
from app.web.api.objects.method_words import TRANSFER_KINDS
from app.web.client_secrets import bank_page

_NETWORKS = {"iban": ["sepa"], "aba": ["ach", "domestic_wire_us"]}


def instructions(payment: Payment) -> dict[str, Any]:
    """The next action of a payment that waits for a transfer: the page is ours, the account the bank's."""
    account = payment.method_details.get("account")
    return {
        "type": "display_bank_transfer_instructions",
        "display_bank_transfer_instructions": {
            "amount_remaining": due(payment).amount_minor,
            "currency": payment.currency.lower(),
            "financial_addresses": [_address(account)] if account else [],
            "hosted_instructions_url": bank_page(payment),
            "reference": payment.method_details.get("reference"),
            "type": TRANSFER_KINDS[payment.currency],
        },
    }


def _address(account: dict[str, Any]) -> dict[str, Any]:
    kind = account["kind"]
    nowhere = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    body: dict[str, Any] = {
        "account_holder_address": nowhere,
        "account_holder_name": account.get("holder", ""),
        "bank_address": nowhere,
    }
    if kind == "iban":
        body |= {
            "bic": account.get("bic", ""),
            "country": account.get("country", ""),
            "iban": account.get("iban", ""),
        }
    else:
        body |= {
            "account_number": account.get("number", ""),
            "account_type": account.get("account_type", "checking"),
            "bank_name": account.get("bank", ""),
            "routing_number": account.get("routing", ""),
        }
    return {kind: body, "supported_networks": _NETWORKS[kind], "type": kind}
