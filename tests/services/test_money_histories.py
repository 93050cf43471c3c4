"""Random lives of a merchant's money, in any order and repeated: the books hold at every moment of them."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.demo import Backdated
from app.domain.errors import FarthingError
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.rails import FailureCode, Refused, Returned
from app.reports import as_of
from app.reports import payouts as payout_reads
from app.reports.paging import Cursor
from app.services import books, ledger, payments, payout_sending, payout_terms, payouts, refunds
from app.services.audit import By
from app.services.deps import Deps
from app.services.payments import CancelPayment, CapturePayment
from app.services.payouts import CreatePayout
from app.services.refunds import RequestRefund
from tests.factories import (
    DECLINED,
    VISA,
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    verified_bank_account,
)
from tests.services.bank import Bank, rows
from tests.services.paper_rail import PaperRail, with_rail
from tests.services.test_books import fold

CURRENCIES = ("USD", "USD", "EUR", "JPY")
STEPS = 70
MOMENTS = 40


class Life:
    """One merchant, and what may happen to its money."""

    def __init__(
        self, deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue, bank: Bank, seed: int
    ) -> None:
        self.rail = PaperRail()
        backdated = {name: Backdated(one) for name, one in deps.processors.items()}
        self.deps = replace(with_rail(deps, self.rail), processors=backdated)
        queue.reset(self.deps)
        self.shop, self.clock, self.queue, self.bank = shop, clock, queue, bank
        self.chance = random.Random(seed)  # noqa: S311 - the same life every time
        self.payments: list[Payment] = []
        self.refused = 0

    def pay(self) -> None:
        """A card payment: taken, held or declined."""
        currency = self.chance.choice(CURRENCIES)
        self.payments.append(
            make_payment(
                self.deps,
                self.shop,
                amount=Money(self.chance.randint(60, 30_000), currency),
                token=self.chance.choice((VISA, VISA, VISA, DECLINED)),
                capture_method=self.chance.choice(("automatic", "automatic", "manual")),
            )
        )

    def capture(self) -> None:
        """A part of what is held, or all of it."""
        held = self._some()
        part = Money(self.chance.randint(1, max(held.authorized_minor, 1)), held.currency)
        command = CapturePayment(self.shop.merchant_id, held.id, "user:robin", part)
        payments.capture_payment(self.deps, command)

    def cancel(self) -> None:
        """Let a hold go."""
        payments.cancel_payment(
            self.deps, CancelPayment(self.shop.merchant_id, self._some().id, "user:robin")
        )

    def refund(self) -> None:
        """A part, which the bank may refuse later."""
        paid = self._some()
        if self.chance.random() < 0.25:
            self.bank.fault("refund_outcome", "POST /v1/refunds", outcome="pending_then_failed")
        part = Money(self.chance.randint(1, max(paid.amount.amount_minor // 2, 1)), paid.currency)
        command = RequestRefund(self.shop.merchant_id, paid.id, part, "user:robin")
        refunds.request_refund(self.deps, command)
        self.queue.drain()

    def days_pass(self) -> None:
        """Time, and what its jobs do; some of them twice."""
        self.clock.advance(timedelta(days=self.chance.randint(1, 4)))
        for _ in range(self.chance.randint(1, 2)):
            ledger.release_due(self.deps)
            payout_terms.release_reserves(self.deps)

    def pay_out(self) -> None:
        """All that is available, or a part of it, or more than there is."""
        currency = self.chance.choice(CURRENCIES)
        asked = Money(self.chance.randint(1, 40_000), currency)
        amount = asked if self.chance.random() < 0.4 else None
        payouts.create_payout(
            self.deps, CreatePayout(self.shop.merchant_id, currency, "user:robin", amount)
        )

    def bank_answers(self) -> None:
        """The bank carries payouts, refuses them, loses answers, or sends money back."""
        now = self.clock.now()
        luck = self.chance.random()
        self.rail.loses_answers = 1 if luck < 0.3 else 0
        self.rail.refuses = Refused(FailureCode.DECLINED, "no") if 0.3 <= luck < 0.45 else None
        self.rail.after = (
            Returned("bank_1", FailureCode.DECLINED, now) if 0.45 <= luck < 0.6 else None
        )
        self.clock.advance(timedelta(hours=2))
        payout_sending.submit_due(self.deps)

    def close(self) -> None:
        """Seal what is final."""
        books.close_books(self.deps)

    def live(self, steps: int) -> None:
        """So many things happen; what is refused changes nothing."""
        happenings: list[Callable[[], None]] = [
            self.pay, self.pay, self.pay, self.capture, self.cancel, self.refund, self.refund,
            self.days_pass, self.pay_out, self.bank_answers, self.close,
        ]  # fmt: skip
        for _ in range(steps):
            try:
                self.chance.choice(happenings)()
            except (FarthingError, IndexError):
                self.refused += 1

    def _some(self) -> Payment:
        chosen = self.chance.choice(self.payments)
        return payments.load(self.shop.merchant_id, chosen.id)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_life_of_a_merchant_unbalances_anything(
    deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue, bank: Bank, seed: int
) -> None:
    for currency, number in (("USD", "000123456789"), ("EUR", "DE89370400440532013000")):
        verified_bank_account(deps, shop, number, currency=currency)
    life = Life(deps, shop, clock, queue, bank, seed)
    by = By("user:robin")
    terms = payout_terms.SetReserve(shop.merchant_id, "USD", 700, 5, by)
    payout_terms.set_reserve(life.deps, terms)

    life.live(STEPS)

    assert ledger.verify() == []
    _payouts_equal_their_lines(shop)
    _nothing_is_negative_that_may_not_be(shop)
    _any_moment_is_the_fold(shop, life)
    assert life.rail.paid or life.refused < STEPS


def _payouts_equal_their_lines(shop: Shop) -> None:
    for one in payout_reads.payouts(shop.merchant_id, Cursor()).rows:
        detail = payout_reads.payout(shop.merchant_id, one.id)
        assert detail is not None
        total = detail.opening.amount_minor + sum(bar.amount.amount_minor for bar in detail.bars)
        assert total == one.amount.amount_minor + detail.carried.amount_minor
        assert one.amount.amount_minor > 0


def _nothing_is_negative_that_may_not_be(shop: Shop) -> None:
    found = as_of.standing(shop.merchant_id)
    for code in ("merchant_reserved", "payouts_in_transit", "refunds_in_transit", "escrow_held"):
        for currency in found.currencies:
            assert found.of(code, currency).amount_minor >= 0


def _any_moment_is_the_fold(shop: Shop, life: Life) -> None:
    written = rows("SELECT * FROM postings WHERE merchant_id = :m", m=shop.merchant_id)
    if not written:
        return
    first = min(row["created_at"] for row in written)
    for _ in range(MOMENTS):
        at = first + (life.clock.now() - first) * life.chance.random()
        told = as_of.standing(shop.merchant_id, at).balances
        assert {key: net for key, net in told.items() if net} == fold(written, at)
