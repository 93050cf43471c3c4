"""The shapes of payment intents, charges and refunds."""

from app.web.api.objects.method_words import API_TYPES
from app.web.api.objects.payment_intent import CANCEL_REASONS
from app.web.api.objects.refund import BALANCES, FAILURES, REASONS, THROUGH, TRANSFERS
from app.web.api.schemas.dsl import (
    Schema,
    currency,
    expands,
    flag,
    ident,
    maybe,
    metadata,
    moment,
    named,
    nothing,
    nulls,
    optional,
    page_of,
    refer,
    shape,
    text,
    whole,
    word,
)
from app.web.api.schemas.instructions import INSTRUCTIONS
from app.web.api.schemas.methods import CHARGED
from app.web.api.schemas.parts import (
    BILLING,
    BRAND,
    CAPTURE_METHOD,
    CHECKS,
    CONNECT,
    FEE,
    FUNDING,
    LIVE,
    WALLET,
)

_ADVICE = word("confirm_card_data", "do_not_try_again", "try_again_later", doc="What would help.")
_CODE = text("Which error: see Errors.")
_DECLINE = text("Why the bank declined, as far as it may be told.")

LAST_ERROR = shape(
    "Why the last try was declined.",
    type=word("card_error", "invalid_request_error", "api_error"),
    code=optional(_CODE),
    decline_code=optional(_DECLINE),
    advice_code=optional(_ADVICE),
    message=optional(text("What to tell the customer.")),
    doc_url=optional(text()),
    charge=optional(ident("ch", "The charge that was declined.")),
    payment_method=optional(refer("payment_method", "The card that was tried.")),
)
NEXT_ACTION = shape(
    "What the customer has to do.",
    type=word("redirect_to_url", "verify_with_microdeposits", "display_bank_transfer_instructions"),
    redirect_to_url=optional(
        shape(
            "",
            url=text("The page to send the customer to: the bank's or the provider's."),
            return_url=maybe(text("Where the customer is sent back to.")),
        )
    ),
    verify_with_microdeposits=optional(
        shape(
            "Two small deposits prove that the account is the customer's.",
            arrival_date=moment("When they are expected."),
            hosted_verification_url=text("The page on which the customer tells their amounts."),
            microdeposit_type=word("amounts", "descriptor_code"),
        )
    ),
    display_bank_transfer_instructions=optional(INSTRUCTIONS),
)
INTENT_FIELDS: dict[str, Schema] = {
    "id": ident("pi"),
    "object": named("payment_intent"),
    "amount": whole("What is to be paid, in ISO 4217 minor units."),
    "amount_capturable": whole("What is held and can be captured."),
    "amount_details": shape("Always empty here.", tip=shape()),
    "amount_received": whole("What was taken."),
    "application_fee_amount": FEE,
    "automatic_payment_methods": nothing("Always null here: see payment_method_types."),
    "canceled_at": maybe(moment("When it ended unpaid.")),
    "cancellation_reason": maybe(word(*CANCEL_REASONS, "automatic", "expired", doc="Why.")),
    "capture_method": CAPTURE_METHOD,
    "client_secret": text("With a publishable key this opens this one payment, for a browser."),
    "confirmation_method": word("automatic"),
    "created": moment("When it was made."),
    "currency": currency(),
    "customer": maybe(expands("customer", "deleted_customer", doc="Whose payment it is.")),
    "description": maybe(text("For your records.")),
    "last_payment_error": maybe(LAST_ERROR),
    "latest_charge": maybe(expands("charge", doc="The last try that reached a bank.")),
    "livemode": LIVE,
    "metadata": metadata(),
    "next_action": maybe(NEXT_ACTION),
    "payment_method": maybe(expands("payment_method", doc="What it is, or is to be, paid with.")),
    "payment_method_options": shape("Always empty here."),
    "payment_method_types": {
        "type": "array",
        "items": word(*API_TYPES),
        "description": "What it may be paid with.",
    },
    "processing": nothing(),
    "receipt_email": maybe(text("The customer's e-mail address.")),
    "review": nothing(),
    "setup_future_usage": nothing(),
    "shipping": nothing(),
    "statement_descriptor": nothing(),
    "statement_descriptor_suffix": nothing(),
    "status": word(
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "requires_capture",
        "canceled",
        "succeeded",
        doc="Where it stands. `processing`: the outcome is not known yet; do not try anew.",
    ),
    **CONNECT,
}
# What a browser may see of a payment whose client secret it has.
PUBLIC = (
    "id", "object", "amount", "canceled_at", "cancellation_reason", "capture_method",
    "client_secret", "confirmation_method", "created", "currency", "last_payment_error", "livemode",
    "next_action", "payment_method_types", "status",
)  # fmt: skip

CARD_DETAILS = shape(
    "",
    amount_authorized=maybe(whole("What is held.")),
    authorization_code=maybe(text("The bank's code.")),
    brand=maybe(BRAND),
    checks=maybe(CHECKS),
    country=maybe(text("Of the bank; two letters.")),
    exp_month=whole(),
    exp_year=whole(),
    fingerprint=maybe(text("The same for the same card number.")),
    funding=maybe(FUNDING),
    last4=maybe(text("The last four digits.")),
    network=maybe(text("Whose network was used.")),
    network_token=maybe(shape("", used=flag())),
    wallet=WALLET,
    **nulls(
        "installments", "mandate", "network_transaction_id", "regulated_status", "three_d_secure",
    ),
)  # fmt: skip
OUTCOME = shape(
    "What the bank said.",
    advice_code=maybe(_ADVICE),
    network_status=word("approved_by_network", "declined_by_network"),
    reason=maybe(_DECLINE),
    risk_level=word("not_assessed", doc="Risk is not told here."),
    seller_message=maybe(text("In words, for you.")),
    type=word("authorized", "issuer_declined"),
    **nulls("network_advice_code", "network_decline_code"),
)
CHARGE = shape(
    "A try to pay that reached a bank.",
    id=ident("ch"),
    object=named("charge"),
    amount=whole("What was asked for, or is held."),
    amount_captured=whole("What was taken."),
    amount_refunded=whole("What went back or was let go."),
    application=nothing(),
    application_fee=nothing(),
    application_fee_amount=FEE,
    balance_transaction=maybe(expands("balance_transaction", doc="What it did to the balance.")),
    billing_details=BILLING,
    calculated_statement_descriptor=nothing(),
    captured=flag("Whether money was taken."),
    created=moment("When it was tried."),
    currency=currency(),
    customer=maybe(expands("customer", "deleted_customer", doc="Whose payment it is.")),
    description=maybe(text("The payment's.")),
    disputed=flag("Whether the customer questioned it at the bank."),
    failure_balance_transaction=nothing(),
    failure_code=maybe(_CODE),
    failure_message=maybe(text("Why it was declined, in words for the customer.")),
    fraud_details=shape("Always empty here."),
    livemode=LIVE,
    metadata=metadata("The payment's."),
    on_behalf_of=nothing(),
    outcome=maybe(OUTCOME),
    paid=flag("Whether the bank agreed."),
    payment_intent=maybe(expands("payment_intent", doc="The payment it is a try of.")),
    payment_method=maybe(text("The card's id; see payment methods.")),
    payment_method_details=maybe(
        shape(
            "What was charged, under its type.",
            type=word(*API_TYPES),
            card=optional(CARD_DETAILS),
            **CHARGED,
        )
    ),
    receipt_email=maybe(text()),
    refunded=flag("Whether all of it went back or was let go."),
    refunds=optional(page_of("refund", "Its latest refunds; with `expand[]=refunds`.")),
    status=word("failed", "pending", "succeeded"),
    transfer=optional(expands("transfer", doc="The transfer that sent it on to a seller.")),
    transfer_data=maybe(
        shape(
            "The seller whom the money is for.",
            destination=text("The seller's account."),
            amount=maybe(whole("How much of it is sent on; null is all.")),
        )
    ),
    transfer_group=maybe(text("Your name for what belongs together.")),
    **nulls(
        "receipt_number", "receipt_url", "review", "shipping", "source_transfer",
        "statement_descriptor", "statement_descriptor_suffix",
    ),
)  # fmt: skip
_TRANSFER = shape("A transfer to the account.", reference_status=word("pending"))
REFUND = shape(
    "Money on its way back to where it came from.",
    id=ident("re"),
    object=named("refund"),
    amount=whole("What goes back."),
    balance_transaction=maybe(expands("balance_transaction", doc="What it took off the balance.")),
    charge=maybe(expands("charge", doc="What is refunded.")),
    created=moment("When it was asked for."),
    currency=currency(),
    destination_details=shape(
        "",
        type=word("card", *TRANSFERS.values(), *BALANCES.values(), *THROUGH),
        card=optional(
            shape(
                "",
                reference_status=word("pending", "available", "unavailable"),
                reference_type=word("acquirer_reference_number"),
                type=word("refund"),
            )
        ),
        **{name: optional(_TRANSFER) for name in TRANSFERS.values()},
        **{name: optional(shape("The customer's own balance.")) for name in BALANCES.values()},
        **{name: optional(shape("Through the provider.")) for name in THROUGH},
    ),
    failure_balance_transaction=optional(
        expands("balance_transaction", doc="What came back to the balance when it failed.")
    ),
    failure_reason=optional(word(*FAILURES, "unknown", doc="Why it failed.")),
    metadata=metadata(),
    payment_intent=maybe(expands("payment_intent", doc="The payment.")),
    pending_reason=optional(word("processing")),
    reason=maybe(word(*REASONS, doc="Why, as you said.")),
    status=word(
        "pending",
        "succeeded",
        "failed",
        doc="`failed`: the money is yours again.",
    ),
    transfer_reversal=maybe(
        expands("transfer_reversal", doc="What it took back of the seller's part.")
    ),
    **nulls("receipt_number", "source_transfer_reversal"),
)
SCHEMAS: dict[str, Schema] = {
    "payment_intent": shape("A payment, from the wish to the outcome.", **INTENT_FIELDS),
    "payment_intent_public": shape(
        "What a publishable key and the payment's client secret may see.",
        **{name: INTENT_FIELDS[name] for name in PUBLIC},
    ),
    "charge": CHARGE,
    "refund": REFUND,
}
