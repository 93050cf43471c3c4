"""What a press of Pay may do: whether its way to pay works for this checkout, and whether it was pressed
before.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.domain.errors import InvalidRequest
from app.domain.methods import method_of
from app.domain.methods.facts import ActionKind, name_in
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services.checkout_view import methods_of
from app.services.deps import Deps
from app.services.tokens import is_of
from app.store.db import db, end_read
from app.store.merchants import Merchant
from app.store.payments import CheckoutSession, Operation


def refuse_unworkable(
    deps: Deps, row: CheckoutSession, merchant: Merchant, method: str, said: Mapping[str, Any]
) -> None:
    """Raise InvalidRequest for a way to pay that the page does not offer, or not in this country."""
    country = said.get("country")
    if method_of(method).markets and not country:
        raise InvalidRequest("Say in which country you live.", param="country")
    if method not in {one.name for one in methods_of(deps, row, merchant, country)}:
        raise InvalidRequest("This way to pay does not work for this purchase.", param="method")


def is_the_same_press(deps: Deps, payment: Payment, token: str, said: Mapping[str, Any]) -> bool:
    """Whether this very press led to the question that the customer is asked now: then that one stands."""
    if payment.status is not PaymentStatus.REQUIRES_ACTION:
        return False
    query = select(Operation.payment_method_token, Operation.details).where(
        Operation.merchant_id == payment.merchant_id,
        Operation.payment_id == payment.id,
        Operation.kind == "authorize",
    )
    if name_in(token) is not None:
        # The kind's name is the same each time: only the last try counts, and only while it waits there.
        if (payment.action or {}).get("kind") != ActionKind.REDIRECT:
            return False
        query = query.where(Operation.id == payment.attempt_id)
    tries = db.session.execute(query).all()
    end_read()
    said_before = [details.get("said", {}) for text, details in tries if is_of(deps, text, token)]
    return bool(said_before) and (name_in(token) is None or said_before[0] == dict(said))
