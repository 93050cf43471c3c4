"""Our errors in the shape that Stripe's SDKs understand."""

from typing import Any

import orjson
from flask import Response

from app.domain.errors import FarthingError
from app.domain.payments import Payment

TYPES = {
    "idempotency_error": "idempotency_error",
    "idempotency_key_in_use": "idempotency_error",
    "internal_error": "api_error",
    "processor_unavailable": "api_error",
}

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
}


def api_error(error: FarthingError, request_id: str) -> Response:
    """The answer to an error; a 5xx says no more than that it is ours."""
    detail: dict[str, Any] = {
        "type": TYPES.get(error.code, "invalid_request_error"),
        "code": error.code,
        "message": error.message,
    }
    if error.status >= 500:
        detail = {"type": "api_error", "message": "An error occurred on our side."}
    elif error.code == "idempotency_error":
        del detail["code"]
    if error.param is not None:
        detail["param"] = error.param
    detail["request_id"] = request_id
    response = Response(
        orjson.dumps({"error": detail}), status=error.status, mimetype="application/json"
    )
    if error.status == 409:
        response.headers["Retry-After"] = "1"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Farthing"'
    return response


def card_error(payment: Payment, payment_object: dict[str, Any], message: str) -> dict[str, Any]:
    """The body of a declined payment."""
    code, decline_code = DECLINE_CODES[payment.decline_reason or "generic"]
    return {
        "error": {
            "type": "card_error",
            "code": code,
            "decline_code": decline_code,
            "message": message,
            "payment_intent": payment_object,
        }
    }
