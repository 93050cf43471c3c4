"""Escrow holds: what is held of each payment, and its release to several sellers at once. Ours."""

from app.domain.errors import FarthingError, InvalidRequest, NotFound, StaleAmount
from app.domain.escrow import MOST_PARTS
from app.domain.money import Money
from app.domain.states import EscrowStatus
from app.reports.objects import transfers as reads
from app.services import escrow
from app.services.escrow import LONGEST_REASON, FreezeEscrow, Part, ReleaseEscrow
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import (
    CREATED,
    PAGE,
    Choice,
    Field,
    Hash,
    Id,
    List,
    Metadata,
    Text,
    Whole,
    merged,
    need,
)
from app.web.api.objects import lookup
from app.web.api.resources.paging import created, cut

PART: dict[str, Field] = {
    "destination": need(Id(doc="A connected seller.")),
    "amount": need(Whole(1, doc="What is released for this seller, commission included.")),
    "commission": Whole(0, doc="What you keep of it; by the seller's own rate if not said."),
}
RELEASE: dict[str, Field] = {
    "parts": List(Hash(PART), MOST_PARTS, doc="Who gets how much."),
    "milestone": Text(80, doc="Release this step of the plan, instead of parts."),
    "expected_amount_held": Whole(
        1, doc="What you think is held; if that is no longer true, nothing is released."
    ),
    "description": Text(500, doc="For your records; on each transfer."),
    "metadata": Metadata(),
}
FREEZE: dict[str, Field] = {
    "reason": need(
        Text(LONGEST_REASON, doc="Why; your team reads it, and software that tries a release.")
    ),
}
LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "payment_intent": Id("payment_intent", doc="Only this payment's."),
    "transfer_group": Text(255, doc="Only those of this group."),
    "status": Choice(tuple(EscrowStatus), doc="Only those that stand so."),
}


class HeldAmountChanged(FarthingError):
    """What the caller thought was held is held no longer."""

    code, status = "escrow_amount_changed", 400


def retrieve(call: Call) -> Json:
    """How much of a payment is held, and for whom."""
    return _one(call)


def list_(call: Call) -> Listing:
    """Holds, newest first."""
    chosen = cut(call, lambda one: reads.hold(call.merchant_id, one) is not None)
    rows, has_more = reads.holds(
        call.merchant_id,
        chosen,
        created(call),
        payment_id=call.params.get("payment_intent"),
        group=call.params.get("transfer_group"),
        status=call.params.get("status"),
    )
    return Listing(lookup.holds_of(call, rows), has_more)


def release(call: Call) -> Json:
    """Release parts, a milestone, or with neither all that is held as the payment planned it; each
    part becomes a transfer. Once per key.
    """
    currency = _one(call)["currency"].upper()
    found = call.params
    if found.get("parts") and found.get("milestone"):
        raise InvalidRequest("Send parts or a milestone, not both.", param="milestone")
    expected = found.get("expected_amount_held")
    try:
        escrow.release(
            call.deps,
            ReleaseEscrow(
                merchant_id=call.merchant_id,
                hold_id=call.path["hold"],
                actor=call.actor,
                key=call.subject(),
                parts=tuple(_part(one, currency) for one in found.get("parts") or ()),
                milestone=found.get("milestone"),
                expected_held=None if expected is None else Money(expected, currency),
                description=found.get("description"),
                metadata=dict(merged({}, found.get("metadata"))),
            ),
        )
    except StaleAmount as error:
        raise HeldAmountChanged(error.message, param="expected_amount_held") from error
    return _one(call)


def freeze(call: Call) -> Json:
    """Let nobody release it, and stop the days until it goes by itself; refunds stay possible. What is
    frozen already keeps its first reason.
    """
    hold_id = _one(call)["id"]
    reason = call.params["reason"]
    escrow.freeze(call.deps, FreezeEscrow(call.merchant_id, hold_id, call.actor, reason))
    return _one(call)


def unfreeze(call: Call) -> Json:
    """Let it go its way again; what goes by itself goes later by as long as it was frozen. A hold that is
    not frozen stays as it is.
    """
    hold_id = _one(call)["id"]
    escrow.unfreeze(call.deps, call.merchant_id, hold_id, call.actor)
    return _one(call)


def _part(found: Json, currency: str) -> Part:
    kept = found.get("commission")
    return Part(
        found["destination"],
        Money(found["amount"], currency),
        None if kept is None else Money(kept, currency),
    )


def _one(call: Call) -> Json:
    row = reads.hold(call.merchant_id, call.path["hold"])
    if row is None:
        raise NotFound("escrow_hold", call.path["hold"])
    return lookup.holds_of(call, [row])[0]


_ALL, _ONE = "/v1/escrow_holds", "/v1/escrow_holds/{hold}"
_R, _KIND = "transfers", "escrow_hold"

ROUTES = (
    Route("GET", _ALL, list_, LIST, _R, "read", f"list:{_KIND}", "List escrow holds"),
    Route("GET", _ONE, retrieve, {}, _R, "read", _KIND, "Retrieve an escrow hold"),
    Route("POST", f"{_ONE}/release", release, RELEASE, _R, "write", _KIND,
          "Release held money", "critical", creates="rel"),
    Route("POST", f"{_ONE}/freeze", freeze, FREEZE, _R, "write", _KIND, "Freeze held money",
          "standard"),
    Route("POST", f"{_ONE}/unfreeze", unfreeze, {}, _R, "write", _KIND, "Unfreeze held money",
          "standard"),
)  # fmt: skip
