"""What a call of payment intents says of methods: which may be used, and the consent to a debit."""

from collections.abc import Sequence
from typing import Any

from app.domain.errors import InvalidRequest, ParameterMissing
from app.domain.methods import CARD, METHODS, Flow
from app.domain.money import Money
from app.services import offers
from app.web.api.call import Call
from app.web.api.objects.method_words import method_name


def types_of(call: Call, amount: Money, *, is_held: bool) -> tuple[str, ...]:
    """The kinds of method that may be used; raises InvalidRequest for one that is not to be had."""
    named = call.params.get("payment_method_types")
    automatic = (call.params.get("automatic_payment_methods") or {}).get("enabled")
    if named and automatic:
        raise InvalidRequest(
            "You may only specify one of these parameters: automatic_payment_methods,"
            " payment_method_types.",
            param="automatic_payment_methods",
        )
    if not automatic and (not named or named == [CARD]):
        return (CARD,)
    wanted = None if automatic else [method_name(word) for word in named or ()]
    return offers.allowed(call.merchant_id, wanted, amount, is_held=is_held)


def said_of(call: Call, types: Sequence[str]) -> dict[str, Any]:
    """What a bank debit needs besides its account: the customer's consent; raises ParameterMissing."""
    given = call.params.get("mandate_data")
    if given is None:
        is_tried = call.params.get("confirm") or call.route.rule.endswith("/confirm")
        if is_tried and all(METHODS[name].flow is Flow.DEBIT for name in types):
            raise ParameterMissing("mandate_data")
        return {}
    consent = given["customer_acceptance"]
    at = consent.get("accepted_at") or call.deps.clock.now()
    online = consent["online"]
    mandate = {
        "accepted_at": int(at.timestamp()),
        "ip": online["ip_address"],
        "user_agent": online["user_agent"],
    }
    return {"mandate": mandate}
