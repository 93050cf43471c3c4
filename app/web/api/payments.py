"""`POST /payments`: create and confirm in one step, safe to repeat under one Idempotency-Key."""

import orjson
from flask import Blueprint, Response

from app.domain.declines import CUSTOMER_TEXT, DeclineReason
from app.domain.errors import InvalidRequest, ParameterMissing
from app.domain.money import parse_amount
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services.creation import CreatePayment, IdempotentRequest, Replay, create_payment
from app.services.payments import load
from app.web.api import requests
from app.web.api.errors import card_error
from app.web.api.serialize import payment_intent
from app.web.context import deps

payments = Blueprint("api_payments", __name__)

PARAMETERS = {
    "amount",
    "currency",
    "payment_method",
    "capture_method",
    "description",
    "receipt_email",
    "customer_name",
    "return_url",
    "metadata",
}


def answer(payment: Payment, *, is_live: bool) -> tuple[int, bytes]:
    """How a payment answers the request that made it: 402 when declined, 202 while the outcome is
    unknown.
    """
    if payment.status is PaymentStatus.FAILED:
        words = CUSTOMER_TEXT[payment.decline_reason or DeclineReason.GENERIC]
        message = f"{words.title}. {words.text}"
        intent = payment_intent(payment, is_live=is_live, decline_message=message)
        return 402, orjson.dumps(card_error(payment, intent, message))
    status = 202 if payment.status in (PaymentStatus.PROCESSING, PaymentStatus.UNKNOWN) else 200
    return status, orjson.dumps(payment_intent(payment, is_live=is_live))


@payments.post("/payments")
def create() -> Response:
    """Take a payment; the same key and body get the same answer for ever."""
    caller = requests.caller(is_checked_later=True)
    key = requests.idempotency_key()
    found = requests.body()
    requests.only(found, PARAMETERS)
    for name in ("amount", "currency", "payment_method"):
        if found.get(name) in (None, ""):
            raise ParameterMissing(name)
    if key is None:
        raise InvalidRequest(
            "Send an Idempotency-Key header, so that a repeated request cannot charge twice.",
            param="Idempotency-Key",
        )
    amount = parse_amount(found["amount"], found["currency"])
    token = requests.text(found, "payment_method", 255) or ""

    def render(payment: Payment) -> tuple[int, bytes]:
        return answer(payment, is_live=caller.is_live)

    result = create_payment(
        deps(),
        CreatePayment(
            merchant_id=caller.merchant_id,
            amount=amount,
            actor=f"api:{caller.key_id}",
            payment_method_token=token,
            capture_method=requests.choice(found, "capture_method", ("automatic", "manual")),
            description=requests.text(found, "description"),
            customer_email=requests.text(found, "receipt_email", 254),
            customer_name=requests.text(found, "customer_name", 200),
            return_url=requests.address(found, "return_url"),
            metadata=dict(requests.metadata(found)),
            idempotency=IdempotentRequest(
                key, requests.request_hash(found), render, caller.key_hash
            ),
        ),
    )
    if isinstance(result, Replay):
        response = _json(result.status, result.body)
        response.headers["Idempotent-Replayed"] = "true"
        return response
    status, body = render(result)
    return _json(status, body)


@payments.get("/payments/<payment_id>")
def retrieve(payment_id: str) -> Response:
    """How the payment stands now."""
    caller = requests.caller()
    payment = load(caller.merchant_id, payment_id)
    return _json(200, orjson.dumps(payment_intent(payment, is_live=caller.is_live)))


def _json(status: int, body: bytes) -> Response:
    return Response(body, status=status, mimetype="application/json")
