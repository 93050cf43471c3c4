"""Orders that go to a bank by file, and the files themselves; both sealed, since they hold account
numbers.
"""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Text, func, select, text
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
    file_day: Mapped[date]
    day_number: Mapped[int]
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
    sequence: Mapped[int | None]
    trace_id: Mapped[str | None]
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


def take_turn(session: Session, rail: str) -> None:
    """Until the unit ends nobody else writes a file of this rail or reads what its banks say."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:rail, 0))"),
        {"rail": f"payout_files:{rail}"},
    )


def waiting_orders(session: Session, rail: str, limit: int) -> list[FileOrder]:
    """The orders for the rail's next file, oldest first, of one currency, locked."""
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


def last_sequence(session: Session, rail: str) -> int:
    """The number of the rail's last order that is in a file; nought before the first."""
    query = select(func.max(FileOrder.sequence)).where(FileOrder.rail == rail)
    return session.execute(query).scalar_one() or 0


def files_of_day(session: Session, rail: str, day: date) -> int:
    """How many files the rail has of that day."""
    query = select(func.count()).where(PayoutFile.rail == rail, PayoutFile.file_day == day)
    return session.execute(query).scalar_one()


def orders_of_file(session: Session, rail: str, message_id: str) -> list[FileOrder]:
    """The orders of a file of the rail, locked; none of a file that is not ours."""
    return list(
        session.scalars(
            select(FileOrder)
            .join(PayoutFile, PayoutFile.id == FileOrder.file_id)
            .where(PayoutFile.rail == rail, PayoutFile.message_id == message_id)
            .order_by(FileOrder.merchant_id, FileOrder.payout_id)
            .with_for_update(of=FileOrder)
        )
    )


def traced_orders(
    session: Session, rail: str, trace_id: str, message_id: str = ""
) -> list[FileOrder]:
    """The orders that a bank may mean by this name, newest first, locked; names may come round again
    after millions of orders. Only those of one file, where that is told.
    """
    query = select(FileOrder).where(FileOrder.rail == rail, FileOrder.trace_id == trace_id)
    if message_id:
        of_file = select(PayoutFile.id).where(
            PayoutFile.rail == rail, PayoutFile.message_id == message_id
        )
        query = query.where(FileOrder.file_id.in_(of_file))
    query = query.order_by(FileOrder.sequence.desc()).limit(20).with_for_update()
    return list(session.scalars(query))


def unanswered_orders(session: Session, rail: str, until: date, limit: int) -> list[FileOrder]:
    """Orders that were due to arrive by that day, in a file that was handed out by then, and of which
    nobody has said anything since; locked.
    """
    after = datetime.combine(until + timedelta(days=1), datetime.min.time(), UTC)
    return list(
        session.scalars(
            select(FileOrder)
            .join(PayoutFile, PayoutFile.id == FileOrder.file_id)
            .where(
                FileOrder.rail == rail,
                FileOrder.status == "in_file",
                FileOrder.arrival_date <= until,
                PayoutFile.downloaded_at < after,
            )
            .order_by(FileOrder.arrival_date, FileOrder.sequence)
            .limit(limit)
            .with_for_update(of=FileOrder)
        )
    )
