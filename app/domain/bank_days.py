"""The days on which banks exchange money: the weekend is none anywhere, holidays differ by system."""

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6


class Calendar(StrEnum):
    """Whose holidays count."""

    # Nobody's: of whoever moves the money only the weekend is known.
    WEEKDAYS = "weekdays"
    # The euro's: the days on which T2, and with it SEPA, is closed.
    TARGET = "target"
    # The dollar's: the days on which the Federal Reserve, and with it ACH, is closed.
    FEDERAL = "federal"


def is_bank_day(day: date, calendar: Calendar = Calendar.WEEKDAYS) -> bool:
    """Whether money moves that day."""
    return day.weekday() < _SATURDAY and day not in _closed(calendar, day.year)


def bank_days_after(day: date, count: int, calendar: Calendar = Calendar.WEEKDAYS) -> date:
    """The bank day that comes `count` after `day`; before it, where `count` is negative."""
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day += step
        while not is_bank_day(day, calendar):
            day += step
    return day


@lru_cache(256)
def _closed(calendar: Calendar, year: int) -> frozenset[date]:
    if calendar is Calendar.TARGET:
        return frozenset(holidays.financial_holidays("XECB", years=year))
    if calendar is Calendar.FEDERAL:
        # The Reserve makes up on Monday for a holiday on a Sunday, and for none on a Saturday.
        found = holidays.country_holidays("US", years=year, observed=False)
        return frozenset(day + _DAY if day.weekday() == _SUNDAY else day for day in found)
    return frozenset()
