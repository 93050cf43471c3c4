"""Exchange rates as they were told, and those derived from them. Rows are added and never changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ARRAY, Numeric, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.fx import PIVOT, Quote, Rate
from app.domain.ids import new_id
from app.store.db import Base


class FxRate(Base):
    """One `base` was worth `value` of `quote`, as a source observed it at a moment."""

    __tablename__ = "fx_rates"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    base: Mapped[str]
    quote: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric)
    source: Mapped[str]
    derived_from: Mapped[list[str]] = mapped_column(ARRAY(Text))
    observed_at: Mapped[datetime]
    fetched_at: Mapped[datetime]

    @property
    def rate(self) -> Rate:
        """The row in the domain's words."""
        return Rate(
            id=self.id,
            base=self.base,
            quote=self.quote,
            value=self.value,
            observed_at=self.observed_at,
            source=self.source,
            derived_from=tuple(self.derived_from),
        )


def add(session: Session, source: str, quotes: Sequence[Quote], at: datetime) -> int:
    """Keep what a source told; gives how many were new. What it said first of a moment stands."""
    rows = [
        {
            "id": new_id("fxr", at),
            "base": one.base,
            "quote": one.quote,
            "value": one.value,
            "source": source,
            "derived_from": list(one.derived_from) if isinstance(one, Rate) else [],
            "observed_at": one.observed_at,
            "fetched_at": at,
        }
        for one in quotes
    ]
    if not rows:
        return 0
    known = insert(FxRate).values(rows).on_conflict_do_nothing().returning(FxRate.id)
    return len(session.execute(known).all())


def newest(session: Session, source: str, base: str, quote: str) -> Rate | None:
    """The latest rate of two currencies from a source."""
    row = session.execute(
        select(FxRate)
        .where(FxRate.source == source, FxRate.base == base, FxRate.quote == quote)
        .order_by(FxRate.observed_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    return row.rate if row else None


def newest_of_pivot(session: Session, source: str, codes: Sequence[str]) -> dict[str, Rate]:
    """The latest rates of one euro in these currencies."""
    found = (newest(session, source, PIVOT, code) for code in codes if code != PIVOT)
    return {rate.quote: rate for rate in found if rate is not None}


def by_id(session: Session, rate_id: str | None) -> Rate | None:
    """The rate that something was converted at."""
    row = session.get(FxRate, rate_id) if rate_id else None
    return row.rate if row else None
