"""Time as an argument."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.clock import FrozenClock, SystemClock, add_business_days


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
    assert add_business_days(day, count) == expected


def test_a_frozen_clock_moves_only_when_told_to() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))

    clock.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
    clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_systems_clock_is_aware() -> None:
    assert SystemClock().now().tzinfo is UTC
