"""What merchants have agreed to pay: versions of schedules, and volumes. Rows are never changed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.fee_rules import read_rules
from app.domain.fees import Schedule
from app.store.db import Base
from app.store.payments import PaymentRow


class FeeScheduleRow(Base):
    """One version of what a merchant's payments by one method cost."""

    __tablename__ = "fee_schedules"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    method: Mapped[str]
    version: Mapped[int]
    rules: Mapped[dict[str, Any]]
    valid_from: Mapped[datetime]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class FeeVolumeRow(Base):
    """What a merchant took in a month, in minor units by currency, as it was counted when first needed."""

    __tablename__ = "fee_volumes"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    volumes: Mapped[dict[str, int]] = mapped_column(JSONB)
    counted_at: Mapped[datetime]


def schedules_of(session: Session, merchant_id: str) -> list[Schedule]:
    """Every version of the merchant's own schedules, the newest of each method first."""
    rows = session.execute(
        select(FeeScheduleRow)
        .where(FeeScheduleRow.merchant_id == merchant_id)
        .order_by(FeeScheduleRow.method, FeeScheduleRow.version.desc())
    ).scalars()
    return [_schedule(row) for row in rows]


def schedule_by_id(session: Session, merchant_id: str, schedule_id: str) -> Schedule | None:
    """One of the merchant's own versions."""
    row = session.get(FeeScheduleRow, (merchant_id, schedule_id))
    return _schedule(row) if row is not None else None


def _schedule(row: FeeScheduleRow) -> Schedule:
    return Schedule(
        row.id,
        row.method,
        version=row.version,
        valid_from=row.valid_from,
        created_by=row.created_by,
        **read_rules(row.rules),
    )


def next_version(session: Session, merchant_id: str, method: str) -> int:
    """The number of the version that is added now; whoever adds another waits until this unit ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"fees:{merchant_id}:{method}"},
    )
    newest = session.execute(
        select(func.max(FeeScheduleRow.version)).where(
            FeeScheduleRow.merchant_id == merchant_id, FeeScheduleRow.method == method
        )
    ).scalar()
    return (newest or 0) + 1


def volumes_of(session: Session, merchant_id: str, month: date) -> Mapping[str, int] | None:
    """What was counted for a month; None if nobody has counted it."""
    return session.execute(
        select(FeeVolumeRow.volumes).where(
            FeeVolumeRow.merchant_id == merchant_id, FeeVolumeRow.month == month
        )
    ).scalar()


def captured_between(
    session: Session, merchant_id: str, start: datetime, end: datetime
) -> dict[str, int]:
    """What was captured in a span of time, by currency."""
    rows = session.execute(
        select(PaymentRow.currency, func.sum(PaymentRow.captured_minor))
        .where(
            PaymentRow.merchant_id == merchant_id,
            PaymentRow.captured_at >= start,
            PaymentRow.captured_at < end,
        )
        .group_by(PaymentRow.currency)
    )
    return {currency: int(total) for currency, total in rows}


def add_volumes(
    session: Session, merchant_id: str, month: date, volumes: Mapping[str, int], at: datetime
) -> None:
    """Keep what was counted, unless somebody else has counted meanwhile."""
    session.execute(
        insert(FeeVolumeRow)
        .values(merchant_id=merchant_id, month=month, volumes=dict(volumes), counted_at=at)
        .on_conflict_do_nothing()
    )
