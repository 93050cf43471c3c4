"""The days on which banks exchange money."""

from datetime import date, timedelta

import pytest

from app.domain.bank_days import Calendar, bank_days_after, is_bank_day

TARGET, FEDERAL = Calendar.TARGET, Calendar.FEDERAL


@pytest.mark.parametrize(
    "day, count, expected",
    [
        (date(2026, 3, 2), 2, date(2026, 3, 4)),
        (date(2026, 3, 5), 2, date(2026, 3, 9)),
        (date(2026, 3, 7), 2, date(2026, 3, 10)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 6), 0, date(2026, 3, 6)),
        (date(2024, 2, 28), 1, date(2024, 2, 29)),
    ],
)
def test_business_days_skip_the_weekend(day: date, count: int, expected: date) -> None:
    assert bank_days_after(day, count) == expected


@pytest.mark.parametrize(
    "calendar, closed",
    [
        (TARGET, ["01-01", "04-03", "04-06", "05-01", "12-25"]),
        (
            FEDERAL,
            [
                *("01-01", "01-19", "02-16", "05-25", "06-19", "09-07", "10-12", "11-11"),
                *("11-26", "12-25"),
            ],
        ),
    ],
)
def test_the_weekdays_of_2026_on_which_banks_are_closed(
    calendar: Calendar, closed: list[str]
) -> None:
    """As the European Central Bank and the Federal Reserve publish them."""
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    found = [day for day in days if day.weekday() < 5 and not is_bank_day(day, calendar)]
    assert [f"{day:%m-%d}" for day in found] == closed


def test_christmas_is_counted_as_each_system_keeps_it() -> None:
    eve = date(2025, 12, 24)
    assert bank_days_after(eve, 1) == date(2025, 12, 25)
    assert bank_days_after(eve, 1, TARGET) == date(2025, 12, 29)
    assert bank_days_after(eve, 1, FEDERAL) == date(2025, 12, 26)


def test_the_reserve_makes_up_for_a_sunday_and_not_for_a_saturday() -> None:
    assert is_bank_day(date(2026, 7, 3), FEDERAL)
    assert not is_bank_day(date(2027, 7, 5), FEDERAL)
    assert bank_days_after(date(2026, 11, 25), 1, FEDERAL) == date(2026, 11, 27)
    assert bank_days_after(date(2026, 11, 30), -2, FEDERAL) == date(2026, 11, 25)
