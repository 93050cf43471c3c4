"""What banks told us by file, each fact once, whether it fits an order of ours or not."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.money import Money
from app.store.db import Base

OPEN = ("unmatched", "contradicting")


class BankFact(Base):
    """One fact. `result` says what became of it; one that fitted nothing stays open until it is closed."""

    __tablename__ = "bank_facts"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    rail: Mapped[str]
    digest: Mapped[bytes]
    outcome: Mapped[str]
    message_id: Mapped[str]
    reference: Mapped[str | None]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    reason: Mapped[str]
    message: Mapped[str]
    detail_sealed: Mapped[bytes | None]
    said_at: Mapped[datetime]
    read_at: Mapped[datetime]
    result: Mapped[str]
    merchant_id: Mapped[str | None]
    payout_id: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    note: Mapped[str | None]

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it."""
        return self.result in OPEN and self.closed_at is None

    @property
    def amount(self) -> Money | None:
        """How much it is about, if it says so."""
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)


def keep_fact(session: Session, values: dict[str, Any]) -> tuple[BankFact, bool]:
    """The fact of that digest, locked, and whether it is new: one that was told before is not kept
    again.
    """
    made = session.execute(
        insert(BankFact)
        .values(values)
        .on_conflict_do_nothing(index_elements=[BankFact.digest])
        .returning(BankFact.id)
    ).first()
    query = select(BankFact).where(BankFact.digest == values["digest"]).with_for_update()
    return session.execute(query).scalar_one(), made is not None


def list_facts(session: Session, *, are_all: bool, limit: int) -> list[BankFact]:
    """The facts that somebody has to look at, oldest first; or the latest of all, newest first."""
    query = select(BankFact)
    if are_all:
        query = query.order_by(BankFact.id.desc())
    else:
        query = query.where(BankFact.result.in_(OPEN), BankFact.closed_at.is_(None))
        query = query.order_by(BankFact.id)
    return list(session.scalars(query.limit(limit)))
