"""Payment methods: cards that customers keep. They are made by the card fields, never here."""

from app.domain.errors import NotFound
from app.reports.objects import customers as reads
from app.services import customers, methods
from app.services.methods import KeepMethod
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import PAGE, Choice, Field, Id, need, refused
from app.web.api.objects import lookup
from app.web.api.objects.payment_method import payment_method
from app.web.api.resources.paging import cut

NO_ACCOUNTS = "send `customer`."

LIST: dict[str, Field] = {
    **PAGE,
    "customer": Id("customer", doc="Whose; all that are kept if not said."),
    "type": Choice(("card",), doc="Cards are the only kind."),
    **refused(NO_ACCOUNTS, "customer_account"),
    **refused("whether a card may be shown again is not kept.", "allow_redisplay"),
}
ATTACH: dict[str, Field] = {
    "customer": need(Id("customer", doc="For whom the card is kept.")),
    **refused(NO_ACCOUNTS, "customer_account"),
}


def retrieve(call: Call) -> Json:
    """A kept card; or the one of a single try, by the id that its charge names."""
    method_id = call.path["method"]
    found = lookup.payment_methods(call, [method_id])
    if method_id not in found:
        raise NotFound("payment method", method_id)
    return found[method_id]


def list_(call: Call) -> Listing:
    """Kept cards, newest first."""
    whose = call.params.get("customer")
    if whose is not None:
        customers.load(call.merchant_id, whose, param="customer")
    chosen = cut(call, lambda one: methods.find(call.merchant_id, one) is not None)
    rows, has_more = reads.kept_cards(call.merchant_id, chosen, whose)
    return Listing([payment_method(row, is_live=call.is_live) for row in rows], has_more)


def attach(call: Call) -> Json:
    """Keep a card for a customer: the token of the card fields goes in, our id comes back."""
    row = methods.keep_method(
        call.deps,
        KeepMethod(
            merchant_id=call.merchant_id,
            customer_id=call.params["customer"],
            method_id=call.subject(),
            token=call.path["method"],
            actor=call.actor,
        ),
    )
    return payment_method(row, is_live=call.is_live)


def detach(call: Call) -> Json:
    """Drop a kept card: it cannot be used again."""
    method_id = call.path["method"]
    row = methods.find(call.merchant_id, method_id)
    if row is not None and row.customer_id is None and call.claim and call.claim.is_resumed:
        # The first request with this key did it, and could not say so.
        return payment_method(row, is_live=call.is_live)
    if row is None and lookup.used_once(call, method_id) is not None:
        raise methods.not_kept()
    dropped = methods.drop_method(call.deps, call.merchant_id, method_id, call.actor)
    return payment_method(dropped, is_live=call.is_live)


_ALL, _ONE = "/v1/payment_methods", "/v1/payment_methods/{method}"
_R, _KIND = "payment_methods", "payment_method"

ROUTES = (
    Route("GET", _ALL, list_, LIST, _R, "read", f"list:{_KIND}", "List payment methods"),
    Route("GET", _ONE, retrieve, {}, _R, "read", _KIND, "Retrieve a payment method"),
    Route("POST", f"{_ONE}/attach", attach, ATTACH, _R, "write", _KIND,
          "Attach a payment method to a customer", "standard", creates="pm"),
    Route("POST", f"{_ONE}/detach", detach, {}, _R, "write", _KIND,
          "Detach a payment method from its customer", "standard"),
)  # fmt: skip
