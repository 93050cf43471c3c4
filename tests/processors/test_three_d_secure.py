"""The bank's question: passed, failed, never answered, answered twice."""

from app.domain.declines import DeclineReason
from app.domain.processor import ActionRequired, AuthorizeRequest, Captured, Declined
from app.domain.states import PaymentStatus
from tests.processors.sales import Sales
from tests.processors.till import AMOUNT, Made, Till


def asked(till: Till) -> tuple[AuthorizeRequest, ActionRequired]:
    """A payment whose bank wants to see the customer: nothing was taken."""
    request = till.request(till.driver.asks)
    outcome = till.authorize(request)
    assert isinstance(outcome, ActionRequired)
    assert outcome.facts.payment_id == request.payment_id
    assert till.totals().get("captured", 0) == 0
    return request, outcome


def test_a_customer_who_is_confirmed_pays_once(till: Till) -> None:
    request, question = asked(till)
    assert till.authorize(request) == question, "a repetition asks the same"
    brought = till.driver.answer(till.account, question, is_passed=True)

    paid = till.finish(request, question, brought, "op_7:finish")
    assert isinstance(paid, Captured)
    assert (paid.amount, paid.facts.payment_id) == (AMOUNT, request.payment_id)
    assert paid.card is not None
    assert paid.card.three_d_secure == "authenticated"
    assert till.finish(request, question, brought, "op_7:finish") == paid
    assert till.finish(request, question, brought) == paid, "sent again with another key"
    assert till.totals()["captured"] == AMOUNT.amount_minor


def test_a_customer_who_is_not_confirmed_pays_nothing_and_may_try_another_card(till: Till) -> None:
    request, question = asked(till)
    brought = till.driver.answer(till.account, question, is_passed=False)

    refused = till.finish(request, question, brought)
    assert isinstance(refused, Declined)
    assert refused.reason is DeclineReason.AUTHENTICATE
    assert till.totals().get("captured", 0) == 0
    reference = refused.facts.reference if refused.facts else None
    further = till.request(payment_id=request.payment_id, reference=reference)
    assert isinstance(till.authorize(further), Captured)
    assert till.totals()["captured"] == AMOUNT.amount_minor


def test_a_question_that_is_never_answered_takes_nothing(till: Till) -> None:
    request, question = asked(till)
    made = Made(request, question.facts.reference, question)
    assert not isinstance(till.ask(made), Captured | Declined)
    assert till.totals().get("captured", 0) == 0


def test_whoever_leaves_the_bank_unanswered_pays_once_with_another_card(sales: Sales) -> None:
    """The old answer comes after all, when the other card has paid: too late to take anything."""
    waiting = sales.pay(sales.driver.asks)
    assert waiting.status is PaymentStatus.REQUIRES_ACTION
    assert sales.try_again(waiting).status is PaymentStatus.CAPTURED
    sales.finish(waiting, is_passed=True)
    sales.settle(rounds=1)

    assert sales.load(waiting).status is PaymentStatus.CAPTURED
    assert sales.facts("captured") == [5000]
    sales.assert_true()


def test_a_question_that_was_withdrawn_takes_nothing_however_it_is_answered(sales: Sales) -> None:
    waiting = sales.pay(sales.driver.asks)
    sales.give(waiting, "cancel")
    sales.settle(rounds=1)
    assert sales.load(waiting).status is PaymentStatus.CANCELED
    sales.finish(waiting, is_passed=True)
    sales.settle(rounds=1)

    assert sales.load(waiting).status is PaymentStatus.CANCELED
    assert sales.facts("captured") == []
    sales.assert_true()
