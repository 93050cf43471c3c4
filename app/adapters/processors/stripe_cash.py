"""Stripe's cash balances: what customers paid in by bank, and sending it back. Tables first.

Stripe keeps one balance for each customer, and a list of what happened to it. A kind of entry that is not in
the table is told as something else that happened: its amount counts all the same.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from app.adapters.processors import stripe_words as words
from app.adapters.processors.stripe_errors import MOVED_ON, detail, is_replay
from app.adapters.processors.stripe_money import NotOnTheWire, from_wire, to_wire
from app.domain.bank_facts import BankFact, BankMoney, FactKind, Owner, ReturnRequest
from app.domain.bank_money import is_transfer
from app.domain.methods.facts import name_in
from app.domain.processor import Absent, AuthorizeRequest, RefundOutcome, RefundRefused, Unknown

log = logging.getLogger(__name__)

KINDS = {
    "funded": FactKind.RECEIVED,
    "refunded_from_payment": FactKind.REFUNDED,
    "applied_to_payment": FactKind.APPLIED,
    "unapplied_from_payment": FactKind.UNAPPLIED,
    "return_initiated": FactKind.RETURNED,
    "return_canceled": FactKind.RETURN_FAILED,
    "funding_reversed": FactKind.REVERSED,
}
# What is told of a sender: Stripe's field → ours.
_SENDER = {
    "sender_name": "sender",
    "iban_last4": "last4",
    "bic": "bank",
    "account_number_last4": "last4",
}


def with_payer(client: stripe.StripeClient, request: AuthorizeRequest) -> AuthorizeRequest:
    """The request with whose balance it pays from, if its method has one; raises StripeError.

    For a guest a customer is made there, one for each payment.
    """
    name = name_in(request.payment_method_token)
    names = request.methods if name is None else (name,)
    if request.customer_reference is not None or not all(map(is_transfer, names)):
        return request
    return replace(request, customer_reference=_payer(client, request))


def _payer(client: stripe.StripeClient, request: AuthorizeRequest) -> str:
    if request.reference is not None:
        known = client.v1.payment_intents.retrieve(request.reference).to_dict().get("customer")
        if known:
            return str(known)
    # The same words each time: a repetition finds the customer of the first call.
    params: Any = {
        "metadata": {
            "farthing_merchant": request.merchant_id,
            "farthing_payment": request.payment_id,
        }
    }
    options: Any = {"idempotency_key": f"{request.payment_id}:payer"}
    return str(client.v1.customers.create(params, options).to_dict()["id"])


def bank_money(
    client: stripe.StripeClient, reference: str, after: str | None
) -> BankMoney | Unknown:
    """What happened to a customer's balance after that entry, the oldest first."""
    params: Any = {"limit": 100, **({"ending_before": after} if after else {})}
    try:
        listed = client.v1.customers.cash_balance_transactions.list(reference, params)
        # Backwards from a known entry the pages come the oldest first, else the newest first.
        found = [one.to_dict() for one in listed.auto_paging_iter()]
        facts = [_fact(one) for one in (found if after else reversed(found))]
        owner = None if after else _owner(client.v1.customers.retrieve(reference).to_dict())
        return BankMoney(tuple(facts), owner)
    except stripe.StripeError as error:
        return Unknown(detail(error))
    except (KeyError, TypeError, ValueError, AttributeError, NotOnTheWire) as error:
        return Unknown(f"cash balance not understood: {type(error).__name__}: {error}")


def _owner(customer: dict[str, Any]) -> Owner:
    metadata = customer.get("metadata") or {}
    return Owner(
        merchant_id=metadata.get("farthing_merchant"),
        customer_id=metadata.get("farthing_customer"),
        payment_id=metadata.get("farthing_payment"),
    )


def _fact(entry: dict[str, Any]) -> BankFact:
    about = entry.get(entry["type"])
    about = about if isinstance(about, dict) else {}
    payment = about.get("payment_intent")
    payment = payment.get("id") if isinstance(payment, dict) else payment
    if entry["type"] not in KINDS:
        log.error("processor.balance_entry_unknown", extra={"kind": entry["type"]})
    return BankFact(
        external_id=str(entry["id"]),
        kind=KINDS.get(entry["type"], FactKind.OTHER),
        amount=from_wire(entry["net_amount"], entry["currency"]),
        at=datetime.fromtimestamp(entry["created"], UTC),
        payment_reference=payment,
        details=_sender(about.get("bank_transfer") or {}),
    )


def _sender(transfer: dict[str, Any]) -> dict[str, str]:
    """What the customer wrote, and who they are as their bank told; of an account the last characters."""
    kind = transfer.get("type")
    told = transfer.get(kind) if isinstance(kind, str) else None
    shown = {
        ours: str(told[theirs])[:100]
        for theirs, ours in _SENDER.items()
        if isinstance(told, dict) and told.get(theirs)
    }
    reference = transfer.get("reference")
    return shown | ({"reference": str(reference)[:140]} if reference else {})


def return_money(client: stripe.StripeClient, request: ReturnRequest) -> RefundOutcome:
    """Refund from the balance itself: Stripe sends it to the account it came from, or asks for one."""
    params: Any = {
        "amount": to_wire(request.amount),
        "currency": request.amount.currency.lower(),
        "customer": request.payer_reference,
        "origin": "customer_balance",
        "metadata": {
            "farthing_merchant": request.merchant_id,
            "farthing_refund": request.return_id,
        },
        **({"instructions_email": request.email} if request.email else {}),
    }
    options: Any = {"idempotency_key": request.idempotency_key}
    try:
        return words.refund_of(client.v1.refunds.create(params, options).to_dict())
    except stripe.InvalidRequestError as error:
        if error.code in MOVED_ON:
            return Unknown(detail(error), is_replay(error))
        return RefundRefused(error.code or "invalid_request", refund_id=request.return_id)
    except stripe.StripeError as error:
        return Unknown(detail(error), is_replay(error))


def query_return(
    client: stripe.StripeClient, return_id: str, reference: str | None, since: datetime
) -> RefundOutcome:
    """By Stripe's id, else among the refunds made since then: a list, since searching lags behind."""
    try:
        if reference is not None:
            return words.refund_of(client.v1.refunds.retrieve(reference).to_dict())
        begin = int((since - timedelta(minutes=5)).timestamp())
        params: Any = {"limit": 100, "created": {"gte": begin}}
        for one in client.v1.refunds.list(params).auto_paging_iter():
            found = one.to_dict()
            if (found.get("metadata") or {}).get("farthing_refund") == return_id:
                return words.refund_of(found)
    except stripe.StripeError as error:
        return Unknown(detail(error))
    return Absent()
