"""Refunds: money on its way back. The amount is set aside first, then the processor is asked."""

from app.domain.errors import (
    FarthingError,
    InvalidRequest,
    NotFound,
    ParameterMissing,
    RefundTooLarge,
)
from app.domain.money import Money
from app.reports.objects import payments as reads
from app.services import refunds, updates
from app.services.onward import TakeBack
from app.services.payments import load
from app.services.refunds import RequestRefund
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import (
    CREATED,
    PAGE,
    Choice,
    Field,
    Flag,
    Id,
    Metadata,
    Whole,
    merged,
    refused,
)
from app.web.api.objects import lookup
from app.web.api.objects.ids import attempt_id, latest_charge
from app.web.api.resources.paging import created, cut

_OF: dict[str, Field] = {
    "payment_intent": Id("payment_intent", doc="The payment; or `charge`."),
    "charge": Id("charge", doc="The charge; or `payment_intent`."),
}
CREATE: dict[str, Field] = {
    **_OF,
    "amount": Whole(1, doc="At most what is left; all of that if not said."),
    "reason": Choice(("duplicate", "fraudulent", "requested_by_customer"), doc="Why."),
    "metadata": Metadata(),
    **refused("the refund is in the payment's currency.", "currency"),
    **refused(
        "money goes back to the card it came from.", "customer", "origin", "instructions_email"
    ),
    "reverse_transfer": Flag(
        doc="Of a payment that was sent on: take the seller's part back, in proportion; it stays taken if"
        " the refund fails."
    ),
    "refund_application_fee": Flag(
        doc="Give the application fee back to the seller, in proportion."
    ),
}
UPDATE: dict[str, Field] = {"metadata": Metadata()}
LIST: dict[str, Field] = {**PAGE, **CREATED, **_OF}


class ChargeAlreadyRefunded(FarthingError):
    """Nothing is left to be refunded."""

    code, status = "charge_already_refunded", 400


class RefundAboveRest(FarthingError):
    """More is to be refunded than is left."""

    code, status = "amount_too_large", 400


class RefundNotCanceled(FarthingError):
    """A refund that was sent cannot be called back."""

    code, status = "refund_not_cancelable", 400


def create(call: Call) -> Json:
    """Set the amount aside, ask the processor at once, and say what is known. Never twice for one
    key: a request that died is finished by the next one, or by the worker.
    """
    refund_id = call.subject()
    is_there = bool(reads.refunds_by_ids(call.merchant_id, [refund_id]))
    is_new = not is_there and _request(call, refund_id)
    # What another request reserved, that one may have sent: the processor is asked before.
    refunds.submit_refund(call.deps, call.merchant_id, refund_id, is_repeat=not is_new)
    return lookup.refunds(call, [refund_id])[refund_id]


def _request(call: Call, refund_id: str) -> bool:
    """Set the amount aside; gives whether it was this request that did."""
    payment = load(call.merchant_id, _payment_id(call))
    left = payment.captured_minor - payment.refunded_minor - payment.refund_reserved_minor
    if payment.captured_minor and not left:
        raise ChargeAlreadyRefunded(
            f"Charge {latest_charge(payment)} has already been refunded.", param="amount"
        )
    asked = call.params.get("amount")
    try:
        _, is_new = refunds.reserve_refund(
            call.deps,
            RequestRefund(
                merchant_id=call.merchant_id,
                payment_id=payment.id,
                amount=Money(left if asked is None else asked, payment.currency),
                actor=call.actor,
                reason=call.params.get("reason"),
                origin="api",
                metadata=dict(merged({}, call.params.get("metadata"))),
                refund_id=refund_id,
                is_sent_now=True,
                take_back=TakeBack(
                    bool(call.params.get("reverse_transfer")),
                    bool(call.params.get("refund_application_fee")),
                ),
            ),
        )
    except RefundTooLarge as error:
        raise RefundAboveRest(error.message, param="amount") from error
    return is_new


def _payment_id(call: Call) -> str:
    """The payment that `payment_intent` or `charge` names."""
    payment_id: str | None = call.params.get("payment_intent")
    charge_id: str | None = call.params.get("charge")
    if charge_id is None:
        if payment_id is None:
            raise ParameterMissing("payment_intent")
        return payment_id
    found = reads.attempts_by_ids(call.merchant_id, [attempt_id(charge_id)])
    if not found:
        raise NotFound("charge", charge_id)
    if payment_id not in (None, found[0].payment.id):
        raise InvalidRequest(
            f"Charge {charge_id} belongs to another payment than {payment_id}.", param="charge"
        )
    if not found[0].is_paid:
        raise InvalidRequest(f"Charge {charge_id} was not paid.", param="charge")
    return found[0].payment.id


def retrieve(call: Call) -> Json:
    """One refund."""
    return _one(call)


def update(call: Call) -> Json:
    """Change a refund's metadata."""
    refund_id = call.path["refund"]
    if "metadata" in call.params:
        updates.update_refund(call.deps, call.merchant_id, refund_id, call.params["metadata"])
    return _one(call)


def cancel(call: Call) -> Json:
    """No refund waits for the customer here, so none can be canceled: always refused."""
    _one(call)
    raise RefundNotCanceled("This refund was sent to the card already and cannot be canceled.")


def _one(call: Call) -> Json:
    refund_id = call.path["refund"]
    found = lookup.refunds(call, [refund_id])
    if refund_id not in found:
        raise NotFound("refund", refund_id)
    return found[refund_id]


def list_(call: Call) -> Listing:
    """Refunds, newest first."""
    chosen = cut(call, lambda one: bool(reads.refunds_by_ids(call.merchant_id, [one])))
    has_filter = call.params.get("payment_intent") or call.params.get("charge")
    payment_id = _payment_id(call) if has_filter else None
    rows, has_more = reads.refunds(call.merchant_id, chosen, created(call), payment_id)
    return Listing(lookup.refunds_of(call, rows), has_more)


_ONE = "/v1/refunds/{refund}"

ROUTES = (
    Route("POST", "/v1/refunds", create, CREATE, "refunds", "write", "refund", "Create a refund",
          "critical", creates="re"),
    Route("GET", "/v1/refunds", list_, LIST, "refunds", "read", "list:refund", "List refunds"),
    Route("GET", _ONE, retrieve, {}, "refunds", "read", "refund", "Retrieve a refund"),
    Route("POST", _ONE, update, UPDATE, "refunds", "write", "refund", "Update a refund",
          "standard"),
    Route("POST", f"{_ONE}/cancel", cancel, {}, "refunds", "write", "refund", "Cancel a refund",
          "standard"),
)  # fmt: skip
