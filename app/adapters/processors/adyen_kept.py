"""Customers and the cards they keep at Adyen. Nothing here moves money.

Adyen knows no customers, only what we call them: our own id is their name there, and a card that is kept is
one of theirs. To forget a card that is forgotten is no mistake.
"""

import logging
from typing import Any
from urllib.parse import quote

from app.adapters.processors.adyen_http import asked
from app.adapters.processors.adyen_params import NotOffered, card_params
from app.adapters.processors.adyen_words import brand_of
from app.domain.declines import DeclineReason
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest, Unkeepable
from app.domain.methods.facts import CardFacts
from app.domain.processor import Declined, KeepOutcome, Kept, ProcessorAccount, Unknown

log = logging.getLogger(__name__)

# "PaymentDetail not found": there is no such card, or it is not this customer's.
NOT_FOUND = "803"


def open_customer(request: CustomerRequest) -> CustomerKnown:
    """Our id is their name; nothing is asked."""
    return CustomerKnown(request.customer_id)


def keep_method(api: Any, account: ProcessorAccount, request: KeepRequest) -> KeepOutcome:
    """Keep a card for a customer, without a payment."""
    try:
        method = card_params(account, request.payment_method_token)
    except NotOffered:
        return Unkeepable("refused")
    if "storedPaymentMethodId" in method:
        return _kept_before(api, account, request)
    params = {
        "merchantAccount": account.external_account,
        "shopperReference": request.customer_reference,
        "recurringProcessingModel": "CardOnFile",
        "paymentMethod": method,
    }
    key = request.idempotency_key
    answer = asked(lambda: api.recurring_api.stored_payment_methods(params, idempotency_key=key))
    if isinstance(answer, Declined):
        if answer.is_unheard:
            return Unknown(answer.code)
        is_gone = answer.reason is DeclineReason.ABSENT
        return Unkeepable("absent") if is_gone else answer
    return answer if isinstance(answer, Unknown) else kept_of(answer)


def _kept_before(api: Any, account: ProcessorAccount, request: KeepRequest) -> KeepOutcome:
    """A token that is kept already is found among the customer's; another's is not to be had."""
    found = _listed(api, account, request.customer_reference)
    if isinstance(found, Unknown):
        return found
    own = next((one for one in found if one.get("id") == request.payment_method_token), None)
    return Unkeepable("absent") if own is None else kept_of(own)


def drop_method(
    api: Any, account: ProcessorAccount, token: str, customer_reference: str | None
) -> Dropped | Unknown:
    """Forget a customer's card; what is not there any more is forgotten."""
    if customer_reference is None:
        return Unknown("it is not known whose card it is")
    query = {"query_parameters": _of(account, customer_reference)}
    name = quote(token, safe="")
    answer = asked(lambda: api.recurring_api.delete_token_for_stored_payment_details(name, **query))
    if isinstance(answer, Unknown):
        return answer
    if isinstance(answer, Declined):
        return _looked_for(api, account, token, customer_reference, answer)
    return Dropped()


def _looked_for(
    api: Any, account: ProcessorAccount, token: str, customer: str, refused: Declined
) -> Dropped | Unknown:
    """A refusal is no answer: whether the card is still there is."""
    if refused.is_unheard:
        return Unknown(refused.code)
    found = _listed(api, account, customer)
    if isinstance(found, Unknown):
        return found
    return Unknown(refused.code) if any(one.get("id") == token for one in found) else Dropped()


def _listed(api: Any, account: ProcessorAccount, customer: str) -> list[dict[str, Any]] | Unknown:
    """The cards that a customer keeps there."""
    query = {"query_parameters": _of(account, customer)}
    answer = asked(lambda: api.recurring_api.get_tokens_for_stored_payment_details(**query))
    if isinstance(answer, Declined | Unknown):
        return Unknown(answer.code if isinstance(answer, Declined) else answer.detail)
    rows = answer.get("storedPaymentMethods")
    if rows is None:
        rows = [] if "merchantAccount" in answer else None
    if not isinstance(rows, list):
        return Unknown("the list of kept cards was not understood")
    return [row for row in rows if isinstance(row, dict)]


def _of(account: ProcessorAccount, customer: str) -> dict[str, str]:
    # The SDK joins them as they are.
    return {
        "merchantAccount": quote(account.external_account, safe=""),
        "shopperReference": quote(customer, safe=""),
    }


def kept_of(row: dict[str, Any]) -> Kept | Unknown:
    """What a kept card tells of itself."""
    try:
        last4 = str(row["lastFour"])
        if not (last4.isascii() and last4.isdigit() and len(last4) == 4):
            return Unknown("what is kept is not a card")
        card = CardFacts(
            brand=brand_of(row.get("brand")),
            last4=last4,
            exp_month=int(row["expiryMonth"]),
            exp_year=int(row["expiryYear"]),
            fingerprint=str(row.get("alias") or "")[:60],
        )
        holder = row.get("holderName")
        return Kept(str(row["id"]), card, {"name": holder} if holder else {})
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"kept card not understood: {type(error).__name__}: {error}")
