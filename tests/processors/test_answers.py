"""Calls and answers: repeated, lost, late, impossible. What may have happened is never called failed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask

from app import wiring
from app.domain.money import Money
from app.domain.processor import Absent, Captured, Outcome, Processor, Unknown
from app.settings import Settings
from app.store.db import transaction
from tests.processors.driver import Driver
from tests.processors.till import AMOUNT, Made, Till


def test_the_same_key_moves_money_once(till: Till) -> None:
    request = till.request()
    outcomes = [till.authorize(request) for _ in range(3)]

    assert isinstance(outcomes[0], Captured)
    assert outcomes[0] == outcomes[1] == outcomes[2]
    other = till.authorize(replace(request, amount=Money(6000, "USD")))
    assert isinstance(other, Unknown), "the same key with other words"
    assert till.totals()["captured"] == 5000


def test_an_answer_that_never_came_is_unknown_and_a_repetition_finds_out(till: Till) -> None:
    for fault in ("drop_before", "drop_after"):
        till.arm(fault)
        request = till.request()
        assert isinstance(till.authorize(request), Unknown), fault
        made = Made(request, "", Absent())
        if fault == "drop_before":
            assert isinstance(till.ask(made), Absent | Unknown)
        else:
            assert isinstance(till.learned(till.ask(made), made), Captured)
        assert isinstance(till.authorize(request), Captured), fault
    assert till.driver.facts(till.account, "captured") == [5000, 5000]


@pytest.fixture
def hasty(app: Flask, settings: Settings, driver: Driver) -> Processor:
    """The processor as it is wired, but with little patience."""
    with app.app_context():
        return wiring.processors(driver.settings(settings, read_seconds=0.3))[driver.name]


def test_a_timeout_is_unknown_not_failed(till: Till, hasty: Processor) -> None:
    for fault in ("delay_before", "delay_after"):
        till.arm(fault, seconds=1)
        assert isinstance(hasty.authorize(till.account, till.request()), Unknown), fault


def test_a_processor_that_cannot_be_reached_is_unknown(
    till: Till, app: Flask, settings: Settings
) -> None:
    nowhere = till.driver.settings(settings, url="http://127.0.0.1:9")
    lost = replace(till, processor=wiring.processors(nowhere)[till.driver.name])
    known, unknown = lost.nobodys(), lost.nobodys("")
    refund = lost.refund_request(known)
    for answer in (
        lost.authorize(known.request),
        lost.capture(known),
        lost.cancel(known),
        lost.ask(known),
        lost.ask(unknown),
        lost.processor.refund(lost.account, refund),
        lost.ask_refund(refund),
        lost.refunds(known),
    ):
        # What is told and not asked for needs no line: nothing was told of this one.
        if lost.processor.is_told and answer in ([], Absent()):
            continue
        assert isinstance(answer, Unknown)
        assert not answer.is_replay


def test_what_does_not_exist_is_not_found(till: Till) -> None:
    for reference in ("pi_nobody", ""):
        assert isinstance(till.ask(till.nobodys(reference)), Absent | Unknown)


def test_every_currency_arrives_as_it_was_meant(till: Till) -> None:
    for amount in (
        Money(999, "JPY"),
        Money(12340, "TND"),
        Money(500, "ISK"),
        Money(500, "UGX"),
        Money(10000, "MGA"),
        Money(100000, "KRW"),
        Money(1230, "BHD"),
        Money(4200, "EUR"),
        Money(150_000, "IDR"),
        Money(9900, "CLP"),
    ):
        if till.processor.amount_problem(amount):
            continue
        outcome = till.pay(amount=amount)
        assert isinstance(outcome, Captured), amount
        assert (outcome.amount, outcome.facts.amount) == (amount, amount)
        true = till.driver.totals(till.account, amount.currency)
        assert true["captured"] == amount.amount_minor


def test_two_merchants_keys_never_cross(till: Till) -> None:
    tills = [replace(till, account=till.driver.account()) for _ in range(4)]

    def pay(number: int) -> Outcome:
        mine = tills[number % 4]
        # The inner adapter: threads have no application context to ask the guard about.
        inner: Processor = mine.processor._inner  # type: ignore[attr-defined]  # noqa: SLF001
        request = mine.request(amount=Money(1000 + number % 4, "USD"))
        return inner.authorize(mine.account, request)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(pay, range(24)))
    assert all(isinstance(outcome, Captured) for outcome in outcomes)
    for number, mine in enumerate(tills):
        assert mine.totals()["captured"] == 6 * (1000 + number)


def test_no_processor_is_called_inside_a_unit_of_work(till: Till) -> None:
    made = till.nobodys()
    refund = till.refund_request(made)
    calls: list[Callable[[], object]] = [
        lambda: till.authorize(made.request),
        lambda: till.capture(made),
        lambda: till.cancel(made),
        lambda: till.ask(made),
        lambda: till.processor.refund(till.account, refund),
        lambda: till.ask_refund(refund),
        lambda: till.refunds(made),
    ]
    for call in calls:
        with transaction(), pytest.raises(AssertionError, match="unit of work is open"):
            call()
    assert till.totals() == {}


def test_amounts_that_cannot_be_said_are_not_asked_for(till: Till) -> None:
    """Told beforehand and refused in the call alike; what can be said is said in the script's unit too."""
    inexact = [Money(12345, "TND"), Money(150, "MGA")]
    for amount in inexact:
        if till.processor.amount_problem(amount) is None:
            continue
        assert not isinstance(till.pay(amount=amount), Captured | Unknown)
    assert till.totals() == {}
    assert till.processor.amount_problem(AMOUNT) is None
    assert till.processor.script_amount(AMOUNT) == AMOUNT.amount_minor
