"""Two small amounts prove that an American account is the customer's: sent, told back, and then debited."""

from app.sandbox.banks import Account
from app.sandbox.call import Call, public
from app.sandbox.confirmation import fail, unexpected
from app.sandbox.debits import submit
from app.sandbox.errors import DOCS, Json, StripeError
from app.sandbox.events import emit
from app.sandbox.params import EXPAND, Spec, anything, integer, list_of, string

ARRIVES_SECONDS = 2 * 24 * 3600
VERIFY: Spec = {
    "amounts": list_of(integer, 2),
    "client_secret": string(),
    "descriptor_code": string(10),
    "expand": EXPAND,
    "key": anything,
}

# What each told pair, or code, means; any other is a mistake that may be mended.
_TOLD = {
    (32, 45): "right",
    "SM11AA": "right",
    (10, 11): "attempts_exceeded",
    "SM33CC": "attempts_exceeded",
    (40, 41): "timeout",
    "SM44DD": "timeout",
}


def send(call: Call, intent: Json, account: Account) -> None:
    """Send the small amounts and wait for the customer."""
    if not account.has_microdeposits:
        raise StripeError(
            "Microdeposit transfers failed. Please check the account, institution and transit"
            " numbers provided.",
            status=402,
            kind="card_error",
            code="payment_method_microdeposit_failed",
        )
    intent["status"] = "requires_action"
    intent["last_payment_error"] = None
    intent["next_action"] = {
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": call.now + ARRIVES_SECONDS,
            "hosted_verification_url": f"{call.base_url}/microdeposits/{intent['id']}",
            "microdeposit_type": "amounts",
        },
    }
    call.save(intent)
    emit(call, "payment_intent.requires_action", intent)


def verify(call: Call, intent: Json) -> None:
    """Judge what the customer read on the statement; raises while it may be tried again."""
    action = (intent["next_action"] or {}).get("type")
    if intent["status"] != "requires_action" or action != "verify_with_microdeposits":
        raise unexpected(call, intent, "This PaymentIntent does not wait for microdeposits.")
    told = call.param("descriptor_code") or tuple(sorted(call.param("amounts") or ()))
    verdict = _TOLD.get(told)
    method = call.load("payment_method", intent["payment_method"])
    if verdict is None:
        raise StripeError(
            "The amounts provided do not match the amounts that were sent to the bank account.",
            code="payment_method_microdeposit_verification_amounts_mismatch",
            param="amounts",
        )
    if verdict == "right":
        method["_verified"] = True
        call.save(method)
        submit(call, intent, method)
        return
    code = f"payment_method_microdeposit_verification_{verdict}"
    fail(
        call,
        intent,
        {
            "code": code,
            "doc_url": f"{DOCS}/{code.replace('_', '-')}",
            "message": "The bank account could not be verified.",
            "payment_method": public(method, call.now),
            "type": "invalid_request_error",
        },
    )
