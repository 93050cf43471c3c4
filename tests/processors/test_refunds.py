"""Money that goes back: in parts, each once, never more than was taken, and never called settled before."""

from app.domain.processor import Absent, RefundAccepted, RefundRefused, Unknown
from tests.processors.till import Till
from tests.sandbox.server import wait_until


def test_refunds_in_parts_are_each_sent_once_and_found_again(till: Till) -> None:
    made = till.paid()
    first, second = (till.refund_request(made, minor) for minor in (1000, 1000))

    answer = till.processor.refund(till.account, first)
    assert isinstance(answer, RefundAccepted)
    assert (answer.amount, answer.is_settled) == (first.amount, till.driver.answers_at_once)
    assert (answer.payment_reference, answer.refund_id) == (made.reference, first.refund_id)
    assert till.processor.refund(till.account, first) == answer
    assert isinstance(till.refunded(second), RefundAccepted)
    found = wait_until(lambda: _settled(till.ask_refund(first)))
    assert (found.reference, found.amount) == (answer.reference, first.amount)
    known = {item.refund_id for item in till.refunds(made)}
    assert known == {first.refund_id, second.refund_id}
    assert till.totals()["refunded"] == 2000
    assert isinstance(till.ask_refund(till.refund_request(made)), Absent | Unknown)

    assert isinstance(till.refunded(till.refund_request(made, 3001)), RefundRefused)
    assert isinstance(till.refunded(till.refund_request(made, 3000)), RefundAccepted)
    assert till.totals()["refunded"] == 5000


def _settled(outcome: object) -> RefundAccepted | None:
    return outcome if isinstance(outcome, RefundAccepted) and outcome.is_settled else None


def test_a_refund_that_is_not_final_is_not_called_so(till: Till) -> None:
    for token, is_settled in till.driver.slow_refunds:
        answer = till.processor.refund(till.account, till.refund_request(till.paid(token)))
        assert isinstance(answer, RefundAccepted), token
        assert answer.is_settled is is_settled, token
