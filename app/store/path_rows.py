"""Between a payment in the domain and its row: the one place that knows both."""

from operator import attrgetter
from typing import Any

from app.domain.declines import DeclineReason
from app.domain.fees import parts_of
from app.domain.money import Money
from app.domain.payments import OperationInFlight, Payment
from app.domain.processor import CardFacts
from app.domain.states import OperationStatus, PaymentStatus

CARD_COLUMNS = {
    "card_brand": "brand",
    "card_last4": "last4",
    "card_exp_month": "exp_month",
    "card_exp_year": "exp_year",
    "card_country": "country",
    "card_funding": "funding",
    "card_fingerprint": "fingerprint",
    "card_cvc_check": "cvc_check",
    "card_postal_check": "postal_check",
    "three_d_secure": "three_d_secure",
    "authorization_code": "authorization_code",
    "card_wallet": "wallet",
    "card_device_last4": "device_last4",
}

PLAIN_COLUMNS = (
    "merchant_id",
    "id",
    "session_id",
    "capture_method",
    "authorized_minor",
    "captured_minor",
    "fee_minor",
    "fee_schedule",
    "processor",
    "processor_account_id",
    "processor_reference",
    "processor_charge_reference",
    "processor_fee_minor",
    "description",
    "customer_email",
    "customer_name",
    "metadata",
    "client_secret",
    "decline_code",
    "cancel_reason",
    "needs_reversal",
    "available_on",
    "capture_before",
    "captured_at",
    "attempt_id",
    "charge_attempt_id",
    "customer_id",
    "payment_method",
    "canceled_at",
    "method",
    "method_types",
    "method_details",
    "action",
    "returned_at",
    "return_code",
    "created_at",
    "settlement_currency",
    "fx_rate_id",
    "settled_minor",
    "fx_fee_minor",
    "escrow",
)

READ_COLUMNS = (
    *PLAIN_COLUMNS,
    "version",
    "status",
    "amount_minor",
    "currency",
    "refunded_minor",
    "refund_reserved_minor",
    "fee_parts",
    "decline_reason",
    *CARD_COLUMNS,
)

# What an outcome may change; the rest of the row was settled by its intent.
OUTCOME_COLUMNS = (
    "status",
    "authorized_minor",
    "captured_minor",
    "fee_minor",
    "fee_schedule",
    "fee_parts",
    "processor_reference",
    "processor_charge_reference",
    "processor_fee_minor",
    "charge_attempt_id",
    "client_secret",
    "decline_reason",
    "decline_code",
    "cancel_reason",
    "needs_reversal",
    "available_on",
    "capture_before",
    "captured_at",
    "canceled_at",
    "method",
    "method_details",
    "action",
    "returned_at",
    "return_code",
    "settlement_currency",
    "fx_rate_id",
    "settled_minor",
    "fx_fee_minor",
)
CHANGEABLE_COLUMNS = (*OUTCOME_COLUMNS, *CARD_COLUMNS)

OPERATION_COLUMNS = (
    "id",
    "kind",
    "status",
    "amount_minor",
    "payment_method_token",
    "return_url",
    "reason",
    "attempts",
    "created_at",
    "customer_reference",
    "is_off_session",
    "payment_method_id",
    "details",
    "error",
)


_CHANGEABLE = attrgetter(*OUTCOME_COLUMNS)
_CARD = attrgetter(*CARD_COLUMNS.values())
_NO_CARD = (None,) * len(CARD_COLUMNS)


def changeable(payment: Payment) -> tuple[Any, ...]:
    """The values of CHANGEABLE_COLUMNS; refunded amounts move in refunds' own units of work."""
    card = payment.card
    facts = _NO_CARD if card is None else tuple(value or None for value in _CARD(card))
    return (*_CHANGEABLE(payment), *facts)


def payment_from_row(row: tuple[Any, ...]) -> Payment:
    """A payment from READ_COLUMNS followed by OPERATION_COLUMNS."""
    count = len(READ_COLUMNS)
    values = dict(zip(READ_COLUMNS, row[:count], strict=True))
    plain = {name: values[name] for name in PLAIN_COLUMNS}
    card = None
    if values["card_brand"] is not None:
        facts: dict[str, Any] = {name: values[col] or "" for col, name in CARD_COLUMNS.items()}
        card = CardFacts(**facts)
    reason = values["decline_reason"]
    return Payment(
        **plain,
        version=values["version"],
        status=PaymentStatus(values["status"]),
        amount=Money(values["amount_minor"], values["currency"]),
        refunded_minor=values["refunded_minor"],
        refund_reserved_minor=values["refund_reserved_minor"],
        fee_parts=parts_of(values["fee_parts"], values["fee_minor"]),
        decline_reason=DeclineReason(reason) if reason else None,
        card=card,
        operation=_operation(row[count:]),
    )


def _operation(row: tuple[Any, ...]) -> OperationInFlight | None:
    values = dict(zip(OPERATION_COLUMNS, row, strict=True))
    if values["id"] is None:
        return None
    values["status"] = OperationStatus(values["status"])
    return OperationInFlight(**values)
