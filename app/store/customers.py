"""Customers and the cards they keep: the rows, and what a text that names a card means.

The look-up is on the payment path: one statement on an autocommit connection.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db import Base, path


class Customer(Base):
    """A merchant's customer. A deleted one stays, so that old payments still name somebody."""

    __tablename__ = "customers"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    email: Mapped[str | None]
    name: Mapped[str | None]
    phone: Mapped[str | None]
    description: Mapped[str | None]
    address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shipping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    default_payment_method_id: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class CustomerReference(Base):
    """What a processor calls the customer; made when the first card is kept there."""

    __tablename__ = "customer_references"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    processor_account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    processor_reference: Mapped[str]
    created_at: Mapped[datetime]


class PaymentMethod(Base):
    """A kept card: the processor's token and what may be shown. Without a customer it is dropped."""

    __tablename__ = "payment_methods"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str | None]
    processor: Mapped[str]
    processor_account_id: Mapped[str]
    processor_token: Mapped[str]
    card_brand: Mapped[str]
    card_last4: Mapped[str]
    card_exp_month: Mapped[int]
    card_exp_year: Mapped[int]
    card_country: Mapped[str | None]
    card_funding: Mapped[str | None]
    card_fingerprint: Mapped[str | None]
    card_cvc_check: Mapped[str | None]
    card_postal_check: Mapped[str | None]
    card_wallet: Mapped[str | None]
    card_device_last4: Mapped[str | None]
    billing_details: Mapped[dict[str, Any]]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    created_at: Mapped[datetime]
    detached_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class NamedCard:
    """What is known of a text that names a card: a kept card, one that was charged once, or nothing."""

    id: str | None
    token: str | None
    customer_id: str | None
    customer_reference: str | None
    was_charged: bool


# Two arms rather than an OR: each is one look into one index.
_NAMED = """
    SELECT k.id, k.processor_token AS token, k.customer_id,
           r.processor_reference AS customer_reference,
           EXISTS (
               SELECT 1 FROM operations o
               WHERE o.merchant_id = %(merchant)s AND o.id = %(attempt)s AND o.kind = 'authorize'
           ) AS was_charged
    FROM (SELECT 1) one
    LEFT JOIN LATERAL (
        SELECT m.* FROM payment_methods m
        WHERE m.merchant_id = %(merchant)s AND m.id = %(text)s
        UNION ALL
        SELECT m.* FROM payment_methods m
        WHERE m.merchant_id = %(merchant)s AND m.processor_account_id = %(account)s
          AND m.processor_token = %(text)s
        LIMIT 1
    ) k ON true
    LEFT JOIN customer_references r
        ON r.merchant_id = k.merchant_id AND r.customer_id = k.customer_id
       AND r.processor_account_id = k.processor_account_id
"""


def named_card(merchant_id: str, account_id: str, text: str) -> NamedCard:
    """What the merchant means by `text`: our id of a kept card, or the processor's token of one.

    An id of ours that was made from an attempt (`pm_X` of `op_X`) names a card that nobody keeps.
    """
    values = {
        "merchant": merchant_id,
        "account": account_id,
        "text": text,
        "attempt": f"op_{text.removeprefix('pm_')}",
    }
    with path() as connection, connection.cursor(row_factory=class_row(NamedCard)) as cursor:
        found = cursor.execute(_NAMED, values).fetchone()
    if found is None:
        raise AssertionError("the statement gives one row")
    return found
