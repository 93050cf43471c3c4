"""The shape of an account."""

from app.web.api.schemas.dsl import (
    Schema,
    currency,
    flag,
    ident,
    maybe,
    metadata,
    moment,
    named,
    nothing,
    nulls,
    shape,
    text,
    word,
)

_PREFIX = "statement_descriptor_prefix"
ACCOUNT = shape(
    "Your account.",
    id=ident("acct"),
    object=named("account"),
    business_profile=shape(
        "",
        name=maybe(text("What customers know you by.")),
        support_email=maybe(text("Where customers can write to.")),
        **nulls(
            "mcc", "product_description", "support_address", "support_phone", "support_url", "url"
        ),
    ),
    business_type=nothing(),
    capabilities=shape("", card_payments=word("active", "inactive")),
    charges_enabled=flag("Whether a processor is connected, so that payments can be taken."),
    controller=shape("", type=word("account")),
    country=text("Two letters, as in ISO 3166-1."),
    created=moment("When it was opened."),
    default_currency=currency(),
    details_submitted=flag(),
    email=maybe(text()),
    metadata=metadata("Always empty here."),
    payouts_enabled=flag("Whether money can be sent to your bank; not yet."),
    settings=shape(
        "",
        branding=shape("", primary_color=maybe(text()), **nulls("icon", "logo", "secondary_color")),
        card_payments=shape(
            "",
            statement_descriptor_prefix=maybe(text()),
            **nulls(f"{_PREFIX}_kana", f"{_PREFIX}_kanji"),
        ),
        dashboard=shape("", display_name=maybe(text()), timezone=maybe(text())),
        payments=shape(
            "",
            statement_descriptor=maybe(text("What stands on customers' statements.")),
            **nulls("statement_descriptor_kana", "statement_descriptor_kanji"),
        ),
    ),
    type=word("standard"),
)
SCHEMAS: dict[str, Schema] = {"account": ACCOUNT}
