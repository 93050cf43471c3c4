"""RESOURCES: the calls by what they are about, in the order in which a reader needs them."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.web.api.call import Route
from app.web.api.routes import ROUTES


@dataclass(frozen=True, slots=True)
class Resource:
    """Calls that belong together. `roots` are the beginnings of their addresses."""

    slug: str
    title: str
    about: str
    roots: tuple[str, ...]
    kinds: tuple[str, ...]

    def routes(self) -> tuple[Route, ...]:
        """Its calls: making first, then reading, then changing."""
        own = [route for route in ROUTES if self.has(route)]
        return tuple(sorted(own, key=_place))

    def has(self, route: Route) -> bool:
        """Whether the call is one of these."""
        return any(route.rule == root or route.rule.startswith(f"{root}/") for root in self.roots)


def _place(route: Route) -> tuple[bool, bool, int]:
    is_list = route.gives.startswith("list:")
    return (is_list, route.weight == "search", 0)


def resource_of(route: Route) -> Resource:
    """Where the call stands."""
    return next(one for one in RESOURCES if one.has(route))


def ordered() -> Iterator[Route]:
    """All calls in the reference's order."""
    for resource in RESOURCES:
        yield from resource.routes()


RESOURCES: tuple[Resource, ...] = (
    Resource(
        "payment_intents",
        "Payment intents",
        "A payment, from the wish to the outcome. Create one and confirm it with the token of the"
        " card fields, in one request or in two; with `capture_method=manual` the amount is held"
        " until you capture it.",
        ("/v1/payment_intents",),
        ("payment_intent",),
    ),
    Resource(
        "payments",
        "Payments in one step",
        "The shortest way to take a payment: one request, always under an idempotency key. It"
        " answers with a payment intent; 202 says that the outcome is not known yet.",
        ("/payments",),
        (),
    ),
    Resource(
        "charges",
        "Charges",
        "Each try to pay that reached a bank, agreed or declined. Charges are made by payment"
        " intents, never by themselves.",
        ("/v1/charges",),
        ("charge",),
    ),
    Resource(
        "refunds",
        "Refunds",
        "Money on its way back to the card it came from, in part or whole. The amount is set aside"
        " first, so refunds can never add up to more than was taken.",
        ("/v1/refunds",),
        ("refund",),
    ),
    Resource(
        "customers",
        "Customers",
        "Who pays. A customer can keep cards, and be charged again with them.",
        ("/v1/customers",),
        ("customer",),
    ),
    Resource(
        "payment_methods",
        "Payment methods",
        "Cards that customers keep. They come from the card fields as tokens: attach one to a"
        " customer to keep it.",
        ("/v1/payment_methods",),
        ("payment_method",),
    ),
    Resource(
        "checkout_sessions",
        "Checkout sessions",
        "A hosted page where a customer pays once. Send the customer to its `url`; when they come"
        " back, ask for its `payment_status`.",
        ("/v1/checkout/sessions",),
        ("checkout.session", "item"),
    ),
    Resource(
        "events",
        "Events",
        "What happened in the account, one event per change, as your endpoints were told. They can"
        " be read for thirty days.",
        ("/v1/events",),
        ("event",),
    ),
    Resource(
        "webhook_endpoints",
        "Webhook endpoints",
        "Addresses of your software that events are posted to, signed with a secret that only the"
        " two of us know.",
        ("/v1/webhook_endpoints",),
        ("webhook_endpoint",),
    ),
    Resource(
        "balance",
        "Balance",
        "How much of the money is yours, and each change of it.",
        ("/v1/balance", "/v1/balance_transactions"),
        ("balance", "balance_transaction"),
    ),
    Resource(
        "transfers",
        "Transfers",
        "Held money released to sellers, one transfer for each part, and what sellers give back."
        " A seller is another account that was connected to yours.",
        ("/v1/transfers",),
        ("transfer", "transfer_reversal"),
    ),
    Resource(
        "escrow_holds",
        "Escrow holds",
        "What is held of each payment that was marked with `escrow[enabled]=true`. Release it to"
        " one seller or to several, in full, in parts or by milestones; or refund the payment.",
        ("/v1/escrow_holds",),
        ("escrow_hold",),
    ),
    Resource(
        "payouts",
        "Payouts",
        "Money on its way to your bank, by a schedule or when you ask for it.",
        ("/v1/payouts",),
        ("payout",),
    ),
    Resource(
        "disputes",
        "Disputes",
        "Payments that customers questioned at their bank. None is known yet: lists are empty.",
        ("/v1/disputes",),
        ("dispute",),
    ),
    Resource(
        "files",
        "Files",
        "What was uploaded, such as evidence. Nothing can be uploaded yet: lists are empty.",
        ("/v1/files",),
        ("file",),
    ),
    Resource(
        "account",
        "Account",
        "The account that the key belongs to.",
        ("/v1/account", "/v1/accounts"),
        ("account",),
    ),
)
