"""Our errors in the shape that Stripe's SDKs understand."""

from typing import Any

import orjson
from flask import Response

from app.domain.errors import CardDeclined, FarthingError, MethodAbsent, RateLimited
from app.domain.methods import CARD, Flow, method_of
from app.domain.payments import Payment
from app.web.context import deps

TYPES = {
    "idempotency_error": "idempotency_error",
    "idempotency_key_in_use": "idempotency_error",
    "internal_error": "api_error",
    "processor_unavailable": "api_error",
}
# SDKs make errors of permission and rate out of the status; the type says what was wrong.

# Our reasons in the words of Stripe's decline codes; what could help a thief is generic.
DECLINE_CODES = {
    "generic": ("card_declined", "generic_decline"),
    "funds": ("card_declined", "insufficient_funds"),
    "expired": ("expired_card", "expired_card"),
    "number": ("incorrect_number", "incorrect_number"),
    "cvc": ("incorrect_cvc", "incorrect_cvc"),
    "postcode": ("incorrect_zip", "incorrect_zip"),
    "authenticate": ("authentication_required", "authentication_required"),
    "technical": ("processing_error", "processing_error"),
    "unsupported": ("card_declined", "card_not_supported"),
    "account": ("bank_account_unusable", "bank_account_unusable"),
    "limit": ("charge_exceeds_source_limit", "charge_exceeds_source_limit"),
    "verify": (
        "payment_method_microdeposit_failed",
        "payment_method_microdeposit_failed",
    ),
    "unfinished": ("payment_method_customer_decline", "payment_method_customer_decline"),
    "provider": ("payment_method_provider_decline", "payment_method_provider_decline"),
}

# Of a bank account that was to be debited: a card's codes would send the integrator to the wrong remedy.
DEBIT_CODES = {
    "generic": ("debit_not_authorized", "debit_not_authorized"),
    "funds": ("insufficient_funds", "insufficient_funds"),
    "number": ("bank_account_unusable", "bank_account_unusable"),
    "unsupported": ("bank_account_unusable", "bank_account_unusable"),
}

# What to do with a declined card, in the words of Stripe's advice codes. A generic reason hides lost
# and stolen cards too: any advice would be false for some of them.
ADVICE = {
    "funds": "try_again_later",
    "technical": "try_again_later",
    "authenticate": "confirm_card_data",
    "number": "confirm_card_data",
    "cvc": "confirm_card_data",
    "postcode": "confirm_card_data",
    "expired": "do_not_try_again",
    "unsupported": "do_not_try_again",
    "account": "confirm_card_data",
    "limit": "do_not_try_again",
    "verify": "confirm_card_data",
}


def codes_of(reason: str, method: str = CARD) -> tuple[str, str]:
    """Code and decline code of a refusal of this method."""
    is_debit = method_of(method).flow is Flow.DEBIT
    return (DEBIT_CODES.get(reason) if is_debit else None) or DECLINE_CODES[reason]


def error_body(error: FarthingError, request_id: str) -> dict[str, Any]:
    """What an error says; a 5xx says no more than that it is ours."""
    detail: dict[str, Any] = {
        "type": TYPES.get(error.code, "invalid_request_error"),
        "code": error.code,
        "message": error.message,
    }
    if isinstance(error, CardDeclined):
        detail = _declined(error.reason, error.message)
    elif error.status >= 500:
        detail = {"type": "api_error", "message": "An error occurred on our side."}
    elif error.code == "idempotency_error":
        del detail["code"]
    else:
        detail["doc_url"] = f"{deps().base_url}/reference#error-{error.code}"
    if error.param is not None:
        detail["param"] = error.param
    return {"error": detail | _where(request_id)}


def _where(request_id: str) -> dict[str, str]:
    return {"request_log_url": f"{deps().base_url}/dashboard/logs/{request_id}"}


def api_error(error: FarthingError, request_id: str) -> Response:
    """The answer to an error."""
    body = orjson.dumps(error_body(error, request_id))
    response = Response(body, status=error.status, mimetype="application/json")
    if error.status == 409:
        response.headers["Retry-After"] = "1"
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Farthing"'
    return response


def last_error(payment: Payment, message: str) -> dict[str, Any]:
    """Why the last try was declined."""
    return _declined(payment.decline_reason or "generic", message, payment.method)


def _declined(reason: str, message: str, method: str = CARD) -> dict[str, Any]:
    code, decline_code = codes_of(reason, method)
    detail = {
        "type": "card_error",
        "code": code,
        "decline_code": decline_code,
        "message": message,
        "doc_url": f"{deps().base_url}/reference#error-{code}",
    }
    advice = ADVICE.get(reason)
    return detail if advice is None else {**detail, "advice_code": advice}


def card_error(
    payment: Payment, payment_object: dict[str, Any], message: str, request_id: str
) -> dict[str, Any]:
    """The body of a declined payment."""
    detail = last_error(payment, message) | _where(request_id)
    charge = payment_object["last_payment_error"].get("charge")
    if charge is not None:
        detail["charge"] = charge
    return {"error": {**detail, "payment_intent": payment_object}}


def method_absent(payment: Payment, request_id: str) -> dict[str, Any]:
    """The body for a payment that was to be paid with what the processor does not know."""
    error = MethodAbsent(
        f"No such PaymentMethod: '{payment.payment_method}'", param="payment_method"
    )
    return error_body(error, request_id)
