"""PaymentIntents as the API shows them: create, read, update, list, capture, cancel.

The moves between statuses that involve a card are in `confirmation`.
"""

from app.sandbox import attempts, bank_transfers, charges, microdeposits
from app.sandbox.call import Call, public
from app.sandbox.confirmation import CANCELABLE, settle, unexpected
from app.sandbox.customers import check_use
from app.sandbox.customers import load as load_customer
from app.sandbox.errors import Json, StripeError, invalid, no_such
from app.sandbox.events import emit
from app.sandbox.ids import new_client_secret, new_id
from app.sandbox.lists import Where, page
from app.sandbox.params import merge_metadata
from app.sandbox.payment_methods import from_data, resolve
from app.sandbox.wire_money import check_amount, check_step

NEEDS_RETURN_URL = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because "
    "some of these payment methods might redirect your customer off of your page, you must provide "
    "a `return_url`. If you don't want to accept redirect-based payment methods, set "
    "`automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and "
    "Payment Intents."
)
# What a browser's key may see of an intent.
_BROWSER_FIELDS = (
    "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at",
    "cancellation_reason", "capture_method", "client_secret", "confirmation_method", "created",
    "currency", "description", "last_payment_error", "livemode", "next_action", "payment_method",
    "payment_method_configuration_details", "payment_method_types", "processing", "receipt_email",
    "setup_future_usage", "shipping", "source", "status",
)  # fmt: skip


def view(call: Call, intent: Json) -> Json:
    """An intent for whoever asks: all of it, or what a browser may see."""
    shown = public(intent, call.now)
    if call.is_publishable:
        return {name: shown[name] for name in _BROWSER_FIELDS if name in shown}
    return shown


def load(call: Call) -> Json:
    """The intent of the path; a browser must know its client secret too."""
    intent = call.load("payment_intent", call.path["id"])
    given = call.param("client_secret")
    if (call.is_publishable or given is not None) and given != intent["client_secret"]:
        if given is None:
            raise StripeError(
                "You must provide a client_secret when using a publishable key.",
                code="parameter_missing",
                param="client_secret",
            )
        raise no_such("payment_intent", call.path["id"], param="intent")
    return intent


_TYPE_PARAMETERS = ("automatic_payment_methods", "allowed_payment_method_types",
                    "payment_method_types")  # fmt: skip


def _method_types(call: Call) -> list[str] | None:
    """The kinds of payment method that were asked for, if any were."""
    given = [name for name in _TYPE_PARAMETERS if name in call.params]
    if len(given) > 1:
        raise invalid(f"You may only specify one of these parameters: {', '.join(given)}.")
    types: list[str] | None = call.param(
        "allowed_payment_method_types", call.param("payment_method_types")
    )
    return types


def _automatic(call: Call) -> Json | None:
    given = call.param("automatic_payment_methods")
    if _method_types(call) is not None or (given is not None and not given["enabled"]):
        return None
    return {"allow_redirects": (given or {}).get("allow_redirects", "always"), "enabled": True}


def _customer(call: Call) -> str | None:
    """The customer who is named in the call, if any."""
    if not call.param("customer"):
        return None
    return str(load_customer(call, call.params["customer"], param="customer", status=400)["id"])


def _blank(call: Call, amount: int, currency: str) -> Json:
    intent_id = new_id("pi")
    nothing = (
        "application", "application_fee_amount", "canceled_at", "cancellation_reason",
        "customer_account", "excluded_payment_method_types", "last_payment_error", "latest_charge",
        "next_action", "on_behalf_of", "payment_method", "payment_method_configuration_details",
        "processing", "review", "source", "transfer_data",
    )  # fmt: skip
    return {
        "id": intent_id,
        "object": "payment_intent",
        **dict.fromkeys(nothing),
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": _automatic(call),
        "capture_method": call.param("capture_method", "automatic_async"),
        "client_secret": new_client_secret(intent_id),
        "confirmation_method": call.param("confirmation_method", "automatic"),
        "created": call.now,
        "currency": currency,
        "customer": _customer(call),
        "description": call.param("description") or None,
        "livemode": False,
        "metadata": merge_metadata({}, call.param("metadata")),
        "payment_method_options": {},
        "payment_method_types": _method_types(call) or ["card"],
        "receipt_email": call.param("receipt_email") or None,
        "setup_future_usage": call.param("setup_future_usage") or None,
        "shipping": call.param("shipping") or None,
        "statement_descriptor": call.param("statement_descriptor") or None,
        "statement_descriptor_suffix": call.param("statement_descriptor_suffix") or None,
        "status": "requires_payment_method",
        "transfer_group": call.param("transfer_group") or None,
        "_three_d": None,
        "_wanted_three_d": "automatic",
        "_flow": None,
        "_return_url": None,
        "_use_stripe_sdk": False,
        "_authenticated": False,
        "_mandate": None,
        "_attempt": None,
    }


def take_method(call: Call, intent: Json) -> None:
    """Attach the payment method that came with the call, and its options."""
    card_options = (call.param("payment_method_options") or {}).get("card") or {}
    if "request_three_d_secure" in card_options:
        intent["_wanted_three_d"] = card_options["request_three_d_secure"]
    intent["payment_method_options"] = {
        "card": {
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": intent["_wanted_three_d"],
        }
    }
    method: Json | None = None
    if "payment_method_data" in call.params:
        method = from_data(call, call.params["payment_method_data"])
    elif call.param("payment_method"):
        method = resolve(call, call.params["payment_method"])
    if method is not None:
        check_use(method, intent["customer"])
        intent["payment_method"] = method["id"]
        intent["_authenticated"] = False
        intent["_three_d"] = None
        if intent["status"] == "requires_payment_method":
            intent["status"] = "requires_confirmation"


def create(call: Call) -> Json:
    """POST /v1/payment_intents."""
    currency = call.params["currency"].lower()
    check_amount(call.params["amount"], currency)
    intent = _blank(call, call.params["amount"], currency)
    is_confirming = call.param("confirm", False)
    redirects = (intent["automatic_payment_methods"] or {}).get("allow_redirects") == "always"
    if (
        is_confirming
        and redirects
        and not call.param("return_url")
        and not call.param("use_stripe_sdk")
        and not call.param("error_on_requires_action")
        and not call.param("off_session")
    ):
        raise invalid(NEEDS_RETURN_URL)
    for name in ("return_url", "use_stripe_sdk", "error_on_requires_action", "off_session"):
        if name in call.params and not is_confirming:
            raise invalid(
                f"You cannot provide `{name}` unless you are confirming: set `confirm` to `true`.",
                param=name,
            )
    take_method(call, intent)
    call.insert(intent)
    emit(call, "payment_intent.created", intent)
    if is_confirming:
        attempts.begin(call, intent)
    return view(call, intent)


def retrieve(call: Call) -> Json:
    """GET /v1/payment_intents/{id}."""
    return view(call, load(call))


def update(call: Call) -> Json:
    """POST /v1/payment_intents/{id}."""
    intent = call.load("payment_intent", call.path["id"])
    moving = {
        "amount", "capture_method", "currency", "customer", "payment_method", "payment_method_data",
    }  # fmt: skip
    if intent["status"] in ("succeeded", "canceled", "requires_capture") and (
        moving & call.params.keys()
    ):
        raise unexpected(
            call,
            intent,
            "This PaymentIntent could not be updated because it has a status of "
            f"{intent['status']}.",
        )
    currency = call.param("currency", intent["currency"]).lower()
    amount = call.param("amount", intent["amount"])
    if (amount, currency) != (intent["amount"], intent["currency"]):
        check_amount(amount, currency)
        intent["amount"], intent["currency"] = amount, currency
    intent["metadata"] = merge_metadata(intent["metadata"], call.param("metadata"))
    for name in (
        "capture_method", "description", "receipt_email", "setup_future_usage", "shipping",
        "statement_descriptor", "statement_descriptor_suffix", "transfer_group",
    ):  # fmt: skip
        if name in call.params:
            intent[name] = call.params[name] or None
    if "customer" in call.params:
        intent["customer"] = _customer(call)
    take_method(call, intent)
    return view(call, call.save(intent))


def confirm(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/confirm: with a new payment method, or the one it has."""
    intent = load(call)
    if "amount_to_confirm" in call.params and call.params["amount_to_confirm"] != intent["amount"]:
        raise StripeError(
            "The amount to confirm does not match the amount of this PaymentIntent.",
            param="amount_to_confirm",
            code="intent_invalid_state",
        )
    if intent["status"] in ("succeeded", "canceled", "requires_capture", "processing"):
        reason = "already succeeded after being previously confirmed"
        if intent["status"] != "succeeded":
            reason = f"a status of {intent['status']}"
        raise unexpected(
            call, intent, f"You cannot confirm this PaymentIntent because it has {reason}."
        )
    for name in ("receipt_email", "shipping", "capture_method"):
        if name in call.params:
            intent[name] = call.params[name] or None
    attempts.allow(intent, _method_types(call))
    take_method(call, intent)
    attempts.begin(call, intent)
    return view(call, intent)


def verify_microdeposits(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/verify_microdeposits."""
    intent = load(call)
    microdeposits.verify(call, intent)
    return view(call, intent)


def capture(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/capture: all of it or a part; the rest is released."""
    intent = call.load("payment_intent", call.path["id"])
    if intent["status"] != "requires_capture":
        raise unexpected(
            call,
            intent,
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture.",
        )
    amount = call.param("amount_to_capture", intent["amount_capturable"])
    if amount <= 0:
        raise invalid("This value must be greater than or equal to 1.", param="amount_to_capture",
                      code="parameter_invalid_integer")  # fmt: skip
    if amount > intent["amount_capturable"]:
        raise StripeError(
            "The requested capture amount is greater than the amount you can capture for this "
            "charge.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    check_step(amount, intent["currency"], param="amount_to_capture")
    charge = call.load("charge", intent["latest_charge"])
    intent["metadata"] = merge_metadata(intent["metadata"], call.param("metadata"))
    charges.capture(call, charge, amount)
    settle(call, intent, amount)
    return view(call, intent)


def cancel(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/cancel."""
    intent = call.load("payment_intent", call.path["id"])
    if intent["status"] not in CANCELABLE:
        raise unexpected(
            call,
            intent,
            "You cannot cancel this PaymentIntent because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            f"canceled: {', '.join(CANCELABLE)}.",
        )
    _end(call, intent, call.param("cancellation_reason"), has_expired=False)
    return view(call, intent)


def _end(call: Call, intent: Json, reason: str | None, *, has_expired: bool) -> None:
    if intent["status"] == "requires_capture":
        charges.release(call, call.load("charge", intent["latest_charge"]), has_expired=has_expired)
    bank_transfers.let_go(call, intent)
    intent["status"] = "canceled"
    intent["canceled_at"] = call.now
    intent["cancellation_reason"] = reason
    intent["amount_capturable"] = 0
    intent["next_action"] = None
    call.save(intent)
    emit(call, "payment_intent.canceled", intent)


def expire_authorisation(call: Call, intent_id: str) -> None:
    """Seven days have passed without a capture: the bank lets go."""
    intent = call.load("payment_intent", intent_id)
    if intent["status"] == "requires_capture":
        _end(call, intent, "expired", has_expired=True)


def list_intents(call: Call) -> Json:
    """GET /v1/payment_intents."""
    where: Where = []
    if "customer" in call.params:
        where.append(("json_extract(body, '$.customer') = ?", call.params["customer"]))
    return page(call, "payment_intent", "/v1/payment_intents", where)
