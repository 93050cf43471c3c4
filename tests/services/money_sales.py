"""Steps of a random life of money: what customers pay and what goes back to them."""

from datetime import timedelta
from typing import Any

from app.domain.escrow import Milestone, Plan
from app.domain.money import Money
from app.services import creation, foreign, payments, refunds, resolver
from app.services.accounts import account_by_id
from app.services.creation import CreatePayment, IdempotentRequest
from app.services.payments import CancelPayment, CapturePayment
from app.services.refunds import RequestRefund
from tests.debits import ACH, MANDATE, SEPA
from tests.factories import DECLINED, VISA
from tests.services.money_ground import Call, Ground

CURRENCIES = ("USD", "EUR", "JPY", "GBP")
TOKENS = (VISA, VISA, VISA, VISA, "pm_card_refundFail", DECLINED)
REFUNDS = "POST /v1/refunds"


class Sales(Ground):
    """Each step prepares one call from two numbers; None where there is nothing to do it to."""

    def pay(self, a: int, b: int) -> Call:
        """By card: taken, held, or declined."""
        return self._create(
            Money(60 + b * 29, CURRENCIES[b % 4]),
            payment_method_token=TOKENS[a % len(TOKENS)],
            capture_method="manual" if a % 4 == 0 else "automatic",
        )

    def sell(self, a: int, b: int) -> Call:
        """For a seller, held until delivery."""
        price = Money(500 + b * 9, "EUR" if a % 5 == 0 else "USD")
        first = price.amount_minor // 3
        steps = (
            Milestone("one", first, self.ann),
            Milestone("two", price.amount_minor - first, self.ben),
        )
        plan = (Plan(self.ann), Plan(milestones=steps), Plan())[a % 3]
        return self._create(price, payment_method_token=VISA, escrow=plan.stored())

    def debit(self, a: int, b: int) -> Call:
        """From a bank account, which answers when it likes."""
        method, currency, token = (
            ("sepa_debit", "EUR", SEPA), ("ach_debit", "USD", ACH),
        )[a % 2]  # fmt: skip
        return self._create(
            Money(500 + b * 17, currency),
            payment_method_token=token,
            customer_name="Ada Novak",
            method_types=(method,),
            said=MANDATE,
        )

    def lose(self, a: int, b: int) -> Call:
        """A payment whose answer is lost, and found out."""
        self.bank.fault("drop_after")
        create = self._create(Money(60 + b, CURRENCIES[a % 4]), payment_method_token=VISA)

        def find_out() -> None:
            create()
            self.clock.advance(timedelta(minutes=1))
            resolver.resolve_due(self.deps)

        return find_out

    def _create(self, amount: Money, **more: Any) -> Call:
        name = self._name("order")
        command = CreatePayment(
            merchant_id=self.me,
            amount=amount,
            actor="api:test",
            customer_email="ada@example.com",
            idempotency=IdempotentRequest("test", name, b"asked", lambda _payment: (200, b"{}")),
            **more,
        )
        return lambda: creation.create_payment(self.deps, command)

    def capture(self, a: int, b: int) -> Call | None:
        """A part of what is held, or all of it."""
        held = self._payment(a, "status = 'authorized'")
        if held is None:
            return None
        part = Money(1 + b % held["authorized_minor"], held["currency"])
        command = CapturePayment(self.me, held["id"], "user:robin", part, self._name("op"))
        return lambda: payments.capture_payment(self.deps, command)

    def cancel(self, a: int, _b: int) -> Call | None:
        """Let a hold go."""
        held = self._payment(a, "status IN ('authorized', 'failed')")
        if held is None:
            return None
        command = CancelPayment(self.me, held["id"], "user:robin", operation_id=self._name("op"))
        return lambda: payments.cancel_payment(self.deps, command)

    def bank_says(self, a: int, b: int) -> Call | None:
        """A debit is paid, refused, or taken back; and we hear of it, or not yet."""
        sent = self._payment(a, "method <> 'card' AND processor_reference IS NOT NULL")
        if sent is None:
            return None
        payment = payments.load(self.me, sent["id"])
        word = ("accept", "accept", "return", "refuse")[b % 4]

        def say() -> None:
            self.bank.debit(payment, word)
            if b % 5:
                self._hear(payment.id)

        return say

    def hear(self, a: int, _b: int) -> Call | None:
        """The processor is asked how a payment and its refunds stand."""
        known = self._payment(a, "processor_reference IS NOT NULL")
        return None if known is None else lambda: self._hear(known["id"])

    def _hear(self, payment_id: str) -> None:
        payment = resolver.refresh(self.deps, payments.load(self.me, payment_id))
        account = account_by_id(self.deps, payment.processor_account_id)
        foreign.sync_refunds(self.deps, account, payment)

    def refund(self, a: int, b: int) -> Call | None:
        """A part, or more than is left."""
        paid = self._payment(a, "captured_minor > 0")
        if paid is None:
            return None
        part = Money(1 + b % (paid["captured_minor"] + 3), paid["currency"])
        key = self._name("refund")
        command = RequestRefund(self.me, paid["id"], part, "user:robin", client_key=key)
        return lambda: refunds.request_refund(self.deps, command)

    def send_refunds(self, a: int, _b: int) -> Call:
        """The worker sends them; some answers are lost, some refunds fail later."""
        if a % 4 == 0:
            self.bank.fault("refund_outcome", REFUNDS, outcome="pending_then_failed")
        elif a % 4 == 1:
            self.bank.fault("drop_after", REFUNDS)
        self.clock.advance(timedelta(minutes=10))
        return lambda: refunds.submit_due(self.deps)

    def refund_there(self, a: int, b: int) -> Call | None:
        """Somebody refunds in the processor's own dashboard."""
        paid = self._payment(a, "captured_minor > 0")
        if paid is None:
            return None
        asked = {
            "payment_intent": paid["processor_reference"],
            "amount": 1 + b % paid["captured_minor"],
        }

        def refund() -> None:
            self.bank.client.v1.refunds.create(asked)  # type: ignore[arg-type]
            self._hear(paid["id"])

        return refund
