"""Charges: the tries to take payments that reached a bank. They are made by payment intents."""

from app.domain.errors import NotFound
from app.reports.objects import payments as reads
from app.reports.objects.paging import Slice
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import CREATED, PAGE, Field, Id, refused
from app.web.api.objects import lookup
from app.web.api.objects.ids import attempt_id
from app.web.api.resources.paging import created, cut

LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "customer": Id("customer", doc="Only this customer's."),
    "payment_intent": Id("payment_intent", doc="Only the tries of this payment."),
    **refused("list escrow holds or transfers by it.", "transfer_group"),
}


def retrieve(call: Call) -> Json:
    """One charge."""
    charge_id = call.path["charge"]
    found = lookup.charges(call, [charge_id])
    if charge_id not in found:
        raise NotFound("charge", charge_id)
    return found[charge_id]


def list_(call: Call) -> Listing:
    """Charges, newest first."""
    page = cut(call, lambda one: bool(lookup.charges(call, [one])))
    page = Slice(
        page.limit,
        attempt_id(page.after) if page.after else None,
        attempt_id(page.before) if page.before else None,
    )
    rows, has_more = reads.attempts(
        call.merchant_id,
        page,
        created(call),
        payment_id=call.params.get("payment_intent"),
        customer_id=call.params.get("customer"),
    )
    return Listing(lookup.charges_of(call, rows), has_more)


ROUTES = (
    Route("GET", "/v1/charges", list_, LIST, "charges", "read", "list:charge", "List charges"),
    Route("GET", "/v1/charges/{charge}", retrieve, {}, "charges", "read", "charge",
          "Retrieve a charge"),
)  # fmt: skip
