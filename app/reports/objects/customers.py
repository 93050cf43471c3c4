"""Pages of customers and of kept cards, for the API's lists."""

from collections.abc import Sequence

from sqlalchemy import select

from app.reports.objects.paging import Between, Slice, page
from app.reports.objects.payments import window
from app.store.customers import Customer, PaymentMethod

__all__ = ["Customer", "PaymentMethod", "customers", "kept_cards"]


def customers(
    merchant_id: str, cut: Slice, created: Between | None = None, email: str | None = None
) -> tuple[Sequence[Customer], bool]:
    """A merchant's customers, newest first, and whether there are more; deleted ones are in no list."""
    query = select(Customer).where(
        Customer.merchant_id == merchant_id, Customer.deleted_at.is_(None)
    )
    if email is not None:
        query = query.where(Customer.email == email)
    # Ids sort by creation: a range of moments is a range of the primary key.
    limits = window("cus", cut, created)
    if limits.from_id is not None:
        query = query.where(Customer.id >= limits.from_id)
    if limits.until_id is not None:
        query = query.where(Customer.id < limits.until_id)
    rows, has_more = page(query, Customer.id, cut)
    return [row[0] for row in rows], has_more


def kept_cards(
    merchant_id: str, cut: Slice, customer_id: str | None = None
) -> tuple[Sequence[PaymentMethod], bool]:
    """Kept cards, of one customer if asked, newest first, and whether there are more."""
    query = select(PaymentMethod).where(PaymentMethod.merchant_id == merchant_id)
    if customer_id is None:
        query = query.where(PaymentMethod.customer_id.is_not(None))
    else:
        query = query.where(PaymentMethod.customer_id == customer_id)
    rows, has_more = page(query, PaymentMethod.id, cut)
    return [row[0] for row in rows], has_more
