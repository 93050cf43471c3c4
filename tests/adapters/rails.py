"""A rail that answers what a test wants, and makers of orders."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain.money import Money
from app.domain.rails import Accepted, AccountKind, BankDestination, PayoutOrder, RailOutcome

NUMBER = "DE89370400440532013000"
CREATED_AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


class StandInRail:
    """A rail at the port; `answer` is what every order gets."""

    def __init__(
        self,
        name: str = "stand_in",
        *,
        currencies: Iterable[str] = ("EUR",),
        kinds: Iterable[AccountKind] = ("iban",),
        countries: Iterable[str] | None = None,
        is_live: bool = False,
        answer: Callable[[], RailOutcome] = lambda: Accepted("ref_1"),
    ) -> None:
        self.name = name
        self.currencies = frozenset(currencies)
        self.kinds = frozenset(kinds)
        self.countries = None if countries is None else frozenset(countries)
        self.is_live = is_live
        self.asked: list[str] = []
        self._answer = answer

    def send(self, order: PayoutOrder) -> RailOutcome:
        """The answer; remembers the order."""
        self.asked.append(f"send {order.payout_id}")
        return self._answer()

    def query(self, order: PayoutOrder) -> RailOutcome:
        """The answer; remembers the order."""
        self.asked.append(f"query {order.payout_id}")
        return self._answer()


def destination(**changes: Any) -> BankDestination:
    """A German account for euros."""
    base = BankDestination(
        id="ba_1",
        holder_name="Wren & Co. GmbH",
        country="DE",
        currency="EUR",
        kind="iban",
        number=NUMBER,
        routing="COBADEFFXXX",
        bank_name="Commerzbank",
        last4="3000",
    )
    return replace(base, **changes)


def order(amount: Money | None = None, **changes: Any) -> PayoutOrder:
    """An order of EUR 125.50 for that account."""
    base = PayoutOrder(
        merchant_id="acct_1",
        payout_id="po_1",
        amount=Money(12550, "EUR") if amount is None else amount,
        destination=destination(),
        statement_descriptor="FARTHING WREN",
        idempotency_key="po_1:send",
        is_live=False,
        created_at=CREATED_AT,
    )
    return replace(base, **changes)
