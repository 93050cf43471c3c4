"""The shapes of what may be shown of each payment method that is not a card."""

from app.web.api.schemas.dsl import (
    Optional,
    Schema,
    array,
    maybe,
    nothing,
    nulls,
    optional,
    shape,
    text,
)

_LAST4 = maybe(text("The last four characters of the account."))
_PRINT = maybe(text("The same for the same account."))
_SEPA: dict[str, Schema | Optional] = {
    "bank_code": maybe(text("Which bank.")),
    "branch_code": nothing(),
    "country": maybe(text("Of the bank; two letters.")),
    "fingerprint": _PRINT,
    "last4": _LAST4,
}
_US: dict[str, Schema | Optional] = {
    "account_holder_type": maybe(text("`individual` or `company`.")),
    "account_type": maybe(text("`checking` or `savings`.")),
    "bank_name": maybe(text("Which bank.")),
    "fingerprint": _PRINT,
    "last4": _LAST4,
    "routing_number": nothing("Never kept here."),
}
_MANDATE = maybe(text("The mandate's name at the processor."))

_PAYPAL: dict[str, Schema | Optional] = {
    "country": maybe(text("Of the buyer's account; two letters.")),
    "payer_email": maybe(text("The buyer's e-mail address at PayPal.")),
    "payer_id": maybe(text("The buyer's id at PayPal.")),
}

# As they stand in a charge.
CHARGED: dict[str, Optional] = {
    "paypal": optional(
        shape(
            "A PayPal account.",
            **_PAYPAL,
            payer_name=maybe(text("The buyer's name at PayPal.")),
            transaction_id=maybe(text("The payment's name at PayPal.")),
            **nulls("seller_protection"),
        )
    ),
    "klarna": optional(
        shape(
            "A purchase at Klarna.",
            payer_details=maybe(shape("", address=maybe(shape("", country=maybe(text()))))),
            payment_method_category=maybe(text("What the buyer chose, like `pay_later`.")),
            preferred_locale=maybe(text("The buyer's language.")),
        )
    ),
    "sepa_debit": optional(
        shape(
            "A bank account in the SEPA.", **_SEPA, expected_debit_date=nothing(), mandate=_MANDATE
        )
    ),
    "customer_balance": optional(
        shape("Money that the customer sent by bank; nothing more is told.")
    ),
    "us_bank_account": optional(
        shape(
            "A bank account in the United States.",
            **_US,
            mandate=_MANDATE,
            **nulls("expected_debit_date", "payment_reference"),
        )
    ),
}
# As they stand in a payment method.
KEPT: dict[str, Schema] = {
    "paypal": shape("A PayPal account.", **_PAYPAL),
    "klarna": shape("A purchase at Klarna.", **nulls("dob")),
    "sepa_debit": shape(
        "A bank account in the SEPA.",
        **_SEPA,
        generated_from=shape("", **nulls("charge", "setup_attempt")),
    ),
    "customer_balance": shape("Money that the customer sends by bank; nothing more is told."),
    "us_bank_account": shape(
        "A bank account in the United States.",
        **_US,
        networks=shape("", preferred=text(), supported=array(text())),
        **nulls("financial_connections_account", "status_details"),
    ),
}
