"""Confirming an intent: 3-D Secure first where the card wants it, then the charge, then the status.

A declined card leaves the intent waiting for another payment method, with the reason in
`last_payment_error` and the failed charge in `latest_charge`; the error that tells so keeps that
effect.
"""

from app.sandbox import charges, threeds, wallets
from app.sandbox.call import Call, public
from app.sandbox.customers import check_use, keep_after_payment
from app.sandbox.declines import Decline, decline_of
from app.sandbox.errors import DOCS, Json, StripeError
from app.sandbox.events import emit
from app.sandbox.payment_methods import card_of

CANCELABLE = (
    "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action",
    "processing",
)  # fmt: skip
AUTHENTICATION_FAILED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or "
    "a new PaymentMethod to attempt to fulfill this PaymentIntent again."
)


def unexpected(call: Call, intent: Json, message: str) -> StripeError:
    """The intent's status does not allow this."""
    return StripeError(
        message, code="payment_intent_unexpected_state", payment_intent=public(intent, call.now)
    )


def confirm_intent(call: Call, intent: Json) -> None:
    """One attempt at the intent's payment method. Raises the card's error; its effect stays."""
    if intent["payment_method"] is None:
        raise unexpected(
            call,
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken.",
        )
    if call.param("return_url"):
        intent["_return_url"] = call.params["return_url"]
    intent["_use_stripe_sdk"] = call.param("use_stripe_sdk", call.is_publishable)
    method = call.load("payment_method", intent["payment_method"], param="payment_method")
    check_use(method, intent["customer"])
    card = card_of(method)
    is_off_session = str(call.param("off_session", "false")) not in ("false", "")
    wanted = intent["_wanted_three_d"]
    step = threeds.step(card, wanted, is_off_session=is_off_session)
    is_on_device = wallets.is_on_device(method)
    if intent["_authenticated"] or is_on_device:
        step = threeds.NONE
    if step == threeds.REFUSE or (
        step == threeds.CHALLENGE and call.param("error_on_requires_action", False)
    ):
        raise _refuse(call, intent, method, None, decline_of("authentication_required"))
    if step == threeds.LOOKUP_ERROR:
        intent["_three_d"] = threeds.details(
            "processing_error", reason="protocol_error", flow=None, eci="07"
        )
        raise _refuse(call, intent, method, None, decline_of("generic_decline"))
    if step in (threeds.CHALLENGE, threeds.FRICTIONLESS):
        return _ask_customer(call, intent, step)
    if not intent["_authenticated"]:
        intent["_three_d"] = None if is_on_device else threeds.without_customer(card, wanted)
    return charge_intent(call, intent)


def _ask_customer(call: Call, intent: Json, flow: str) -> None:
    intent["status"] = "requires_action"
    intent["_flow"] = flow
    intent["last_payment_error"] = None
    intent["next_action"] = threeds.next_action(intent, call.base_url, flow=flow)
    call.save(intent)
    emit(call, "payment_intent.requires_action", intent)


def charge_intent(call: Call, intent: Json) -> None:
    """Ask the issuer and move the intent accordingly; raises the decline."""
    method = call.load("payment_method", intent["payment_method"], param="payment_method")
    charge, decline = charges.attempt(call, intent, method)
    if method["customer"] is None:
        # Whatever the issuer said: a card that nobody keeps is good for one try.
        method["_used"] = True
        call.save(method)
    intent["latest_charge"] = charge["id"]
    if decline is not None:
        raise _refuse(call, intent, method, charge, decline)
    keep_after_payment(call, intent, method)
    conclude(call, intent)


def conclude(call: Call, intent: Json) -> None:
    """Its charge was agreed to: the amount is held, or the money is taken."""
    intent["last_payment_error"] = None
    intent["next_action"] = None
    if intent["capture_method"] == "manual":
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = intent["amount"]
        call.save(intent)
        emit(call, "payment_intent.amount_capturable_updated", intent)
    else:
        settle(call, intent, intent["amount"])


def settle(call: Call, intent: Json, amount: int) -> None:
    """The money is taken: the intent is done."""
    intent["status"] = "succeeded"
    intent["amount_capturable"] = 0
    intent["amount_received"] = amount
    call.save(intent)
    emit(call, "payment_intent.succeeded", intent)


def fail(call: Call, intent: Json, error: Json) -> None:
    """Back to waiting for a payment method, with the reason."""
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["next_action"] = None
    intent["_authenticated"] = False
    intent["last_payment_error"] = error
    call.save(intent)
    emit(call, "payment_intent.payment_failed", intent)


def _refuse(
    call: Call, intent: Json, method: Json, charge: Json | None, decline: Decline
) -> StripeError:
    """Fail the intent and answer the card error to raise."""
    shown = public(method, call.now)
    extra: Json = {
        "advice_code": decline.advice,
        "charge": charge and charge["id"],
        "decline_code": decline.decline_code,
        "network_decline_code": decline.network_code or None,
        "payment_method": shown,
    }
    error = {
        "code": decline.code,
        "doc_url": f"{DOCS}/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "type": "card_error",
        **{name: value for name, value in extra.items() if value is not None},
    }
    if decline.param:
        error["param"] = decline.param
    fail(call, intent, error)
    return StripeError(
        decline.message,
        status=402,
        kind="card_error",
        code=decline.code,
        param=decline.param,
        keeps_effect=True,
        payment_intent=public(intent, call.now),
        **extra,
    )


def finish_challenge(call: Call, intent: Json, answer: str) -> None:
    """Apply the customer's answer to 3DS: `complete`, `fail` or `cancel`; declines do not raise."""
    if intent["status"] != "requires_action":
        return
    flow = "frictionless" if intent["_flow"] == threeds.FRICTIONLESS else "challenge"
    if answer != "complete":
        method = call.load("payment_method", intent["payment_method"])
        fail(
            call,
            intent,
            {
                "code": "payment_intent_authentication_failure",
                "doc_url": f"{DOCS}/payment-intent-authentication-failure",
                "message": AUTHENTICATION_FAILED,
                "payment_method": public(method, call.now),
                "type": "invalid_request_error",
            },
        )
        return
    intent["_authenticated"] = True
    intent["_three_d"] = threeds.details("authenticated", reason=None, flow=flow, eci="05")
    intent["next_action"] = None
    if intent["confirmation_method"] == "manual":
        # The merchant's server confirms once more; until then no money moves.
        intent["status"] = "requires_confirmation"
        call.save(intent)
        return
    try:
        charge_intent(call, intent)
    except StripeError as declined:
        if not declined.keeps_effect:
            raise
