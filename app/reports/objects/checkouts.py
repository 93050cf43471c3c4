"""Checkouts as the API lists them: by the moment they were opened, since their ids are secrets."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from app.domain.payments import Payment
from app.reports.objects.paging import Between, Slice, created_between
from app.store import payment_reads
from app.store.db import db, end_read
from app.store.payments import CheckoutSession, PaymentRow


def sessions(
    merchant_id: str,
    cut: Slice,
    created: Between | None,
    *,
    customer_id: str | None,
    payment_id: str | None,
    link_id: str | None,
    status: str | None,
) -> tuple[Sequence[tuple[CheckoutSession, Payment | None]], bool]:
    """A page of checkouts with their payments, newest first."""
    key = tuple_(CheckoutSession.created_at, CheckoutSession.id)
    query = select(CheckoutSession).where(CheckoutSession.merchant_id == merchant_id)
    query = created_between(query, CheckoutSession.created_at, created)
    filters = {
        CheckoutSession.customer_id: customer_id,
        CheckoutSession.payment_link_id: link_id,
        CheckoutSession.status: status,
    }
    for column, value in filters.items():
        if value is not None:
            query = query.where(column == value)
    if payment_id is not None:
        own = select(PaymentRow.session_id).where(
            PaymentRow.merchant_id == merchant_id, PaymentRow.id == payment_id
        )
        query = query.where(CheckoutSession.id == own.scalar_subquery())
    cursor = cut.before or cut.after
    if cursor is not None:
        at = (
            select(CheckoutSession.created_at, CheckoutSession.id)
            .where(CheckoutSession.merchant_id == merchant_id, CheckoutSession.id == cursor)
        )  # fmt: skip
        found = db.session.execute(at).one()
        query = query.where(key > tuple(found) if cut.before else key < tuple(found))
    is_forward = cut.before is not None
    order = (key.asc(),) if is_forward else (key.desc(),)
    rows = list(db.session.execute(query.order_by(*order).limit(cut.limit + 1)).scalars())
    has_more, rows = len(rows) > cut.limit, rows[: cut.limit]
    if is_forward:
        rows.reverse()
    return _with_payments(merchant_id, rows), has_more


def _with_payments(
    merchant_id: str, rows: Sequence[CheckoutSession]
) -> list[tuple[CheckoutSession, Payment | None]]:
    ids = [row.id for row in rows]
    own = db.session.execute(
        select(PaymentRow.id).where(
            PaymentRow.merchant_id == merchant_id, PaymentRow.session_id.in_(ids)
        )
    ).scalars()
    found = payment_reads.by_ids(merchant_id, list(own))
    end_read()
    by_session = {payment.session_id: payment for payment in found}
    return [(row, by_session.get(row.id)) for row in rows]
