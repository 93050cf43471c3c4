"""Customers, and the cards they keep: only a kept card may be used more than once.

A deleted customer is still found under its id, as Stripe shows it, and in no list.
"""

from typing import Any

from app.sandbox import cards
from app.sandbox.call import Call, public
from app.sandbox.declines import decline_of
from app.sandbox.errors import Json, StripeError, missing, no_such
from app.sandbox.events import emit
from app.sandbox.ids import new_id, token
from app.sandbox.lists import Where, page
from app.sandbox.params import (
    ADDRESS,
    EXPAND,
    PAGE,
    RANGE,
    SHIPPING,
    Spec,
    hash_of,
    list_of,
    merge_metadata,
    metadata,
    one_of,
    string,
)
from app.sandbox.payment_methods import card_of, resolve

USED = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
    "attachment, shared with a connected account without Customer attachment, or was detached from "
    "a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach "
    "it to a Customer first."
)
# Its published behaviour: it can be kept, and every charge of it fails.
_KEPT_THEN_FAILS = cards.NAMES["chargeCustomerFail"]

_TEXTS = ("description", "email", "name", "phone")
_FIELDS: Spec = {
    "address": ADDRESS,
    "description": string(),
    "email": string(512),
    "expand": EXPAND,
    "invoice_settings": hash_of({"default_payment_method": string(255)}),
    "metadata": metadata,
    "name": string(256),
    "phone": string(20),
    "preferred_locales": list_of(string(20)),
    "shipping": SHIPPING,
    "tax_exempt": one_of("", "exempt", "none", "reverse"),
}
CREATE: Spec = {**_FIELDS, "payment_method": string(255)}
UPDATE: Spec = _FIELDS
RETRIEVE: Spec = {"expand": EXPAND}
DELETE: Spec = {}
LIST: Spec = {**PAGE, "created": RANGE, "email": string(512)}
METHODS: Spec = {**PAGE, "type": one_of("card")}
ATTACH: Spec = {"customer": string(255), "expand": EXPAND}
DETACH: Spec = {"expand": EXPAND}


def load(call: Call, customer_id: str, *, param: str = "id", status: int = 404) -> Json:
    """A customer who was not deleted; raises `resource_missing`."""
    found = call.load("customer", customer_id, param=param, status=status)
    if found["_deleted"]:
        raise no_such("customer", customer_id, param=param, status=status)
    return found


def _address(given: Json | None) -> Json | None:
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    return {name: given.get(name) or None for name in names} if given else None


def _take_fields(call: Call, customer: Json) -> None:
    for name in _TEXTS:
        if name in call.params:
            customer[name] = call.params[name] or None
    if "address" in call.params:
        customer["address"] = _address(call.params["address"])
    if "shipping" in call.params:
        given = call.params["shipping"]
        customer["shipping"] = (
            {**given, "address": _address(given.get("address"))} if given else None
        )
    if "preferred_locales" in call.params:
        customer["preferred_locales"] = call.params["preferred_locales"]
    if "tax_exempt" in call.params:
        customer["tax_exempt"] = call.params["tax_exempt"] or "none"
    customer["metadata"] = merge_metadata(customer["metadata"], call.param("metadata"))


def _take_default(call: Call, customer: Json) -> None:
    wanted = (call.param("invoice_settings") or {}).get("default_payment_method")
    if wanted is None:
        return
    if wanted:
        method = call.unit.find(call.account, "payment_method", wanted)
        if method is None or method["customer"] != customer["id"]:
            raise _not_theirs(wanted)
    customer["invoice_settings"]["default_payment_method"] = wanted or None


def create(call: Call) -> Json:
    """POST /v1/customers."""
    customer: Json = {
        "id": new_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": token(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **dict.fromkeys(_TEXTS),
        "_deleted": False,
    }
    _take_fields(call, customer)
    call.insert(customer)
    if call.param("payment_method"):
        method = resolve(call, call.params["payment_method"])
        _keep(call, method, customer["id"])
    _take_default(call, customer)
    call.save(customer)
    emit(call, "customer.created", customer)
    return public(customer, call.now)


def retrieve(call: Call) -> Json:
    """GET /v1/customers/{id}; of a deleted one, that it is deleted."""
    return shown(call, call.load("customer", call.path["id"]))


def shown(call: Call, customer: Json) -> Json:
    """A customer as the outside sees it."""
    return deleted(customer) if customer["_deleted"] else public(customer, call.now)


def deleted(customer: Json) -> Json:
    """What is left to see of a deleted customer."""
    return {"id": customer["id"], "object": "customer", "deleted": True}


def update(call: Call) -> Json:
    """POST /v1/customers/{id}."""
    customer = load(call, call.path["id"])
    before = {**customer, "invoice_settings": {**customer["invoice_settings"]}}
    _take_fields(call, customer)
    _take_default(call, customer)
    call.save(customer)
    changed: dict[str, Any] = {
        name: before[name] for name in customer if customer[name] != before[name]
    }
    if changed:
        emit(call, "customer.updated", customer, changed)
    return public(customer, call.now)


def delete(call: Call) -> Json:
    """DELETE /v1/customers/{id}: for good, and what they kept cannot be used any more."""
    customer = load(call, call.path["id"])
    for method in call.unit.every(call.account, "payment_method"):
        if method["customer"] == customer["id"]:
            _drop(call, method)
    customer["_deleted"] = True
    call.save(customer)
    emit(call, "customer.deleted", customer)
    return deleted(customer)


def list_customers(call: Call) -> Json:
    """GET /v1/customers."""
    where: Where = [("json_extract(body, '$._deleted') = ?", 0)]
    if "email" in call.params:
        where.append(("json_extract(body, '$.email') = ?", call.params["email"]))
    return page(call, "customer", "/v1/customers", where)


def list_kept(call: Call) -> Json:
    """GET /v1/customers/{id}/payment_methods."""
    customer = load(call, call.path["id"])
    where: Where = [("json_extract(body, '$.customer') = ?", customer["id"])]
    url = f"/v1/customers/{customer['id']}/payment_methods"
    return page(call, "payment_method", url, where)


def attach(call: Call) -> Json:
    """POST /v1/payment_methods/{id}/attach: the issuer is asked whether the card is good."""
    if not call.param("customer"):
        raise missing("customer")
    method = resolve(call, call.path["id"], param="id")
    customer = load(call, call.params["customer"], param="customer", status=400)
    return public(_keep(call, method, customer["id"]), call.now)


def detach(call: Call) -> Json:
    """POST /v1/payment_methods/{id}/detach: never to be used again."""
    method = call.load("payment_method", call.path["id"])
    if method["customer"] is None:
        raise StripeError(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible."
        )
    return public(_drop(call, method), call.now)


def _keep(call: Call, method: Json, customer_id: str) -> Json:
    if method["customer"] is not None:
        raise StripeError(
            "The payment method you provided has already been attached to a customer."
        )
    if method.get("_used"):
        raise _used()
    if method["type"] != "card":
        raise StripeError("Only cards are kept in this sandbox.", param="payment_method")
    card = card_of(method)
    if card.decline and card.three_d != "required" and card.number != _KEPT_THEN_FAILS:
        decline = decline_of(card.decline)
        raise StripeError(
            decline.message,
            status=402,
            kind="card_error",
            code=decline.code,
            param=decline.param,
            decline_code=decline.decline_code,
            advice_code=decline.advice,
            network_decline_code=decline.network_code or None,
        )
    method["customer"] = customer_id
    call.save(method)
    emit(call, "payment_method.attached", method)
    return method


def keep_after_payment(call: Call, intent: Json, method: Json) -> None:
    """A paid intent with `setup_future_usage` keeps its card for its customer."""
    if intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
        method["customer"] = intent["customer"]
        call.save(method)
        emit(call, "payment_method.attached", method)


def _drop(call: Call, method: Json) -> Json:
    previous = {"customer": method["customer"]}
    customer = call.load("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        call.save(customer)
    method["customer"] = None
    method["_used"] = True
    call.save(method)
    emit(call, "payment_method.detached", method, previous)
    return method


def check_use(method: Json, customer_id: str | None) -> None:
    """Whether an intent of this customer, or of nobody, may be paid with the method; raises."""
    if method["customer"] is not None and customer_id is None:
        raise StripeError(
            f"The PaymentMethod you provided ({method['id']}) is attached to a customer so for "
            "security purposes you must provide the customer in the request.",
            param="payment_method",
        )
    if method["customer"] is not None and method["customer"] != customer_id:
        raise _not_theirs(method["id"])
    if method["customer"] is None and method.get("_used"):
        raise _used()


def _used() -> StripeError:
    return StripeError(USED, code="payment_method_unexpected_state", param="payment_method")


def _not_theirs(method_id: str) -> StripeError:
    return StripeError(
        f"The customer does not have a payment method with the ID {method_id}. The payment method "
        "must be attached to the customer.",
        code="resource_missing",
        param="payment_method",
    )
