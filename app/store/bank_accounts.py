"""Merchants' bank accounts and the micro-deposits that prove whose they are.

An account's number is stored sealed and found by its fingerprint. A unit of work that locks both locks
the account first.
"""

from datetime import date, datetime

from sqlalchemy import Text, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.errors import NotFound
from app.domain.money import Money
from app.store.db import Base


class BankAccount(Base):
    """Where a merchant's money is to go. Removed ones stay, for the record of what was sent there."""

    __tablename__ = "bank_accounts"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    holder_name: Mapped[str]
    country: Mapped[str]
    currency: Mapped[str]
    kind: Mapped[str]
    number_sealed: Mapped[bytes]
    routing: Mapped[str]
    bank_name: Mapped[str]
    last4: Mapped[str]
    fingerprint: Mapped[str]
    holder_type: Mapped[str]
    account_type: Mapped[str]
    status: Mapped[str]
    failure_code: Mapped[str | None]
    wrong_tries: Mapped[int]
    is_default: Mapped[bool]
    cooling_off_until: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    @property
    def label(self) -> str:
        """The account as mails and logs name it."""
        return f"{self.bank_name or self.country} •••• {self.last4}"


class MicroDeposit(Base):
    """A small amount sent to an account; whoever can read its statement can say how much it was."""

    __tablename__ = "micro_deposits"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    bank_account_id: Mapped[str]
    rail: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    rail_reference: Mapped[str | None]
    trace_id: Mapped[str | None]
    arrival_date: Mapped[date | None]
    failure_code: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        """How much was sent."""
        return Money(self.amount_minor, self.currency)


def find_account(
    session: Session, merchant_id: str, account_id: str, *, lock: bool = False
) -> BankAccount:
    """The merchant's account, removed or not; raises NotFound."""
    query = (
        select(BankAccount)
        .where(BankAccount.merchant_id == merchant_id, BankAccount.id == account_id)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if row is None:
        raise NotFound("bank account", account_id)
    return row


def find_deposit(
    session: Session, merchant_id: str, deposit_id: str, *, lock: bool = False
) -> tuple[MicroDeposit, BankAccount]:
    """A deposit and its account; locked in the order account, deposit."""
    query = (
        select(MicroDeposit)
        .where(MicroDeposit.merchant_id == merchant_id, MicroDeposit.id == deposit_id)
        .execution_options(populate_existing=True)
    )
    deposit = session.execute(query).scalar_one()
    account = find_account(session, merchant_id, deposit.bank_account_id, lock=lock)
    if lock:
        deposit = session.execute(query.with_for_update()).scalar_one()
    return deposit, account


def deposits_of(session: Session, merchant_id: str, account_id: str) -> list[MicroDeposit]:
    """What was sent to prove an account, oldest first."""
    return list(
        session.scalars(
            select(MicroDeposit)
            .where(
                MicroDeposit.merchant_id == merchant_id,
                MicroDeposit.bank_account_id == account_id,
            )
            .order_by(MicroDeposit.id)
        )
    )


def ask_again(session: Session, merchant_id: str, deposit_id: str, now: datetime) -> None:
    """The bank of a deposit has news: it is asked after at once, however long it rests already."""
    session.execute(
        update(MicroDeposit)
        .where(
            MicroDeposit.merchant_id == merchant_id,
            MicroDeposit.id == deposit_id,
            MicroDeposit.status.in_(["requested", "unknown", "sent", "paid"]),
        )
        .values(next_attempt_at=now)
    )


def lease_deposit(
    session: Session, now: datetime, steps: list[int]
) -> tuple[str, str, bool] | None:
    """Take the deposit that is due longest: its merchant, id, and whether it was tried before.

    Until its next try, after the step that its attempts have come to, nobody else takes it.
    """
    row = session.execute(
        text("""
            WITH due AS MATERIALIZED (
                SELECT merchant_id, id, sent_at FROM micro_deposits
                WHERE next_attempt_at <= :now
                ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            UPDATE micro_deposits d
            SET attempts = d.attempts + 1,
                sent_at = coalesce(d.sent_at, :now),
                next_attempt_at = :now
                    + make_interval(secs => (:steps)[least(d.attempts + 1, :most)])
            FROM due
            WHERE d.merchant_id = due.merchant_id AND d.id = due.id
            RETURNING d.merchant_id, d.id, due.sent_at IS NOT NULL
        """),
        {"now": now, "steps": steps, "most": len(steps)},
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])
