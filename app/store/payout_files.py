"""Orders that go to a bank by file, and the files themselves; both sealed, since they hold account
numbers.
"""

from datetime import date, datetime

from sqlalchemy import Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.money import Money
from app.store.db import Base


class PayoutFile(Base):
    """One file as it is given to the bank, byte for byte. Written once, never again."""

    __tablename__ = "payout_files"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    rail: Mapped[str]
    message_id: Mapped[str]
    file_name: Mapped[str]
    content_sealed: Mapped[bytes]
    content_hash: Mapped[bytes]
    currency: Mapped[str]
    order_count: Mapped[int]
    total_minor: Mapped[int]
    execution_date: Mapped[date]
    created_at: Mapped[datetime]
    downloaded_at: Mapped[datetime | None]
    downloads: Mapped[int]

    @property
    def total(self) -> Money:
        """What all its orders come to."""
        return Money(self.total_minor, self.currency)


class FileOrder(Base):
    """One order; `line_sealed` is what its file will say."""

    __tablename__ = "payout_file_orders"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    payout_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rail: Mapped[str]
    reference: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    fingerprint: Mapped[str]
    line_sealed: Mapped[bytes]
    file_id: Mapped[str | None]
    status: Mapped[str]
    arrival_date: Mapped[date | None]
    failure_code: Mapped[str | None]
    message: Mapped[str]
    outcome_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        """How much is to be sent."""
        return Money(self.amount_minor, self.currency)


def waiting_orders(session: Session, rail: str, limit: int) -> list[FileOrder]:
    """The orders for the rail's next file, oldest first, of one currency; until the unit ends nobody
    else writes a file of this rail.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:rail, 0))"),
        {"rail": f"payout_files:{rail}"},
    )
    rows = list(
        session.scalars(
            select(FileOrder)
            .where(FileOrder.rail == rail, FileOrder.status == "waiting")
            .order_by(FileOrder.created_at, FileOrder.payout_id)
            .limit(limit)
            .with_for_update()
        )
    )
    return [row for row in rows if row.currency == rows[0].currency]


def orders_of_file(session: Session, file_id: str) -> list[FileOrder]:
    """The orders of a file, locked."""
    return list(
        session.scalars(
            select(FileOrder)
            .where(FileOrder.file_id == file_id)
            .order_by(FileOrder.merchant_id, FileOrder.payout_id)
            .with_for_update()
        )
    )
