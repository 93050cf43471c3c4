"""What may happen to payments by bank transfer, in any order."""

import contextlib
import random

from app.domain.errors import RefundTooLarge
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import bank_returns, refunds
from app.services.bank_returns import RequestReturn
from app.services.deps import Deps
from app.services.payments import CancelPayment, cancel_payment, load
from app.services.refunds import RequestRefund, request_refund
from tests.factories import Shop
from tests.services.bank import Bank, rows
from tests.transfers import arrive, make_customer, make_transfer, news


def _payer(shop: Shop) -> str:
    [row] = rows("SELECT id FROM bank_payers WHERE merchant_id = :m", m=shop.merchant_id)
    return str(row["id"])


def money_back(shop: Shop, minor: int, key: str | None = None) -> RequestReturn:
    """Some of what the shop's only payer has is to go back to them."""
    return RequestReturn(shop.merchant_id, _payer(shop), Money(minor, "EUR"), "user:ada", key)


class Story:
    """What may happen to three payments of one customer, by a dice."""

    def __init__(self, deps: Deps, shop: Shop, bank: Bank, seed: int) -> None:
        self.deps, self.shop, self.bank = deps, shop, bank
        self.dice = random.Random(seed)  # noqa: S311 - a story, not a secret
        ada = make_customer(deps, shop)
        self.payments = [
            make_transfer(deps, shop, minor=self.dice.randint(2000, 6000), customer_id=ada)
            for _ in range(3)
        ]

    def part(self, one: Payment) -> None:
        """Some money arrives."""
        arrive(self.bank.sandbox, self.shop, one, self.dice.randint(1, 4000))

    def listen(self, one: Payment) -> None:
        """We hear of it."""
        news(self.deps, self.shop, one)

    def refund(self, one: Payment) -> None:
        """A part of what was captured is given back."""
        now = load(self.shop.merchant_id, one.id)
        left = now.captured_minor - now.refunded_minor - now.refund_reserved_minor
        if now.status is PaymentStatus.CAPTURED and left:
            part = Money(self.dice.randint(1, left), "EUR")
            request_refund(
                self.deps, RequestRefund(self.shop.merchant_id, one.id, part, "user:ada")
            )
            refunds.submit_due(self.deps)

    def end(self, one: Payment) -> None:
        """It is canceled, unless more than we know of has come."""
        if load(self.shop.merchant_id, one.id).status is PaymentStatus.REQUIRES_ACTION:
            cancel_payment(self.deps, CancelPayment(self.shop.merchant_id, one.id, "user:ada"))

    def send_back(self, _one: Payment) -> None:
        """Some of what is free goes back, if there is some."""
        with contextlib.suppress(RefundTooLarge, ValueError):
            bank_returns.request_return(self.deps, money_back(self.shop, self.dice.randint(1, 800)))
            bank_returns.submit_due(self.deps)
