"""Payment links and the checkout sessions they and the API opened."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select

from app.domain.money import Money
from app.reports.labels import Label, checkout_label
from app.reports.paging import Cursor, Page, fetch
from app.store.db import db
from app.store.payments import CheckoutSession, PaymentLink, PaymentRow


@dataclass(frozen=True, slots=True)
class Link:
    """An address that sells one thing."""

    id: str
    title: str
    amount: Money
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One hosted checkout in a list; its id opens it, so only its beginning is shown."""

    id: str
    title: str
    amount: Money
    label: Label
    email: str
    payment_id: str | None
    expires_at: datetime
    created_at: datetime


def links(merchant_id: str) -> list[Link]:
    """All links of the merchant, newest first."""
    query = (
        select(PaymentLink)
        .where(PaymentLink.merchant_id == merchant_id)
        .order_by(PaymentLink.created_at.desc(), PaymentLink.id)
        .limit(100)
    )
    return [
        Link(
            row.id, row.title, Money(row.amount_minor, row.currency), row.is_active, row.created_at
        )
        for row in db.session.execute(query).scalars()
    ]


def sessions(merchant_id: str, cursor: Cursor) -> Page[SessionLine]:
    """One page of checkout sessions, newest first."""
    query = (
        select(CheckoutSession, PaymentRow.id, PaymentRow.customer_email)
        .outerjoin(
            PaymentRow,
            (PaymentRow.merchant_id == CheckoutSession.merchant_id)
            & (PaymentRow.session_id == CheckoutSession.id),
        )
        .where(CheckoutSession.merchant_id == merchant_id)
    )
    # A session's id opens it, so it is random and sorts by nothing: the moment it was opened does.
    opened = func.to_char(func.timezone("UTC", CheckoutSession.created_at), "YYYYMMDDHH24MISSUS")
    key = literal("at_") + opened + func.left(func.md5(CheckoutSession.id), 6)
    return fetch(query, key, cursor, lambda r: _session(r[0], r[1], r[2]))


def _session(row: CheckoutSession, payment_id: str | None, email: str | None) -> SessionLine:
    names = [str(item.get("name", "")) for item in row.line_items]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return SessionLine(
        id=row.id,
        title=(names[0] if names else "") + more,
        amount=row.amount,
        label=checkout_label(row.status),
        email=email or row.customer_email or "",
        payment_id=payment_id,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )
