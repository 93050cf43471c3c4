"""Money on its way back, as a Refund."""

from typing import Any

from app.domain.methods import CARD, METHODS, Flow
from app.reports.objects.payments import RefundFacts
from app.web.api.objects.ids import charge_id, timestamp

STATUS = {
    "requested": "pending",
    "pending": "pending",
    "unknown": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
}
# An account that was debited is paid by transfer.
TRANSFERS = {"sepa_debit": "eu_bank_transfer", "ach_debit": "us_bank_transfer"}
# What was paid from a balance goes back there.
BALANCES = {"bank_transfer": "customer_cash_balance"}
# What was paid at a provider goes back through it.
THROUGH = tuple(one.name for one in METHODS.values() if one.flow is Flow.REDIRECT)
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
FAILURES = (
    "lost_or_stolen_card",
    "expired_or_canceled_card",
    "charge_for_pending_refund_disputed",
    "insufficient_funds",
    "declined",
    "merchant_request",
)


def refund(facts: RefundFacts, *, transactions: dict[tuple[str, str], str]) -> dict[str, Any]:
    """The object. `transactions` holds its balance transactions, by event and source."""
    status = STATUS[facts.status]
    body: dict[str, Any] = {
        "id": facts.id,
        "object": "refund",
        "amount": facts.amount_minor,
        "balance_transaction": transactions.get(("refund_requested", facts.id)),
        "charge": charge_id(facts.attempt_id) if facts.attempt_id else None,
        "created": timestamp(facts.created_at),
        "currency": facts.currency.lower(),
        "destination_details": _destination(facts.method),
        "metadata": facts.metadata,
        "payment_intent": facts.payment_id,
        "reason": facts.reason if facts.reason in REASONS else None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": facts.reversal_id,
    }
    if status == "failed":
        known = facts.failure_reason in FAILURES
        body["failure_reason"] = facts.failure_reason if known else "unknown"
        returned = transactions.get(("refund_failed", facts.id)) or transactions.get(
            ("refund_returned", facts.id)
        )
        if returned:
            body["failure_balance_transaction"] = returned
    if status == "pending":
        body["pending_reason"] = "processing"
    return body


def _destination(method: str) -> dict[str, Any]:
    """Where it goes: to the card, to the account by transfer, back to the balance or through the provider."""
    if method == CARD:
        card = {"reference_type": "acquirer_reference_number", "type": "refund"}
        return {"card": {"reference_status": "pending", **card}, "type": "card"}
    word = TRANSFERS.get(method) or BALANCES.get(method, method)
    return {word: {"reference_status": "pending"} if method in TRANSFERS else {}, "type": word}
