"""The sandbox's bank through the port: what it says becomes an outcome, what it does not is Unknown."""

from datetime import date
from itertools import count
from typing import Any

import pytest

from app.adapters.rails.sandbox_bank import KEY, SandboxBankRail
from app.domain.rails import (
    Absent,
    Accepted,
    FailureCode,
    Paid,
    PayoutOrder,
    RailOutcome,
    Refused,
    Returned,
    Unknown,
)
from tests.adapters.rails import destination, order
from tests.sandbox.server import SandboxServer

ACCOUNT = KEY.replace("bank_test_", "bank_sbx_")
AT_ONCE = "DE94370400440532013007"
NO_ACCOUNT = "DE62370400440532013001"
CLOSED = "DE35370400440532013002"
_numbers = count(1)


@pytest.fixture
def rail(sandbox: SandboxServer) -> SandboxBankRail:
    sandbox.clear_faults()
    return SandboxBankRail(sandbox.url, read_seconds=2.0)


def to(number: str, **changes: Any) -> PayoutOrder:
    """An order that no other test has sent."""
    name = f"po_bank{next(_numbers)}"
    fresh = {"payout_id": name, "idempotency_key": f"{name}:send"}
    return order(destination=destination(number=number), **fresh | changes)


def gone(sandbox: SandboxServer, sent: PayoutOrder) -> int:
    """What really left, of one payout."""
    record = sandbox.call("GET", f"/bank/record?account={ACCOUNT}&reference={sent.payout_id}")
    return int(record["gone"].get(sent.amount.currency, 0))


def test_an_accepted_transfer_has_a_trace_and_a_day(
    rail: SandboxBankRail, sandbox: SandboxServer
) -> None:
    sent = to("DE89370400440532013000")

    outcome = rail.send(sent)

    assert isinstance(outcome, Accepted)
    assert outcome.trace_id is not None
    assert isinstance(outcome.arrival_date, date)
    assert rail.query(sent) == outcome
    assert gone(sandbox, sent) == 12550


def test_a_repeated_order_moves_money_once(rail: SandboxBankRail, sandbox: SandboxServer) -> None:
    sent = to("DE89370400440532013000")

    assert rail.send(sent) == rail.send(sent)
    assert gone(sandbox, sent) == 12550


def test_paid_refused_and_returned_are_told_apart(
    rail: SandboxBankRail, sandbox: SandboxServer
) -> None:
    paid, refused, returned = to(AT_ONCE), to(NO_ACCOUNT), to(CLOSED)

    assert isinstance(rail.send(paid), Paid)
    answer = rail.send(refused)
    assert isinstance(answer, Refused)
    assert answer.code is FailureCode.NO_ACCOUNT
    assert isinstance(rail.send(returned), Accepted)
    sandbox.control("bank/settle", reference=returned.payout_id)
    back = rail.query(returned)

    assert isinstance(back, Returned)
    assert back.code is FailureCode.ACCOUNT_CLOSED
    assert [gone(sandbox, one) for one in (paid, refused, returned)] == [12550, 0, 0]


@pytest.mark.parametrize(
    "kind, options, left",
    [
        ("drop_before", {}, 0),
        ("drop_after", {}, 12550),
        ("error_before", {}, 0),
        ("error_after", {}, 12550),
        ("delay_after", {"seconds": 3}, 12550),
        ("unavailable", {}, 0),
        ("rate_limit", {}, 0),
        ("malformed_body", {}, 12550),
        ("truncated_body", {}, 12550),
        ("wrong_amount", {}, 12550),
        ("wrong_currency", {}, 12550),
        ("unknown_status", {}, 12550),
    ],
)
def test_an_answer_that_did_not_come_or_makes_no_sense_is_unknown_and_asking_tells(
    rail: SandboxBankRail, sandbox: SandboxServer, kind: str, options: dict[str, Any], left: int
) -> None:
    sent = to("DE89370400440532013000")
    sandbox.fault(kind, account=ACCOUNT, route="POST /bank/v1/transfers", **options)

    outcome = rail.send(sent)

    assert isinstance(outcome, Unknown)
    assert gone(sandbox, sent) == left
    told = rail.query(sent)
    assert isinstance(told, Accepted) if left else told == Absent()
    assert isinstance(rail.send(sent), Accepted)
    assert gone(sandbox, sent) == 12550


def test_two_transfers_of_one_payout_are_nobodys_success(
    rail: SandboxBankRail, sandbox: SandboxServer
) -> None:
    sent = to(AT_ONCE)
    rail.send(sent)
    other = to(AT_ONCE, payout_id=sent.payout_id)
    rail.send(other)

    assert isinstance(rail.query(sent), Unknown)


def test_a_bank_that_is_not_there_is_unknown() -> None:
    nowhere = SandboxBankRail("http://127.0.0.1:9")

    answers: list[RailOutcome] = [nowhere.send(order()), nowhere.query(order())]

    assert all(isinstance(answer, Unknown) for answer in answers)


def test_a_reason_that_is_new_to_us_still_is_a_refusal(
    rail: SandboxBankRail, sandbox: SandboxServer
) -> None:
    sandbox.fault("transfer_outcome", account=ACCOUNT, outcome="refused", code="dog_ate_it")

    outcome = rail.send(to(AT_ONCE))

    assert isinstance(outcome, Refused)
    assert outcome.code is FailureCode.COULD_NOT_PROCESS
