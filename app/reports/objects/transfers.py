"""Transfers, their reversals and the holds they come from, as the API lists them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from app.reports.objects.paging import Between, Slice, created_between, page
from app.store.db import db, end_read
from app.store.escrow import EscrowHold, EscrowRelease, Transfer, TransferReversal
from app.store.payments import PaymentRow, Refund

__all__ = ["EscrowHold", "Transfer", "TransferReversal"]

# A transfer and the try that its payment was paid by.
Found = tuple[Transfer, str | None]


def transfers(
    merchant_id: str,
    cut: Slice,
    created: Between | None,
    *,
    destination: str | None = None,
    group: str | None = None,
) -> tuple[Sequence[Found], bool]:
    """A page of transfers, newest first."""
    query = _transfers(merchant_id)
    if destination is not None:
        query = query.where(Transfer.seller_merchant_id == destination)
    if group is not None:
        query = query.where(Transfer.transfer_group == group)
    rows, has_more = page(created_between(query, Transfer.created_at, created), Transfer.id, cut)
    return [(row[0], row[1]) for row in rows], has_more


def transfers_by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[Found]:
    """The merchant's transfers among these."""
    rows = db.session.execute(_transfers(merchant_id).where(Transfer.id.in_(ids))).all()
    end_read()
    return [(row[0], row[1]) for row in rows]


def _transfers(merchant_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Transfer, PaymentRow.attempt_id)
        .join(
            PaymentRow,
            (PaymentRow.merchant_id == Transfer.merchant_id)
            & (PaymentRow.id == Transfer.payment_id),
        )
        .where(Transfer.merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )


def reversals(
    merchant_id: str, transfer_id: str, cut: Slice
) -> tuple[Sequence[TransferReversal], bool]:
    """A page of a transfer's reversals, newest first."""
    query = _reversals(merchant_id).where(TransferReversal.transfer_id == transfer_id)
    rows, has_more = page(query, TransferReversal.id, cut)
    return [row[0] for row in rows], has_more


def reversals_of(
    merchant_id: str, transfer_ids: Sequence[str]
) -> dict[str, list[TransferReversal]]:
    """The reversals of each transfer, newest first."""
    query = (
        _reversals(merchant_id)
        .where(TransferReversal.transfer_id.in_(transfer_ids))
        .order_by(TransferReversal.id.desc())
    )
    found: dict[str, list[TransferReversal]] = {}
    for row in db.session.execute(query).scalars():
        found.setdefault(row.transfer_id, []).append(row)
    end_read()
    return found


def reversal(merchant_id: str, transfer_id: str, reversal_id: str) -> TransferReversal | None:
    """One reversal of one transfer."""
    query = _reversals(merchant_id).where(
        TransferReversal.id == reversal_id, TransferReversal.transfer_id == transfer_id
    )
    found = db.session.execute(query).scalar_one_or_none()
    end_read()
    return found


def reversals_by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[TransferReversal]:
    """The merchant's reversals among these."""
    query = _reversals(merchant_id).where(TransferReversal.id.in_(ids))
    found = db.session.execute(query).scalars().all()
    end_read()
    return found


def _reversals(merchant_id: str) -> Select[Any]:
    return (
        select(TransferReversal)
        .where(TransferReversal.merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )


def refunds_of(merchant_id: str, reversal_ids: Sequence[str]) -> dict[str, str]:
    """The refunds that these reversals were made for, by reversal; those made by hand have none."""
    if not reversal_ids:
        return {}
    query = select(Refund.reversal_id, Refund.id).where(
        Refund.merchant_id == merchant_id, Refund.reversal_id.in_(reversal_ids)
    )
    found = {str(reversal): refund for reversal, refund in db.session.execute(query).all()}
    end_read()
    return found


def sent_on(merchant_id: str, payment_ids: Sequence[str]) -> dict[str, str]:
    """The transfers by which payments were sent on, by payment."""
    if not payment_ids:
        return {}
    query = select(Transfer.payment_id, Transfer.id).where(
        Transfer.merchant_id == merchant_id,
        Transfer.payment_id.in_(payment_ids),
        Transfer.release_id.is_(None),
    )
    found = dict(db.session.execute(query).all())
    end_read()
    return found


def holds(
    merchant_id: str,
    cut: Slice,
    created: Between | None,
    *,
    payment_id: str | None = None,
    group: str | None = None,
    status: str | None = None,
) -> tuple[Sequence[EscrowHold], bool]:
    """A page of holds, newest first."""
    query = _holds(merchant_id)
    if payment_id is not None:
        query = query.where(EscrowHold.payment_id == payment_id)
    if group is not None:
        query = query.where(EscrowHold.transfer_group == group)
    if status is not None:
        query = query.where(EscrowHold.status == status)
    query = created_between(query, EscrowHold.created_at, created)
    rows, has_more = page(query, EscrowHold.id, cut)
    return [row[0] for row in rows], has_more


def hold(merchant_id: str, hold_id: str) -> EscrowHold | None:
    """One hold of the merchant."""
    query = _holds(merchant_id).where(EscrowHold.id == hold_id)
    found = db.session.execute(query).scalar_one_or_none()
    end_read()
    return found


def hold_of_payment(merchant_id: str, payment_id: str) -> EscrowHold | None:
    """The hold of a payment."""
    query = _holds(merchant_id).where(EscrowHold.payment_id == payment_id)
    found = db.session.execute(query).scalar_one_or_none()
    end_read()
    return found


def open_holds_of_group(merchant_id: str, group: str) -> Sequence[EscrowHold]:
    """The holds of a group of which something is still held; at most two, to tell one from several."""
    query = _holds(merchant_id).where(
        EscrowHold.transfer_group == group,
        EscrowHold.status.in_(("held", "partly_released", "frozen")),
    )
    found = db.session.execute(query.limit(2)).scalars().all()
    end_read()
    return found


def _holds(merchant_id: str) -> Select[Any]:
    return (
        select(EscrowHold)
        .where(EscrowHold.merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )


def milestones_done(merchant_id: str, hold_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """What was released for each milestone of each hold."""
    query = select(EscrowRelease).where(
        EscrowRelease.merchant_id == merchant_id,
        EscrowRelease.hold_id.in_(hold_ids),
        EscrowRelease.milestone.is_not(None),
    )
    found: dict[str, dict[str, int]] = {}
    for row in db.session.execute(query).scalars():
        found.setdefault(row.hold_id, {})[str(row.milestone)] = row.amount_minor
    end_read()
    return found
