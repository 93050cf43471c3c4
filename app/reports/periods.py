"""Days as a merchant means them: from midnight to midnight in the account's own zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment to just before another."""

    start: datetime
    end: datetime


def day_start(day: date, timezone: str) -> datetime:
    """The first moment of a day in the zone, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(timezone)).astimezone(UTC)


def days(first: date, last: date, timezone: str) -> Period:
    """From the first moment of `first` to the last of `last`."""
    return Period(day_start(first, timezone), day_start(last + timedelta(days=1), timezone))


def local_day(at: datetime, timezone: str) -> date:
    """The day of a moment, in the zone."""
    return at.astimezone(ZoneInfo(timezone)).date()
