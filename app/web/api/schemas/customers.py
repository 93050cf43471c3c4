"""The shapes of customers and of the cards that they keep."""

from app.web.api.objects.method_words import API_TYPES
from app.web.api.schemas.dsl import (
    Schema,
    array,
    expands,
    flag,
    ident,
    maybe,
    metadata,
    moment,
    named,
    none_of,
    nothing,
    nulls,
    shape,
    text,
    whole,
    word,
)
from app.web.api.schemas.methods import KEPT
from app.web.api.schemas.parts import ADDRESS, BILLING, BRAND, CHECKS, FUNDING, LIVE, WALLET

CUSTOMER = shape(
    "Who pays.",
    id=ident("cus"),
    object=named("customer"),
    address=maybe({**ADDRESS, "description": "Where the customer lives."}),
    balance={"type": "integer", "const": 0, "description": "Always 0 here."},
    created=moment("When it was made."),
    delinquent={"type": "boolean", "const": False, "description": "Always false here."},
    description=maybe(text("For your records.")),
    email=maybe(text("The customer's e-mail address.")),
    invoice_settings=shape(
        "",
        default_payment_method=maybe(
            expands("payment_method", doc="The kept card that is to be preferred.")
        ),
        **nulls("custom_fields", "footer", "rendering_options"),
    ),
    livemode=LIVE,
    metadata=metadata(),
    name=maybe(text("The customer's name, or that of the business.")),
    phone=maybe(text("The customer's phone number.")),
    preferred_locales=none_of(),
    shipping=maybe(
        shape(
            "Where things are sent to.",
            address=maybe(ADDRESS),
            carrier=nothing(),
            name=maybe(text()),
            phone=maybe(text()),
            tracking_number=nothing(),
        )
    ),
    tax_exempt=word("none", doc="Always `none` here."),
    **nulls("currency", "default_source", "discount", "invoice_prefix", "test_clock"),
)
CARD = shape(
    "The card.",
    brand=BRAND,
    checks=maybe(CHECKS),
    country=maybe(text("Of the bank; two letters.")),
    display_brand=maybe(text("The brand, as it is to be shown.")),
    exp_month=whole(),
    exp_year=whole(),
    fingerprint=maybe(text("The same for the same card number.")),
    funding=FUNDING,
    last4=text("The last four digits."),
    networks=maybe(shape("", available=array(text()), preferred=nothing())),
    three_d_secure_usage=maybe(shape("", supported=flag())),
    wallet=WALLET,
    **nulls("generated_from", "regulated_status"),
)
METHOD_FIELDS: dict[str, Schema] = {
    "id": text("`pm_` and a body."),
    "object": named("payment_method"),
    "allow_redisplay": word("unspecified"),
    "billing_details": BILLING,
    "created": moment("When it was kept, or used."),
    "customer": maybe(expands("customer", "deleted_customer", doc="Who keeps it.")),
    "livemode": LIVE,
    "metadata": metadata(),
    "type": word(*API_TYPES),
}
METHOD = shape("A card that a customer keeps, or the method of a single try.", **METHOD_FIELDS)
# Of a try that is not the payment's last, the card is not remembered.
METHOD["properties"] |= {"card": CARD, **KEPT}


def _deleted(kind: str, prefix: str) -> Schema:
    return shape(
        "What is left to tell of a deleted object.",
        id=ident(prefix),
        object=named(kind),
        deleted={"type": "boolean", "const": True},
    )


SCHEMAS: dict[str, Schema] = {
    "customer": CUSTOMER,
    "deleted_customer": _deleted("customer", "cus"),
    "payment_method": METHOD,
    "deleted_webhook_endpoint": _deleted("webhook_endpoint", "we"),
}
