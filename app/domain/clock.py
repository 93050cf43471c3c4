"""Time as an argument: the business asks a Clock, never the machine."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whoever knows what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that moves only when told to; for seeds and tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._at

    def advance(self, step: timedelta) -> None:
        """Move forward by `step`."""
        self._at += step

    def set(self, at: datetime) -> None:
        """Jump to `at`."""
        self._at = at


def add_months(day: date, count: int) -> date:
    """The same day `count` months later; the month's last day where it has no such day."""
    months = day.year * 12 + day.month - 1 + count
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
