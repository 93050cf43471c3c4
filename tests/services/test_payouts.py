"""Payouts over real books: each movement in one payout at most, each payout equal to its lines, paid once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.demo import Backdated
from app.domain.errors import (
    BalanceInsufficient,
    Conflict,
    NotPayable,
    PayoutContradiction,
    UnexpectedState,
)
from app.domain.money import Money
from app.domain.rails import FailureCode, Paid, Refused, Returned, Unknown
from app.reports import as_of
from app.reports import payouts as reads
from app.reports.paging import Cursor
from app.services import bank_accounts, ledger, payout_sending, payout_terms, payouts
from app.services.audit import By
from app.services.deps import Deps
from app.services.payout_terms import SetReserve, SetTerms, release_reserves, set_reserve, set_terms
from app.services.payouts import CreatePayout, create_payout
from app.services.refunds import RequestRefund, request_refund
from app.store.db import transaction
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    usd,
    verified_bank_account,
)
from tests.services.bank import at_once, rows
from tests.services.paper_rail import PaperRail, with_rail

ROBIN = By("user:robin")


@pytest.fixture
def rail() -> PaperRail:
    return PaperRail()


@pytest.fixture
def ports(deps: Deps, shop: Shop, rail: PaperRail, queue: FakeQueue) -> Deps:
    """The bank of the test, and a processor whose settlement days follow the test's clock."""
    verified_bank_account(deps, shop)
    backdated = {name: Backdated(one) for name, one in deps.processors.items()}
    found = replace(with_rail(deps, rail), processors=backdated)
    queue.reset(found)
    return found


def earn(deps: Deps, shop: Shop, clock: TestClock, *amounts: str) -> None:
    """Payments whose money has become available."""
    for amount in amounts:
        make_payment(deps, shop, amount=usd(amount))
    clock.advance(timedelta(days=6))


def pay_out(
    deps: Deps, shop: Shop, amount: str | None = None, key: str | None = None
) -> str | None:
    money = None if amount is None else usd(amount)
    return create_payout(
        deps, CreatePayout(shop.merchant_id, "USD", "user:robin", money, client_key=key)
    )


def send(deps: Deps) -> None:
    payout_sending.submit_due(deps)


def detail(shop: Shop, payout_id: str | None) -> reads.Detail:
    found = reads.payout(shop.merchant_id, payout_id or "")
    assert found is not None
    return found


def bars(shop: Shop, payout_id: str | None) -> dict[str, int]:
    return {bar.category: bar.amount.amount_minor for bar in detail(shop, payout_id).bars}


def balance(shop: Shop, code: str = "merchant_available") -> Money:
    return as_of.standing(shop.merchant_id).of(code, "USD")


def status(shop: Shop, payout_id: str | None) -> str:
    return detail(shop, payout_id).payout.status.value


def test_all_that_is_available_goes_out_with_its_reasons(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    earn(ports, shop, clock, "100.00", "50.00")
    made = pay_out(ports, shop)
    send(ports)

    assert bars(shop, made) == {"gross": 15_000, "fees": -495}
    assert rail.paid == [usd("145.05")]
    assert (balance(shop), balance(shop, "payouts_in_transit")) == (usd("0"), usd("145.05"))
    assert status(shop, made) == "in_transit"
    assert pay_out(ports, shop) is None


def test_money_that_is_still_pending_is_no_line(ports: Deps, shop: Shop, clock: TestClock) -> None:
    earn(ports, shop, clock, "100.00")
    make_payment(ports, shop, amount=usd("70.00"))
    first = pay_out(ports, shop)
    clock.advance(timedelta(days=6))
    second = pay_out(ports, shop)

    assert bars(shop, first) == {"gross": 10_000, "fees": -320}
    assert bars(shop, second) == {"gross": 7_000, "fees": -233}


def test_of_ten_at_once_one_pays(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    earn(ports, shop, clock, "100.00")

    made = at_once([lambda: pay_out(ports, shop) for _ in range(10)])

    assert sum(isinstance(one, str) for one in made) == 1
    at_once([lambda: send(ports) for _ in range(6)])
    assert rail.paid == [usd("96.80")]


def test_payments_and_refunds_meanwhile_leave_every_payout_right(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    paid = [make_payment(ports, shop, amount=usd("30.00")) for _ in range(6)]
    clock.advance(timedelta(days=6))
    stop = threading.Event()

    def refund() -> None:
        for one in paid:
            for _ in range(4):
                command = RequestRefund(shop.merchant_id, one.id, usd("2.00"), "user:robin")
                request_refund(ports, command)
        stop.set()

    def pay() -> list[str | None]:
        made = []
        while not stop.is_set():
            made.append(pay_out(ports, shop, "1.00"))
        return made

    answers = at_once([refund, pay, pay, lambda: ledger.release_due(ports)])

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    last = pay_out(ports, shop)
    total = rows("SELECT sum(amount_minor)::bigint AS total FROM payouts")[0]["total"]
    assert last is not None
    assert total == 6 * (3_000 - 117) - 48 * 100
    assert balance(shop) == usd("0")


def test_a_lost_answer_is_unknown_and_the_money_leaves_once(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    earn(ports, shop, clock, "100.00")
    made = pay_out(ports, shop)
    rail.loses_answers = 1
    send(ports)
    assert status(shop, made) == "unknown"

    clock.advance(timedelta(minutes=10))
    send(ports)
    assert (status(shop, made), rail.paid, rail.sends) == ("in_transit", [usd("96.80")], 1)


@pytest.mark.parametrize("name", ["payout.intent_recorded", "payout.bank_answered"])
def test_a_crash_at_any_step_pays_once(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail, name: str
) -> None:
    earn(ports, shop, clock, "100.00")

    class Died(BaseException):
        pass

    def die(reached: str) -> None:
        if reached == name:
            raise Died

    doomed = replace(ports, failpoint=die)

    def go_on() -> None:
        pay_out(doomed, shop)
        send(doomed)

    with pytest.raises(Died):
        go_on()
    clock.advance(timedelta(minutes=10))
    assert pay_out(ports, shop) is None
    send(ports)

    [made] = reads.payouts(shop.merchant_id, Cursor()).rows
    assert (made.status, rail.paid, rail.sends) == ("in_transit", [usd("96.80")], 1)


@pytest.mark.parametrize("is_paid_first", [False, True])
def test_what_comes_back_is_in_the_balance_and_in_the_next_payout(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail, *, is_paid_first: bool
) -> None:
    earn(ports, shop, clock, "100.00")
    at_our_bank = balance(shop, "bank")
    made = pay_out(ports, shop)
    if is_paid_first:
        rail.after = Paid("bank_1", "trace_9", clock.now())
        send(ports)
        assert (status(shop, made), balance(shop, "payouts_in_transit")) == ("paid", usd("0"))
    rail.after = Returned("bank_1", FailureCode.DECLINED, clock.now())
    clock.advance(timedelta(hours=2))
    send(ports)
    found = detail(shop, made)
    again = pay_out(ports, shop)

    assert (found.payout.status, found.payout.failure_code) == ("failed", "declined")
    assert bars(shop, again) == {"returned": 9_680}
    assert balance(shop, "bank") == at_our_bank


def test_a_refusal_leaves_the_money_where_it_was(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    earn(ports, shop, clock, "100.00")
    rail.refuses = Refused(FailureCode.NO_ACCOUNT, "no such account")
    made = pay_out(ports, shop)
    send(ports)

    assert (status(shop, made), balance(shop), rail.paid) == ("failed", usd("96.80"), [])
    assert detail(shop, made).payout.failure_code == "no_account"


def test_an_account_that_does_not_work_is_paid_no_more_and_the_schedule_says_why(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    rail.refuses = Refused(FailureCode.ACCOUNT_CLOSED, "closed")
    payouts.pay_scheduled(ports)
    earn(ports, shop, clock, "100.00")
    assert payouts.pay_scheduled(ports) == 1
    send(ports)
    clock.advance(timedelta(days=2))

    assert payouts.pay_scheduled(ports) == 0
    held = reads.schedules(shop.merchant_id)["USD"].held_reason or ""
    assert "has been closed" in held
    with pytest.raises(NotPayable, match="has been closed"):
        pay_out(ports, shop)
    assert balance(shop) == usd("96.80")


def test_a_bank_account_is_not_removed_while_money_is_on_its_way_there(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    earn(ports, shop, clock, "100.00")
    account = rows("SELECT id FROM bank_accounts")[0]["id"]
    pay_out(ports, shop)
    send(ports)

    with pytest.raises(Conflict, match="still on its way"):
        bank_accounts.remove_account(ports, shop.merchant_id, account, ROBIN)


def test_silence_is_never_called_failed(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    earn(ports, shop, clock, "100.00")
    made = pay_out(ports, shop)
    rail.refuses = Unknown("no answer")
    for _ in range(5):
        send(ports)
        clock.advance(timedelta(hours=2))

    assert (status(shop, made), balance(shop)) == ("unknown", usd("0"))
    rail.refuses = None
    send(ports)
    assert status(shop, made) == "in_transit"


def test_a_payout_is_called_back_only_before_the_bank_was_asked(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    earn(ports, shop, clock, "100.00")
    made = pay_out(ports, shop) or ""
    payouts.cancel_payout(ports, shop.merchant_id, made, "user:robin")
    send(ports)
    again = pay_out(ports, shop) or ""
    send(ports)

    assert (status(shop, made), rail.paid) == ("canceled", [usd("96.80")])
    with pytest.raises(UnexpectedState, match="in_transit and with the bank already"):
        payouts.cancel_payout(ports, shop.merchant_id, again, "user:robin")


def test_more_than_is_available_is_refused_and_changes_nothing(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    earn(ports, shop, clock, "100.00")

    with pytest.raises(BalanceInsufficient, match=r"USD 96\.81; USD 96\.80 is available"):
        pay_out(ports, shop, "96.81")
    assert rows("SELECT 1 FROM payouts UNION ALL SELECT 1 FROM payout_lines") == []


def test_one_key_is_one_payout(ports: Deps, shop: Shop, clock: TestClock) -> None:
    earn(ports, shop, clock, "100.00")

    made = at_once([lambda: pay_out(ports, shop, "10.00", "click-1") for _ in range(8)])

    assert len(set(made)) == 1
    assert balance(shop) == usd("86.80")


def test_a_balance_that_its_lines_do_not_explain_is_not_paid_out(
    ports: Deps, shop: Shop, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    earn(ports, shop, clock, "100.00")
    ledger.release_due(ports)
    spoil = "UPDATE account_balances SET balance_minor = balance_minor {} 1"
    with transaction() as session:
        session.execute(text(spoil.format("+")))

    with pytest.raises(PayoutContradiction):
        pay_out(ports, shop)
    assert "payout.contradiction" in caplog.text
    assert rows("SELECT 1 FROM payouts UNION ALL SELECT 1 FROM payout_lines") == []
    with transaction() as session:
        session.execute(text(spoil.format("-")))
    assert pay_out(ports, shop) is not None


def test_a_reserve_is_held_and_given_back(ports: Deps, shop: Shop, clock: TestClock) -> None:
    set_reserve(ports, SetReserve(shop.merchant_id, "USD", 1_000, 30, ROBIN))
    earn(ports, shop, clock, "100.00")
    first = pay_out(ports, shop)
    held = balance(shop, "merchant_reserved")
    assert release_reserves(ports) == 0
    clock.advance(timedelta(days=30))

    assert sum(at_once([lambda: release_reserves(ports) for _ in range(4)])) == 1  # type: ignore[misc]
    second = pay_out(ports, shop)
    assert held == usd("10.00")
    assert bars(shop, first) == {"gross": 10_000, "fees": -320, "reserve": -1_000}
    assert bars(shop, second) == {"reserve": 1_000}
    assert balance(shop, "merchant_reserved") == usd("0")


def test_the_schedule_pays_once_a_day_and_says_what_holds_it_up(
    ports: Deps, shop: Shop, clock: TestClock, rail: PaperRail
) -> None:
    set_terms(ports, SetTerms(shop.merchant_id, "USD", "daily", ROBIN, minimum=usd("5.00")))
    earn(ports, shop, clock, "100.00")

    made = at_once([lambda: payouts.pay_scheduled(ports) for _ in range(5)])
    assert sum(made) == 1  # type: ignore[arg-type]
    earn(ports, shop, clock, "50.00")
    send(ports)
    assert rail.paid == [usd("96.80")]
    assert payouts.pay_scheduled(ports) == 1
    assert reads.schedules(shop.merchant_id)["USD"].held_reason is None


def test_a_delay_keeps_young_money_and_pays_no_more_than_there_is(
    ports: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    set_terms(ports, SetTerms(shop.merchant_id, "USD", "daily", ROBIN, delay_days=10))
    old = make_payment(ports, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=14))
    earn(ports, shop, clock, "50.00")
    request_refund(ports, RequestRefund(shop.merchant_id, old.id, usd("90.00"), "user:robin"))
    queue.drain()
    assert payouts.pay_scheduled(ports) == 1
    [first] = reads.payouts(shop.merchant_id, Cursor()).rows

    # 96.80 is old enough; with the refund that waits too, 55.05 is all that there is.
    assert first.amount == usd("55.05")
    assert detail(shop, first.id).carried == usd("41.75")
    clock.advance(timedelta(days=12))
    earn(ports, shop, clock, "10.00")
    clock.advance(timedelta(days=12))
    assert payouts.pay_scheduled(ports) == 1
    assert balance(shop) == usd("0")


def test_an_account_that_is_removed_meanwhile_is_not_paid_to(
    ports: Deps, shop: Shop, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the account and the writing of the payout it is taken out of use."""
    earn(ports, shop, clock, "100.00")
    account = rows("SELECT id FROM bank_accounts")[0]["id"]

    def meanwhile(*_: object) -> int:
        bank_accounts.remove_account(ports, shop.merchant_id, account, ROBIN)
        return ledger.release_book(ports, shop.merchant_id)

    monkeypatch.setattr(payouts, "release_book", meanwhile)

    with pytest.raises(NotPayable, match="changed just now"):
        pay_out(ports, shop)
    assert rows("SELECT id FROM payouts") == []
    assert balance(shop) == usd("96.80")


def test_every_bar_opens_its_lines(
    ports: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    paid = make_payment(ports, shop, amount=usd("100.00"))
    request_refund(ports, RequestRefund(shop.merchant_id, paid.id, usd("30.00"), "user:robin"))
    queue.drain()
    clock.advance(timedelta(days=6))
    made = detail(shop, pay_out(ports, shop))

    for bar in made.bars:
        found = reads.lines(shop.merchant_id, made.payout.id, "USD", bar.category, Cursor()).rows
        part = [line.fee if bar.category == "fees" else line.gross for line in found]
        assert sum(one.amount_minor for one in part) == bar.amount.amount_minor
        assert len(found) == bar.count
        assert {line.payment_id for line in found} == {paid.id}
    assert [bar.category for bar in made.bars] == ["gross", "fees", "refunds"]


def test_reserves_that_end_and_money_that_comes_take_balances_in_one_order(
    ports: Deps, shop: Shop, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for the other after its first balance; in two orders they would wait in a ring."""
    verified_bank_account(ports, shop, "DE89370400440532013000", currency="EUR")
    for currency in ("USD", "EUR"):
        set_reserve(ports, SetReserve(shop.merchant_id, currency, 1_000, 6, ROBIN))
        make_payment(ports, shop, amount=Money(10_000, currency))
    clock.advance(timedelta(days=6))
    for currency in ("USD", "EUR"):
        create_payout(ports, CreatePayout(shop.merchant_id, currency, "user:robin"))
        make_payment(ports, shop, amount=Money(5_000, currency))
    clock.advance(timedelta(days=6))
    both = threading.Barrier(2)

    def slowly(book: Callable[..., str | None]) -> Callable[..., str | None]:
        def written(*args: Any, **more: Any) -> str | None:
            made = book(*args, **more)
            with suppress(threading.BrokenBarrierError):
                both.wait(0.3)
            return made

        return written

    for module in (ledger, payout_terms):
        monkeypatch.setattr(module, "book", slowly(module.book))

    assert at_once(
        [lambda: ledger.release_book(ports, shop.merchant_id), lambda: release_reserves(ports)]
    ) == [2, 2]
    assert balance(shop) == usd("10.00") + usd("48.25")


def test_the_first_money_of_a_balance_waits_for_a_payout_that_looks_at_it(
    ports: Deps, shop: Shop, app: Flask, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the lines would be there and the balance not, and an alarm be raised for nothing."""
    earn(ports, shop, clock, "100.00")
    claim, releasing = payouts.store.claim_lines, []

    def release() -> None:
        with app.app_context():
            ledger.release_book(ports, shop.merchant_id)

    def meanwhile(*args: Any, **more: Any) -> Any:
        releasing.append(threading.Thread(target=release))
        releasing[0].start()
        releasing[0].join(0.3)
        return claim(*args, **more)

    monkeypatch.setattr(payouts, "release_book", lambda *_: 0)
    monkeypatch.setattr(payouts.store, "claim_lines", meanwhile)

    assert pay_out(ports, shop) is None
    releasing[0].join()
    monkeypatch.undo()
    assert detail(shop, pay_out(ports, shop)).payout.amount == usd("96.80")
