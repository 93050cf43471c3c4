"""What the calls of payment intents take, and what they refuse, with the reason."""

from app.web.api.fields import (
    CREATED,
    PAGE,
    Amount,
    Choice,
    Email,
    Field,
    Flag,
    Hash,
    Id,
    List,
    Metadata,
    Moment,
    Text,
    Web,
    Whole,
    need,
    refused,
)
from app.web.api.objects.method_words import API_TYPES
from app.web.api.resources import escrow_params
from app.web.api.resources.method_data import DATA
from app.web.api.resources.transfer_options import OPTIONS

ESCROW = escrow_params.PARAMS
NO_CONNECT = "payments are made in the name of the account that takes them."
NO_CARD_DATA = (
    "card data never comes to us; send the token that the card fields gave you as payment_method."
)
NO_OPTIONS = "what a method can do is settled; it takes no options."
NO_STATEMENT = "the account's own statement descriptor is used."
NO_SHIPPING = "addresses are not kept with a payment; keep them in metadata or with the customer."
NO_MANDATE = "a mandate is good for one payment; send mandate_data."
NO_SAVING = "attach the payment method to a customer first, then pay with it."
NO_RADAR = "risk is not told by the caller."
NO_DETAILS = "line details are not passed on to card networks."

_TYPES: dict[str, Field] = {
    "payment_method_types": List(
        Choice(API_TYPES),
        10,
        doc="What it may be paid with, of what is switched on for the account; `card` if not said. Cards may"
        " come out of a wallet.",
    ),
    "automatic_payment_methods": Hash(
        {
            "enabled": need(Flag()),
            "allow_redirects": Choice(("always", "never")),
        },
        doc="All that is switched on and can take this amount; instead of payment_method_types.",
    ),
}
_NOT_AT_ALL: dict[str, Field] = {
    **refused(NO_CONNECT, "on_behalf_of"),
    **refused(NO_DETAILS, "amount_details", "payment_details"),
    **refused(NO_OPTIONS, "payment_method_configuration"),
    **refused("say which are wanted, as payment_method_types.", "excluded_payment_method_types"),
    **refused("send `customer`.", "customer_account"),
    **refused("there are no tax hooks.", "hooks"),
    **refused(NO_SAVING, "setup_future_usage"),
    **refused(NO_SHIPPING, "shipping"),
    **refused(NO_STATEMENT, "statement_descriptor", "statement_descriptor_suffix"),
}
_CAPTURE_METHOD = Choice(
    ("automatic", "manual"), doc="`manual` holds the amount; it is taken by a capture."
)
_CONFIRMING: dict[str, Field] = {
    **DATA,
    **OPTIONS,
    "return_url": Web(
        doc="Where the customer is sent back to from the page on which the bank, or a provider, is answered."
    ),
    "off_session": Flag(doc="The customer is not there; only with a kept payment method."),
    **refused(NO_CARD_DATA, "confirmation_token"),
    "mandate_data": Hash(
        {
            "customer_acceptance": need(
                Hash(
                    {
                        "type": need(Choice(("online",), doc="Only `online`.")),
                        "accepted_at": Moment(doc="When; now if not said."),
                        "online": need(
                            Hash(
                                {
                                    "ip_address": need(Text(45, doc="The customer's.")),
                                    "user_agent": need(Text(500, doc="The customer's browser.")),
                                }
                            )
                        ),
                        **refused("customers agree online.", "offline"),
                    }
                )
            )
        },
        doc="The customer's consent, which bank debits need: show them the mandate's text first.",
    ),
    **refused(NO_MANDATE, "mandate"),
    **refused(NO_RADAR, "radar_options"),
    **refused(
        "a payment that needs the customer waits as requires_action, for a day; cancel it if you will"
        " not wait.",
        "error_on_requires_action",
    ),
    **refused("next_action says what to do in every case.", "use_stripe_sdk"),
}
_METHOD = Id(doc="The token from the card fields, or a kept method of the customer.")
_TEXTS: dict[str, Field] = {
    "customer": Id("customer", doc="A customer of yours."),
    "description": Text(500, doc="For your records."),
    "metadata": Metadata(),
    "receipt_email": Email(doc="The customer's e-mail address."),
}

CREATE: dict[str, Field] = {
    "amount": need(Amount()),
    "currency": need(Text(3, doc="ISO 4217 code, in any case.")),
    "payment_method": _METHOD,
    "confirm": Flag(doc="Try it at once."),
    "capture_method": _CAPTURE_METHOD,
    "confirmation_method": Choice(("automatic",), doc="Only `automatic`."),
    **_TEXTS,
    **ESCROW,
    **_TYPES,
    **_CONFIRMING,
    **_NOT_AT_ALL,
}
UPDATE: dict[str, Field] = {
    "amount": Amount(doc="Until the payment is tried."),
    "currency": Text(3, doc="Until the payment is tried."),
    "payment_method": _METHOD,
    **_TEXTS,
    "payment_method_types": _TYPES["payment_method_types"],
    **refused("send it when you confirm.", *DATA, *OPTIONS),
    **refused(
        "it is settled when the payment is made.",
        "capture_method",
        "application_fee_amount",
        "escrow",
        "transfer_data",
        "transfer_group",
    ),
    **{name: field for name, field in _NOT_AT_ALL.items() if name != "on_behalf_of"},
}
# Parameter → column of the payment's row.
UPDATED_COLUMNS = {
    "customer": "customer_id",
    "description": "description",
    "receipt_email": "customer_email",
    "payment_method": "payment_method",
}
CONFIRM: dict[str, Field] = {
    "payment_method": _METHOD,
    "receipt_email": _TEXTS["receipt_email"],
    "payment_method_types": _TYPES["payment_method_types"],
    **_CONFIRMING,
    **refused("it is settled when the payment is made.", "capture_method", "amount_to_confirm"),
    **refused("a secret key needs none.", "client_secret"),
    **{
        name: field
        for name, field in _NOT_AT_ALL.items()
        if name
        in (
            "amount_details", "payment_details", "excluded_payment_method_types", "hooks",
            "setup_future_usage", "shipping",
        )
    },
}  # fmt: skip
CAPTURE: dict[str, Field] = {
    "amount_to_capture": Whole(1, doc="At most what is held; all of it if not said."),
    "final_capture": Flag(doc="Only true: a payment is captured once, the rest is let go."),
    **refused("update the payment intent instead.", "metadata"),
    **refused("it is settled when the payment is made.", "application_fee_amount", "transfer_data"),
    **refused(NO_DETAILS, "amount_details", "payment_details"),
    **refused("there are no tax hooks.", "hooks"),
    **refused(NO_STATEMENT, "statement_descriptor", "statement_descriptor_suffix"),
}
CANCEL: dict[str, Field] = {
    "cancellation_reason": Choice(
        ("duplicate", "fraudulent", "requested_by_customer", "abandoned"), doc="Why."
    ),
}
LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "customer": Id("customer", doc="Only this customer's."),
    **refused("send `customer`.", "customer_account"),
}
PAY: dict[str, Field] = {
    "amount": need(Amount()),
    "currency": CREATE["currency"],
    "payment_method": Text(255, doc="The token from the secure fields; or payment_method_data."),
    **DATA,
    **OPTIONS,
    "capture_method": _CAPTURE_METHOD,
    "customer": _TEXTS["customer"],
    "customer_name": Text(200, doc="Who pays."),
    "description": _TEXTS["description"],
    "metadata": Metadata(),
    "receipt_email": _TEXTS["receipt_email"],
    "return_url": _CONFIRMING["return_url"],
    **ESCROW,
    "payment_method_types": _TYPES["payment_method_types"],
    "mandate_data": _CONFIRMING["mandate_data"],
}
