"""The shapes of transfers and their reversals, and of what is held for them."""

from app.domain.states import EscrowStatus
from app.web.api.schemas.dsl import (
    Schema,
    array,
    currency,
    expands,
    flag,
    ident,
    maybe,
    metadata,
    moment,
    named,
    nothing,
    refer,
    shape,
    text,
    whole,
    word,
)
from app.web.api.schemas.parts import LIVE

REVERSAL = shape(
    "What a seller gave back of a transfer.",
    id=ident("trr"),
    object=named("transfer_reversal"),
    amount=whole("In minor units."),
    balance_transaction=maybe(expands("balance_transaction", doc="What it gave your balance.")),
    created=moment(),
    currency=currency(),
    destination_payment_refund=nothing(),
    metadata=maybe(metadata()),
    source_refund=maybe(expands("refund", doc="The refund that it was made for.")),
    transfer=expands("transfer", doc="Which transfer."),
)
TRANSFER = shape(
    "Money that went to a seller: held until you released it, or sent on when it was captured.",
    id=ident("tr"),
    object=named("transfer"),
    amount=whole("What the seller received, in minor units."),
    amount_reversed=whole("What was given back of it."),
    balance_transaction=maybe(
        expands(
            "balance_transaction",
            doc="What it did to your balance: null for a release without a commission.",
        )
    ),
    created=moment(),
    currency=currency(),
    description=maybe(text("For your records.")),
    destination=text("The seller's account."),
    livemode=LIVE,
    metadata=metadata(),
    reversals=shape(
        "The latest of them.",
        object=named("list"),
        data=array(refer("transfer_reversal")),
        has_more=flag("Whether there are more than these."),
        url=text("Where all of them are listed."),
    ),
    reversed=flag("Whether all of it was given back."),
    source_transaction=maybe(expands("charge", doc="The charge whose money it was.")),
    source_type=word("card"),
    transfer_group=maybe(text("Your name for what belongs together.")),
)
HOLD = shape(
    "What is held of a payment until it is released or refunded.",
    id=ident("esc"),
    object=named("escrow_hold"),
    amount=whole("What was captured less its fee, in minor units."),
    amount_held=whole("What is held now."),
    amount_refunded=whole("What went back to the customer."),
    amount_released=whole("What was released, commissions included."),
    automatic_release_at=maybe(moment("When it is released by itself, if it is.")),
    created=moment(),
    currency=currency(),
    destination=maybe(text("The seller whom the payment named.")),
    frozen_reason=maybe(text("Why nothing is released now.")),
    livemode=LIVE,
    milestones=array(
        shape(
            "",
            name=text(),
            amount=whole("Its part of the payment's amount."),
            destination=text("The seller."),
            released=flag("Whether it was released."),
            amount_released=whole("What was released for it, its share of the fee taken off."),
        ),
        "The steps of the plan.",
    ),
    payment_intent=expands("payment_intent"),
    status=word(*EscrowStatus, doc="`closed` is part released, part refunded."),
    transfer_group=maybe(text("Your name for what belongs together.")),
)
SCHEMAS: dict[str, Schema] = {
    "transfer": TRANSFER,
    "transfer_reversal": REVERSAL,
    "escrow_hold": HOLD,
}
