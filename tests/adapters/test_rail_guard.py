"""The guard around every rail: what it never lets through, and what it makes of a crash."""

import logging
from typing import Any

import pytest

from app.adapters.rails.guard import GuardedRail
from app.domain.money import Money
from app.domain.rails import Accepted, FailureCode, RailOutcome, Refused, Unknown
from app.services.deps import Deps
from app.store.db import transaction
from app.wiring import refuse_open_unit
from tests.adapters.rails import NUMBER, StandInRail, destination, order


def guarded(rail: StandInRail) -> GuardedRail:
    return GuardedRail(rail, lambda: None)


def test_an_order_goes_through_unchanged() -> None:
    rail = StandInRail()

    assert guarded(rail).send(order()) == Accepted("ref_1")
    assert guarded(rail).query(order()) == Accepted("ref_1")
    assert rail.asked == ["send po_1", "query po_1"]


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"is_live": True}, FailureCode.COULD_NOT_PROCESS),
        ({"amount": Money(0, "EUR")}, FailureCode.COULD_NOT_PROCESS),
        ({"amount": Money(-1, "EUR")}, FailureCode.COULD_NOT_PROCESS),
        ({"amount": Money(100, "USD")}, FailureCode.INVALID_CURRENCY),
        ({"destination": destination(currency="SEK")}, FailureCode.INVALID_CURRENCY),
        ({"destination": destination(kind="us_account")}, FailureCode.COULD_NOT_PROCESS),
        ({"destination": destination(country="SA")}, FailureCode.COULD_NOT_PROCESS),
    ],
)
def test_an_order_that_the_rail_cannot_carry_is_refused_before_it_is_asked(
    changes: dict[str, Any], code: FailureCode
) -> None:
    rail = StandInRail(countries={"DE"})

    outcome = guarded(rail).send(order(**changes))

    assert isinstance(outcome, Refused)
    assert outcome.code is code
    assert rail.asked == []


def test_a_crash_of_the_adapter_is_unknown_and_tells_no_account_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def crash() -> RailOutcome:
        raise KeyError("status")

    rail = guarded(StandInRail(answer=crash))

    with caplog.at_level(logging.ERROR):
        assert rail.send(order()) == Unknown("send: KeyError")
        assert rail.query(order()) == Unknown("query: KeyError")
    assert NUMBER not in caplog.text
    assert NUMBER not in repr(order())


def test_no_rail_is_called_while_a_unit_of_work_is_open(deps: Deps) -> None:
    rail = StandInRail()
    inside = GuardedRail(rail, refuse_open_unit)

    with transaction(), pytest.raises(AssertionError, match="unit of work is open"):
        inside.send(order())
    with transaction(), pytest.raises(AssertionError, match="unit of work is open"):
        inside.query(order())

    assert rail.asked == []
