"""What is said to Stripe about a payment. A repetition says the same again, word for word."""

from collections.abc import Mapping
from typing import Any

from app.adapters.processors import stripe_methods as types
from app.adapters.processors import stripe_transfers
from app.adapters.processors.stripe_money import to_wire
from app.adapters.processors.stripe_words import REFUND_REASON
from app.domain.bank_money import is_transfer
from app.domain.methods import CARD
from app.domain.methods.facts import name_in
from app.domain.processor import AuthorizeRequest, RefundRequest

EXPAND = ["latest_charge.balance_transaction"]


def create_params(request: AuthorizeRequest) -> dict[str, Any]:
    """What creating an intent says besides; raises NotOnTheWire for an amount that cannot be asked for."""
    params: dict[str, Any] = {
        "amount": to_wire(request.amount),
        "currency": request.amount.currency.lower(),
        "capture_method": "automatic" if request.capture_now else "manual",
        "confirm": True,
        "metadata": {
            "farthing_merchant": request.merchant_id,
            "farthing_payment": request.payment_id,
            "farthing_operation": request.operation_id,
        },
    }
    if request.description:
        params["description"] = request.description
    if request.statement_descriptor:
        params["statement_descriptor_suffix"] = request.statement_descriptor
    if request.customer_reference:
        params["customer"] = request.customer_reference
    return params


def confirm_params(request: AuthorizeRequest) -> dict[str, Any]:
    """What confirming an intent says; raises NotOffered for a method that Stripe does not have."""
    said = request.said
    return {
        "allowed_payment_method_types": [types.theirs(name) for name in request.methods],
        **_paid_with(request),
        **_options(request),
        "expand": expands(request.methods),
        **({"return_url": request.return_url} if request.return_url else {}),
        **({"mandate_data": _mandate(said["mandate"])} if said.get("mandate") else {}),
    }


def _paid_with(request: AuthorizeRequest) -> dict[str, Any]:
    """A token of Stripe's, or a method that this call makes; and who may act on the answer."""
    name = name_in(request.payment_method_token)
    if name is not None:
        # Without a script of theirs, so that the answer itself says where to go, or where to send the money.
        return {"payment_method_data": {"type": types.theirs(name), **_billing(request)}}
    # Nobody is there to be asked by a script when the customer is away.
    asked = {"off_session": True} if request.is_off_session else {"use_stripe_sdk": True}
    return {"payment_method": request.payment_method_token, **asked}


def _billing(request: AuthorizeRequest) -> dict[str, Any]:
    country = request.said.get("country")
    details = {
        "email": request.customer_email,
        "name": request.customer_name,
        "address": {"country": country} if country else None,
    }
    found = {name: value for name, value in details.items() if value}
    return {"billing_details": found} if found else {}


def _options(request: AuthorizeRequest) -> dict[str, Any]:
    """Which kind of bank transfer is wanted, where one may be."""
    if not any(map(is_transfer, request.methods)):
        return {}
    options = stripe_transfers.options_of(request.amount.currency, request.said)
    return {"payment_method_options": options} if options else {}


def _mandate(accepted: Mapping[str, Any]) -> dict[str, Any]:
    """The customer's consent, as it was given on the page."""
    return {
        "customer_acceptance": {
            "type": "online",
            "accepted_at": int(accepted["accepted_at"]),
            "online": {"ip_address": accepted["ip"], "user_agent": accepted["user_agent"]},
        }
    }


def expands(methods: tuple[str, ...]) -> list[str]:
    """What is wanted with an intent: for other methods than cards, the method itself as well."""
    return EXPAND if methods == (CARD,) else [*EXPAND, "payment_method"]


def refund_params(request: RefundRequest) -> dict[str, Any]:
    """What a refund says."""
    params: dict[str, Any] = {
        "payment_intent": request.reference,
        "amount": to_wire(request.amount),
        "metadata": {
            "farthing_merchant": request.merchant_id,
            "farthing_payment": request.payment_id,
            "farthing_refund": request.refund_id,
        },
    }
    if request.reason in REFUND_REASON:
        params["reason"] = REFUND_REASON[request.reason]
    return params
