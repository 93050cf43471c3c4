"""A merchant that sells through one processor: our services on this side, its driver on the other."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.domain.payments import Payment
from app.domain.processor import ActionRequired, Facts, ProcessorAccount
from app.services import inbound, ledger, payments, refunds, resolver
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.inbound import ReceiveNews
from tests.factories import FakeQueue, Shop, TestClock, make_payment, usd
from tests.processors.driver import Driver, Letter
from tests.sandbox.server import wait_until
from tests.services.bank import rows

ROBIN = "user:robin"


@dataclass(frozen=True)
class Sales:
    """One shop, its commands, and the truth to hold its rows against."""

    deps: Deps
    driver: Driver
    shop: Shop
    clock: TestClock
    queue: FakeQueue

    @property
    def account(self) -> ProcessorAccount:
        """The account, unsealed."""
        return account_by_id(self.deps, self.shop.account_id)

    def of_another_shop(self) -> "Sales":
        """A neighbour, through the same processor."""
        return replace(self, shop=self.driver.open_shop(self.deps))

    def arm(self, kind: str, operation: str = "authorize", **options: Any) -> None:
        """Something goes wrong with the shop's next call of that operation."""
        self.driver.arm(self.account, kind, operation, **options)

    def pay(self, token: str | None = None, **more: Any) -> Payment:
        """Fifty dollars by a card that pays, unless told otherwise."""
        return make_payment(self.deps, self.shop, token=token or self.driver.good, **more)

    def try_again(self, payment: Payment) -> Payment:
        """The customer takes a card that pays."""
        command = payments.ConfirmPayment(
            self.shop.merchant_id, payment.id, self.driver.good, "customer"
        )
        return payments.confirm_payment(self.deps, command)

    def finish(self, payment: Payment, *, is_passed: bool) -> Payment:
        """The customer answers the bank's question, and comes back."""
        brought = self.driver.answer(self.account, question_of(payment), is_passed=is_passed)
        details = json.dumps(brought) if brought else None
        return resolver.returned_from_bank(self.deps, self.load(payment), details)

    def give(self, payment: Payment, command: str) -> Payment:
        """Capture twenty dollars, or let go."""
        merchant_id = self.shop.merchant_id
        if command == "capture":
            taken = payments.CapturePayment(merchant_id, payment.id, ROBIN, usd("20.00"))
            return payments.capture_payment(self.deps, taken)
        let_go = payments.CancelPayment(merchant_id, payment.id, ROBIN)
        return payments.cancel_payment(self.deps, let_go)

    def refund(self, payment: Payment, text: str = "5.00") -> str:
        """Ask for money to go back; gives the refund's id."""
        asked = refunds.RequestRefund(self.shop.merchant_id, payment.id, usd(text), ROBIN)
        return refunds.request_refund(self.deps, asked)

    def letters(self) -> list[Letter]:
        """All that the processor tells of the shop."""
        return self.driver.letters(self.account, self.deps.clock.now())

    def deliver(self, letter: Letter) -> bool:
        """One POST arrives; gives whether any of it is new."""
        news = ReceiveNews(self.shop.account_id, letter.body, dict(letter.headers))
        return inbound.receive(self.deps, news)

    def hear(self) -> None:
        """Everything told so far arrives, and is handled."""
        for letter in self.letters():
            self.deliver(letter)
        inbound.handle_due(self.deps)

    def settle(self, *, rounds: int = 4, is_told: bool = True) -> None:
        """Minutes go by: what has no outcome is found out, without a human."""
        for _ in range(rounds):
            self.clock.advance(timedelta(minutes=2))
            resolver.resolve_due(self.deps)
            refunds.submit_due(self.deps)
            if is_told:
                wait_until(self._has_heard_the_end)

    def _has_heard_the_end(self) -> bool:
        """Whether nothing waits for news: what a processor only received, it tells of a moment later."""
        self.hear()
        return self.driver.answers_at_once or not self._unfinished()

    def _unfinished(self) -> list[dict[str, Any]]:
        return rows(
            """SELECT id FROM operations WHERE merchant_id = :m AND status IN ('requested', 'unknown')
               UNION ALL SELECT id FROM refunds
               WHERE merchant_id = :m AND status IN ('requested', 'pending', 'unknown')""",
            m=self.shop.merchant_id,
        )

    def load(self, payment: Payment) -> Payment:
        """How it stands now."""
        return payments.load(self.shop.merchant_id, payment.id)

    def facts(self, fact: str) -> list[int]:
        """The true movements of one kind."""
        return self.driver.facts(self.account, fact)

    def books(self) -> list[dict[str, Any]]:
        """What every account of the book holds."""
        return rows(
            """SELECT account, currency, sum(signed_minor)::bigint AS total FROM ledger_entries
               WHERE merchant_id = :m GROUP BY 1, 2 ORDER BY 1, 2""",
            m=self.shop.merchant_id,
        )

    def assert_true(self) -> None:
        """Payments, refunds and what the processor owes us are what really happened."""
        true = self.driver.totals(self.account)
        [ours] = rows(
            """SELECT coalesce(sum(captured_minor), 0)::bigint AS captured,
                      coalesce(sum(refunded_minor), 0)::bigint AS refunded
               FROM payments WHERE merchant_id = :m""",
            m=self.shop.merchant_id,
        )
        came, back = true.get("captured", 0), true.get("refunded", 0) - true.get("refund_failed", 0)
        assert (ours["captured"], ours["refunded"]) == (came, back)
        owed = true.get("net", 0) if self.driver.tells_costs else came - back
        booked = [
            row["total"]
            for row in self.books()
            if row["account"] == f"processor_receivable:{self.driver.name}"
        ]
        assert sum(booked) == owed
        assert ledger.verify() == []


def question_of(payment: Payment) -> ActionRequired:
    """The bank's question, as our row keeps it."""
    facts = Facts(payment.processor_reference or "", payment.amount, is_live=False)
    return ActionRequired(facts, payment.client_secret or "", details=payment.action or {})
