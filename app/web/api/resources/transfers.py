"""Transfers: held money that was released to a seller; and what the seller gives back."""

from app.domain.errors import FarthingError, InvalidRequest, NotFound, ParameterMissing
from app.domain.money import Money, currency_of
from app.reports.objects import payments as payment_reads
from app.reports.objects import transfers as reads
from app.services import escrow, transfers
from app.services.escrow import Part, ReleaseEscrow
from app.services.transfers import ReverseTransfer
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import (
    CREATED,
    PAGE,
    Choice,
    Field,
    Id,
    Metadata,
    Text,
    Whole,
    merged,
    need,
    refused,
)
from app.web.api.objects import lookup
from app.web.api.objects.ids import attempt_id
from app.web.api.resources.paging import created, cut

_WORDS: dict[str, Field] = {
    "description": Text(500, doc="For your records."),
    "metadata": Metadata(),
}
CREATE: dict[str, Field] = {
    "amount": need(Whole(1, doc="What the seller receives; at most what is held.")),
    "currency": need(Text(3, doc="The held payment's currency.")),
    "destination": need(Id(doc="A connected seller.")),
    "source_transaction": Id("charge", doc="The charge whose held money is released."),
    "transfer_group": Text(
        255, doc="Your group; without `source_transaction` it names the one payment held in it."
    ),
    "source_type": Choice(("card",), doc="Only `card`."),
    **_WORDS,
}
UPDATE: dict[str, Field] = {**_WORDS}
LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "destination": Id("account", doc="Only those to this seller."),
    "transfer_group": Text(255, doc="Only those of this group."),
}
REVERSE: dict[str, Field] = {
    "amount": Whole(1, doc="At most what is left of the transfer; all of that if not said."),
    **_WORDS,
    **refused("a commission stays with the platform.", "refund_application_fee"),
}
UPDATE_REVERSAL: dict[str, Field] = {"metadata": Metadata()}


class NotHeld(FarthingError):
    """The payment that is to be transferred from is not held."""

    code, status = "escrow_not_held", 400


def create(call: Call) -> Json:
    """Release `amount` of a held payment to a seller; the rest stays held. Once per key."""
    transfer_id = call.subject()
    if not reads.transfers_by_ids(call.merchant_id, [transfer_id]):
        found = call.params
        hold = _hold(call)
        if currency_of(found["currency"]).code != hold.currency:
            raise InvalidRequest(f"This payment is held in {hold.currency}.", param="currency")
        escrow.release(
            call.deps,
            ReleaseEscrow(
                merchant_id=call.merchant_id,
                hold_id=hold.id,
                actor=call.actor,
                key=transfer_id,
                # The amount is the seller's: what is the platform's own is released with a commission.
                parts=(
                    Part(
                        found["destination"],
                        Money(found["amount"], hold.currency),
                        Money.zero(hold.currency),
                    ),
                ),
                transfer_id=transfer_id,
                transfer_group=found.get("transfer_group"),
                description=found.get("description"),
                metadata=dict(merged({}, found.get("metadata"))),
            ),
        )
    return lookup.transfers(call, [transfer_id])[transfer_id]


def _hold(call: Call) -> reads.EscrowHold:
    """What `source_transaction` or `transfer_group` names."""
    charge, group = call.params.get("source_transaction"), call.params.get("transfer_group")
    if charge is not None:
        found = payment_reads.attempts_by_ids(call.merchant_id, [attempt_id(charge)])
        if not found:
            raise NotFound("charge", charge)
        hold = reads.hold_of_payment(call.merchant_id, found[0].payment.id)
        if hold is None:
            raise NotHeld(
                f"Charge {charge} is not held: create its payment with escrow[enabled]=true.",
                param="source_transaction",
            )
        return hold
    if group is None:
        raise ParameterMissing("source_transaction")
    held = reads.open_holds_of_group(call.merchant_id, group)
    if len(held) != 1:
        how_many = "More than one payment is" if held else "Nothing is"
        raise NotHeld(
            f"{how_many} held in this group; send source_transaction.", param="transfer_group"
        )
    return held[0]


def retrieve(call: Call) -> Json:
    """One transfer."""
    return _one(call)


def update(call: Call) -> Json:
    """Change a transfer's description and metadata."""
    transfer_id = call.path["transfer"]
    known = _one(call)
    change = call.params.get("metadata")
    transfers.update_transfer(
        call.deps,
        call.merchant_id,
        transfer_id,
        metadata=dict(merged(known["metadata"], change)) if "metadata" in call.params else None,
        description=(call.params["description"],) if "description" in call.params else None,
        actor=call.actor,
    )
    return _one(call)


def _one(call: Call) -> Json:
    transfer_id = call.path["transfer"]
    found = lookup.transfers(call, [transfer_id])
    if transfer_id not in found:
        raise NotFound("transfer", transfer_id)
    return found[transfer_id]


def list_(call: Call) -> Listing:
    """Transfers, newest first."""
    chosen = cut(call, lambda one: bool(reads.transfers_by_ids(call.merchant_id, [one])))
    rows, has_more = reads.transfers(
        call.merchant_id,
        chosen,
        created(call),
        destination=call.params.get("destination"),
        group=call.params.get("transfer_group"),
    )
    return Listing(lookup.transfers_of(call, rows), has_more)


def reverse(call: Call) -> Json:
    """Take back what is left of a transfer, or a part; it becomes the platform's own. Once per key."""
    transfer, reversal_id = _one(call), call.subject()
    amount = call.params.get("amount")
    transfers.reverse_transfer(
        call.deps,
        ReverseTransfer(
            merchant_id=call.merchant_id,
            transfer_id=transfer["id"],
            reversal_id=reversal_id,
            actor=call.actor,
            amount=None if amount is None else Money(amount, transfer["currency"].upper()),
            description=call.params.get("description"),
            metadata=dict(merged({}, call.params.get("metadata"))),
        ),
    )
    return _reversal(call, reversal_id)


def retrieve_reversal(call: Call) -> Json:
    """One reversal of one transfer."""
    return _reversal(call, call.path["reversal"])


def update_reversal(call: Call) -> Json:
    """Change a reversal's metadata."""
    reversal_id = call.path["reversal"]
    known = _reversal(call, reversal_id)
    if "metadata" in call.params:
        changed = dict(merged(known["metadata"], call.params["metadata"]))
        transfers.update_reversal(call.merchant_id, call.path["transfer"], reversal_id, changed)
    return _reversal(call, reversal_id)


def _reversal(call: Call, reversal_id: str) -> Json:
    row = reads.reversal(call.merchant_id, call.path["transfer"], reversal_id)
    if row is None:
        raise NotFound("transfer_reversal", reversal_id)
    return lookup.reversals_of(call, [row])[0]


def list_reversals(call: Call) -> Listing:
    """A transfer's reversals, newest first."""
    transfer_id = _one(call)["id"]
    chosen = cut(call, lambda one: reads.reversal(call.merchant_id, transfer_id, one) is not None)
    rows, has_more = reads.reversals(call.merchant_id, transfer_id, chosen)
    return Listing(lookup.reversals_of(call, rows), has_more)


_ALL, _ONE = "/v1/transfers", "/v1/transfers/{transfer}"
_BACK = f"{_ONE}/reversals"
_R, _KIND, _REVERSAL = "transfers", "transfer", "transfer_reversal"

ROUTES = (
    Route("POST", _ALL, create, CREATE, _R, "write", _KIND, "Create a transfer", "critical",
          creates="tr"),
    Route("GET", _ALL, list_, LIST, _R, "read", f"list:{_KIND}", "List transfers"),
    Route("GET", _ONE, retrieve, {}, _R, "read", _KIND, "Retrieve a transfer"),
    Route("POST", _ONE, update, UPDATE, _R, "write", _KIND, "Update a transfer", "standard"),
    Route("POST", _BACK, reverse, REVERSE, _R, "write", _REVERSAL, "Reverse a transfer", "critical",
          creates="trr"),
    Route("GET", _BACK, list_reversals, {**PAGE}, _R, "read", f"list:{_REVERSAL}",
          "List a transfer's reversals"),
    Route("GET", f"{_BACK}/{{reversal}}", retrieve_reversal, {}, _R, "read", _REVERSAL,
          "Retrieve a transfer's reversal"),
    Route("POST", f"{_BACK}/{{reversal}}", update_reversal, UPDATE_REVERSAL, _R, "write", _REVERSAL,
          "Update a transfer's reversal", "standard"),
)  # fmt: skip
