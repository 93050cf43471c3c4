"""Customers and their kept cards at Stripe. Nothing here moves money.

Stripe refuses to attach or detach twice, so a refusal is followed by a look at the payment method:
what it says of itself is the answer. Stripe also repeats an error of its own under the same key: then
nothing new is to be heard there, and the object is looked at too.
"""

import logging
from hashlib import sha256
from typing import Any

import stripe

from app.adapters.processors import stripe_words as words
from app.adapters.processors.stripe_errors import MOVED_ON, detail, is_replay
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest, Unkeepable
from app.domain.processor import Declined, KeepOutcome, Unknown

log = logging.getLogger(__name__)


def open_customer(client: stripe.StripeClient, request: CustomerRequest) -> CustomerKnown | Unknown:
    """Create the customer. What is sent is part of the key: a corrected name must not be taken for
    another request under the same one. A second customer there would harm nobody.
    """
    sent: dict[str, Any] = {
        name: value for name in ("email", "name") if (value := getattr(request, name))
    }
    mark = sha256(repr(sorted(sent.items())).encode()).hexdigest()[:12]
    params: Any = {
        **sent,
        "metadata": {
            "farthing_merchant": request.merchant_id,
            "farthing_customer": request.customer_id,
        },
    }
    outcome = _created(client, params, f"{request.idempotency_key}:{mark}")
    if isinstance(outcome, Unknown) and outcome.is_replay:
        return _created(client, params, f"{request.idempotency_key}:{mark}:again")
    return outcome


def _created(client: stripe.StripeClient, params: Any, key: str) -> CustomerKnown | Unknown:
    options: Any = {"idempotency_key": key}
    try:
        reference = client.v1.customers.create(params, options).to_dict().get("id")
    except stripe.StripeError as error:
        return _unknown(error)
    if not isinstance(reference, str):
        return Unknown("customer not understood")
    return CustomerKnown(reference)


def keep_method(client: stripe.StripeClient, request: KeepRequest) -> KeepOutcome:
    """Attach; the issuer may be asked, and may decline."""
    token = request.payment_method_token
    options: Any = {"idempotency_key": request.idempotency_key}
    theirs: Any = {"customer": request.customer_reference}
    try:
        method = client.v1.payment_methods.attach(token, theirs, options)
        return words.kept_of(method.to_dict())
    except stripe.CardError as error:
        return _declined(error)
    except stripe.InvalidRequestError as error:
        if error.code in MOVED_ON:
            return _unknown(error)
        return _looked_at(client, token, request.customer_reference, error)
    except stripe.StripeError as error:
        if is_replay(error) and _customer_of(client, token) == request.customer_reference:
            return _looked_at(client, token, request.customer_reference, error)
        return _unknown(error)


def drop_method(client: stripe.StripeClient, token: str, idempotency_key: str) -> Dropped | Unknown:
    """Detach; what belongs to nobody any more is dropped."""
    options: Any = {"idempotency_key": idempotency_key}
    try:
        client.v1.payment_methods.detach(token, {}, options)
    except stripe.StripeError as error:
        if not (isinstance(error, stripe.InvalidRequestError) or is_replay(error)):
            return _unknown(error)
        found = _customer_of(client, token)
        if isinstance(found, Unknown):
            return found
        return _unknown(error) if found else Dropped()
    return Dropped()


def _declined(error: stripe.CardError) -> Declined | Unknown:
    body = error.json_body if isinstance(error.json_body, dict) else {}
    try:
        return words.declined_by_error(body.get("error") or {}, error.code or "card_declined")
    except (KeyError, TypeError, ValueError) as problem:
        return Unknown(f"decline not understood: {problem}", is_replay(error))


def _looked_at(
    client: stripe.StripeClient, token: str, customer: str, error: stripe.StripeError
) -> KeepOutcome:
    """Why a token could not be attached, and whether it was attached already."""
    if error.code == "resource_missing":
        is_token = getattr(error, "param", None) != "customer"
        return Unkeepable("absent" if is_token else "refused")
    try:
        method = client.v1.payment_methods.retrieve(token).to_dict()
    except stripe.StripeError as problem:
        return _unknown(problem)
    if method.get("customer") == customer:
        return words.kept_of(method)
    if method.get("customer"):
        return Unkeepable("taken")
    if error.code == "payment_method_unexpected_state" or "may not be used again" in str(error):
        return Unkeepable("used")
    return Unkeepable("refused")


def _customer_of(client: stripe.StripeClient, token: str) -> str | Unknown | None:
    """Whose the card is there; None if nobody's, or if there is no such card."""
    try:
        found = client.v1.payment_methods.retrieve(token).to_dict().get("customer")
    except stripe.InvalidRequestError as error:
        return None if error.code == "resource_missing" else _unknown(error)
    except stripe.StripeError as error:
        return _unknown(error)
    return str(found) if found else None


def _unknown(error: stripe.StripeError) -> Unknown:
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        log.error("processor.credentials_refused", extra={"detail": detail(error)})
    return Unknown(detail(error), is_replay(error))
