"""Around every rail: no call while a unit of work is open, no order of the wrong kind, and no
exception instead of an outcome.
"""

import logging
from collections.abc import Callable

from app.domain.rails import (
    BankDestination,
    FailureCode,
    PayoutOrder,
    PayoutRail,
    RailOutcome,
    Refused,
    Unknown,
)

log = logging.getLogger(__name__)


class GuardedRail:
    """A rail that cannot be called wrongly. A crash of the adapter is an unknown outcome."""

    def __init__(self, inner: PayoutRail, before_call: Callable[[], None]) -> None:
        self._inner = inner
        self._before_call = before_call
        self.name = inner.name
        self.currencies = inner.currencies
        self.kinds = inner.kinds
        self.countries = inner.countries
        self.is_live = inner.is_live

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Send it, unless this rail could never carry it: that is refused before anything leaves."""
        self._before_call()
        problem = self._problem(order)
        if problem is not None:
            return Refused(*problem)
        return self._outcome("send", order, self._inner.send)

    def query(self, order: PayoutOrder) -> RailOutcome:
        """Ask what became of an order of ours."""
        self._before_call()
        return self._outcome("query", order, self._inner.query)

    def _problem(self, order: PayoutOrder) -> tuple[FailureCode, str] | None:
        destination = order.destination
        if order.is_live != self.is_live:
            return FailureCode.COULD_NOT_PROCESS, f"{self.name}: test and live money do not mix"
        if order.amount.amount_minor <= 0:
            return FailureCode.COULD_NOT_PROCESS, f"{self.name}: an order is for more than nothing"
        if {order.amount.currency, destination.currency} - self.currencies:
            return FailureCode.INVALID_CURRENCY, f"{self.name} carries no {order.amount.currency}"
        if order.amount.currency != destination.currency:
            return FailureCode.INVALID_CURRENCY, f"the account is for {destination.currency}"
        return self._out_of_reach(destination)

    def _out_of_reach(self, destination: BankDestination) -> tuple[FailureCode, str] | None:
        if destination.kind not in self.kinds:
            return FailureCode.COULD_NOT_PROCESS, f"{self.name} reaches no {destination.kind}"
        if self.countries is not None and destination.country not in self.countries:
            return (
                FailureCode.COULD_NOT_PROCESS,
                f"{self.name} does not reach {destination.country}",
            )
        return None

    def _outcome(
        self, operation: str, order: PayoutOrder, call: Callable[[PayoutOrder], RailOutcome]
    ) -> RailOutcome:
        try:
            return call(order)
        except Exception as error:
            # The order holds an account number, which a traceback of the adapter does not print.
            log.exception(
                "rail.adapter_crashed",
                extra={"rail": self.name, "operation": operation, "payout": order.payout_id},
            )
            return Unknown(f"{operation}: {type(error).__name__}")
