"""What is sent to Stripe to make and confirm a payment intent."""

from typing import Any

from app.adapters.processors.stripe_money import to_wire
from app.domain.processor import AuthorizeRequest

EXPAND = ["latest_charge.balance_transaction"]


def create_params(request: AuthorizeRequest) -> dict[str, Any]:
    """A new intent; raises NotOnTheWire for an amount that Stripe cannot be asked for."""
    params: dict[str, Any] = {
        "amount": to_wire(request.amount),
        "currency": request.amount.currency.lower(),
        "capture_method": "automatic" if request.capture_now else "manual",
        "confirm": True,
        "allowed_payment_method_types": ["card"],
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
    """What is paid with."""
    return {
        "payment_method": request.payment_method_token,
        # Nobody is there to be asked by a script when the customer is away.
        **({"off_session": True} if request.is_off_session else {"use_stripe_sdk": True}),
        "expand": EXPAND,
        **({"return_url": request.return_url} if request.return_url else {}),
    }
