"""The balance and its transactions in Stripe's shapes."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import orjson

from app.domain.fees import PART_NAMES, Part, percent
from app.reports.balances import Balance
from app.reports.objects.balance import Transaction
from app.reports.objects.balance_events import (
    CAPTURED,
    CONVERSIONS,
    EARNED,
    FAILED,
    FEE_EARNED,
    FEE_GIVEN,
    FEE_PAID,
    FEE_REGAINED,
    GIVEN_BACK,
    HELD,
    PAID_OUT,
    RECEIVED,
    REGAINED,
    REQUESTED,
    RETURNED,
    REVERSED,
    SENT,
    TAKEN_BACK,
)
from app.web.api.objects.ids import charge_id, timestamp
from app.web.context import deps

TYPES = {
    CAPTURED: "charge",
    REQUESTED: "refund",
    FAILED: "refund_failure",
    RETURNED: "refund_failure",
    TAKEN_BACK: "adjustment",
    PAID_OUT: "payout",
    "payout_failed": "payout_failure",
    "payout_returned": "payout_failure",
    "payout_canceled": "payout_cancel",
    "reserve_held": "reserve_hold",
    "reserve_released": "reserve_release",
    **dict.fromkeys(CONVERSIONS, "adjustment"),
    HELD: "reserve_hold",
    GIVEN_BACK: "reserve_release",
    EARNED: "application_fee",
    RECEIVED: "payment",
    REVERSED: "payment_refund",
    REGAINED: "transfer_refund",
    SENT: "transfer",
    FEE_PAID: "application_fee",
    FEE_EARNED: "application_fee",
    FEE_GIVEN: "application_fee_refund",
    FEE_REGAINED: "application_fee_refund",
}
# Where reports sum up under another name than the type's own.
_CATEGORIES = {
    "adjustment": "other_adjustment",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
    "reserve_hold": "risk_reserved_funds",
    "reserve_release": "risk_reserved_funds",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payment": "charge",
    "payment_refund": "refund",
    "transfer_refund": "transfer_reversal",
}
# A seller's side of what the platform earns is a fee.
_OF_EVENTS = {TAKEN_BACK: "dispute", FEE_PAID: "fee", FEE_REGAINED: "fee"}
_TITLES = {
    REQUESTED: "REFUND FOR CHARGE",
    FAILED: "REFUND FAILURE",
    RETURNED: "REFUND FAILURE",
    TAKEN_BACK: "TAKEN BACK BY THE BANK",
    PAID_OUT: "PAYOUT",
    "payout_failed": "PAYOUT FAILURE",
    "payout_returned": "PAYOUT FAILURE",
    "payout_canceled": "PAYOUT CANCELED",
    "reserve_held": "RESERVE HELD",
    "reserve_released": "RESERVE RELEASED",
    HELD: "HELD IN ESCROW",
    GIVEN_BACK: "OUT OF ESCROW FOR A REFUND",
    EARNED: "COMMISSION",
    RECEIVED: "TRANSFER",
    REVERSED: "TRANSFER REVERSAL",
    REGAINED: "TRANSFER REVERSAL",
    SENT: "TRANSFER",
    FEE_PAID: "APPLICATION FEE",
    FEE_EARNED: "APPLICATION FEE",
    FEE_GIVEN: "APPLICATION FEE REFUND",
    FEE_REGAINED: "APPLICATION FEE REFUND",
}


def category(event: str) -> str:
    """Under what reports sum up this change of a balance."""
    kind = TYPES[event]
    return _OF_EVENTS.get(event) or _CATEGORIES.get(kind, kind)


def balance(rows: Sequence[Balance], *, is_live: bool, default_currency: str) -> dict[str, Any]:
    """The object; an account that never took money has nothing, in its own currency."""
    available = {row.currency: row.available.amount_minor for row in rows}
    pending = {row.currency: row.pending.amount_minor for row in rows}
    return {
        "object": "balance",
        "available": _amounts(available or {default_currency: 0}),
        "livemode": is_live,
        "pending": _amounts(pending or {default_currency: 0}),
    }


def _amounts(by_currency: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"amount": amount, "currency": currency.lower(), "source_types": {"card": amount}}
        for currency, amount in by_currency.items()
    ]


def balance_transaction(row: Transaction) -> dict[str, Any]:
    """The object; its source can be expanded."""
    kind = TYPES[row.event]
    is_available = row.available_on <= deps().clock.now().date()
    return {
        "id": row.id,
        "object": "balance_transaction",
        "amount": row.gross_minor,
        "available_on": timestamp(datetime.combine(row.available_on, time(), UTC)),
        "balance_type": "payments",
        "created": timestamp(row.created_at),
        "currency": row.currency.lower(),
        "description": _description(row),
        "exchange_rate": _exact(row.exchange_rate),
        "fee": row.fee_minor,
        "fee_details": _fees(row),
        "net": row.gross_minor - row.fee_minor,
        "reporting_category": category(row.event),
        "source": _source(row),
        "status": "available" if is_available else "pending",
        "type": kind,
    }


def _exact(rate: Decimal | None) -> orjson.Fragment | None:
    """A number with the very digits that are stored; it never becomes a float here."""
    return None if rate is None else orjson.Fragment(f"{rate:f}")


def _source(row: Transaction) -> str | None:
    if row.event in ("reserve_held", "reserve_released"):
        return None  # A reserve is no object of the API.
    is_charge = row.event in (CAPTURED, TAKEN_BACK) or (
        (row.event == HELD or row.is_conversion) and row.source_id.startswith("pi_")
    )
    if not is_charge:
        return row.source_id
    return charge_id(row.attempt_id) if row.attempt_id else None


def _fees(row: Transaction) -> list[dict[str, Any]]:
    """The lines of the fee, which add up to it; a cap is a line below zero."""
    return [
        {
            "amount": part.minor,
            "application": None,
            "currency": row.currency.lower(),
            "description": _line(part),
            "type": "stripe_fee",
        }
        for part in row.fee_parts
    ]


def _line(part: Part) -> str:
    rate = "" if part.basis_points is None else f" ({percent(part.basis_points)}%)"
    return PART_NAMES[part.name] + rate


def _description(row: Transaction) -> str | None:
    if row.event == CAPTURED:
        return row.description
    if row.is_conversion:
        return (
            f"CONVERSION AT {row.exchange_rate:f} ({row.rate_id})" if row.rate_id else "CONVERSION"
        )
    title = _TITLES[row.event]
    return f"{title} ({row.description})" if row.description else title
