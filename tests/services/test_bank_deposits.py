"""Micro-deposits: each leaves our bank once, whatever is lost between, and is booked as it left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.services import bank_deposits
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount, MicroDeposit, deposits_of, find_account
from app.store.db import transaction
from tests.factories import FakeQueue, Shop, TestClock, add_bank_account
from tests.sandbox.server import SandboxServer
from tests.services.bank import at_once
from tests.services.bank_side import facts, fault, record, settle

UNPROVABLE = "000666666661"


def deposits(shop: Shop, account_id: str) -> list[MicroDeposit]:
    with transaction() as session:
        return deposits_of(session, shop.merchant_id, account_id)


def account(shop: Shop, account_id: str) -> BankAccount:
    with transaction() as session:
        return find_account(session, shop.merchant_id, account_id)


def later(deps: Deps, clock: TestClock, hours: float = 2) -> None:
    clock.advance(timedelta(hours=hours))
    bank_deposits.send_due(deps)


def test_two_small_amounts_reach_a_new_account(
    deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    sent = deposits(shop, add_bank_account(deps, shop))

    assert [row.status for row in sent] == ["paid", "paid"]
    for row in sent:
        (left, arrived) = record(sandbox, row.id)
        assert (left["fact"], left["amount"]) == ("sent", row.amount_minor)
        assert arrived["fact"] == "arrived"
        assert 10 <= row.amount_minor <= 99
        assert row.trace_id == left["trace_id"]


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "error_before", "error_after", "malformed_body"]
)
def test_a_deposit_without_an_answer_is_asked_after_and_sent_once(
    deps: Deps, shop: Shop, sandbox: SandboxServer, clock: TestClock, kind: str
) -> None:
    fault(sandbox, kind, count=2)
    account_id = add_bank_account(deps, shop)
    assert {row.status for row in deposits(shop, account_id)} == {"unknown"}

    later(deps, clock)

    found = deposits(shop, account_id)
    assert {row.status for row in found} == {"paid"}
    assert [facts(sandbox, row.id) for row in found] == [["sent", "arrived"]] * 2


def test_workers_at_once_send_each_deposit_once(
    deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    account_id = add_bank_account(deps, shop, is_sent=False)

    at_once([lambda: bank_deposits.send_due(deps) for _ in range(6)])

    found = deposits(shop, account_id)
    assert {row.status for row in found} == {"paid"}
    assert [row.attempts for row in found] == [1, 1]
    assert [facts(sandbox, row.id) for row in found] == [["sent", "arrived"]] * 2


def test_a_crash_after_the_bank_answered_sends_nothing_twice(
    deps: Deps, shop: Shop, sandbox: SandboxServer, clock: TestClock
) -> None:
    def die(name: str) -> None:
        if name == "deposit.bank_answered":
            raise SystemExit

    account_id = add_bank_account(deps, shop, is_sent=False)
    with pytest.raises(SystemExit):
        bank_deposits.send_due(replace(deps, failpoint=die))
    assert {row.status for row in deposits(shop, account_id)} == {"requested"}

    later(deps, clock)

    found = deposits(shop, account_id)
    assert {row.status for row in found} == {"paid"}
    assert [facts(sandbox, row.id) for row in found] == [["sent", "arrived"]] * 2


def test_an_account_that_the_bank_refuses_is_errored_with_its_reason(
    deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    account_id = add_bank_account(deps, shop, UNPROVABLE)

    refused = deposits(shop, account_id)
    assert [row.status for row in refused] == ["failed", "failed"]
    assert [facts(sandbox, row.id) for row in refused] == [[], []]
    found = account(shop, account_id)
    assert (found.status, found.failure_code) == ("errored", "no_account")


@pytest.mark.parametrize("outcome", ["returned", "paid_then_returned"])
def test_a_deposit_that_comes_back_is_booked_back_and_ends_the_account(
    deps: Deps, shop: Shop, sandbox: SandboxServer, clock: TestClock, outcome: str
) -> None:
    fault(sandbox, "transfer_outcome", outcome=outcome, code="account_closed")
    account_id = add_bank_account(deps, shop)
    settle(sandbox)
    later(deps, clock)
    settle(sandbox)

    later(deps, clock, hours=25)

    found = deposits(shop, account_id)
    assert sorted(row.status for row in found) == ["paid", "returned"]
    assert account(shop, account_id).failure_code == "account_closed"


def test_nothing_is_asked_for_ever(deps: Deps, shop: Shop, clock: TestClock) -> None:
    account_id = add_bank_account(deps, shop)

    for _ in range(9):
        later(deps, clock, hours=24)

    assert {row.next_attempt_at for row in deposits(shop, account_id)} == {None}


def test_deposits_wait_for_a_rail_that_is_off(deps: Deps, shop: Shop, clock: TestClock) -> None:
    account_id = add_bank_account(deps, shop, is_sent=False)
    bank_deposits.send_due(replace(deps, rails={}))
    assert {row.status for row in deposits(shop, account_id)} == {"requested"}

    later(deps, clock)

    assert {row.status for row in deposits(shop, account_id)} == {"paid"}


def test_a_worker_drains_what_a_new_account_woke(deps: Deps, shop: Shop, queue: FakeQueue) -> None:
    add_bank_account(deps, shop)

    assert {"deposits", "mails"} <= set(queue.drain())
