"""Money that is held: taken in whole, in part, or let go; never more than was held."""

from app.domain.money import Money
from app.domain.processor import Authorized, Canceled, Captured, Declined
from tests.processors.till import AMOUNT, Till

PART = Money(2000, "USD")


def test_a_hold_tells_how_much_and_until_when(till: Till) -> None:
    request, held = till.hold()

    assert held.amount == AMOUNT
    assert held.capture_before is not None
    assert held.capture_before > request.created_at
    assert till.authorize(request) == held
    asked = till.learned(till.ask(request, held.facts.reference), request, held.facts.reference)
    assert isinstance(asked, Authorized)
    assert till.totals()["captured"] == 0


def test_a_hold_is_captured_whole_or_in_part_once(till: Till) -> None:
    for amount in (AMOUNT, PART):
        request, held = till.hold()
        reference = held.facts.reference
        answers = [till.capture(held, amount, f"{request.operation_id}:capture") for _ in range(2)]
        assert answers[0] == answers[1]
        taken = till.learned(answers[0], request, reference)
        assert isinstance(taken, Captured)
        assert taken.amount == amount
        # What has moved on has to be asked about: it is neither done nor refused.
        assert not isinstance(till.capture(held, amount), Captured | Declined)
        assert not isinstance(till.cancel(reference), Canceled | Declined)
        assert till.learned(till.ask(request, reference), request, reference) == taken
    assert till.driver.facts(till.account, "captured") == [5000, 2000]


def test_a_hold_is_let_go_once(till: Till) -> None:
    request, held = till.hold()
    reference = held.facts.reference
    answers = [till.cancel(reference, f"{request.operation_id}:cancel") for _ in range(2)]

    assert answers[0] == answers[1]
    assert isinstance(till.learned(answers[0], request, reference), Canceled)
    assert not isinstance(till.capture(held), Captured)
    assert till.totals()["captured"] == 0
    assert till.totals()["released"] == AMOUNT.amount_minor


def test_more_than_is_held_is_refused(till: Till) -> None:
    request, held = till.hold()
    answer = till.capture(held, Money(5001, "USD"))

    assert not isinstance(answer, Captured)
    if till.driver.answers_at_once:
        assert isinstance(answer, Declined)
    assert till.totals()["captured"] == 0
    assert isinstance(
        till.learned(till.capture(held, PART), request, held.facts.reference), Captured
    )
    assert till.driver.facts(till.account, "captured") == [2000]
