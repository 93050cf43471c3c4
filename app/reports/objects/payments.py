"""Payments, the tries to take them, and their refunds, as the API lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.domain.attempts import Attempt
from app.domain.payments import Payment
from app.reports.objects.paging import Between, Slice, page
from app.reports.paging import first_id
from app.store import payment_path, payment_reads
from app.store.db import db, end_read
from app.store.payment_reads import Window
from app.store.payments import PaymentRow, Refund

__all__ = ["Attempt", "Payment", "RefundFacts"]


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """A refund, and the try whose money it gives back."""

    id: str
    payment_id: str
    attempt_id: str | None
    method: str
    status: str
    amount_minor: int
    currency: str
    reason: str | None
    origin: str
    failure_reason: str | None
    metadata: dict[str, Any]
    created_at: datetime
    reversal_id: str | None = None


def window(prefix: str, cut: Slice, created: Between | None) -> Window:
    """A page of ids; a range of moments becomes a range of ids, since ids sort by time."""
    bounds: dict[str, str] = {}
    if created is not None:
        starts = [created.since] if created.since else []
        if created.later_than:
            starts.append(created.later_than + timedelta(seconds=1))
        ends = [created.earlier_than] if created.earlier_than else []
        if created.until:
            ends.append(created.until + timedelta(seconds=1))
        if starts:
            bounds["from_id"] = first_id(prefix, max(starts))
        if ends:
            bounds["until_id"] = first_id(prefix, min(ends))
    return Window(
        limit=cut.limit,
        above=cut.before,
        below=cut.after,
        is_forward=cut.before is not None,
        **bounds,
    )


def payments(
    merchant_id: str, cut: Slice, created: Between | None, customer_id: str | None
) -> tuple[Sequence[Payment], bool]:
    """A page of payments, newest first."""
    return payment_reads.page(merchant_id, window("pi", cut, created), customer_id=customer_id)


def payments_by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[Payment]:
    """The merchant's payments among these, newest first."""
    return payment_reads.by_ids(merchant_id, ids)


def payment(merchant_id: str, payment_id: str) -> Payment | None:
    """One payment of the merchant."""
    return payment_path.load(merchant_id, payment_id)


def attempts(
    merchant_id: str,
    cut: Slice,
    created: Between | None,
    *,
    payment_id: str | None = None,
    customer_id: str | None = None,
) -> tuple[Sequence[Attempt], bool]:
    """A page of the tries that reached a bank, newest first."""
    return payment_reads.attempts(
        merchant_id,
        window("op", cut, created),
        payment_id=payment_id,
        customer_id=customer_id,
    )


def attempts_by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[Attempt]:
    """The merchant's tries among these that reached a bank."""
    return payment_reads.attempts_by_ids(merchant_id, ids)


def payment_of_attempt(merchant_id: str, attempt_id: str) -> Payment | None:
    """The payment that a try was for, whatever came of it."""
    return payment_reads.payment_of_attempt(merchant_id, attempt_id)


def return_url(merchant_id: str, attempt_id: str | None) -> str | None:
    """Where the customer of a try wants to be after the bank's question."""
    return payment_reads.return_url(merchant_id, attempt_id)


def refunds(
    merchant_id: str, cut: Slice, created: Between | None, payment_id: str | None
) -> tuple[Sequence[RefundFacts], bool]:
    """A page of refunds, newest first."""
    query = _refunds(merchant_id)
    if payment_id is not None:
        query = query.where(Refund.payment_id == payment_id)
    limits = window("re", cut, created)
    if limits.from_id is not None:
        query = query.where(Refund.id >= limits.from_id)
    if limits.until_id is not None:
        query = query.where(Refund.id < limits.until_id)
    rows, has_more = page(query, Refund.id, cut)
    return [_refund(row) for row in rows], has_more


def refunds_by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[RefundFacts]:
    """The merchant's refunds among these."""
    rows = db.session.execute(_refunds(merchant_id).where(Refund.id.in_(ids))).all()
    end_read()
    return [_refund(row) for row in rows]


def refunds_of_payments(
    merchant_id: str, payment_ids: Sequence[str]
) -> dict[str, list[RefundFacts]]:
    """The refunds of each payment, newest first."""
    query = _refunds(merchant_id).where(Refund.payment_id.in_(payment_ids))
    rows = db.session.execute(query.order_by(Refund.id.desc())).all()
    end_read()
    found: dict[str, list[RefundFacts]] = {}
    for row in rows:
        found.setdefault(row[0].payment_id, []).append(_refund(row))
    return found


def _refunds(merchant_id: str) -> Any:
    return (
        select(Refund, PaymentRow.attempt_id, PaymentRow.method)
        .join(
            PaymentRow,
            (PaymentRow.merchant_id == Refund.merchant_id) & (PaymentRow.id == Refund.payment_id),
        )
        .where(Refund.merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )


def _refund(row: Any) -> RefundFacts:
    refund: Refund = row[0]
    return RefundFacts(
        id=refund.id,
        payment_id=refund.payment_id,
        attempt_id=row[1],
        method=row[2],
        status=refund.status,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        origin=refund.origin,
        failure_reason=refund.failure_reason,
        metadata=refund.metadata_,
        created_at=refund.created_at,
        reversal_id=refund.reversal_id,
    )
