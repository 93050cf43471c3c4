"""The ground of a random life of money: a platform, its sellers, and what may be picked of them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from app.demo import Backdated
from app.services import merchants, payout_terms, sellers
from app.services.audit import By
from app.services.deps import Deps
from tests.factories import (
    FakeQueue,
    TestClock,
    connect_sellers,
    open_shop,
    verified_bank_account,
)
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank, rows
from tests.services.money_bank import MovingRail, MovingRates

Call = Callable[[], object]
ROBIN = By("user:robin")


class Ground:
    """A platform (`shop`) with two sellers, of whom Ann has a bank account."""

    def __init__(
        self, deps: Deps, queue: FakeQueue, clock: TestClock, sandbox: SandboxServer
    ) -> None:
        self.shop = open_shop(deps)
        self.ann, self.ben = connect_sellers(deps, self.shop, "Ann", "Ben", basis_points=700)
        for owner in (self.shop, replace(self.shop, merchant_id=self.ann)):
            verified_bank_account(deps, owner, "000123456789", currency="USD")
            verified_bank_account(deps, owner, "DE89370400440532013000", currency="EUR")
        self.rail, self.rates = MovingRail(clock), MovingRates(clock)
        self.deps = replace(
            deps,
            rails={self.rail.name: self.rail},
            rate_provider=self.rates,
            processors={name: Backdated(one) for name, one in deps.processors.items()},
        )
        queue.reset(self.deps)
        self.clock, self.bank = clock, Bank(sandbox, self.shop)
        self._numbers = count(1)
        merchants.set_methods(deps, self.me, ["card", "sepa_debit", "ach_debit"])
        payout_terms.set_reserve(self.deps, payout_terms.SetReserve(self.me, "USD", 700, 5, ROBIN))
        sellers.set_release_days(self.me, 6)

    @property
    def me(self) -> str:
        """The platform's id."""
        return self.shop.merchant_id

    @property
    def everybody(self) -> tuple[str, ...]:
        """Whose books there are."""
        return (self.me, self.ann, self.ben)

    def _name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _payment(self, a: int, condition: str) -> dict[str, Any] | None:
        return self._pick(a, f"SELECT * FROM payments WHERE {condition}")  # noqa: S608 - ours

    def _pick(self, a: int, query: str) -> dict[str, Any] | None:
        found = rows(f"{query} ORDER BY created_at, id")
        return found[a % len(found)] if found else None
