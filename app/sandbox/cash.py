"""What customers have with the processor: one balance each and currency, and the list of what happened to it.

A balance changes by an entry and by nothing else, in the transaction of what the entry tells of.
"""

from app.sandbox import record
from app.sandbox.call import Call
from app.sandbox.customers import load
from app.sandbox.errors import Json
from app.sandbox.events import emit
from app.sandbox.ids import new_id
from app.sandbox.lists import Where, page
from app.sandbox.params import EXPAND, PAGE, Spec

LIST: Spec = PAGE
RETRIEVE: Spec = {"expand": EXPAND}
_KIND = "customer_cash_balance_transaction"


def available(customer: Json, currency: str) -> int:
    """What is there and set aside for nothing, in wire units."""
    return int(customer.get("_cash", {}).get(currency, 0))


def enter(call: Call, customer: Json, kind: str, amount: int, currency: str, about: Json) -> Json:
    """One entry; `amount` is signed. Money from outside, or to it, stands in the true record."""
    customer["_cash"] = {
        **customer.get("_cash", {}),
        currency: available(customer, currency) + amount,
    }
    call.save(customer)
    entry: Json = {
        "id": new_id("ccsbtxn"),
        "object": _KIND,
        "created": call.now,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "ending_balance": available(customer, currency),
        "livemode": False,
        "net_amount": amount,
        "type": kind,
        **({kind: about} if about else {}),
    }
    call.insert(entry, owner=customer["id"])
    fact = _FACTS.get(kind)
    if fact is not None:
        pays = {"id": entry["id"], "currency": currency, "metadata": {}, "payment_intent": ""}
        record.write(call, fact, abs(amount), pays)
    emit(call, f"{_KIND}.created", entry)
    return entry


_FACTS = {"funded": "received", "return_initiated": "sent_back", "return_canceled": "came_back"}


def balance(customer: Json) -> Json:
    """The balance as the API shows it."""
    return {
        "object": "cash_balance",
        "available": customer.get("_cash") or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


def retrieve(call: Call) -> Json:
    """GET /v1/customers/{id}/cash_balance."""
    return balance(load(call, call.path["id"]))


def list_entries(call: Call) -> Json:
    """GET /v1/customers/{id}/cash_balance_transactions."""
    customer = load(call, call.path["id"])
    where: Where = [("owner = ?", customer["id"])]
    return page(call, _KIND, f"/v1/customers/{customer['id']}/cash_balance_transactions", where)
