"""Payments on a provider's own page: the customer is sent there, and comes back or does not.

Only the try that an intent stands at now can be confirmed: the page of an earlier one takes nothing,
whatever is pressed on it.
"""

from app.sandbox import charges, faults
from app.sandbox.call import Call, public
from app.sandbox.confirmation import conclude, fail
from app.sandbox.errors import DOCS, Json, StripeError, missing
from app.sandbox.events import emit
from app.sandbox.ids import token
from app.sandbox.providers import PROVIDERS, charged

DECISION_SECONDS = 3.0
ANSWERS = ("approve", "cancel", "decline", "review")
# Stripe's word for each way in which nothing comes of it, and its sentence.
_ENDS = {
    "cancel": (
        "payment_method_customer_decline",
        "The customer did not approve the PaymentIntent. Ask them to try again.",
    ),
    "decline": (
        "payment_method_provider_decline",
        "The provider declined the PaymentIntent. Ask the customer for another way to pay.",
    ),
    "expire": (
        "payment_intent_payment_attempt_expired",
        "The latest payment attempt of this PaymentIntent has expired. Confirm it again.",
    ),
}


def begin(call: Call, intent: Json, method: Json) -> None:
    """Send the customer to the provider's page; raises what the call lacks."""
    kind = method["type"]
    provider = PROVIDERS[kind]
    intent["_return_url"] = call.param("return_url") or intent["_return_url"]
    if not intent["_return_url"]:
        raise StripeError(
            f"A return_url must be specified when confirming a PaymentIntent with {kind}.",
            code="payment_intent_redirect_confirmation_without_return_url",
            param="return_url",
        )
    if intent["currency"] not in provider.currencies:
        raise _wrong("currency", f"{kind} does not take {intent['currency']}.")
    if provider.markets:
        _check_market(intent, method)
    intent["_attempt"] = token(24)
    intent["status"] = "requires_action"
    intent["last_payment_error"] = None
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "return_url": intent["_return_url"],
            "url": f"{call.base_url}/providers/{kind}/{intent['id']}?attempt={intent['_attempt']}",
        },
    }
    call.save(intent)
    due = call.clock.exact() + provider.page_seconds
    call.unit.chore(call.account, "redirect_expires", _named(intent), due)
    emit(call, "payment_intent.requires_action", intent)


def _wrong(param: str, message: str) -> StripeError:
    return StripeError(message, code="parameter_invalid", param=param)


def _check_market(intent: Json, method: Json) -> None:
    billing = method["billing_details"]
    for name, value in (("email", billing["email"]), ("address[country]", _country(billing))):
        if not value:
            raise missing(f"billing_details[{name}]")
    kind = method["type"]
    if PROVIDERS[kind].markets.get(_country(billing)) != intent["currency"]:
        raise _wrong("currency", f"{kind} takes the customer's own currency only.")


def _country(billing: Json) -> str:
    return str(billing["address"]["country"] or "")


def _named(intent: Json) -> str:
    return f"{intent['id']} {intent['_attempt']}"


def answer(call: Call, intent: Json, attempt: str, word: str, plan: str = "") -> None:
    """What the customer pressed on the page, or the provider decided; nothing once it is over."""
    waiting = ("requires_action", "processing")
    if not attempt or intent.get("_attempt") != attempt or intent["status"] not in waiting:
        return
    if word == "review":
        intent["status"] = "processing"
        intent["next_action"] = None
        call.save(intent)
        due = call.clock.exact() + DECISION_SECONDS
        call.unit.chore(call.account, "redirect_decides", _named(intent), due)
        emit(call, "payment_intent.processing", intent)
    elif word == "approve" and faults.take(call.unit, "decline", call.account) is None:
        _pay(call, intent, plan)
    else:
        _end(call, intent, "decline" if word == "approve" else word)


def _method(call: Call, intent: Json) -> Json:
    return call.load("payment_method", intent["payment_method"], param="payment_method")


def _blank(call: Call, intent: Json, method: Json, plan: str = "") -> Json:
    """A charge, and its payment method used up."""
    method["_used"] = True
    call.save(method)
    details = charged(intent, method, plan)
    return charges.blank(call, intent, method) | {
        "outcome": None,
        "payment_method_details": details,
    }


def _pay(call: Call, intent: Json, plan: str) -> None:
    charge = _blank(call, intent, _method(call, intent), plan) | {
        "paid": True,
        "status": "succeeded",
    }
    charges.accept(call, intent, charge)
    intent["latest_charge"] = charge["id"]
    intent["_attempt"] = None
    conclude(call, intent)


def _end(call: Call, intent: Json, word: str) -> None:
    code, message = _ENDS[word]
    method = _method(call, intent)
    error = {
        "code": code,
        "doc_url": f"{DOCS}/{code.replace('_', '-')}",
        "message": message,
        "payment_method": public(method, call.now),
        "type": "invalid_request_error",
    }
    if word == "decline":
        charge = _blank(call, intent, method) | {"paid": False, "status": "failed"}
        charge |= {"failure_code": code, "failure_message": message}
        call.insert(charge, owner=intent["id"])
        emit(call, "charge.failed", charge)
        intent["latest_charge"] = error["charge"] = charge["id"]
    intent["_attempt"] = None
    fail(call, intent, error)


def expire(call: Call, subject: str) -> None:
    """Nobody confirmed in time."""
    intent, attempt = _found(call, subject)
    if intent["status"] == "requires_action":
        answer(call, intent, attempt, "expire")


def decide(call: Call, subject: str) -> None:
    """The provider has looked at it, and pays."""
    intent, attempt = _found(call, subject)
    answer(call, intent, attempt, "approve")


def _found(call: Call, subject: str) -> tuple[Json, str]:
    intent_id, _, attempt = subject.partition(" ")
    return call.load("payment_intent", intent_id), attempt
