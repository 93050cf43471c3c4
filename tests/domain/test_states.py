"""Lifecycles: every status can be reached, and only listed moves are allowed."""

import re
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from app.domain.errors import InvalidTransition
from app.domain.states import (
    BANK_ACCOUNT,
    BANK_RETURN,
    CHECKOUT,
    ESCROW,
    FILED_ORDER,
    MACHINES,
    MICRO_DEPOSIT,
    OPERATION,
    PAYMENT,
    PAYOUT,
    REFUND,
    BankAccountStatus,
    CheckoutStatus,
    EscrowStatus,
    FiledOrderStatus,
    Machine,
    MicroDepositStatus,
    OperationStatus,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)

STATUSES: dict[str, type[StrEnum]] = {
    PAYMENT.name: PaymentStatus,
    REFUND.name: RefundStatus,
    BANK_RETURN.name: RefundStatus,
    CHECKOUT.name: CheckoutStatus,
    OPERATION.name: OperationStatus,
    PAYOUT.name: PayoutStatus,
    BANK_ACCOUNT.name: BankAccountStatus,
    MICRO_DEPOSIT.name: MicroDepositStatus,
    FILED_ORDER.name: FiledOrderStatus,
    ESCROW.name: EscrowStatus,
}
PAIRS = [
    pytest.param(machine, current, target, id=f"{machine.name}-{current}-{target}")
    for machine in MACHINES
    for current, target in product(STATUSES[machine.name], repeat=2)
]
each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


@pytest.mark.parametrize("machine, current, target", PAIRS)
def test_a_move_is_either_listed_or_refused(
    machine: Machine[Any], current: Any, target: Any
) -> None:
    if machine.allows(current, target):
        assert machine.event(current, target)
    else:
        with pytest.raises(InvalidTransition, match=f"is {current} cannot become {target}"):
            machine.event(current, target)


@each_machine
def test_every_status_has_its_row_and_can_be_reached(machine: Machine[Any]) -> None:
    every = set(STATUSES[machine.name])
    assert set(machine.moves) == every

    reached, frontier = {machine.initial}, [machine.initial]
    while frontier:
        for target in machine.moves[frontier.pop()]:
            if target not in reached:
                reached.add(target)
                frontier.append(target)
    assert reached == every


@each_machine
def test_no_status_moves_to_itself(machine: Machine[Any]) -> None:
    assert [status for status in machine.moves if machine.allows(status, status)] == []


@each_machine
def test_each_event_is_a_noun_and_a_past_participle(machine: Machine[Any]) -> None:
    names = {event for moves in machine.moves.values() for event in moves.values()}
    noun = (
        "(payment|refund|checkout|operation|payout|bank_account|bank_return|micro_deposit|filed_order"
        "|escrow)"
    )
    for name in {*names, machine.created}:
        assert re.fullmatch(rf"{noun}\.[a-z_]+", name), name


@pytest.mark.parametrize(
    "machine, finals",
    [
        (PAYMENT, {"returned"}),
        (REFUND, {"failed"}),
        (CHECKOUT, {"complete"}),
        (OPERATION, {"succeeded", "failed"}),
        (ESCROW, {"released"}),
    ],
    ids=["payment", "refund", "checkout", "operation", "escrow"],
)
def test_what_is_final_stays_final(machine: Machine[Any], finals: set[str]) -> None:
    assert {str(status) for status in machine.moves if machine.is_final(status)} == finals


def test_unknown_never_becomes_the_beginning_again() -> None:
    assert PaymentStatus.OPEN not in PAYMENT.moves[PaymentStatus.UNKNOWN]
    assert RefundStatus.REQUESTED not in REFUND.moves[RefundStatus.UNKNOWN]
    assert OperationStatus.REQUESTED not in OPERATION.moves[OperationStatus.UNKNOWN]


@pytest.mark.parametrize("over", ["canceled", "expired", "failed"])
def test_money_reported_late_always_has_an_edge_of_its_own(over: str) -> None:
    for target in (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED):
        assert PAYMENT.event(PaymentStatus(over), target).endswith("_late")


def test_a_captured_payment_can_only_be_taken_back() -> None:
    for target in PaymentStatus:
        may = target is PaymentStatus.RETURNED
        assert PAYMENT.allows(PaymentStatus.CAPTURED, target) is may
