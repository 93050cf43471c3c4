"""Refunds: never more than was captured, in as many parts as wanted, and some that fail later.

The money leaves the balance when the refund is made. A refund that fails gives it back through a
balance row of its own (`failure_balance_transaction`), and what it had refunded can be refunded
again.
"""

from app.sandbox import cash, cash_returns, faults, record
from app.sandbox.balance import book
from app.sandbox.call import Call, public
from app.sandbox.errors import Json, StripeError, invalid
from app.sandbox.events import emit
from app.sandbox.ids import new_id
from app.sandbox.lists import Where, page
from app.sandbox.params import (
    EXPAND,
    PAGE,
    RANGE,
    Spec,
    integer,
    merge_metadata,
    metadata,
    one_of,
    string,
)
from app.sandbox.payment_methods import card_of
from app.sandbox.providers import PROVIDERS
from app.sandbox.wire_money import check_step, show

# How long an asynchronous refund takes to be decided.
DECISION_SECONDS = 1.0

CREATE: Spec = {
    "amount": integer,
    "charge": string(255),
    "currency": string(3),
    "customer": string(255),
    "expand": EXPAND,
    "instructions_email": string(512),
    "metadata": metadata,
    "origin": one_of("customer_balance"),
    "payment_intent": string(255),
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
}
UPDATE: Spec = {"metadata": metadata, "expand": EXPAND}
RETRIEVE: Spec = {"expand": EXPAND}
CANCEL: Spec = {"expand": EXPAND}
LIST: Spec = {**PAGE, "created": RANGE, "charge": string(255), "payment_intent": string(255)}

# What becomes of a refund: its first status, and the chore that ends it.
OUTCOMES = {
    "now": ("succeeded", None),
    "pending_then_succeeded": ("pending", "refund_succeeds"),
    "pending_then_failed": ("pending", "refund_fails"),
    "succeeded_then_failed": ("succeeded", "refund_fails"),
}


def _charge(call: Call) -> Json:
    if "charge" in call.params:
        return call.load("charge", call.params["charge"], param="charge")
    if "payment_intent" not in call.params:
        raise invalid("One of the following params should be provided for this request: "
                      "payment_intent or charge.")  # fmt: skip
    intent = call.load("payment_intent", call.params["payment_intent"], param="payment_intent")
    if intent["latest_charge"] is None or intent["status"] != "succeeded":
        raise StripeError(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            payment_intent=public(intent, call.now),
        )
    return call.load("charge", intent["latest_charge"], param="payment_intent")


def _amount(call: Call, charge: Json) -> int:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"]:
        raise StripeError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if not charge["captured"]:
        raise StripeError(
            f"Charge {charge['id']} has not been captured; cancel its PaymentIntent instead.",
            code="charge_not_refundable",
        )
    if left <= 0:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    provider = PROVIDERS.get(charge["payment_method_details"]["type"])
    if provider and call.now > charge["created"] + provider.refund_seconds:
        raise StripeError(
            f"Charge {charge['id']} is too old: {provider.title} no longer takes refunds of it.",
            code="charge_not_refundable",
        )
    amount: int = call.param("amount", left)
    if amount <= 0:
        raise invalid("This value must be greater than or equal to 1.", param="amount",
                      code="parameter_invalid_integer")  # fmt: skip
    if amount > left:
        raise StripeError(
            f"Refund amount ({show(amount, charge['currency'])}) is greater than unrefunded amount "
            f"on charge ({show(left, charge['currency'])})",
            param="amount",
        )
    check_step(amount, charge["currency"], param="amount")
    return amount


def _outcome(call: Call, charge: Json) -> str:
    forced = faults.take(call.unit, "refund_outcome", call.account)
    if forced is not None:
        return str(forced.get("outcome", "pending_then_failed"))
    method = call.unit.find(call.account, "payment_method", charge["payment_method"])
    if method is not None and method["type"] == "customer_balance":
        return "now"
    if method is None or method["type"] == "card":
        return card_of(method).refund if method else "now"
    if method["type"] in PROVIDERS:
        return "now"
    # Money goes back to an account by transfer: it is under way for a while.
    return "pending_then_succeeded"


def create(call: Call) -> Json:
    """POST /v1/refunds."""
    if call.param("origin") == "customer_balance":
        return cash_returns.create(call)
    charge = _charge(call)
    amount = _amount(call, charge)
    status, chore = OUTCOMES[_outcome(call, charge)]
    refund: Json = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "destination_details": _destination(charge),
        "metadata": merge_metadata({}, call.param("metadata")),
        "payment_intent": charge["payment_intent"],
        "reason": call.param("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "pending":
        refund["pending_reason"] = "processing"
    refund["balance_transaction"] = book(call, "refund", -amount, refund)["id"]
    call.insert(refund, owner=charge["payment_intent"])
    record.write(call, "refunded", amount, charge, refund=refund)
    if chore is not None:
        call.unit.chore(call.account, chore, refund["id"], call.clock.exact() + DECISION_SECONDS)
    _apply(call, charge, amount)
    if "customer_cash_balance" in refund["destination_details"]:
        # What was paid from a balance goes back there; from there it can be sent on.
        customer = call.load("customer", charge["customer"])
        about = {"refund": refund["id"]}
        cash.enter(call, customer, "refunded_from_payment", amount, charge["currency"], about)
    emit(call, "refund.created", refund)
    emit(call, "charge.refunded", charge)
    return public(refund, call.now)


def _destination(charge: Json) -> Json:
    kind = charge["payment_method_details"]["type"]
    reference: Json = {"reference_status": "pending"}
    if kind == "card":
        reference |= {"reference_type": "acquirer_reference_number", "type": "refund"}
        return {kind: reference, "type": kind}
    name = {
        "sepa_debit": "eu_bank_transfer",
        "us_bank_account": "us_bank_transfer",
        "customer_balance": "customer_cash_balance",
    }.get(kind, kind)
    return {name: reference if name.endswith("transfer") else {}, "type": name}


def _apply(call: Call, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.save(charge)


def succeed(call: Call, refund_id: str) -> None:
    """A pending refund reached the card."""
    refund = call.load("refund", refund_id)
    if refund["status"] != "pending":
        return
    refund["status"] = "succeeded"
    refund.pop("pending_reason", None)
    call.save(refund)
    _tell(call, refund, "refund.updated")


def fail(call: Call, refund_id: str) -> None:
    """The card's bank sent the money back."""
    refund = call.load("refund", refund_id)
    if refund["status"] not in ("pending", "succeeded"):
        return
    charge = call.load("charge", refund["charge"])
    refund["status"] = "failed"
    refund.pop("pending_reason", None)
    refund["failure_reason"] = "expired_or_canceled_card"
    row = book(call, "refund_failure", refund["amount"], refund, bypasses_pending=True)
    refund["failure_balance_transaction"] = row["id"]
    call.save(refund)
    record.write(call, "refund_failed", refund["amount"], charge, refund=refund)
    _apply(call, charge, -refund["amount"])
    _tell(call, refund, "refund.failed")


def _tell(call: Call, refund: Json, kind: str) -> None:
    emit(call, kind, refund)
    if kind == "refund.failed":
        emit(call, "refund.updated", refund)
    emit(call, "charge.refund.updated", refund)


def retrieve(call: Call) -> Json:
    """GET /v1/refunds/{id}."""
    return public(call.load("refund", call.path["id"]), call.now)


def update(call: Call) -> Json:
    """POST /v1/refunds/{id}."""
    refund = call.load("refund", call.path["id"])
    refund["metadata"] = merge_metadata(refund["metadata"], call.param("metadata"))
    call.save(refund)
    _tell(call, refund, "refund.updated")
    return public(refund, call.now)


def cancel(call: Call) -> Json:
    """POST /v1/refunds/{id}/cancel: only what waits for the customer can be; cards never wait."""
    refund = call.load("refund", call.path["id"])
    raise StripeError(
        f"Refund {refund['id']} cannot be canceled: only refunds with a status of requires_action "
        "can be."
    )


def list_refunds(call: Call) -> Json:
    """GET /v1/refunds."""
    where: Where = []
    if "payment_intent" in call.params:
        where.append(("owner = ?", call.params["payment_intent"]))
    if "charge" in call.params:
        where.append(("json_extract(body, '$.charge') = ?", call.params["charge"]))
    return page(call, "refund", "/v1/refunds", where)
