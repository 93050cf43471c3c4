"""Payers by bank, the facts of their balances, and what goes back to their banks: the rows.

A fact is written once and never changed. A payer's row is locked by whoever takes money out of the balance
by a command; facts do not wait for it, since they have happened already.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import FetchedValue, Text, case, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.money import Money
from app.store.db import Base
from app.store.payments import PaymentRow

# What only says which part of a balance is for a payment.
NOTES = ("applied", "unapplied")
OPEN_RETURNS = ("requested", "unknown")


class BankPayer(Base):
    """Who pays by bank: a customer, the guest of one payment, or (neither) nobody whom we know."""

    __tablename__ = "bank_payers"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    processor: Mapped[str]
    processor_account_id: Mapped[str]
    processor_reference: Mapped[str]
    customer_id: Mapped[str | None]
    payment_id: Mapped[str | None]
    created_at: Mapped[datetime]

    @property
    def is_known(self) -> bool:
        """Whether we know whose money it is."""
        return self.customer_id is not None or self.payment_id is not None


class PayerFact(Base):
    """One fact of a payer's balance, as the processor told it."""

    __tablename__ = "payer_facts"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(server_default=FetchedValue())
    payer_id: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    payment_id: Mapped[str | None]
    details: Mapped[dict[str, Any]]
    event_at: Mapped[datetime]
    created_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        """Below zero for what left the balance."""
        return Money(self.amount_minor, self.currency)


class BankReturn(Base):
    """Money of a balance on its way to the payer's bank."""

    __tablename__ = "bank_returns"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    payer_id: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    requested_by: Mapped[str]
    client_key: Mapped[str | None]
    processor_reference: Mapped[str | None]
    failure_reason: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        """How much goes back."""
        return Money(self.amount_minor, self.currency)


def payer_by_reference(
    session: Session, merchant_id: str, account_id: str, reference: str
) -> BankPayer | None:
    """The payer whom the processor calls so."""
    return session.execute(
        select(BankPayer).where(
            BankPayer.merchant_id == merchant_id,
            BankPayer.processor_account_id == account_id,
            BankPayer.processor_reference == reference,
        )
    ).scalar_one_or_none()


def last_fact(session: Session, payer: BankPayer) -> str | None:
    """The newest fact that was recorded of a payer, by the processor's name for it."""
    return session.execute(
        select(PayerFact.external_id)
        .where(PayerFact.merchant_id == payer.merchant_id, PayerFact.payer_id == payer.id)
        .order_by(PayerFact.seq.desc())
        .limit(1)
    ).scalar()


def free_of(session: Session, payer: BankPayer) -> dict[str, int]:
    """What of a balance is for no payment and not on its way back, in minor units by currency."""
    facts = session.execute(
        select(PayerFact.currency, func.sum(PayerFact.amount_minor))
        .where(PayerFact.merchant_id == payer.merchant_id, PayerFact.payer_id == payer.id)
        .group_by(PayerFact.currency)
    ).all()
    leaving = session.execute(
        select(BankReturn.currency, func.sum(BankReturn.amount_minor))
        .where(
            BankReturn.merchant_id == payer.merchant_id,
            BankReturn.payer_id == payer.id,
            BankReturn.status.in_(OPEN_RETURNS),
        )
        .group_by(BankReturn.currency)
    ).all()
    free = {currency: int(total) for currency, total in facts}
    for currency, total in leaving:
        free[currency] = free.get(currency, 0) - int(total)
    return free


def set_aside() -> Any:
    """In a sum over facts: what is kept for payments whose whole amount is not there yet."""
    is_open = (
        select(PaymentRow.id)
        .where(
            PaymentRow.merchant_id == PayerFact.merchant_id,
            PaymentRow.id == PayerFact.payment_id,
            PaymentRow.captured_minor == 0,
        )
        .exists()
    )
    wanted = PayerFact.kind.in_(NOTES) & is_open
    return -func.sum(case((wanted, PayerFact.amount_minor), else_=0))
