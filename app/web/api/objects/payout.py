"""Money on its way to the merchant's bank, as a Payout."""

from datetime import UTC, date, datetime, time
from typing import Any

from app.domain.rails import FAILURE_ADVICE, FailureCode
from app.reports.objects.payouts import PayoutRow
from app.web.api.objects.ids import timestamp

STATUS = {
    "pending": "pending",
    "unknown": "pending",
    "in_transit": "in_transit",
    "paid": "paid",
    "failed": "failed",
    "canceled": "canceled",
}
BACK = ("payout_failed", "payout_returned", "payout_canceled")


def payout(
    row: PayoutRow, *, is_live: bool, transactions: dict[tuple[str, str], str]
) -> dict[str, Any]:
    """The object. `transactions` holds its balance transactions, by event and source."""
    back = [transactions[event, row.id] for event in BACK if (event, row.id) in transactions]
    return {
        "id": row.id,
        "object": "payout",
        "amount": row.amount_minor,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": _midnight(row.arrival_date or row.created_at.astimezone(UTC).date()),
        "automatic": row.is_automatic,
        "balance_transaction": transactions.get(("payout_sent", row.id)),
        "created": timestamp(row.created_at),
        "currency": row.currency.lower(),
        "description": row.description,
        "destination": row.bank_account_id,
        "failure_balance_transaction": back[0] if back and row.status == "failed" else None,
        "failure_code": row.failure_code,
        "failure_message": _failure(row.failure_code),
        "livemode": is_live,
        "metadata": row.metadata_,
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": row.statement_descriptor,
        "status": STATUS[row.status],
        "trace_id": _trace(row),
        "type": "bank_account",
    }


def _midnight(on: date) -> int:
    return timestamp(datetime.combine(on, time(), UTC))


def _failure(code: str | None) -> str | None:
    if code is None:
        return None
    advice = FAILURE_ADVICE[FailureCode(code)]
    return f"{advice.happened} {advice.what_to_do}"


def _trace(row: PayoutRow) -> dict[str, Any] | None:
    if row.trace_id is not None:
        return {"status": "supported", "value": row.trace_id}
    if row.status in ("pending", "unknown", "in_transit"):
        return {"status": "pending", "value": None}
    return {"status": "unsupported", "value": None}
