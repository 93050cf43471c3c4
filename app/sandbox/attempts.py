"""One try at an intent's payment method, whatever kind it is: the first step of each kind."""

from app.sandbox import bank_transfers, debits, microdeposits, redirects
from app.sandbox.call import Call
from app.sandbox.confirmation import confirm_intent
from app.sandbox.customers import check_use
from app.sandbox.errors import Json, StripeError
from app.sandbox.other_methods import account_of
from app.sandbox.providers import PROVIDERS

DEBITS = ("sepa_debit", "us_bank_account")


def allow(intent: Json, types: list[str] | None) -> None:
    """What kinds may be used from now on; a call that names none changes nothing."""
    if types:
        intent["payment_method_types"] = types
        intent["automatic_payment_methods"] = None


def begin(call: Call, intent: Json) -> None:
    """Try the intent's payment method. Raises the method's error; its effect stays."""
    if intent["payment_method"] is None:
        confirm_intent(call, intent)
        return
    method = call.load("payment_method", intent["payment_method"], param="payment_method")
    kind = method["type"]
    if kind not in intent["payment_method_types"] and intent["automatic_payment_methods"] is None:
        raise StripeError(
            f"The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent. Please"
            " attach a method of one of these types: "
            f"{', '.join(intent['payment_method_types'])}.",
            code="payment_intent_invalid_parameter",
            param="payment_method",
        )
    # Whatever the customer may still have open of an earlier try, it is over.
    intent["_attempt"] = None
    if kind == "customer_balance":
        bank_transfers.begin(call, intent, method)
        return
    if kind not in DEBITS and kind not in PROVIDERS:
        confirm_intent(call, intent)
        return
    check_use(method, intent["customer"])
    if kind in PROVIDERS:
        redirects.begin(call, intent, method)
        return
    intent["_return_url"] = call.param("return_url") or intent["_return_url"]
    debits.prepare(call, intent, method)
    if kind == "us_bank_account" and not method.get("_verified"):
        microdeposits.send(call, intent, account_of(method))
    else:
        debits.submit(call, intent, method)
