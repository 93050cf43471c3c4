"""The shapes of events, whole and by type, and of the endpoints that are told of them."""

from app.web.api.event_types import EVENT_TYPES
from app.web.api.schemas.dsl import (
    Schema,
    anything,
    array,
    either,
    ident,
    maybe,
    metadata,
    moment,
    named,
    nothing,
    optional,
    refer,
    shape,
    text,
    whole,
    word,
)
from app.web.api.schemas.parts import LIVE
from app.web.api.version import API_VERSION

# Which object an event shows, by the longest beginning of its type that stands here.
SHOWN = {
    "balance.": "balance",
    "charge.": "charge",
    "charge.dispute.": "dispute",
    "charge.refund.": "refund",
    "checkout.session.": "checkout.session",
    "customer.": "customer",
    "account.": "account",
    "file.": "file",
    "payment_intent.": "payment_intent",
    "payment_method.": "payment_method",
    "payout.": "payout",
    "refund.": "refund",
    "transfer.": "transfer",
}
KINDS = (
    "charge",
    "checkout.session",
    "customer",
    "payment_intent",
    "payment_method",
    "payout",
    "refund",
    "transfer",
)


def shown_by(event_type: str) -> str | None:
    """The kind of object that an event of this type shows; None where there is none yet."""
    fitting = [start for start in SHOWN if event_type.startswith(start)]
    return SHOWN[max(fitting, key=len)] if fitting else None


def event_shape(shown: Schema, type_: Schema, doc: str) -> Schema:
    """An event that shows this."""
    return shape(
        doc,
        id=ident("evt", "The same whenever it is sent: what came twice is known by it."),
        object=named("event"),
        api_version=text("The version of the words: ours."),
        created=moment("When it happened."),
        data=shape(
            "",
            object=shown,
            previous_attributes=optional(anything("What the changed fields were before.")),
        ),
        livemode=LIVE,
        pending_webhooks=whole("How many endpoints are still to be told."),
        request=maybe(
            shape(
                "What caused it.",
                id=maybe(text("The API request, if one did.")),
                idempotency_key=maybe(text("That request's key.")),
            )
        ),
        type=type_,
    )


EVENT = event_shape(
    {**either(*(refer(kind) for kind in KINDS)), "description": "The object as it stood then."},
    word(*EVENT_TYPES, doc="What happened."),
    "Something that happened in the account.",
)
ENDPOINT = shape(
    "An address of yours that is told of events.",
    id=ident("we"),
    object=named("webhook_endpoint"),
    api_version=maybe(text(f"The version of the words: `{API_VERSION}`.")),
    application=nothing(),
    created=moment("When it was made."),
    description=maybe(text("For you: what it is for.")),
    enabled_events=array(word("*", *EVENT_TYPES), "The types it is told of; `*` is all."),
    livemode=LIVE,
    metadata=metadata(),
    secret=optional(text("What events are signed with. Only in the answer that makes it.")),
    status=word("enabled", "disabled"),
    url=text("Where events are posted to."),
)
SCHEMAS: dict[str, Schema] = {"event": EVENT, "webhook_endpoint": ENDPOINT}
