"""What a call of payment intents says of methods: which may be used, and the consent to a debit."""

from collections.abc import Sequence
from typing import Any

from app.domain.errors import InvalidRequest, ParameterMissing
from app.domain.methods import CARD, METHODS, Flow
from app.domain.money import Money
from app.domain.payments import Payment
from app.services import offers
from app.web.api.call import Call
from app.web.api.objects.method_words import api_type, method_name
from app.web.api.resources.method_data import Given, given_in, refuse_unworkable


def types_of(
    call: Call, amount: Money, *, is_held: bool, given: Given | None = None
) -> tuple[str, ...]:
    """The kinds of method that may be used; raises InvalidRequest for one that is not to be had. `given` is
    the method that the call makes.
    """
    found = _types_of(call, amount, is_held=is_held, given=given)
    if given is not None:
        _refuse_other(given, found)
        refuse_unworkable(given, amount, is_held=is_held)
    return found


def given_for(call: Call, payment: Payment) -> Given | None:
    """The method that the call makes for a payment that is there already; raises InvalidRequest."""
    given = given_in(call, payment.currency)
    if given is not None:
        is_held = payment.capture_method == "manual" or payment.escrow is not None
        _refuse_other(given, payment.method_types)
        refuse_unworkable(given, payment.amount, is_held=is_held)
    return given


def _refuse_other(given: Given, types: Sequence[str]) -> None:
    """Raise InvalidRequest for a kind that the payment may not be paid with."""
    if given.name not in types:
        raise InvalidRequest(
            "payment_method_types does not name this kind of payment method.",
            param="payment_method_data[type]",
        )


def _types_of(call: Call, amount: Money, *, is_held: bool, given: Given | None) -> tuple[str, ...]:
    named = call.params.get("payment_method_types")
    automatic = (call.params.get("automatic_payment_methods") or {}).get("enabled")
    if named and automatic:
        raise InvalidRequest(
            "You may only specify one of these parameters: automatic_payment_methods,"
            " payment_method_types.",
            param="automatic_payment_methods",
        )
    if given is not None and not named and not automatic:
        named = [api_type(given.name)]
    if not automatic and (not named or named == [CARD]):
        return (CARD,)
    wanted = None if automatic else [method_name(word) for word in named or ()]
    return offers.allowed(call.merchant_id, wanted, amount, is_held=is_held)


def said_of(call: Call, types: Sequence[str], given: Given | None = None) -> dict[str, Any]:
    """What a method needs besides its token: the country; of a bank debit the customer's consent. Raises
    ParameterMissing.
    """
    if given is not None:
        return given.said
    consented = call.params.get("mandate_data")
    if consented is None:
        is_tried = call.params.get("confirm") or call.route.rule.endswith("/confirm")
        if is_tried and all(METHODS[name].flow is Flow.DEBIT for name in types):
            raise ParameterMissing("mandate_data")
        return {}
    consent = consented["customer_acceptance"]
    at = consent.get("accepted_at") or call.deps.clock.now()
    online = consent["online"]
    mandate = {
        "accepted_at": int(at.timestamp()),
        "ip": online["ip_address"],
        "user_agent": online["user_agent"],
    }
    return {"mandate": mandate}
