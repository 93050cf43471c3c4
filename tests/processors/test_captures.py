"""Money that is held: taken in whole, in part, or let go; never more than was held."""

from app.domain.money import Money
from app.domain.processor import Authorized, Canceled, Captured, Declined
from tests.processors.driver import numbers
from tests.processors.till import AMOUNT, Till

PART = Money(2000, "USD")


def test_a_hold_tells_how_much_and_until_when(till: Till) -> None:
    made = till.hold()
    held = made.outcome

    assert isinstance(held, Authorized)
    assert held.amount == AMOUNT
    assert held.capture_before is not None
    assert held.capture_before > made.request.created_at
    assert till.authorize(made.request) == held
    assert isinstance(till.learned(till.ask(made), made), Authorized)
    assert till.totals()["captured"] == 0


def test_a_hold_is_captured_whole_or_in_part_once(till: Till) -> None:
    for amount in (AMOUNT, PART):
        made, key = till.hold(), f"op_{next(numbers)}"
        answers = [till.capture(made, amount, key) for _ in range(2)]
        assert answers[0] == answers[1]
        taken = till.learned(answers[0], made, key)
        assert isinstance(taken, Captured)
        assert taken.amount == amount
        # What has moved on has to be asked about: it is neither done nor refused.
        assert not isinstance(till.capture(made, amount), Captured | Declined)
        assert not isinstance(till.cancel(made), Canceled | Declined)
        found = till.learned(till.ask(made), made)
        assert isinstance(found, Captured)
        assert found.amount == amount
    assert till.driver.facts(till.account, "captured") == [5000, 2000]


def test_a_hold_is_let_go_once(till: Till) -> None:
    made, key = till.hold(), f"op_{next(numbers)}"
    answers = [till.cancel(made, key) for _ in range(2)]

    assert answers[0] == answers[1]
    assert isinstance(till.learned(answers[0], made, key), Canceled)
    assert not isinstance(till.capture(made), Captured)
    assert isinstance(till.learned(till.ask(made), made), Canceled)
    assert till.totals()["captured"] == 0
    assert till.totals()["released"] == AMOUNT.amount_minor


def test_more_than_is_held_is_refused(till: Till) -> None:
    made, key = till.hold(), f"op_{next(numbers)}"
    answer = till.capture(made, Money(5001, "USD"), key)

    assert isinstance(till.learned(answer, made, key), Declined)
    assert till.totals()["captured"] == 0
    key = f"op_{next(numbers)}"
    assert isinstance(till.learned(till.capture(made, PART, key), made, key), Captured)
    assert till.driver.facts(till.account, "captured") == [2000]
