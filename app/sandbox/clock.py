"""The sandbox's clock: the machine's, plus an offset that the control page may add.

Delivery signatures use the real time (`wall`), because receivers compare it with their own clock;
everything that has a life span (idempotency keys, authorisations, settlement) uses `now`.
"""

import time
from collections.abc import Callable

WallClock = Callable[[], float]


class SandboxClock:
    """Seconds since the epoch. `offset_seconds` only ever grows: time does not run backwards."""

    def __init__(self, wall: WallClock | None = None, offset_seconds: int = 0) -> None:
        self._wall = wall or time.time
        self.offset_seconds = offset_seconds

    def wall(self) -> float:
        """The real time."""
        return self._wall()

    def exact(self) -> float:
        """The sandbox's time with fractions, for delays shorter than a second."""
        return self._wall() + self.offset_seconds

    def now(self) -> int:
        """The sandbox's time in whole seconds, as Stripe writes it."""
        return int(self.exact())

    def advance(self, seconds: int) -> None:
        """Move the sandbox's time forward."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self.offset_seconds += seconds
