"""Shapes that stand inside several objects."""

from app.domain.methods import WALLETS
from app.web.api.objects.charge import BRANDS
from app.web.api.schemas.dsl import (
    Optional,
    Schema,
    flag,
    maybe,
    nothing,
    optional,
    shape,
    text,
    whole,
    word,
)

LIVE = flag("Whether real money moves.")
CHECK = maybe(word("pass", "fail", "unavailable", "unchecked"))
CHECKS = shape(
    "What the bank compared.",
    address_line1_check=CHECK,
    address_postal_code_check=CHECK,
    cvc_check=CHECK,
)
ADDRESS = shape(
    "",
    city=maybe(text()),
    country=maybe(text("Two letters, as in ISO 3166-1.")),
    line1=maybe(text()),
    line2=maybe(text()),
    postal_code=maybe(text()),
    state=maybe(text()),
)
BILLING = shape(
    "Who paid, as far as they said.",
    address=maybe(ADDRESS),
    email=maybe(text()),
    name=maybe(text()),
    phone=maybe(text()),
    tax_id=nothing(),
)
BRAND = text(f"The card's brand: {', '.join(f'`{name}`' for name in BRANDS)}, `unknown`.")
_EMPTY: dict[str, Optional] = {name: optional(shape("Empty.")) for name in WALLETS}
WALLET = maybe(
    shape(
        "The wallet that the card came from.",
        type=word(*WALLETS, doc="Which; an object of this name stands beside it."),
        dynamic_last4=maybe(
            text("The last four digits of the number that only the customer's device has.")
        ),
        **_EMPTY,
    )
)
FUNDING = word("credit", "debit", "prepaid", "unknown", doc="What kind of card.")
CAPTURE_METHOD = word(
    "automatic", "manual", doc="`manual`: the amount is held, and taken by a capture."
)
FEE = maybe(whole("What you keep of what is sent on to a seller."))
TRANSFER_DATA = shape(
    "The seller whom the money is for.",
    destination=text("The seller's account."),
    amount=optional(whole("How much of it is sent on, if that is not all.")),
)
# What expanding never finds anything behind, and older software asks for all the same.
CONNECT: dict[str, Schema] = {
    "application": nothing(),
    "on_behalf_of": nothing(),
    "transfer_data": maybe(TRANSFER_DATA),
    "transfer_group": maybe(text("Your name for what belongs together.")),
}
