"""The days on which American banks exchange money: those on which the Federal Reserve is open."""

from datetime import date, timedelta

_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
# Month, weekday (Monday is 0) and which of them; -1 is the last.
_MOVING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))
_DAY = timedelta(days=1)


def is_banking_day(day: date) -> bool:
    """Whether money moves that day. A holiday on a Sunday is kept on the Monday; one on a Saturday is
    not made up for.
    """
    return day.weekday() < 5 and day not in _holidays(day.year)


def _holidays(year: int) -> set[date]:
    fixed = [date(year, month, day) for month, day in _FIXED]
    kept = {day + _DAY if day.weekday() == 6 else day for day in fixed}
    return kept | {_nth(year, *which) for which in _MOVING}


def _nth(year: int, month: int, weekday: int, which: int) -> date:
    if which > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
    last = date(year, month + 1, 1) - _DAY
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def banking_days_after(day: date, count: int) -> date:
    """The banking day that comes `count` after `day`; before it, where `count` is negative."""
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day += step
        while not is_banking_day(day):
            day += step
    return day
