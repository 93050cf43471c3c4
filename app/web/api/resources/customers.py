"""Customers: who pays, and the cards that they keep."""

from typing import Any

from app.domain.errors import InvalidRequest, NotFound
from app.reports.objects import customers as reads
from app.services import customers, methods
from app.services.customers import CreateCustomer, MetadataChange, UpdateCustomer
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import (
    CREATED,
    PAGE,
    Choice,
    Email,
    Field,
    Hash,
    Id,
    Metadata,
    Text,
    merged,
    need,
    refused,
)
from app.web.api.objects.customer import customer, deleted_customer
from app.web.api.objects.payment_method import payment_method
from app.web.api.resources.paging import created, cut

NO_INVOICES = "there are no invoices here."
NO_TAX = "taxes are not worked out here."
NO_BALANCE = "customers have no balance of their own."
NO_SOURCES = "keep a card with payment_method, or attach one afterwards."

_ADDRESS = Hash(
    {
        "line1": Text(200),
        "line2": Text(200),
        "city": Text(200),
        "state": Text(200),
        "postal_code": Text(40),
        "country": Text(2, doc="Two letters, as in ISO 3166-1."),
    },
    doc="Where the customer lives.",
)
_SHIPPING = Hash(
    {"address": need(_ADDRESS), "name": need(Text(256)), "phone": Text(20)},
    doc="Where things are sent to.",
)
_FIELDS: dict[str, Field] = {
    "address": _ADDRESS,
    "description": Text(5000, doc="For your records."),
    "email": Email(doc="The customer's e-mail address."),
    "invoice_settings": Hash(
        {
            "default_payment_method": Id(doc="The kept card that is to be preferred."),
            **refused(NO_INVOICES, "custom_fields", "footer", "rendering_options"),
        },
        doc="Only the preferred card of it.",
    ),
    "metadata": Metadata(),
    "name": Text(256, doc="The customer's name, or that of the business."),
    "phone": Text(20, doc="The customer's phone number."),
    "shipping": _SHIPPING,
    **refused("one name is kept: send `name`.", "business_name", "individual_name"),
    **refused(NO_BALANCE, "balance", "cash_balance"),
    **refused(NO_INVOICES, "invoice_prefix", "next_invoice_sequence"),
    **refused(NO_SOURCES, "source"),
    **refused(NO_TAX, "tax", "tax_exempt"),
    **refused("mails are written in the merchant's language.", "preferred_locales"),
}
CREATE: dict[str, Field] = {
    **_FIELDS,
    "payment_method": Id(doc="A card to be kept for the customer from the start."),
    **refused(NO_TAX, "tax_id_data"),
    **refused("time is real here, in test accounts too.", "test_clock"),
}
UPDATE: dict[str, Field] = {
    **_FIELDS,
    **refused(
        NO_SOURCES,
        "bank_account",
        "card",
        "default_alipay_account",
        "default_bank_account",
        "default_card",
        "default_source",
    ),
}
LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "email": Text(512, doc="Only customers with exactly this address."),
    **refused("time is real here, in test accounts too.", "test_clock"),
}
METHODS: dict[str, Field] = {
    **PAGE,
    "type": Choice(("card",), doc="Cards are the only kind."),
    **refused("whether a card may be shown again is not kept.", "allow_redisplay"),
}
_PLAIN = ("address", "description", "email", "name", "phone", "shipping")


def create(call: Call) -> Json:
    """A new customer; with a payment method, that card is kept or there is no customer either."""
    command = CreateCustomer(
        merchant_id=call.merchant_id,
        customer_id=call.subject(),
        actor=call.actor,
        metadata=merged({}, call.params.get("metadata")),
        **{name: call.params.get(name) for name in _PLAIN},
    )
    token = call.params.get("payment_method")
    default = (call.params.get("invoice_settings") or {}).get("default_payment_method")
    if default is not None and default != token:
        raise InvalidRequest(
            "A new customer keeps no card but the one in payment_method.",
            param="invoice_settings[default_payment_method]",
        )
    if token is None:
        row = customers.create_customer(call.deps, command)
    else:
        row = methods.create_with_card(
            call.deps,
            command,
            # Derived, so that the request finds it again when it is repeated.
            method_id=f"pm_{command.customer_id.removeprefix('cus_')}",
            token=token,
            is_default=default is not None,
        )
    return customer(row, is_live=call.is_live)


def retrieve(call: Call) -> Json:
    """One customer; of a deleted one, that it is deleted."""
    customer_id = call.path["customer"]
    row = customers.find(call.merchant_id, customer_id)
    if row is None:
        raise NotFound("customer", customer_id)
    return customer(row, is_live=call.is_live)


def update(call: Call) -> Json:
    """Change what was sent; what was not sent stays."""
    found = call.params
    changes: dict[str, Any] = {name: found[name] for name in _PLAIN if name in found}
    settings = found.get("invoice_settings") or {}
    if "default_payment_method" in settings:
        changes["default_payment_method_id"] = settings["default_payment_method"]
    row = customers.update_customer(
        call.deps,
        UpdateCustomer(
            call.merchant_id, call.path["customer"], call.actor, changes, _metadata(call)
        ),
    )
    return customer(row, is_live=call.is_live)


def _metadata(call: Call) -> MetadataChange | None:
    if "metadata" not in call.params:
        return None
    change = call.params["metadata"]
    return lambda known: merged(known, change)


def delete(call: Call) -> Json:
    """Delete a customer for good; their kept cards are dropped. Their payments stay."""
    customer_id = call.path["customer"]
    customers.delete_customer(call.deps, call.merchant_id, customer_id, call.actor)
    return deleted_customer(customer_id)


def list_(call: Call) -> Listing:
    """Customers, newest first."""
    chosen = cut(call, lambda one: customers.find(call.merchant_id, one) is not None)
    rows, has_more = reads.customers(
        call.merchant_id, chosen, created(call), _usual(call.params.get("email"))
    )
    return Listing([customer(row, is_live=call.is_live) for row in rows], has_more)


def _usual(email: str | None) -> str | None:
    """An address as it is kept: names of hosts in small letters."""
    if email is None:
        return None
    local, at, host = email.rpartition("@")
    return f"{local}{at}{host.lower()}"


def list_methods(call: Call) -> Listing:
    """The cards that one customer keeps, newest first."""
    owner = customers.load(call.merchant_id, call.path["customer"])
    chosen = cut(call, lambda one: methods.find(call.merchant_id, one) is not None)
    rows, has_more = reads.kept_cards(call.merchant_id, chosen, owner.id)
    return Listing([payment_method(row, is_live=call.is_live) for row in rows], has_more)


def retrieve_method(call: Call) -> Json:
    """One of the cards that one customer keeps."""
    owner = customers.load(call.merchant_id, call.path["customer"])
    row = methods.find(call.merchant_id, call.path["method"])
    if row is None or row.customer_id != owner.id:
        raise NotFound("payment method", call.path["method"])
    return payment_method(row, is_live=call.is_live)


_ALL, _ONE = "/v1/customers", "/v1/customers/{customer}"
_KEPT = f"{_ONE}/payment_methods"
_R, _M = "customers", "payment_methods"

ROUTES = (
    Route("POST", _ALL, create, CREATE, _R, "write", "customer", "Create a customer",
          "standard", creates="cus"),
    Route("GET", _ALL, list_, LIST, _R, "read", "list:customer", "List customers"),
    Route("GET", _ONE, retrieve, {}, _R, "read", "customer", "Retrieve a customer"),
    Route("POST", _ONE, update, UPDATE, _R, "write", "customer", "Update a customer", "standard"),
    Route("DELETE", _ONE, delete, {}, _R, "write", "deleted_customer", "Delete a customer",
          "standard"),
    Route("GET", _KEPT, list_methods, METHODS, _M, "read", "list:payment_method",
          "List a customer's payment methods"),
    Route("GET", f"{_KEPT}/{{method}}", retrieve_method, {}, _M, "read", "payment_method",
          "Retrieve a customer's payment method"),
)  # fmt: skip
