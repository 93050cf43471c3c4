"""What a processor's word means for a refund."""

from dataclasses import replace

import pytest

from app.domain.money import Money
from app.domain.processor import Absent, RefundAccepted, RefundOutcome, RefundRefused, Unknown
from app.domain.refunds import checked, target_of

AMOUNT = Money(1000, "USD")
ACCEPTED = RefundAccepted("re_there", AMOUNT, True, "pi_there", "re_ours")
REFUSED = RefundRefused("declined", "re_there", "re_ours", "pi_there", AMOUNT)


def check(outcome: RefundOutcome) -> RefundOutcome:
    return checked(outcome, refund_id="re_ours", amount=AMOUNT, payment_reference="pi_there")


@pytest.mark.parametrize(
    "outcome, status",
    [
        (ACCEPTED, "succeeded"),
        (replace(ACCEPTED, is_settled=False), "pending"),
        (REFUSED, "failed"),
        (Unknown("timeout"), "unknown"),
        (Absent(), None),
    ],
)
def test_every_outcome_leads_somewhere_or_says_nothing(
    outcome: RefundOutcome, status: str | None
) -> None:
    assert target_of(outcome)[0] == status


@pytest.mark.parametrize(
    "outcome",
    [
        ACCEPTED,
        REFUSED,
        RefundRefused("not_processed"),
        RefundAccepted("re_there", AMOUNT, True),
        Unknown("timeout"),
        Absent(),
    ],
)
def test_an_outcome_about_this_refund_is_taken(outcome: RefundOutcome) -> None:
    assert check(outcome) is outcome


@pytest.mark.parametrize(
    "outcome, said",
    [
        (replace(ACCEPTED, amount=Money(1001, "USD")), "amount is USD 10.01, ours is USD 10.00"),
        (replace(ACCEPTED, amount=Money(1000, "EUR")), "amount is EUR 10.00, ours is USD 10.00"),
        (replace(ACCEPTED, payment_reference="pi_else"), "another payment"),
        (replace(ACCEPTED, refund_id="re_else"), "another refund"),
        (replace(REFUSED, payment_reference="pi_else"), "another payment"),
    ],
)
def test_an_outcome_about_something_else_is_unknown(outcome: RefundOutcome, said: str) -> None:
    answer = check(outcome)

    assert isinstance(answer, Unknown)
    assert said in answer.detail
