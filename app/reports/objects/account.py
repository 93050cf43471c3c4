"""A merchant's account, as its owner's software sees it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from app.store.db import db, end_read
from app.store.merchants import Merchant, ProcessorAccountRow


@dataclass(frozen=True, slots=True)
class Account:
    """Who takes money. `takes_payments`: a processor is connected."""

    id: str
    name: str
    country: str
    default_currency: str
    timezone: str
    support_email: str
    statement_descriptor: str | None
    accent: str | None
    takes_payments: bool
    created_at: datetime


def account(merchant_id: str) -> Account:
    """The merchant's account."""
    is_connected = exists().where(ProcessorAccountRow.merchant_id == Merchant.id)
    row, takes_payments = db.session.execute(
        select(Merchant, is_connected)
        .where(Merchant.id == merchant_id)
        .execution_options(populate_existing=True)
    ).one()
    end_read()
    accent = row.brand.get("accent")
    return Account(
        id=row.id,
        name=row.name,
        country=row.country,
        default_currency=row.default_currency,
        timezone=row.timezone,
        support_email=row.support_email,
        statement_descriptor=row.statement_descriptor,
        accent=accent if isinstance(accent, str) else None,
        takes_payments=takes_payments,
        created_at=row.created_at,
    )
