"""The balance and its transactions in Stripe's shapes."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from app.reports.balances import Balance
from app.reports.objects.balance import (
    CAPTURED,
    FAILED,
    REQUESTED,
    RETURNED,
    TAKEN_BACK,
    Transaction,
)
from app.web.api.objects.ids import charge_id, timestamp
from app.web.context import deps

TYPES = {
    CAPTURED: "charge",
    REQUESTED: "refund",
    FAILED: "refund_failure",
    RETURNED: "refund_failure",
    TAKEN_BACK: "adjustment",
}
# Where Stripe's reports have another word than the type.
CATEGORIES = {TAKEN_BACK: "dispute"}


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
        "exchange_rate": None,
        "fee": row.fee_minor,
        "fee_details": _fees(row),
        "net": row.gross_minor - row.fee_minor,
        "reporting_category": CATEGORIES.get(row.event, kind),
        "source": _source(row),
        "status": "available" if is_available else "pending",
        "type": kind,
    }


def _source(row: Transaction) -> str | None:
    if row.event not in (CAPTURED, TAKEN_BACK):
        return row.source_id
    return charge_id(row.attempt_id) if row.attempt_id else None


def _fees(row: Transaction) -> list[dict[str, Any]]:
    if not row.fee_minor:
        return []
    return [
        {
            "amount": row.fee_minor,
            "application": None,
            "currency": row.currency.lower(),
            "description": "Processing fee",
            "type": "stripe_fee",
        }
    ]


_TITLES = {REQUESTED: "REFUND FOR CHARGE", TAKEN_BACK: "TAKEN BACK BY THE BANK"}


def _description(row: Transaction) -> str | None:
    if row.event == CAPTURED:
        return row.description
    title = _TITLES.get(row.event, "REFUND FAILURE")
    return f"{title} ({row.description})" if row.description else title
