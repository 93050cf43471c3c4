"""Time as an argument."""

from datetime import UTC, datetime, timedelta

from app.domain.clock import FrozenClock, SystemClock


def test_a_frozen_clock_moves_only_when_told_to() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))

    clock.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
    clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_systems_clock_is_aware() -> None:
    assert SystemClock().now().tzinfo is UTC
