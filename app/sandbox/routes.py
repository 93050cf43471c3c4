"""Every call of the API: one row each. Adding one is a handler, its parameters and a row."""

from collections.abc import Callable
from dataclasses import dataclass

from app.sandbox import (
    balance,
    cash,
    charges,
    customers,
    disputes,
    endpoints,
    events,
    intent_params,
    microdeposits,
    payment_intents,
    payment_methods,
    refunds,
    search,
)
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.params import Spec

Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Route:
    """`open_to_browsers` routes take publishable keys too."""

    method: str
    rule: str
    handler: Handler
    spec: Spec
    required: tuple[str, ...] = ()
    open_to_browsers: bool = False


_INTENTS = "/v1/payment_intents"
_METHODS = "/v1/payment_methods"
_ENDPOINTS = "/v1/webhook_endpoints"
_CUSTOMERS = "/v1/customers"

ROUTES: tuple[Route, ...] = (
    Route("POST", _INTENTS, payment_intents.create, intent_params.CREATE, ("amount", "currency")),
    Route("GET", _INTENTS, payment_intents.list_intents, intent_params.LIST),
    Route("GET", f"{_INTENTS}/search", search.search_intents, intent_params.SEARCH, ("query",)),
    Route(
        "GET",
        f"{_INTENTS}/{{id}}",
        payment_intents.retrieve,
        intent_params.RETRIEVE,
        open_to_browsers=True,
    ),
    Route("POST", f"{_INTENTS}/{{id}}", payment_intents.update, intent_params.UPDATE),
    Route(
        "POST",
        f"{_INTENTS}/{{id}}/confirm",
        payment_intents.confirm,
        intent_params.CONFIRM,
        open_to_browsers=True,
    ),
    Route(
        "POST",
        f"{_INTENTS}/{{id}}/verify_microdeposits",
        payment_intents.verify_microdeposits,
        microdeposits.VERIFY,
        open_to_browsers=True,
    ),
    Route("POST", f"{_INTENTS}/{{id}}/capture", payment_intents.capture, intent_params.CAPTURE),
    Route("POST", f"{_INTENTS}/{{id}}/cancel", payment_intents.cancel, intent_params.CANCEL),
    Route("POST", _METHODS, payment_methods.create, payment_methods.CREATE, open_to_browsers=True),
    Route("GET", _METHODS, payment_methods.list_methods, payment_methods.LIST),
    Route("GET", f"{_METHODS}/{{id}}", payment_methods.retrieve, payment_methods.RETRIEVE),
    Route("POST", f"{_METHODS}/{{id}}", payment_methods.update, payment_methods.UPDATE),
    Route("POST", f"{_METHODS}/{{id}}/attach", customers.attach, customers.ATTACH),
    Route("POST", f"{_METHODS}/{{id}}/detach", customers.detach, customers.DETACH),
    Route("POST", _CUSTOMERS, customers.create, customers.CREATE),
    Route("GET", _CUSTOMERS, customers.list_customers, customers.LIST),
    Route("GET", f"{_CUSTOMERS}/{{id}}", customers.retrieve, customers.RETRIEVE),
    Route("POST", f"{_CUSTOMERS}/{{id}}", customers.update, customers.UPDATE),
    Route("DELETE", f"{_CUSTOMERS}/{{id}}", customers.delete, customers.DELETE),
    Route("GET", f"{_CUSTOMERS}/{{id}}/payment_methods", customers.list_kept, customers.METHODS),
    Route("GET", f"{_CUSTOMERS}/{{id}}/cash_balance", cash.retrieve, cash.RETRIEVE),
    Route("GET", f"{_CUSTOMERS}/{{id}}/cash_balance_transactions", cash.list_entries, cash.LIST),
    Route(
        "POST",
        "/v1/tokens",
        payment_methods.create_token,
        payment_methods.CREATE_TOKEN,
        open_to_browsers=True,
    ),
    Route("GET", "/v1/tokens/{id}", payment_methods.retrieve_token, payment_methods.RETRIEVE),
    Route("GET", "/v1/charges", charges.list_charges, charges.LIST),
    Route("GET", "/v1/charges/{id}", charges.retrieve, charges.RETRIEVE),
    Route("POST", "/v1/charges/{id}", charges.update, charges.UPDATE),
    Route("POST", "/v1/refunds", refunds.create, refunds.CREATE),
    Route("GET", "/v1/refunds", refunds.list_refunds, refunds.LIST),
    Route("GET", "/v1/refunds/{id}", refunds.retrieve, refunds.RETRIEVE),
    Route("POST", "/v1/refunds/{id}", refunds.update, refunds.UPDATE),
    Route("POST", "/v1/refunds/{id}/cancel", refunds.cancel, refunds.CANCEL),
    Route("GET", "/v1/disputes", disputes.list_disputes, disputes.LIST),
    Route("GET", "/v1/disputes/{id}", disputes.retrieve, disputes.RETRIEVE),
    Route("GET", "/v1/mandates/{id}", disputes.retrieve_mandate, disputes.RETRIEVE),
    Route("GET", "/v1/balance", balance.retrieve_balance, balance.BALANCE),
    Route("GET", "/v1/balance_transactions", balance.list_transactions, balance.LIST),
    Route("GET", "/v1/balance_transactions/{id}", balance.retrieve, balance.RETRIEVE),
    Route("GET", "/v1/events", events.list_events, events.LIST),
    Route("GET", "/v1/events/{id}", events.retrieve, events.RETRIEVE),
    Route("POST", _ENDPOINTS, endpoints.create, endpoints.CREATE, ("enabled_events", "url")),
    Route("GET", _ENDPOINTS, endpoints.list_endpoints, endpoints.LIST),
    Route("GET", f"{_ENDPOINTS}/{{id}}", endpoints.retrieve, endpoints.RETRIEVE),
    Route("POST", f"{_ENDPOINTS}/{{id}}", endpoints.update, endpoints.UPDATE),
    Route("DELETE", f"{_ENDPOINTS}/{{id}}", endpoints.delete, endpoints.DELETE),
    Route("GET", "/v1/account", endpoints.account, endpoints.ACCOUNT),
)
