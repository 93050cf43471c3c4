"""What sellers give back, and random lives of held money: both books agree at every step."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from app.domain.errors import (
    BalanceInsufficient,
    EscrowFrozen,
    EscrowStateUnexpected,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    RefundTooLarge,
    ReleaseTooLarge,
    ReversalTooLarge,
)
from app.domain.escrow import Plan
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import RefundRefused
from app.domain.recipes import AVAILABLE, PENDING
from app.services import escrow, ledger, refunds, sellers, transfers
from app.services.deps import Deps
from app.services.escrow import FreezeEscrow, Part, ReleaseEscrow
from app.services.refunds import RefundUpdate, RequestRefund
from app.services.transfers import ReverseTransfer
from tests.factories import FakeQueue, Shop, TestClock, make_payment, open_shop, usd
from tests.services.bank import at_once, rows
from tests.services.escrow_world import Market, balance, hold_id, market, owned


@pytest.fixture
def town(deps: Deps, shop: Shop) -> Market:
    """The shop as a platform."""
    return market(deps, shop)


def _reverse(town: Market, transfer_id: str, amount: str | None = None, key: str = "1") -> None:
    given = None if amount is None else usd(amount)
    transfers.reverse_transfer(
        town.deps,
        ReverseTransfer(town.shop.merchant_id, transfer_id, f"trr_{key}", "user:robin", given),
    )


def _transferred(town: Market, amount: str = "20.00") -> str:
    return town.release(town.sell(), amount).transfer_ids[0]


def test_a_reversal_before_its_day_takes_from_pending(town: Market) -> None:
    transfer_id = _transferred(town)
    _reverse(town, transfer_id, "5.00")

    assert balance(town.ann, PENDING) == usd("15.00")
    assert balance(town.shop.merchant_id, PENDING) == usd("5.00")
    days = rows(
        "SELECT DISTINCT available_on FROM postings WHERE credit = 'transfers' OR debit = 'transfers'"
    )
    assert len(days) == 1


def test_a_reversal_after_its_day_takes_what_is_available(
    town: Market, clock: TestClock, queue: FakeQueue
) -> None:
    transfer_id = _transferred(town)
    clock.advance(timedelta(days=9))
    # Nobody has swept yet: the money is available all the same.
    _reverse(town, transfer_id, "5.00")
    assert balance(town.ann, AVAILABLE) == usd("15.00")
    queue.drain()
    assert balance(town.shop.merchant_id, AVAILABLE) == usd("5.00")


def test_no_more_of_a_transfer_is_reversed_than_is_left_and_only_the_platforms_own(
    town: Market, clock: TestClock
) -> None:
    transfer_id = _transferred(town)
    other = market(town.deps, open_shop(town.deps))
    theirs = _transferred(other)
    _reverse(town, transfer_id, "19.00", key="a")

    with pytest.raises(ReversalTooLarge, match=r"USD 1\.00 of the transfer is left"):
        _reverse(town, transfer_id, "1.01", key="b")
    with pytest.raises(NotFound):
        _reverse(town, theirs, key="c")
    _reverse(town, transfer_id, key="d")
    assert owned(town.ann) == usd("0.00")
    assert owned(town.shop.merchant_id) == usd("20.00")


def test_a_reversal_with_the_same_id_is_one_and_ten_at_once_stay_within(town: Market) -> None:
    transfer_id = _transferred(town)
    at_once([lambda: _reverse(town, transfer_id, "3.00") for _ in range(5)])
    assert owned(town.ann) == usd("17.00")

    answers = at_once(
        [lambda n=n: _reverse(town, transfer_id, "4.00", key=f"k{n}") for n in range(10)]  # type: ignore[misc]
    )
    assert sum(one is None for one in answers) == 4
    assert all(one is None or isinstance(one, ReversalTooLarge) for one in answers)
    assert owned(town.ann) == usd("1.00")
    assert owned(town.shop.merchant_id) == usd("19.00")


def test_reversals_at_once_never_take_more_than_a_seller_has(
    town: Market, deps: Deps, clock: TestClock
) -> None:
    seller = open_shop(deps)
    sellers.connect_seller(deps, sellers.ConnectSeller(town.shop.merchant_id, seller.merchant_id))
    ids = [
        town.release(town.sell(), "10.00", to=seller.merchant_id).transfer_ids[0] for _ in range(4)
    ]
    own = make_payment(deps, seller, amount=usd("20.00"))
    clock.advance(timedelta(days=9))
    refunds.request_refund(deps, RequestRefund(own.merchant_id, own.id, own.amount, "user:robin"))

    # The refund cost the seller the fee: of 40.00 there are 39.12 left.
    answers = at_once([lambda i=i: _reverse(town, i, key=i) for i in ids])  # type: ignore[misc]
    assert sum(one is None for one in answers) == 3
    assert sum(isinstance(one, BalanceInsufficient) for one in answers) == 1
    assert owned(seller.merchant_id) == usd("9.12")


def test_a_seller_who_has_less_gives_back_no_more_than_that(
    town: Market, deps: Deps, clock: TestClock
) -> None:
    seller = open_shop(deps)
    sellers.connect_seller(deps, sellers.ConnectSeller(town.shop.merchant_id, seller.merchant_id))
    own = make_payment(deps, seller, amount=usd("30.00"))
    transfer_id = town.release(town.sell(), "20.00", to=seller.merchant_id).transfer_ids[0]
    clock.advance(timedelta(days=9))
    # A refund of the seller's own payment costs the fee, so the transfer is spent in part.
    refunds.request_refund(
        deps, RequestRefund(seller.merchant_id, own.id, usd("30.00"), "user:robin")
    )
    with pytest.raises(BalanceInsufficient, match=r"has USD 18\.83 available"):
        _reverse(town, transfer_id, "19.00")
    _reverse(town, transfer_id, "18.83")
    assert owned(seller.merchant_id) == usd("0.00")


def test_words_of_a_transfer_change_and_are_told_once(town: Market) -> None:
    transfer_id = _transferred(town)
    for _ in range(2):
        transfers.update_transfer(
            town.deps, town.shop.merchant_id, transfer_id, metadata={"a": "b"}, actor="user:robin"
        )
    told = rows("SELECT data FROM events WHERE name = 'transfer.updated'")
    assert [one["data"]["previous"] for one in told] == [{"metadata": {}}]


REFUSALS = (
    BalanceInsufficient, EscrowFrozen, EscrowStateUnexpected, IdempotencyMismatch, InvalidRequest,
    RefundTooLarge, ReleaseTooLarge, ReversalTooLarge,
)  # fmt: skip


class Life:
    """One random life of held money, and what a plain sum says of it."""

    def __init__(self, town: Market, clock: TestClock, seed: int) -> None:
        self.town, self.clock = town, clock
        self.chance = random.Random(seed)  # noqa: S311 - the same life every time
        self.payments: list[Payment] = []
        self.refunds: list[tuple[Payment, str]] = []
        self.transfers: list[str] = []
        self.number = 0

    def step(self) -> None:
        """Something happens; a refusal is as good as anything."""
        actions: tuple[Callable[[], None], ...] = (
            self.sell, self.release, self.release, self.split, self.refund, self.fail, self.reverse,
            self.freeze, self.wait,
        )  # fmt: skip
        with suppress(*REFUSALS):
            self.chance.choice(actions)()

    def _amount(self) -> Money:
        return Money(self.chance.choice((1, 99, 500, 1200, 3333, 9000)), "USD")

    def _payment(self) -> Payment:
        if not self.payments:
            self.sell()
        return self.chance.choice(self.payments)

    def _key(self) -> str:
        # Now and then the same key again.
        self.number += self.chance.random() < 0.8
        return f"key{self.number}"

    def sell(self) -> None:
        if len(self.payments) < 4:
            plan = self.chance.choice((Plan(), Plan(self.town.ann)))
            self.payments.append(self.town.sell("49.99", plan))

    def _release(self, parts: tuple[Part, ...]) -> None:
        payment = self._payment()
        command = ReleaseEscrow(
            payment.merchant_id, hold_id(payment), "user:x", self._key(), parts=parts
        )
        self.transfers += escrow.release(self.town.deps, command).transfer_ids

    def release(self) -> None:
        self._release((Part(self.town.ann, self._amount()),))

    def split(self) -> None:
        whole = self._amount()
        self._release(
            (Part(self.town.ann, whole, Money(1, "USD")), Part(self.town.ben, self._amount()))
            if self.chance.random() < 0.7
            else ()
        )

    def refund(self) -> None:
        payment = self._payment()
        command = RequestRefund(payment.merchant_id, payment.id, self._amount(), "user:x")
        self.refunds.append((payment, refunds.request_refund(self.town.deps, command)))

    def fail(self) -> None:
        if self.refunds:
            payment, refund_id = self.chance.choice(self.refunds)
            update = RefundUpdate(payment.merchant_id, refund_id, RefundRefused("not_processed"))
            refunds.apply_update(self.town.deps, update)

    def reverse(self) -> None:
        if self.transfers:
            command = ReverseTransfer(
                self.town.shop.merchant_id,
                self.chance.choice(self.transfers),
                f"trr_{self._key()}",
                "user:x",
                self.chance.choice((None, self._amount())),
            )
            transfers.reverse_transfer(self.town.deps, command)

    def freeze(self) -> None:
        payment = self._payment()
        hold = (payment.merchant_id, hold_id(payment))
        if self.chance.random() < 0.5:
            escrow.freeze(self.town.deps, FreezeEscrow(*hold, "user:x", "Asked"))
        else:
            escrow.unfreeze(self.town.deps, *hold, "user:x")

    def wait(self) -> None:
        self.clock.advance(timedelta(days=self.chance.randint(1, 4)))
        ledger.release_due(self.town.deps)
        escrow.release_due(self.town.deps)


@pytest.mark.parametrize("seed", range(3))
def test_every_random_life_leaves_both_books_right(
    deps: Deps, shop: Shop, clock: TestClock, seed: int
) -> None:
    town = market(deps, shop, basis_points=seed * 100)
    sellers.set_release_days(shop.merchant_id, 6)
    life = Life(town, clock, seed)
    for _ in range(40):
        life.step()

    assert ledger.verify() == []
    [total] = rows(
        """SELECT sum(captured_minor - fee_minor - refunded_minor - refund_reserved_minor)::bigint
                  AS minor FROM payments"""
    )
    held = balance(shop.merchant_id, "escrow_held")
    everybody = owned(shop.merchant_id) + owned(town.ann) + owned(town.ben) + held
    assert everybody == Money(total["minor"], "USD")
    assert held.amount_minor >= 0
    assert owned(town.ann).amount_minor >= 0
    assert owned(town.ben).amount_minor >= 0
    assert (
        rows("SELECT id FROM escrow_holds WHERE released_minor + refunded_minor > held_minor") == []
    )
