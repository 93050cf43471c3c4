"""What went wrong with merchants' balances elsewhere, told in public, and how the same stories end here."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.demo import Backdated
from app.domain.errors import NotPayable
from app.domain.money import Money
from app.domain.rails import FailureCode, Paid, Returned
from app.reports import as_of
from app.reports import payouts as reads
from app.reports.paging import Cursor
from app.services import bank_accounts, inbound, ledger, payout_sending, payouts, refunds, resolver
from app.services.audit import By
from app.services.deps import Deps
from app.services.payout_terms import SetReserve, release_reserves, set_reserve
from app.services.payouts import CreatePayout
from app.services.refunds import RequestRefund
from tests.factories import FakeQueue, Shop, TestClock, make_payment, usd, verified_bank_account
from tests.services.bank import Bank, at_once, deliver, rows
from tests.services.paper_rail import PaperRail, with_rail

ROBIN = By("user:robin")


@pytest.fixture
def rail() -> PaperRail:
    return PaperRail()


@pytest.fixture
def ports(deps: Deps, shop: Shop, rail: PaperRail, queue: FakeQueue) -> Deps:
    """A bank account, the bank of the test, and a processor whose days follow the test's clock."""
    verified_bank_account(deps, shop)
    backdated = {name: Backdated(one) for name, one in deps.processors.items()}
    found = replace(with_rail(deps, rail), processors=backdated)
    queue.reset(found)
    return found


def pay_out(deps: Deps, shop: Shop, amount: str | None = None) -> reads.Detail:
    asked = None if amount is None else usd(amount)
    made = payouts.create_payout(deps, CreatePayout(shop.merchant_id, "USD", "user:robin", asked))
    found = reads.payout(shop.merchant_id, made or "")
    assert found is not None
    return found


def listed(shop: Shop, detail: reads.Detail) -> Money:
    """What the list under a payout comes to at its foot, all of its pages together."""
    total, cursor = usd("0"), Cursor()
    while True:
        page = reads.lines(shop.merchant_id, detail.payout.id, "USD", "", cursor)
        for line in page.rows:
            total += line.net
        if page.older is None:
            return total
        cursor = Cursor(after=page.older)


def balance(shop: Shop, code: str = "merchant_available") -> Money:
    return as_of.standing(shop.merchant_id).of(code, "USD")


def bars(detail: reads.Detail) -> dict[str, int]:
    return {bar.category: bar.amount.amount_minor for bar in detail.bars}


def test_woocommerce_payments_8588_what_is_listed_under_a_payout_is_the_payout(
    ports: Deps, shop: Shop, clock: TestClock, queue: FakeQueue, rail: PaperRail
) -> None:
    """There: 60.28 paid, and under it two payments of 80.00 less 2.45 of fees, and not a word of the
    rest. What was carried on, held back, given back and returned moved money without being listed.
    """
    set_reserve(ports, SetReserve(shop.merchant_id, "USD", 500, 20, ROBIN))
    first_sale = make_payment(ports, shop, amount=usd("120.00"))
    clock.advance(timedelta(days=6))
    found = [pay_out(ports, shop, "60.28")]
    rail.after = Returned("bank_1", FailureCode.DECLINED, clock.now())
    payout_sending.submit_due(ports)
    rail.after = None
    command = RequestRefund(shop.merchant_id, first_sale.id, usd("17.27"), "user:robin")
    refunds.request_refund(ports, command)
    queue.drain()
    for _ in range(2):
        make_payment(ports, shop, amount=usd("40.00"))
    clock.advance(timedelta(days=6))
    found.append(pay_out(ports, shop))
    clock.advance(timedelta(days=20))
    release_reserves(ports)
    found.append(pay_out(ports, shop))

    carried = usd("0")
    for one in found:
        assert one.opening == carried
        assert one.opening + listed(shop, one) == one.payout.amount + one.carried
        carried = one.carried
    assert bars(found[1]) == {
        "gross": 8_000, "fees": -292, "refunds": -1_727, "reserve": -400, "returned": 6_028,
    }  # fmt: skip
    assert found[1].opening == usd("120.00") - usd("3.78") - usd("6.00") - usd("60.28")
    assert bars(found[2]) == {"reserve": 1_000}
    assert (balance(shop), carried) == (usd("0"), usd("0"))
    assert rows(
        "SELECT journal_id FROM payout_lines GROUP BY 1 HAVING count(DISTINCT payout_id) > 1"
    ) == []  # fmt: skip


def test_polar_4428_a_refund_of_what_was_paid_out_is_made_good_by_the_next_payout(
    ports: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    """There a payout counted payments, so the refund of one that was paid out before was lost."""
    paid = make_payment(ports, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=6))
    first = pay_out(ports, shop)
    command = RequestRefund(shop.merchant_id, paid.id, usd("100.00"), "user:robin")
    refunds.request_refund(ports, command)
    queue.drain()
    nothing = CreatePayout(shop.merchant_id, "USD", "user:robin")
    assert payouts.create_payout(ports, nothing) is None
    assert balance(shop) == usd("0") - usd("100.00")
    make_payment(ports, shop, amount=usd("150.00"))
    clock.advance(timedelta(days=6))
    second = pay_out(ports, shop)

    assert bars(first) == {"gross": 10_000, "fees": -320}
    assert bars(second) == {"gross": 15_000, "fees": -465, "refunds": -10_000}
    assert second.payout.amount == listed(shop, second) == usd("45.35")


def test_gumroad_650_a_sale_that_is_told_of_many_times_raises_the_balance_once(
    ports: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    """There some sales raised the balance twice, and payouts failed for want of what was not there."""
    bank.fault("drop_after")
    sale = make_payment(ports, shop, amount=usd("40.00"))
    events = bank.events()
    at_once(
        [
            lambda: [deliver(ports, shop, one) for one in (*events, *events)],
            lambda: inbound.handle_due(ports),
            lambda: resolver.resolve_due(ports),
        ]
    )
    clock.advance(timedelta(minutes=1))
    at_once([lambda: inbound.handle_due(ports), lambda: resolver.resolve_due(ports)])
    inbound.handle_due(ports)
    assert balance(shop, "merchant_pending") == usd("38.54")
    clock.advance(timedelta(days=6))
    at_once([lambda: ledger.release_due(ports) for _ in range(3)])

    assert balance(shop) == usd("38.54")
    made = pay_out(ports, shop)
    assert [line.payment_id for line in _lines(shop, made)] == [sale.id]
    assert (made.payout.amount, bank.facts("captured")) == (usd("38.54"), [4000])


def test_gumroad_650_what_comes_back_reaches_the_account_that_is_in_use(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    """There the money went to an account that its owner had left behind, and the next payouts failed."""
    make_payment(ports, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=6))
    left = pay_out(ports, shop)
    rail.after = Paid("bank_1", "trace_1", clock.now())
    payout_sending.submit_due(ports)
    old = left.payout.bank_account_id
    bank_accounts.remove_account(ports, shop.merchant_id, old, ROBIN)
    rail.after = Returned("bank_1", FailureCode.ACCOUNT_CLOSED, clock.now())
    clock.advance(timedelta(hours=2))
    payout_sending.submit_due(ports)
    assert balance(shop) == usd("96.80")
    with pytest.raises(NotPayable):
        pay_out(ports, shop)

    rail.after = None
    new = verified_bank_account(ports, shop, "000123456789")
    bank_accounts.make_default(ports, shop.merchant_id, new, ROBIN)
    clock.advance(timedelta(hours=ports.cooling_off_hours + 1))
    again = pay_out(ports, shop)
    payout_sending.submit_due(ports)

    assert bars(again) == {"returned": 9_680}
    assert again.payout.bank_account_id == new != old
    sent = {order.payout_id: order.destination.id for order in rail.orders.values()}
    assert (sent[left.payout.id], sent[again.payout.id]) == (old, new)
    assert balance(shop) == usd("0")


def _lines(shop: Shop, detail: reads.Detail) -> list[reads.Line]:
    page = reads.lines(shop.merchant_id, detail.payout.id, "USD", "", Cursor())
    return list(page.rows)
