"""Events about transfers, checkouts, payouts, customers and kept methods, in Stripe's names and shapes."""

from collections.abc import Callable
from dataclasses import dataclass

from app.services import checkout, customers
from app.services.publishing import SourceEvent
from app.web.api.call import Json
from app.web.api.objects import lookup
from app.web.api.objects.checkout_session import checkout_session
from app.web.api.objects.customer import living_customer, previous_attributes
from app.web.context import deps


@dataclass(frozen=True, slots=True)
class Told:
    """One public event before it has an id."""

    type: str
    object: Json
    previous: Json | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose objects are read, as lookups ask for it."""

    merchant_id: str
    is_live: bool


def account_of(event: SourceEvent) -> Account:
    return Account(event.merchant_id, event.is_live)


def _transfer(event: SourceEvent) -> tuple[Told, ...]:
    """The transfer as it stood then: what was given back by that event, and nothing later."""
    found = lookup.transfers(account_of(event), [event.subject_id])
    body = found[event.subject_id]
    back = int(event.data.get("reversed_minor") or 0)
    if event.name == "transfer.created":
        body["reversals"] |= {"data": [], "has_more": False}
    if event.name != "transfer.updated":
        body |= {"amount_reversed": back, "reversed": back >= body["amount"]}
    previous = event.data.get("previous")
    if event.name == "transfer.reversed":
        before = back - int(event.data.get("amount_minor") or 0)
        previous = {"amount_reversed": before, "reversed": False}
    return (Told(event.name, body, previous),)


_CHECKOUT_TYPES = {
    "checkout.completed": "checkout.session.completed",
    "checkout.completed_late": "checkout.session.completed",
    "checkout.payment_succeeded": "checkout.session.async_payment_succeeded",
    "checkout.payment_failed": "checkout.session.async_payment_failed",
    "checkout.expired": "checkout.session.expired",
}


def _checkout(event: SourceEvent) -> tuple[Told, ...]:
    row, payment = checkout.session_of(event.merchant_id, event.subject_id)
    is_over = event.name == "checkout.expired"
    body = checkout_session(row, payment, is_live=event.is_live, base_url=deps().base_url)
    if is_over:
        body |= {"status": "expired", "payment_status": "unpaid", "url": None}
    return (Told(_CHECKOUT_TYPES[event.name], body),)


_PAYOUT_STATUS = {
    "payout.created": "pending",
    "payout.outcome_unknown": "pending",
    "payout.sent": "in_transit",
    "payout.paid": "paid",
    "payout.failed": "failed",
    "payout.returned": "failed",
    "payout.canceled": "canceled",
}


def _payout(event: SourceEvent) -> tuple[Told, ...]:
    """The payout as it was; which lines it has is settled when it is made."""
    body = lookup.payouts(account_of(event), [event.subject_id]).get(event.subject_id)
    if body is None:
        return ()
    status = _PAYOUT_STATUS[event.name]
    body = {**body, "status": status}
    if status != "failed":
        body |= dict.fromkeys(("failure_balance_transaction", "failure_code", "failure_message"))
    if event.name == "payout.created":
        return (Told("payout.created", body), Told("payout.reconciliation_completed", body))
    kind = f"payout.{status}" if status in ("paid", "failed", "canceled") else "payout.updated"
    return (Told(kind, body),)


def _customer(event: SourceEvent) -> tuple[Told, ...]:
    # A customer who was deleted meanwhile is told as they were: only their last event says it.
    found = customers.by_ids(event.merchant_id, [event.subject_id])
    if not found:
        return ()
    body = living_customer(found[0], is_live=event.is_live)
    previous = event.data.get("previous")
    told = previous_attributes(previous, body) if previous else None
    return (Told(event.name, body, told),)


def _method(event: SourceEvent) -> tuple[Told, ...]:
    body = lookup.payment_methods(account_of(event), [event.subject_id]).get(event.subject_id)
    if body is None:
        return ()
    if event.name == "method.kept":
        customer_id = event.data.get("customer_id") or body["customer"]
        return (Told("payment_method.attached", {**body, "customer": customer_id}),)
    previous = {"customer": event.data.get("customer_id")}
    return (Told("payment_method.detached", {**body, "customer": None}, previous),)


MAKERS: dict[str, Callable[[SourceEvent], tuple[Told, ...]]] = {
    "checkout.completed": _checkout,
    "checkout.completed_late": _checkout,
    "checkout.payment_succeeded": _checkout,
    "checkout.payment_failed": _checkout,
    "checkout.expired": _checkout,
    **dict.fromkeys(_PAYOUT_STATUS, _payout),
    "customer.created": _customer,
    "customer.updated": _customer,
    "customer.deleted": _customer,
    "method.kept": _method,
    "method.dropped": _method,
    "transfer.created": _transfer,
    "transfer.updated": _transfer,
    "transfer.reversed": _transfer,
}
