"""What is said to Adyen about a payment. A repetition says the same again, word for word."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from app.adapters.processors.adyen_money import to_wire
from app.adapters.processors.adyen_references import reference_of
from app.adapters.processors.adyen_words import REFUND_REASON
from app.domain.methods import CARD
from app.domain.methods.facts import name_in
from app.domain.processor import (
    AbandonRequest,
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    FinishRequest,
    ProcessorAccount,
    RefundRequest,
)

# A card that a browser's secure fields sealed for Adyen begins so; what follows is theirs, as JSON.
SEALED = "scheme:"

# What may be in it. A number or a code in clear is not passed on: it would have passed through our hands.
_FIELDS = frozenset(
    {
        "type",
        "brand",
        "checkoutAttemptId",
        "encryptedCardNumber",
        "encryptedExpiryMonth",
        "encryptedExpiryYear",
        "encryptedSecurityCode",
        "holderName",
        "sdkData",
        "threeDS2SdkVersion",
    }
)
_ENCRYPTED = tuple(sorted(name for name in _FIELDS if name.startswith("encrypted")))
_CLEAR = re.compile(r"[0-9 .-]+", re.ASCII)
_BROWSER = frozenset(
    {
        "acceptHeader",
        "colorDepth",
        "javaEnabled",
        "javaScriptEnabled",
        "language",
        "screenHeight",
        "screenWidth",
        "timeZoneOffset",
        "userAgent",
    }
)
_RESULTS = frozenset({"threeDSResult", "redirectResult", "MD", "PaRes"})

# Cards by the names that our API's callers know, for accounts where no money moves.
TEST_CARDS: dict[str, tuple[str, str, str]] = {
    "pm_card_visa": ("4111111111111111", "737", ""),
    "pm_card_mastercard": ("5555555555554444", "737", ""),
    "pm_card_amex": ("370000000000002", "7373", ""),
    "pm_card_chargeDeclined": ("4111111111111111", "737", "DECLINED"),
    "pm_card_visa_chargeDeclined": ("4111111111111111", "737", "DECLINED"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": (
        "4111111111111111",
        "737",
        "NOT_ENOUGH_BALANCE",
    ),
    "pm_card_visa_chargeDeclinedLostCard": ("4111111111111111", "737", "BLOCK_CARD"),
    "pm_card_visa_chargeDeclinedStolenCard": ("4111111111111111", "737", "BLOCK_CARD"),
    "pm_card_chargeDeclinedInsufficientFunds": ("4111111111111111", "737", "NOT_ENOUGH_BALANCE"),
    "pm_card_chargeDeclinedExpiredCard": ("4111111111111111", "737", "CARD_EXPIRED"),
    "pm_card_chargeDeclinedIncorrectCvc": ("4111111111111111", "737", "CVC_DECLINED"),
    "pm_card_chargeDeclinedProcessingError": ("4111111111111111", "737", "ERROR"),
    "pm_card_threeDSecure2Required": ("4212345678910006", "737", ""),
    "pm_card_authenticationRequired": ("4212345678910006", "737", ""),
}
_EXPIRES = ("03", "2030")


class NotOffered(ValueError):
    """Adyen cannot be asked for this, as it stands."""


def payment_params(account: ProcessorAccount, request: AuthorizeRequest) -> dict[str, Any]:
    """A try; raises NotOnTheWire or NotOffered before anything is asked."""
    if CARD not in request.methods:
        raise NotOffered("only cards are taken through this account")
    back = request.return_url or request.page or ""
    method, browser = _method(account, request.payment_method_token)
    params: dict[str, Any] = {
        "merchantAccount": account.external_account,
        "amount": to_wire(request.amount),
        "reference": reference_of(request.payment_id, request.operation_id),
        "merchantOrderReference": request.payment_id,
        "paymentMethod": method,
        **({"returnUrl": back, "origin": _origin(back)} if back else {}),
        "channel": "Web",
        "metadata": {
            "farthing_payment": request.payment_id,
            "farthing_operation": request.operation_id,
        },
        **_capture(request),
        **_shopper(request, method),
    }
    if browser:
        params["browserInfo"] = browser
        # The bank's question is asked on our page, and not on another one that the browser is sent to.
        params["authenticationData"] = {
            "threeDSRequestData": {"nativeThreeDS": "preferred"},
        }
    return params


def _capture(request: AuthorizeRequest) -> dict[str, Any]:
    if request.capture_now:
        return {"captureDelayHours": 0}
    return {"additionalData": {"manualCapture": "true"}}


def _shopper(request: AuthorizeRequest, method: dict[str, Any]) -> dict[str, Any]:
    """Who pays, and whether they are there."""
    said = {
        "shopperEmail": request.customer_email,
        "shopperStatement": request.statement_descriptor,
        "shopperReference": request.customer_reference,
    }
    found: dict[str, Any] = {name: value for name, value in said.items() if value}
    is_kept = "storedPaymentMethodId" in method
    found["shopperInteraction"] = "ContAuth" if request.is_off_session else "Ecommerce"
    if is_kept:
        found["recurringProcessingModel"] = (
            "UnscheduledCardOnFile" if request.is_off_session else "CardOnFile"
        )
    return found


def _method(account: ProcessorAccount, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The card, and what its browser tells of itself."""
    if name_in(token) is not None:
        raise NotOffered("only cards are taken through this account")
    if token.startswith(SEALED):
        return _sealed(token)
    if token in TEST_CARDS:
        if account.is_live:
            raise NotOffered("this card is for tests")
        return _test_card(token), {}
    return {"type": "scheme", "storedPaymentMethodId": token}, {}


def _sealed(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        given = json.loads(token.removeprefix(SEALED))
        method = dict(given.get("paymentMethod") or given)
        browser = dict(given.get("browserInfo") or {})
    except (ValueError, TypeError, AttributeError) as error:
        raise NotOffered("the card's fields cannot be read") from error
    method.pop("browserInfo", None)
    if method.keys() - _FIELDS or method.get("type") != "scheme":
        raise NotOffered("the card's fields are not the sealed ones")
    if not all(isinstance(value, str) for value in method.values()):
        raise NotOffered("the card's fields are no texts")
    if any(_CLEAR.fullmatch(method.get(name, "")) for name in _ENCRYPTED):
        raise NotOffered("the card's fields are not sealed")
    return method, {name: value for name, value in browser.items() if name in _BROWSER}


def _test_card(name: str) -> dict[str, Any]:
    number, code, result = TEST_CARDS[name]
    return {
        "type": "scheme",
        "encryptedCardNumber": f"test_{number}",
        "encryptedExpiryMonth": f"test_{_EXPIRES[0]}",
        "encryptedExpiryYear": f"test_{_EXPIRES[1]}",
        "encryptedSecurityCode": f"test_{code}",
        **({"holderName": result} if result else {}),
    }


def card_params(account: ProcessorAccount, token: str) -> dict[str, Any]:
    """The card behind a token, for keeping; raises NotOffered."""
    return _method(account, token)[0]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def details_params(request: FinishRequest) -> dict[str, Any]:
    """What the browser brought back from the bank; raises NotOffered for anything else."""
    try:
        given = json.loads(request.details)
        details = dict(given.get("details") or given)
    except (ValueError, TypeError, AttributeError) as error:
        raise NotOffered("what the browser brought cannot be read") from error
    known = {name: details[name] for name in _RESULTS if isinstance(details.get(name), str)}
    if not known:
        raise NotOffered("the browser brought no result")
    return {"details": known}


def capture_params(account: ProcessorAccount, request: CaptureRequest) -> dict[str, Any]:
    """A capture; what is not taken is let go."""
    return {
        "merchantAccount": account.external_account,
        "amount": to_wire(request.amount),
        "reference": reference_of(request.payment_id, request.operation_id),
    }


def cancel_params(account: ProcessorAccount, request: CancelRequest) -> dict[str, Any]:
    """A cancellation."""
    return {
        "merchantAccount": account.external_account,
        "reference": reference_of(request.payment_id, request.operation_id),
    }


def abandon_params(account: ProcessorAccount, request: AbandonRequest) -> dict[str, Any]:
    """A cancellation of a try whose name there was never learnt."""
    ours = reference_of(request.payment_id, request.attempt_id)
    return {
        "merchantAccount": account.external_account,
        "paymentReference": ours,
        "reference": ours,
    }


def refund_params(account: ProcessorAccount, request: RefundRequest) -> dict[str, Any]:
    """A refund of a part or of all."""
    params: dict[str, Any] = {
        "merchantAccount": account.external_account,
        "amount": to_wire(request.amount),
        "reference": reference_of(request.payment_id, request.refund_id),
    }
    reason = REFUND_REASON.get(request.reason or "")
    return params | ({"merchantRefundReason": reason} if reason else {})
