"""Every call of Checkout v71 that is spoken here: one row each."""

from collections.abc import Callable
from dataclasses import dataclass

from app.sandbox.adyen import details, modifications, parameters, payments, tokens
from app.sandbox.adyen.spec import Spec
from app.sandbox.call import Call
from app.sandbox.errors import Json

Handler = Callable[[Call], Json]
BASE = "/adyen/v71"


@dataclass(frozen=True, slots=True)
class Route:
    """`of` is Adyen's name for the request; the status is that of a success."""

    method: str
    rule: str
    handler: Handler
    spec: Spec
    of: str
    required: tuple[str, ...] = ("merchantAccount",)
    status: int = 200


_PAYMENT = f"{BASE}/payments/{{id}}"
_STORED = f"{BASE}/storedPaymentMethods"
_WITH_AMOUNT = ("merchantAccount", "amount")
_OF_SHOPPER = ("merchantAccount", "shopperReference")

ROUTES: tuple[Route, ...] = (
    Route("POST", f"{BASE}/payments", payments.create, parameters.PAYMENT, "PaymentRequest",
          parameters.PAYMENT_NEEDS),
    Route("POST", f"{BASE}/payments/details", details.submit, parameters.DETAILS,
          "PaymentDetailsRequest", ("details",)),
    Route("POST", f"{_PAYMENT}/captures", modifications.capture, parameters.CAPTURE,
          "PaymentCaptureRequest", _WITH_AMOUNT, 201),
    Route("POST", f"{_PAYMENT}/cancels", modifications.cancel, parameters.CANCEL,
          "PaymentCancelRequest", status=201),
    Route("POST", f"{_PAYMENT}/refunds", modifications.refund, parameters.REFUND,
          "PaymentRefundRequest", _WITH_AMOUNT, 201),
    Route("POST", f"{_PAYMENT}/reversals", modifications.reverse, parameters.REVERSAL,
          "PaymentReversalRequest", status=201),
    Route("POST", f"{BASE}/cancels", modifications.cancel_by_reference, parameters.STANDALONE_CANCEL,
          "StandalonePaymentCancelRequest", ("merchantAccount", "paymentReference"), 201),
    Route("POST", f"{BASE}/paymentMethods", tokens.methods, parameters.METHODS,
          "PaymentMethodsRequest"),
    Route("POST", _STORED, tokens.store, parameters.STORE, "StoredPaymentMethodRequest",
          (*_OF_SHOPPER, "paymentMethod", "recurringProcessingModel"), 201),
    Route("GET", _STORED, tokens.stored, parameters.STORED, "query", _OF_SHOPPER),
    Route("DELETE", f"{_STORED}/{{id}}", tokens.forget, parameters.STORED, "query", _OF_SHOPPER, 204),
)  # fmt: skip
