"""A processor, an account of its own there, and its driver: what a contract suite works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.money import Money
from app.domain.processor import (
    ActionRequired,
    Authorized,
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    Facts,
    Outcome,
    Pending,
    Processor,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundOutcome,
    RefundRequest,
    Unknown,
)
from tests.processors.driver import Driver, numbers
from tests.sandbox.server import wait_until

AMOUNT = Money(5000, "USD")


@dataclass(frozen=True)
class Till:
    """One processor behind its guard, as in service."""

    processor: Processor
    driver: Driver
    account: ProcessorAccount

    def request(self, token: str | None = None, **more: Any) -> AuthorizeRequest:
        """Take fifty dollars from a card that pays, unless told otherwise."""
        number = next(numbers)
        request = AuthorizeRequest(
            merchant_id=self.account.merchant_id,
            payment_id=f"pi_ours{number}",
            operation_id=f"op_{number}",
            amount=AMOUNT,
            payment_method_token=token or self.driver.good,
            capture_now=True,
            idempotency_key=f"op_{number}:authorize",
            created_at=datetime.now(UTC),
            description="Walnut tray",
        )
        return replace(request, **more)

    def authorize(self, request: AuthorizeRequest) -> Outcome:
        """The one call that may move money."""
        return self.processor.authorize(self.account, request)

    def pay(self, token: str | None = None, **more: Any) -> Outcome:
        """A payment of its own."""
        return self.authorize(self.request(token, **more))

    def hold(self) -> tuple[AuthorizeRequest, Authorized]:
        """Fifty dollars held, and what was asked."""
        request = self.request(capture_now=False)
        held = self.authorize(request)
        assert isinstance(held, Authorized)
        return request, held

    def held_of(self, request: AuthorizeRequest) -> Authorized:
        """A hold that nobody has."""
        return Authorized(Facts("pi_1", request.amount, is_live=False), request.amount)

    def ask(self, request: AuthorizeRequest, reference: str | None = None) -> Outcome:
        """What became of a payment, as far as the processor tells."""
        query = Query(request.merchant_id, request.payment_id, reference, request.created_at)
        return self.processor.query(self.account, self.driver.informed(self.account, query))

    def learned(
        self, answer: Outcome, request: AuthorizeRequest, reference: str | None = None
    ) -> Outcome:
        """The outcome of a command: its answer, or what is told of it afterwards."""
        return self._told(answer, lambda: self.ask(request, reference), (Unknown, Pending))

    def finish(
        self, request: AuthorizeRequest, asked: ActionRequired, brought: Mapping[str, Any]
    ) -> Outcome:
        """The customer is back from the bank, and brings this."""
        return self.ask(request, asked.facts.reference)

    def capture(self, held: Authorized, amount: Money = AMOUNT, key: str = "") -> Outcome:
        """The answer to a capture."""
        key = key or f"op_{next(numbers)}:capture"
        return self.processor.capture(
            self.account, CaptureRequest(held.facts.reference, amount, key)
        )

    def cancel(self, reference: str, key: str = "") -> Outcome:
        """The answer to a cancellation."""
        key = key or f"op_{next(numbers)}:cancel"
        return self.processor.cancel(
            self.account, CancelRequest(reference, "requested_by_customer", key)
        )

    def refund_request(
        self, request: AuthorizeRequest, reference: str, minor: int = 1000
    ) -> RefundRequest:
        """Ten dollars back, unless told otherwise."""
        number = next(numbers)
        return RefundRequest(
            merchant_id=self.account.merchant_id,
            payment_id=request.payment_id,
            refund_id=f"re_{number}",
            reference=reference,
            amount=Money(minor, "USD"),
            reason=None,
            idempotency_key=f"re_{number}",
        )

    def ask_refund(self, refund: RefundRequest) -> RefundOutcome:
        """What became of a refund of ours."""
        return self.processor.query_refund(self.account, refund.reference, refund.refund_id)

    def refunds(self, request: AuthorizeRequest, reference: str) -> Any:
        """Every refund that the processor knows of."""
        return self.processor.refunds_of(self.account, reference)

    def refunded(self, refund: RefundRequest) -> RefundOutcome:
        """The end of a refund: its answer, or what is told of it afterwards."""
        answer = self.processor.refund(self.account, refund)
        is_open = isinstance(answer, Unknown) or (
            isinstance(answer, RefundAccepted) and not answer.is_settled
        )
        if not is_open:
            return answer
        found: RefundOutcome = wait_until(lambda: _ended(self.ask_refund(refund)))
        return found

    def totals(self) -> dict[str, int]:
        """The true sums in dollars."""
        return self.driver.totals(self.account)

    def arm(self, kind: str, operation: str = "authorize", **options: Any) -> None:
        """Something goes wrong with the next call of that operation."""
        self.driver.arm(self.account, kind, operation, **options)

    def _told(
        self, answer: Outcome, ask: Callable[[], Outcome], still_open: tuple[type, ...]
    ) -> Outcome:
        if not isinstance(answer, still_open):
            return answer

        def told() -> Outcome | None:
            found = ask()
            return None if isinstance(found, still_open) else found

        found: Outcome = wait_until(told)
        return found


def _ended(outcome: RefundOutcome) -> RefundOutcome | None:
    if isinstance(outcome, Unknown):
        return None
    is_open = isinstance(outcome, RefundAccepted) and not outcome.is_settled
    return None if is_open else outcome
