"""The parameters that each PaymentIntent route takes."""

from app.sandbox.other_methods import TYPES
from app.sandbox.params import (
    EXPAND,
    PAGE,
    RANGE,
    SHIPPING,
    Spec,
    anything,
    boolean,
    hash_of,
    integer,
    list_of,
    metadata,
    one_of,
    string,
)
from app.sandbox.payment_methods import METHOD_DATA

_CARD_OPTIONS = hash_of(
    {
        "request_three_d_secure": one_of("automatic", "any", "challenge"),
        "capture_method": one_of("manual"),
        "statement_descriptor_suffix_kana": string(),
        "statement_descriptor_suffix_kanji": string(),
        "setup_future_usage": string(20),
        "network": string(40),
        "moto": boolean,
        "request_extended_authorization": string(40),
        "request_incremental_authorization": string(40),
        "request_multicapture": string(40),
        "request_overcapture": string(40),
    }
)
_AUTOMATIC = hash_of(
    {"enabled": boolean, "allow_redirects": one_of("always", "never")}, required=("enabled",)
)
_CAPTURE_METHOD = one_of("automatic", "automatic_async", "manual")

_METHOD_TYPES = list_of(one_of("card", "link", *TYPES))
_COMMON: Spec = {
    "allowed_payment_method_types": _METHOD_TYPES,
    "capture_method": _CAPTURE_METHOD,
    "expand": EXPAND,
    "mandate_data": anything,
    "payment_method": string(255),
    "payment_method_data": hash_of(METHOD_DATA),
    "payment_method_options": hash_of(
        {"card": _CARD_OPTIONS, "link": anything, **dict.fromkeys(TYPES, anything)}
    ),
    # Its name before API 2026-09-30; still taken, although Stripe refuses it from then on.
    "radar_options": anything,
    "receipt_email": string(512),
    "setup_future_usage": one_of("", "off_session", "on_session"),
    "shipping": SHIPPING,
}
_CONFIRMING: Spec = {
    "error_on_requires_action": boolean,
    "off_session": anything,
    "return_url": string(),
    "use_stripe_sdk": boolean,
}
_DESCRIBING: Spec = {
    "amount": integer,
    "currency": string(3),
    "customer": string(255),
    "description": string(1000),
    "metadata": metadata,
    "statement_descriptor": string(22),
    "statement_descriptor_suffix": string(22),
    "transfer_group": string(),
}

CREATE: Spec = {
    **_COMMON,
    **_CONFIRMING,
    **_DESCRIBING,
    "automatic_payment_methods": _AUTOMATIC,
    "confirm": boolean,
    "confirmation_method": one_of("automatic", "manual"),
}
UPDATE: Spec = {**_COMMON, **_DESCRIBING}
CONFIRM: Spec = {
    **_COMMON,
    **_CONFIRMING,
    "amount_to_confirm": integer,
    "client_secret": string(),
    "key": anything,
}
CAPTURE: Spec = {
    "amount_to_capture": integer,
    "expand": EXPAND,
    "final_capture": boolean,
    "metadata": metadata,
    "statement_descriptor": string(22),
    "statement_descriptor_suffix": string(22),
}
CANCEL: Spec = {
    "cancellation_reason": one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
    "expand": EXPAND,
}
LIST: Spec = {**PAGE, "created": RANGE, "customer": string(255)}
RETRIEVE: Spec = {
    "client_secret": string(),
    "expand": EXPAND,
    "key": anything,
    "is_stripe_sdk": anything,
}
SEARCH: Spec = {"query": string(), "limit": integer, "page": string(), "expand": EXPAND}
