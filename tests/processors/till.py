"""A processor, an account of its own there, and its driver: what a contract suite works with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.money import Money
from app.domain.processor import (
    Absent,
    ActionRequired,
    Authorized,
    AuthorizeRequest,
    CancelRequest,
    Captured,
    CaptureRequest,
    FinishRequest,
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
class Made:
    """A payment at the processor: what was asked, what it is called there, and the answer."""

    request: AuthorizeRequest
    reference: str
    outcome: Outcome


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
            page="https://shop.example/pay/authenticate/1",
        )
        return replace(request, **more)

    def authorize(self, request: AuthorizeRequest) -> Outcome:
        """The one call that may move money."""
        return self.processor.authorize(self.account, request)

    def paid(self, token: str | None = None, **more: Any) -> Made:
        """A payment of its own that was taken."""
        request = self.request(token, **more)
        outcome = self.authorize(request)
        assert isinstance(outcome, Captured)
        return Made(request, outcome.facts.reference, outcome)

    def pay(self, token: str | None = None, **more: Any) -> Outcome:
        """A payment of its own."""
        return self.authorize(self.request(token, **more))

    def hold(self) -> Made:
        """Fifty dollars held."""
        request = self.request(capture_now=False)
        held = self.authorize(request)
        assert isinstance(held, Authorized)
        return Made(request, held.facts.reference, held)

    def nobodys(self, reference: str = "pi_1") -> Made:
        """A payment that is not there."""
        return Made(self.request(), reference, Absent())

    def ask(self, made: Made, operation_id: str | None = None) -> Outcome:
        """What became of a payment, or of a command, as far as the processor tells."""
        request = made.request
        query = Query(
            request.merchant_id,
            request.payment_id,
            made.reference or None,
            request.created_at,
            heard=self.heard(request.payment_id),
            attempt_id=request.operation_id,
            operation_id=operation_id,
            amount=request.amount,
            capture_now=request.capture_now,
        )
        return self.processor.query(self.account, query)

    def heard(self, payment_id: str) -> tuple[bytes, ...]:
        """All that was told of a payment, as our inbox would keep it."""
        if not self.processor.is_told:
            return ()
        now = datetime.now(UTC)
        news = [
            one
            for letter in self.driver.letters(self.account, now)
            for one in self.processor.read_news(self.account, letter.body, letter.headers, now)
        ]
        return tuple(one.body for one in news if one.told_payment_id == payment_id)

    def finish(
        self,
        request: AuthorizeRequest,
        asked: ActionRequired,
        brought: Mapping[str, Any],
        key: str = "",
    ) -> Outcome:
        """The customer is back from the bank, and brings this."""
        number = next(numbers)
        return self.processor.finish(
            self.account,
            FinishRequest(
                merchant_id=request.merchant_id,
                payment_id=request.payment_id,
                attempt_id=request.operation_id,
                operation_id=f"op_{number}",
                amount=request.amount,
                capture_now=request.capture_now,
                details=json.dumps(brought),
                idempotency_key=key or f"op_{number}:finish",
                created_at=request.created_at,
                reference=asked.facts.reference or None,
            ),
        )

    def capture(self, made: Made, amount: Money = AMOUNT, key: str = "") -> Outcome:
        """The answer to a capture."""
        part = key or f"op_{next(numbers)}"
        names = (f"{part}:capture", made.request.payment_id, part)
        return self.processor.capture(self.account, CaptureRequest(made.reference, amount, *names))

    def cancel(self, made: Made, key: str = "") -> Outcome:
        """The answer to a cancellation."""
        part = key or f"op_{next(numbers)}"
        names = (f"{part}:cancel", made.request.payment_id, part)
        return self.processor.cancel(
            self.account, CancelRequest(made.reference, "requested_by_customer", *names)
        )

    def learned(self, answer: Outcome, made: Made, key: str | None = None) -> Outcome:
        """The outcome of a command: its answer, or what is told of it afterwards."""
        if not isinstance(answer, Unknown | Pending):
            return answer

        def told() -> Outcome | None:
            found = self.ask(made, key)
            return None if isinstance(found, Unknown | Pending) else found

        found: Outcome = wait_until(told)
        return found

    def refund_request(self, made: Made, minor: int = 1000) -> RefundRequest:
        """Ten dollars back, unless told otherwise."""
        number = next(numbers)
        return RefundRequest(
            merchant_id=self.account.merchant_id,
            payment_id=made.request.payment_id,
            refund_id=f"re_{number}",
            reference=made.reference,
            amount=Money(minor, "USD"),
            reason=None,
            idempotency_key=f"re_{number}",
        )

    def ask_refund(self, refund: RefundRequest) -> RefundOutcome:
        """What became of a refund of ours."""
        heard = self.heard(refund.payment_id)
        return self.processor.query_refund(
            self.account, refund.reference, refund.refund_id, heard=heard
        )

    def refunds(self, made: Made) -> Any:
        """Every refund that the processor knows of."""
        heard = self.heard(made.request.payment_id)
        return self.processor.refunds_of(self.account, made.reference, heard)

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


def _ended(outcome: RefundOutcome) -> RefundOutcome | None:
    if isinstance(outcome, Unknown | Absent):
        return None
    is_open = isinstance(outcome, RefundAccepted) and not outcome.is_settled
    return None if is_open else outcome
