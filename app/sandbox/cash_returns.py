"""Sending back what a customer has: a refund out of the balance, to the account that the money came from.

Where no account is known the customer is asked for one, and the refund waits for them.
"""

from app.sandbox import cash, faults
from app.sandbox.bank_transfers import KINDS
from app.sandbox.call import Call, public
from app.sandbox.customers import load as load_customer
from app.sandbox.errors import Json, invalid, missing
from app.sandbox.events import emit
from app.sandbox.ids import new_id
from app.sandbox.params import merge_metadata
from app.sandbox.wire_money import show

ARRIVES_SECONDS = 1.0


def create(call: Call) -> Json:
    """POST /v1/refunds with `origin=customer_balance`."""
    for name in ("customer", "amount", "currency"):
        if not call.param(name):
            raise missing(name)
    customer = load_customer(call, call.params["customer"], param="customer", status=400)
    amount, currency = call.params["amount"], call.params["currency"].lower()
    there = cash.available(customer, currency)
    if amount <= 0 or amount > there:
        raise invalid(
            f"The customer's cash balance has {show(there, currency)}; you asked to refund"
            f" {show(amount, currency)}.",
            param="amount",
        )
    refund: Json = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": None,
        "created": call.now,
        "currency": currency,
        "destination_details": {
            KINDS[currency]: {"reference_status": "pending"},
            "type": KINDS[currency],
        },
        "instructions_email": call.param("instructions_email"),
        "metadata": merge_metadata({}, call.param("metadata")),
        "payment_intent": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
        "_customer": customer["id"],
    }
    call.insert(refund, owner=customer["id"])
    cash.enter(call, customer, "return_initiated", -amount, currency, {})
    forced = faults.take(call.unit, "refund_outcome", call.account) or {}
    is_lost = str(forced.get("outcome", "")).endswith("failed")
    due = call.clock.exact() + ARRIVES_SECONDS
    call.unit.chore(
        call.account, "return_fails" if is_lost else "return_arrives", refund["id"], due
    )
    emit(call, "refund.created", refund)
    return public(refund, call.now)


def arrive(call: Call, refund_id: str) -> None:
    """It reached the customer's bank."""
    refund = call.load("refund", refund_id)
    refund["status"] = "succeeded"
    call.save(refund)
    emit(call, "refund.updated", refund)


def fail(call: Call, refund_id: str) -> None:
    """The customer's bank did not take it: it is in the balance again."""
    refund = call.load("refund", refund_id)
    refund |= {"failure_reason": "unknown", "status": "failed"}
    call.save(refund)
    customer = load_customer(call, refund["_customer"])
    cash.enter(call, customer, "return_canceled", refund["amount"], refund["currency"], {})
    emit(call, "refund.failed", refund)
