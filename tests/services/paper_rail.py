"""A bank that a test writes the script of: it carries each order once, and keeps the true record."""

from dataclasses import dataclass, field, replace

from app.domain.money import Money
from app.domain.rails import (
    Absent,
    Accepted,
    AccountKind,
    PayoutOrder,
    RailOutcome,
    Unknown,
)
from app.services.deps import Deps


@dataclass
class PaperRail:
    """`orders` is what really left: by idempotency key, once. `after` is what it says of them now."""

    name: str = "paper"
    currencies: frozenset[str] = frozenset({"USD", "EUR", "JPY"})
    kinds: frozenset[AccountKind] = frozenset({"us_account", "iban"})
    countries: frozenset[str] | None = None
    is_live: bool = False
    orders: dict[str, PayoutOrder] = field(default_factory=dict)
    after: RailOutcome | None = None
    loses_answers: int = 0
    refuses: RailOutcome | None = None
    sends: int = 0

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Carry it, once a key."""
        self.sends += 1
        if self.refuses is not None:
            return self.refuses
        self.orders.setdefault(order.idempotency_key, order)
        if self.loses_answers:
            self.loses_answers -= 1
            return Unknown("the answer was lost")
        return self.after or Accepted(f"bank_{order.payout_id}", "trace_1")

    def query(self, order: PayoutOrder) -> RailOutcome:
        """What became of it."""
        if order.idempotency_key not in self.orders:
            return Absent()
        return self.after or Accepted(f"bank_{order.payout_id}", "trace_1")

    @property
    def paid(self) -> list[Money]:
        """What really left, in order."""
        return [order.amount for order in self.orders.values()]


def with_rail(deps: Deps, rail: PaperRail) -> Deps:
    """The ports, with this bank alone."""
    return replace(deps, rails={rail.name: rail})
