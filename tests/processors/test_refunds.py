"""Money that goes back: in parts, each once, never more than was taken, and never called settled before."""

from app.domain.processor import Absent, Captured, RefundAccepted, RefundRefused, Unknown
from tests.processors.till import Till
from tests.sandbox.server import wait_until


def test_refunds_in_parts_are_each_sent_once_and_found_again(till: Till) -> None:
    request = till.request()
    paid = till.authorize(request)
    assert isinstance(paid, Captured)
    reference = paid.facts.reference
    first, second = (till.refund_request(request, reference, minor) for minor in (1000, 1000))

    answer = till.processor.refund(till.account, first)
    assert isinstance(answer, RefundAccepted)
    assert (answer.amount, answer.is_settled) == (first.amount, till.driver.answers_at_once)
    assert (answer.payment_reference, answer.refund_id) == (reference, first.refund_id)
    assert till.processor.refund(till.account, first) == answer
    assert isinstance(till.refunded(second), RefundAccepted)
    found = wait_until(lambda: _settled(till.ask_refund(first)))
    assert (found.reference, found.amount) == (answer.reference, first.amount)
    known = till.refunds(request, reference)
    assert {item.refund_id for item in known} == {first.refund_id, second.refund_id}
    assert till.totals()["refunded"] == 2000
    nobodys = till.refund_request(request, reference)
    assert isinstance(till.ask_refund(nobodys), Absent | Unknown)

    too_much = till.refund_request(request, reference, 3001)
    assert isinstance(till.refunded(too_much), RefundRefused)
    rest = till.refund_request(request, reference, 3000)
    assert isinstance(till.refunded(rest), RefundAccepted)
    assert till.totals()["refunded"] == 5000


def _settled(outcome: object) -> RefundAccepted | None:
    return outcome if isinstance(outcome, RefundAccepted) and outcome.is_settled else None


def test_a_refund_that_is_not_final_is_not_called_so(till: Till) -> None:
    for token, is_settled in till.driver.slow_refunds:
        request = till.request(token)
        paid = till.authorize(request)
        assert isinstance(paid, Captured)
        refund = till.refund_request(request, paid.facts.reference)
        answer = till.processor.refund(till.account, refund)
        assert isinstance(answer, RefundAccepted), token
        assert answer.is_settled is is_settled, token
