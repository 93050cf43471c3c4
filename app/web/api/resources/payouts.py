"""Payouts: money on its way to the merchant's bank, each with the balance transactions it pays for."""

from app.domain.errors import NotFound
from app.domain.money import Money, currency_of
from app.reports.objects import payouts as reads
from app.reports.objects.payouts import Wanted
from app.services import payouts
from app.services.payouts import CreatePayout
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import (
    CREATED,
    PAGE,
    Choice,
    Field,
    Id,
    Metadata,
    Range,
    Text,
    Whole,
    merged,
    need,
    refused,
)
from app.web.api.objects import lookup
from app.web.api.resources.paging import created, cut

STATUSES = ("canceled", "failed", "in_transit", "paid", "pending")
# What is told as pending may be waiting for a lost answer.
_STORED = {"pending": ("pending", "unknown")}

CREATE: dict[str, Field] = {
    "amount": need(Whole(1, doc="How much, in minor units; at most what is available.")),
    "currency": need(Text(3, doc="Of the balance that is paid out.")),
    "description": Text(500, doc="For your own eyes."),
    "metadata": Metadata(),
    "method": Choice(("standard",), doc="How fast; there is one way."),
    "statement_descriptor": Text(22, doc="What the bank statement shows."),
    **refused("payouts go to the default bank account of their currency.", "destination"),
    **refused("there is one balance for each currency.", "source_type", "payout_method"),
}
UPDATE: dict[str, Field] = {"metadata": Metadata()}
LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "arrival_date": Range(doc="Only payouts that arrive at this time."),
    "destination": Id(doc="Only payouts to this bank account."),
    "status": Choice(STATUSES, doc="Only payouts of this status.", can_unset=True),
}


def create(call: Call) -> Json:
    """Pay out a part of the balance: never twice for one key."""
    found = call.params
    currency = currency_of(found["currency"]).code
    payout_id = payouts.create_payout(
        call.deps,
        CreatePayout(
            merchant_id=call.merchant_id,
            currency=currency,
            actor=call.actor,
            amount=Money(found["amount"], currency),
            payout_id=call.subject(),
            statement_descriptor=found.get("statement_descriptor"),
            description=found.get("description"),
            metadata=dict(merged({}, found.get("metadata"))),
        ),
    )
    return _one(call, payout_id or "")


def retrieve(call: Call) -> Json:
    """One payout."""
    return _one(call, call.path["payout"])


def update(call: Call) -> Json:
    """Change a payout's metadata."""
    payout_id = call.path["payout"]
    if "metadata" in call.params:
        payouts.update_payout(call.deps, call.merchant_id, payout_id, call.params["metadata"])
    return _one(call, payout_id)


def cancel(call: Call) -> Json:
    """Call a payout back before the bank was asked."""
    payout_id = call.path["payout"]
    is_repeat = call.claim is not None and call.claim.is_resumed
    # The first request under this key may have done it, and died before it could say so.
    if not is_repeat or _one(call, payout_id)["status"] != "canceled":
        payouts.cancel_payout(call.deps, call.merchant_id, payout_id, call.actor)
    return _one(call, payout_id)


def list_(call: Call) -> Listing:
    """Payouts, newest first."""
    chosen = cut(call, lambda one: bool(reads.by_ids(call.merchant_id, [one])))
    status = call.params.get("status")
    wanted = Wanted(
        created=created(call),
        arrival=call.params.get("arrival_date"),
        destination=call.params.get("destination"),
        statuses=_STORED.get(status, (status,)) if status else (),
    )
    rows, has_more = reads.listed(call.merchant_id, chosen, wanted)
    return Listing(lookup.payouts_of(call, rows), has_more)


def _one(call: Call, payout_id: str) -> Json:
    found = lookup.payouts(call, [payout_id])
    if payout_id not in found:
        raise NotFound("payout", payout_id)
    return found[payout_id]


_ONE = "/v1/payouts/{payout}"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/payouts", create, CREATE, "payouts", "write", "payout", "Create a payout",
          "critical", creates="po"),
    Route("GET", "/v1/payouts", list_, LIST, "payouts", "read", "list:payout", "List payouts"),
    Route("GET", _ONE, retrieve, {}, "payouts", "read", "payout", "Retrieve a payout"),
    Route("POST", _ONE, update, UPDATE, "payouts", "write", "payout", "Update a payout",
          "standard"),
    Route("POST", f"{_ONE}/cancel", cancel, {}, "payouts", "write", "payout", "Cancel a payout",
          "standard"),
)  # fmt: skip
