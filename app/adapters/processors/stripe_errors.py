"""What the SDK's errors tell of themselves, for outcomes and logs."""

from collections.abc import Callable

import stripe

from app.domain.processor import Outcome, Unknown

# Stripe answers these when the object has moved on: what it moved to has to be asked.
MOVED_ON = {
    "payment_intent_unexpected_state",
    "charge_already_captured",
    "charge_already_refunded",
    "lock_timeout",
    "idempotency_key_in_use",
}


def detail(error: stripe.StripeError) -> str:
    """The error in few words; nothing of the request is in it."""
    return f"{type(error).__name__} {error.http_status or ''} {error.code or ''}".strip()


def is_replay(error: stripe.StripeError) -> bool:
    """Whether the answer was a stored one."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def asked(find: Callable[[], Outcome]) -> Outcome:
    """What a question found, or that it could not be asked."""
    try:
        return find()
    except stripe.StripeError as error:
        return Unknown(detail(error))
