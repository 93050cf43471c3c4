"""Transfers and reversals in Stripe's shapes, and holds in ours."""

from collections.abc import Sequence
from typing import Any

from app.reports.objects.transfers import EscrowHold, Transfer, TransferReversal
from app.web.api.objects.ids import charge_id, timestamp

MOST_INSIDE = 10


def booked_as(row: Transfer) -> tuple[str, str]:
    """The fact (event, source) by which a transfer changed the platform's balance."""
    if row.release_id is None:
        return ("transfer_sent", row.id)
    return ("escrow_released", row.release_id)


def transfer(
    row: Transfer,
    attempt_id: str | None,
    reversals: Sequence[TransferReversal],
    *,
    is_live: bool,
    transactions: dict[tuple[str, str], str],
    refunds: dict[str, str],
) -> dict[str, Any]:
    """The object. `transactions` holds the platform's balance transactions, by event and source; `refunds`
    those that reversals were made for, by reversal.
    """
    return {
        "id": row.id,
        "object": "transfer",
        "amount": row.amount_minor,
        "amount_reversed": row.reversed_minor,
        "balance_transaction": transactions.get(booked_as(row)),
        "created": timestamp(row.created_at),
        "currency": row.currency.lower(),
        "description": row.description,
        "destination": row.seller_merchant_id,
        "livemode": is_live,
        "metadata": row.metadata_,
        "reversals": {
            "object": "list",
            "data": [
                transfer_reversal(one, transactions=transactions, refund_id=refunds.get(one.id))
                for one in reversals[:MOST_INSIDE]
            ],
            "has_more": len(reversals) > MOST_INSIDE,
            "url": f"/v1/transfers/{row.id}/reversals",
        },
        "reversed": row.reversed_minor >= row.amount_minor,
        "source_transaction": charge_id(attempt_id) if attempt_id else None,
        "source_type": "card",
        "transfer_group": row.transfer_group,
    }


def transfer_reversal(
    row: TransferReversal,
    *,
    transactions: dict[tuple[str, str], str],
    refund_id: str | None = None,
) -> dict[str, Any]:
    """The object. `refund_id` is the refund that it was made for, if it was."""
    return {
        "id": row.id,
        "object": "transfer_reversal",
        "amount": row.amount_minor,
        "balance_transaction": transactions.get(("transfer_returned", row.id)),
        "created": timestamp(row.created_at),
        "currency": row.currency.lower(),
        "destination_payment_refund": None,
        "metadata": row.metadata_,
        "source_refund": refund_id,
        "transfer": row.transfer_id,
    }


def escrow_hold(row: EscrowHold, done: dict[str, int], *, is_live: bool) -> dict[str, Any]:
    """The object. `done` holds what was released for each milestone."""
    plan = row.as_planned
    due = row.auto_release_at if row.status in ("held", "partly_released") else None
    return {
        "id": row.id,
        "object": "escrow_hold",
        "amount": row.held_minor,
        "amount_held": row.left.amount_minor,
        "amount_refunded": row.refunded_minor,
        "amount_released": row.released_minor,
        "automatic_release_at": timestamp(due) if due else None,
        "created": timestamp(row.created_at),
        "currency": row.currency.lower(),
        "destination": plan.destination,
        "frozen_reason": row.frozen_reason,
        "livemode": is_live,
        "milestones": [
            {
                "name": one.name,
                "amount": one.amount_minor,
                "destination": one.destination,
                "released": one.name in done,
                "amount_released": done.get(one.name, 0),
            }
            for one in plan.milestones
        ],
        "payment_intent": row.payment_id,
        "status": row.status,
        "transfer_group": row.transfer_group,
    }
