"""EXAMPLES: a request to each call, in an order in which they can all be made; a test makes them.

Each is written once, as data; `app.web.api.example_code` puts it into curl, Python and Node. The ids
in them are of no account: the test puts those in their place that earlier answers gave.
"""

from dataclasses import dataclass, field
from typing import Any

from app.web.api.call import Route

PAYMENT = "pi_01kb6v3q8x4m2n7t5r9w0y1z2a"
UNWANTED = "pi_01kb6vc7d9f2h4k6m8p0r2t4v6"
QUICK = "pi_01kb6vm5n1q3s5u7w9y1a3c5e7"
CHARGE = "ch_01kb6v3r2b5d8f1h4k7n0q3t6w"
REFUND = "re_01kb6w0x3z6c9f2j5m8r1v4y7b"
CHANGE = "txn_01kb6v3s9e2g5j8n1q4t7x0a3d"
CUSTOMER = "cus_01kb6tz8g4k0p6t2x8b4f0h6m2"
CARD = "pm_01kb6v12d4h6m8r0v2y4b6f8k0"
CHECKOUT = "cs_test_7c1fd3a2e94b5066"
ENDPOINT = "we_01kb6wd1f5j9n3r7w1a5e9k3p7"
EVENT = "evt_01kb6v3t5w8z1c4f7j0m3q6s9v"
ACCOUNT = "acct_01kb6tx0b2d4f6h8k0n2q4s6u8"
HELD = "pi_01kb6x2m5q8t1v4y7b0e3h6k9n"
HELD_CHARGE = "ch_01kb6x2n7r0s3w6z9c2f5j8m1p"
HOLD = "esc_01kb6x2m5q8t1v4y7b0e3h6k9n"
TRANSFER = "tr_01kb6x4p8s1v4x7a0d3g6j9m2q"
REVERSAL = "trr_01kb6x6r0t3w6y9b2e5h8k1n4s"
PAYOUT = "po_01kb6x8v5y8a1d4g7j0m3p6s9w"
STOPPED = "po_01kb6xb1e4h7k0n3q6t9x2z5b8"
SELLER = "acct_01kb6tx7e9g1j3m5p7r9t1v3x5"
TOKEN = "pm_card_visa"  # noqa: S105 - the card fields' word for a test card.
HOOK = "https://shop.example/webhooks"


@dataclass(frozen=True)
class Example:
    """One request. `sdk` is the SDK's method, `node` where Node's has another name.

    `saves` maps sample ids to the fields of the answer that stand for them from then on.
    """

    method: str
    rule: str
    sdk: str
    path: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    node: str | None = None
    saves: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address with its ids."""
        address = self.rule
        for value in self.path:
            before, _, rest = address.partition("{")
            address = before + value + rest.partition("}")[2]
        return address


_INTENTS, _INTENT = "/v1/payment_intents", "/v1/payment_intents/{intent}"
_CUSTOMERS, _CUSTOMER = "/v1/customers", "/v1/customers/{customer}"
_KEPT = "/v1/customers/{customer}/payment_methods"
_METHODS, _METHOD = "/v1/payment_methods", "/v1/payment_methods/{method}"
_SESSIONS, _SESSION = "/v1/checkout/sessions", "/v1/checkout/sessions/{session}"
_REFUNDS, _REFUND = "/v1/refunds", "/v1/refunds/{refund}"
_HOOKS, _HOOK = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{endpoint}"
_CHANGES = "/v1/balance_transactions"
_TRANSFERS, _TRANSFER = "/v1/transfers", "/v1/transfers/{transfer}"
_PAYOUTS, _PAYOUT = "/v1/payouts", "/v1/payouts/{payout}"
_BACK, _HOLDS = "/v1/transfers/{transfer}/reversals", "/v1/escrow_holds"

_ADA = {"name": "Ada Novak", "email": "ada@example.com", "metadata": {"member": "1815"}}
ORDER = {
    "amount": 4999,
    "currency": "usd",
    "payment_method": TOKEN,
    "capture_method": "manual",
    "description": "Walnut tray",
    "metadata": {"order": "1001"},
}
_BASKET = {
    "mode": "payment",
    "line_items": [
        {
            "quantity": 2,
            "price_data": {
                "currency": "usd",
                "unit_amount": 1250,
                "product_data": {"name": "Walnut tray"},
            },
        }
    ],
    "success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://shop.example/basket",
}

EXAMPLES: tuple[Example, ...] = (
    Example("POST", _CUSTOMERS, "customers.create", params=_ADA, saves={CUSTOMER: "id"}),
    Example("GET", _CUSTOMERS, "customers.list", params={"limit": 3}),
    Example("GET", _CUSTOMER, "customers.retrieve", (CUSTOMER,)),
    Example("POST", _CUSTOMER, "customers.update", (CUSTOMER,), {"phone": "+1 555 0100"}),
    Example("GET", f"{_CUSTOMERS}/search", "customers.search",
            params={"query": "email:'ada@example.com'"}),
    Example("POST", f"{_METHOD}/attach", "payment_methods.attach", (TOKEN,),
            {"customer": CUSTOMER}, saves={CARD: "id"}),
    Example("GET", _METHODS, "payment_methods.list", params={"customer": CUSTOMER}),
    Example("GET", _METHOD, "payment_methods.retrieve", (CARD,)),
    Example("GET", _KEPT, "customers.payment_methods.list", (CUSTOMER,),
            node="customers.listPaymentMethods"),
    Example("GET", f"{_KEPT}/{{method}}", "customers.payment_methods.retrieve", (CUSTOMER, CARD),
            node="customers.retrievePaymentMethod"),
    Example("POST", _INTENTS, "payment_intents.create", params=ORDER, key="order-1001",
            saves={PAYMENT: "id"}),
    Example("GET", _INTENTS, "payment_intents.list", params={"limit": 3}),
    Example("GET", _INTENT, "payment_intents.retrieve", (PAYMENT,)),
    Example("POST", _INTENT, "payment_intents.update", (PAYMENT,), {"metadata": {"gift": "yes"}}),
    Example("POST", f"{_INTENT}/confirm", "payment_intents.confirm", (PAYMENT,),
            {"payment_method": TOKEN}, key="order-1001-confirm", saves={CHARGE: "latest_charge"}),
    Example("POST", f"{_INTENT}/capture", "payment_intents.capture", (PAYMENT,),
            {"amount_to_capture": 4500}, key="order-1001-capture"),
    Example("GET", f"{_INTENTS}/search", "payment_intents.search",
            params={"query": "status:'succeeded' AND metadata['order']:'1001'"}),
    Example("POST", f"{_INTENT}/cancel", "payment_intents.cancel", (UNWANTED,),
            {"cancellation_reason": "abandoned"}),
    Example("POST", "/payments", "", params={
        "amount": 4999, "currency": "usd", "payment_method": TOKEN, "description": "Walnut tray",
    }, key="order-1002", saves={QUICK: "id"}),
    Example("GET", "/payments/{intent}", "", (QUICK,)),
    Example("GET", "/v1/charges", "charges.list", params={"payment_intent": PAYMENT}),
    Example("GET", "/v1/charges/{charge}", "charges.retrieve", (CHARGE,),
            {"expand": ["balance_transaction"]}, saves={CHANGE: "balance_transaction.id"}),
    Example("GET", "/v1/charges/search", "charges.search",
            params={"query": "amount>1000 AND currency:'usd'"}),
    Example("POST", _REFUNDS, "refunds.create",
            params={"payment_intent": PAYMENT, "amount": 1500, "reason": "requested_by_customer"},
            key="order-1001-refund", saves={REFUND: "id"}),
    Example("GET", _REFUNDS, "refunds.list", params={"payment_intent": PAYMENT}),
    Example("GET", _REFUND, "refunds.retrieve", (REFUND,)),
    Example("POST", _REFUND, "refunds.update", (REFUND,), {"metadata": {"ticket": "77"}}),
    Example("POST", _SESSIONS, "checkout.sessions.create", params=_BASKET, key="basket-7",
            saves={CHECKOUT: "id"}),
    Example("GET", _SESSIONS, "checkout.sessions.list", params={"status": "open", "limit": 3}),
    Example("GET", _SESSION, "checkout.sessions.retrieve", (CHECKOUT,),
            {"expand": ["line_items"]}),
    Example("POST", _SESSION, "checkout.sessions.update", (CHECKOUT,),
            {"metadata": {"basket": "7"}}),
    Example("GET", f"{_SESSION}/line_items", "checkout.sessions.line_items.list", (CHECKOUT,),
            node="checkout.sessions.listLineItems"),
    Example("POST", f"{_SESSION}/expire", "checkout.sessions.expire", (CHECKOUT,)),
    Example("GET", "/v1/events", "events.list", params={"type": "payment_intent.*", "limit": 3},
            saves={EVENT: "data.0.id"}),
    Example("GET", "/v1/events/{event}", "events.retrieve", (EVENT,)),
    Example("POST", _HOOKS, "webhook_endpoints.create", params={
        "url": HOOK, "enabled_events": ["payment_intent.succeeded", "charge.refunded"],
    }, saves={ENDPOINT: "id"}),
    Example("GET", _HOOKS, "webhook_endpoints.list"),
    Example("GET", _HOOK, "webhook_endpoints.retrieve", (ENDPOINT,)),
    Example("POST", _HOOK, "webhook_endpoints.update", (ENDPOINT,), {"disabled": True}),
    Example("DELETE", _HOOK, "webhook_endpoints.delete", (ENDPOINT,)),
    Example("GET", "/v1/balance", "balance.retrieve"),
    Example("GET", _CHANGES, "balance_transactions.list", params={"type": "charge", "limit": 3}),
    Example("GET", f"{_CHANGES}/{{transaction}}", "balance_transactions.retrieve", (CHANGE,)),
    Example("POST", _TRANSFERS, "transfers.create", params={
        "amount": 2000, "currency": "usd", "destination": SELLER, "source_transaction": HELD_CHARGE,
    }, key="order-1003-first-half", saves={TRANSFER: "id"}),
    Example("GET", _TRANSFERS, "transfers.list", params={"destination": SELLER}),
    Example("GET", _TRANSFER, "transfers.retrieve", (TRANSFER,)),
    Example("POST", _TRANSFER, "transfers.update", (TRANSFER,), {"metadata": {"parcel": "9"}}),
    Example("POST", _BACK, "transfers.reversals.create", (TRANSFER,), {"amount": 500},
            key="order-1003-damage", node="transfers.createReversal", saves={REVERSAL: "id"}),
    Example("GET", _BACK, "transfers.reversals.list", (TRANSFER,),
            node="transfers.listReversals"),
    Example("GET", f"{_BACK}/{{reversal}}", "transfers.reversals.retrieve", (TRANSFER, REVERSAL),
            node="transfers.retrieveReversal"),
    Example("POST", f"{_BACK}/{{reversal}}", "transfers.reversals.update", (TRANSFER, REVERSAL),
            {"metadata": {"ticket": "78"}}, node="transfers.updateReversal"),
    Example("GET", _HOLDS, "", params={"payment_intent": HELD}, saves={HOLD: "data.0.id"}),
    Example("GET", f"{_HOLDS}/{{hold}}", "", (HOLD,)),
    Example("POST", f"{_HOLDS}/{{hold}}/release", "", (HOLD,), {
        "parts": [{"destination": SELLER, "amount": 2500, "commission": 250}],
    }, key="order-1003-rest"),
    Example("POST", _PAYOUTS, "payouts.create", params={
        "amount": 2000, "currency": "usd", "description": "Rent", "metadata": {"month": "11"},
    }, key="rent-2026-11", saves={PAYOUT: "id"}),
    Example("GET", _PAYOUTS, "payouts.list", params={"limit": 3}),
    Example("GET", _PAYOUT, "payouts.retrieve", (PAYOUT,)),
    Example("POST", _PAYOUT, "payouts.update", (PAYOUT,), {"metadata": {"flat": "2"}}),
    Example("POST", f"{_PAYOUT}/cancel", "payouts.cancel", (STOPPED,)),
    Example("POST", f"{_HOLDS}/{{hold}}/freeze", "", (HOLD,), {"reason": "The parcel is lost"}),
    Example("POST", f"{_HOLDS}/{{hold}}/unfreeze", "", (HOLD,)),
    Example("GET", "/v1/disputes", "disputes.list", params={"limit": 3}),
    Example("GET", "/v1/files", "files.list", params={"limit": 3}),
    Example("GET", "/v1/account", "accounts.retrieve_current", saves={ACCOUNT: "id"}),
    Example("GET", "/v1/accounts/{account}", "accounts.retrieve", (ACCOUNT,)),
    Example("POST", f"{_METHOD}/detach", "payment_methods.detach", (CARD,)),
    Example("DELETE", _CUSTOMER, "customers.delete", (CUSTOMER,)),
)  # fmt: skip


def example_of(route: Route) -> Example | None:
    """The example of a call; those that cannot succeed yet have none."""
    fitting = [one for one in EXAMPLES if (one.method, one.rule) == (route.method, route.rule)]
    return fitting[0] if fitting else None
