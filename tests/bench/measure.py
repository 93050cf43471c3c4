"""Series of measurements, and the ratio of two taken in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, median and maximum of a series."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise."""
        return cls(min(values), median(values), max(values))

    def __str__(self) -> str:
        return " / ".join(_short(value) for value in (self.least, self.median, self.most))


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: ours beside its yardstick, round by round; `ratio` is taken pair by pair."""

    id: str
    meaning: str
    unit: str
    ours: tuple[float, ...]
    yardstick: tuple[float, ...]
    limit: float
    is_at_least: bool

    @property
    def ratio(self) -> Spread:
        """Ours over the yardstick of the same round."""
        return Spread.of([a / b for a, b in zip(self.ours, self.yardstick, strict=True)])

    @property
    def is_met(self) -> bool:
        """Whether the median ratio reaches the limit."""
        ratio = self.ratio.median
        return ratio >= self.limit if self.is_at_least else ratio <= self.limit

    @property
    def target(self) -> str:
        """The limit, with its direction."""
        return f"{'≥' if self.is_at_least else '≤'} {self.limit:.2f}"

    @property
    def verdict(self) -> str:
        """Met, or by how much it is missed."""
        if self.is_met:
            return "met"
        off = abs(self.ratio.median - self.limit) / self.limit
        return f"missed by {off:.0%}"
