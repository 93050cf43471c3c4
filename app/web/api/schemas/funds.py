"""The shapes of the balance, what changed it, and of payouts, disputes and files."""

from app.web.api.objects.balance import TYPES, category
from app.web.api.resources.files import PURPOSES
from app.web.api.resources.payouts import STATUSES
from app.web.api.schemas.dsl import (
    Schema,
    array,
    currency,
    decimal,
    expands,
    flag,
    ident,
    maybe,
    metadata,
    moment,
    named,
    nothing,
    nulls,
    refer,
    shape,
    text,
    whole,
    word,
)
from app.web.api.schemas.parts import LIVE

_AMOUNT = shape(
    "",
    amount=whole("In ISO 4217 minor units; below zero when more went back than came in."),
    currency=currency(),
    source_types=shape("", card=whole()),
)
BALANCE = shape(
    "How much of the money is yours.",
    object=named("balance"),
    available=array(_AMOUNT, "What can be paid out, by currency."),
    livemode=LIVE,
    pending=array(_AMOUNT, "What is on its way, by currency."),
)
TRANSACTION = shape(
    "One change of the balance.",
    id=ident("txn"),
    object=named("balance_transaction"),
    amount=whole("Before fees; below zero when it left."),
    available_on=moment("From when on it can be paid out."),
    balance_type=word("payments"),
    created=moment("When it was booked."),
    currency=currency(),
    description=maybe(text()),
    exchange_rate=maybe(
        decimal(
            "How much of `currency` one unit of the other was worth, where money was converted."
        )
    ),
    fee=whole("What was kept for the processing."),
    fee_details=array(
        shape(
            "",
            amount=whole("Below zero where a cap takes from the fee."),
            application=nothing(),
            currency=currency(),
            description=maybe(text("What the line is for, and its rate.")),
            type=word("stripe_fee", doc="The word that software of this kind expects."),
        ),
        "The lines of the fee: they add up to `fee`.",
    ),
    net=whole("`amount` less `fee`."),
    reporting_category=word(*sorted({category(event) for event in TYPES})),
    source=maybe(
        expands(
            "charge",
            "refund",
            "payout",
            doc="What changed the balance: an object of yours, or of the platform that paid you.",
        )
    ),
    status=word("available", "pending"),
    type=word(*sorted(set(TYPES.values())), doc="What kind of change."),
)
PAYOUT = shape(
    "Money on its way to your bank, and why it is that much.",
    id=ident("po"),
    object=named("payout"),
    amount=whole(),
    application_fee=nothing(),
    application_fee_amount=nothing(),
    arrival_date=moment("When it arrives, or is expected to."),
    automatic=flag("Whether a schedule made it."),
    balance_transaction=maybe(expands("balance_transaction")),
    created=moment(),
    currency=currency(),
    description=maybe(text()),
    destination=maybe(text("The bank account.")),
    failure_balance_transaction=maybe(expands("balance_transaction")),
    failure_code=maybe(text()),
    failure_message=maybe(text()),
    livemode=LIVE,
    metadata=maybe(metadata()),
    method=word("standard"),
    original_payout=nothing(),
    payout_method=nothing(),
    reconciliation_status=word("completed", "in_progress", "not_applicable"),
    reversed_by=nothing(),
    source_type=word("card"),
    statement_descriptor=maybe(text()),
    status=word(*STATUSES),
    trace_id=maybe(shape("", status=text(), value=maybe(text()))),
    type=word("bank_account"),
)
_FILED = (
    "cancellation_policy", "customer_communication", "customer_signature",
    "duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation",
    "shipping_documentation", "uncategorized_file",
)  # fmt: skip
_WRITTEN = (
    "access_activity_log", "billing_address", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_email_address", "customer_name", "customer_purchase_ip",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description",
    "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_tracking_number", "uncategorized_text",
)  # fmt: skip
DISPUTE = shape(
    "A payment that a customer questioned at the bank. None is known yet; this is the shape that"
    " they will have.",
    id=ident("dp"),
    object=named("dispute"),
    amount=whole(),
    balance_transactions=array(refer("balance_transaction")),
    charge=expands("charge"),
    created=moment(),
    currency=currency(),
    enhanced_eligibility_types=array(word("visa_compelling_evidence_3", "visa_compliance")),
    evidence=shape(
        "What you answer.",
        enhanced_evidence=shape(),
        **{name: maybe(expands("file")) for name in _FILED},
        **{name: maybe(text()) for name in _WRITTEN},
    ),
    evidence_details=shape(
        "",
        due_by=maybe(moment("Until when to answer.")),
        enhanced_eligibility=shape(),
        has_evidence=flag(),
        past_due=flag(),
        submission_count=whole(),
    ),
    is_charge_refundable=flag(),
    livemode=LIVE,
    metadata=metadata(),
    payment_intent=maybe(expands("payment_intent")),
    reason=text("What the customer says."),
    status=word(
        "lost", "needs_response", "under_review", "warning_closed", "warning_needs_response",
        "warning_under_review", "won",
    ),
)  # fmt: skip
FILE = shape(
    "What was uploaded. Nothing can be uploaded yet; this is the shape that files will have.",
    id=ident("file"),
    object=named("file"),
    created=moment(),
    filename=maybe(text()),
    purpose=word(*PURPOSES),
    size=whole("In bytes."),
    title=maybe(text()),
    type=maybe(text("`pdf`, `jpg` or `png`.")),
    url=maybe(text()),
    **nulls("expires_at", "links"),
)
SCHEMAS: dict[str, Schema] = {
    "balance": BALANCE,
    "balance_transaction": TRANSACTION,
    "payout": PAYOUT,
    "dispute": DISPUTE,
    "file": FILE,
}
