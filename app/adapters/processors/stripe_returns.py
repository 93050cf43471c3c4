"""Debits that were booked and that the customer's bank took back: Stripe tells them as disputes.

Such a dispute is over when it opens: nothing can be said against it. A card's dispute is another matter.
"""

from typing import Any

import stripe

from app.adapters.processors.stripe_errors import detail
from app.adapters.processors.stripe_money import from_wire
from app.domain.methods import DELAYED
from app.domain.processor import Captured, Outcome, Returned, Unknown


def seen_back(client: stripe.StripeClient, outcome: Outcome, intent: dict[str, Any]) -> Outcome:
    """The outcome, or that the money is gone again; unknown if Stripe cannot say which."""
    charge = intent.get("latest_charge")
    is_disputed = isinstance(charge, dict) and charge.get("disputed")
    if not is_disputed or not isinstance(outcome, Captured):
        return outcome
    if outcome.method is None or outcome.method.name not in DELAYED:
        return outcome
    params: Any = {"payment_intent": outcome.facts.reference, "limit": 10}
    try:
        found = [one.to_dict() for one in client.v1.disputes.list(params).data]
        return next((_returned(outcome, one) for one in found if one["status"] == "lost"), outcome)
    except stripe.StripeError as error:
        return Unknown(detail(error))
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"dispute not understood: {type(error).__name__}: {error}")


def _returned(outcome: Captured, dispute: dict[str, Any]) -> Returned:
    amount = from_wire(dispute["amount"], dispute["currency"])
    code = dispute.get("network_reason_code") or dispute["reason"]
    return Returned(outcome, amount, str(code), str(dispute["id"]))
