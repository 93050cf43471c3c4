"""What lies outside in a random life: a bank that carries each payout its own way, and rates that move."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.clock import Clock
from app.domain.fx import PIVOT, Quote
from app.domain.money import Money
from app.domain.rails import (
    Absent,
    Accepted,
    AccountKind,
    FailureCode,
    Paid,
    PayoutOrder,
    RailOutcome,
    Refused,
    Returned,
    Unknown,
)

# Later than this a bank sends nothing back, so nobody asks.
STILL_RETURNS = timedelta(days=9)


@dataclass
class MovingRail:
    """`orders` is what it took, by idempotency key, once. `mood`: what becomes of the next call."""

    clock: Clock
    name: str = "moving"
    currencies: frozenset[str] = frozenset({"USD", "EUR"})
    kinds: frozenset[AccountKind] = frozenset({"us_account", "iban"})
    countries: frozenset[str] | None = None
    is_live: bool = False
    mood: str = "carries"
    orders: dict[str, PayoutOrder] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    arrived: dict[str, datetime] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Take it, once a key; a refusal stands for ever."""
        key = order.idempotency_key
        if key not in self.orders and (key in self.refused or self.mood == "refuses"):
            self.refused.add(key)
            return Refused(FailureCode.DECLINED, "not today")
        assert self.orders.setdefault(key, order).amount == order.amount
        return self._told(key)

    def query(self, order: PayoutOrder) -> RailOutcome:
        """What became of it."""
        key = order.idempotency_key
        if key in self.refused:
            return Refused(FailureCode.DECLINED, "not today")
        return self._told(key) if key in self.orders else Absent()

    def _told(self, key: str) -> RailOutcome:
        if self.mood == "loses":
            return Unknown("the answer was lost")
        now, reference = self.clock.now(), f"bank_{self.orders[key].payout_id}"
        if key in self.returned:
            return Returned(reference, FailureCode.DECLINED, now)
        if key in self.arrived:
            return Paid(reference, "trace_1", now)
        return Accepted(reference, "trace_1")

    def move(self, luck: int) -> None:
        """One order arrives, or comes back while it still may."""
        if not self.orders:
            return
        key = list(self.orders)[luck % len(self.orders)]
        now = self.clock.now()
        at = self.arrived.setdefault(key, now)
        if luck % 3 == 0 and now - at < STILL_RETURNS:
            self.returned.add(key)

    def settle(self) -> None:
        """Whatever is on its way arrives."""
        self.mood = "carries"
        for key in self.orders:
            self.arrived.setdefault(key, self.clock.now())

    def kept(self, merchant_id: str, currency: str) -> Money:
        """What really reached a merchant's account and stayed there."""
        total = sum(
            order.amount.amount_minor
            for key, order in self.orders.items()
            if key not in self.returned
            and (order.merchant_id, order.amount.currency) == (merchant_id, currency)
        )
        return Money(total, currency)


@dataclass
class MovingRates:
    """A source of rates; `level` moves them all, and without one it has nothing to say."""

    clock: Clock
    name: str = "moving"
    level: int | None = None

    def latest(self) -> Sequence[Quote]:
        """The rates of this moment."""
        if self.level is None:
            return []
        now, moved = self.clock.now(), Decimal(1000 + self.level) / 1000
        return [
            Quote(PIVOT, code, Decimal(value) * moved, now)
            for code, value in (("USD", "1.0842"), ("JPY", "162.4"), ("GBP", "0.8361"))
        ]
