"""What of a fee goes back with refunds: never more than the rule promises, and exactly that in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fee_returns import returnable, returned_with
from app.domain.fees import OnRefund, Part

CARD = (Part("base", 290, 290), Part("fixed", 30))


@pytest.mark.parametrize(
    "parts, percentage, fixed",
    [
        (CARD, 290, 30),
        ((), 0, 0),
        ((Part("unitemized", 320),), 320, 0),
        ((*CARD, Part("cross_border", 150, 150), Part("conversion", 100, 100)), 540, 30),
        # An international fee with a fixed sum in it is fixed, and so is what raised a fee.
        ((Part("fixed", 1000), Part("cross_border", 1500)), 0, 2500),
        ((Part("base", 5, 10), Part("minimum", 45)), 5, 45),
        # A cap takes from the percentage first.
        ((Part("base", 600, 10), Part("fixed", 30), Part("cap", -130)), 470, 30),
        ((Part("base", 600, 10), Part("fixed", 30), Part("cap", -610)), 0, 20),
        ((Part("base", 1, 290), Part("fixed", 30), Part("limit", -1)), 0, 30),
    ],
)
def test_a_fee_is_its_percentage_and_the_rest(
    parts: tuple[Part, ...], percentage: int, fixed: int
) -> None:
    assert returnable(parts, OnRefund.PERCENTAGE) == percentage
    assert returnable(parts, OnRefund.FIXED) == fixed
    assert returnable(parts, OnRefund.WHOLE) == percentage + fixed
    assert returnable(parts, OnRefund.KEPT) == 0


def test_many_small_refunds_return_what_a_large_one_would() -> None:
    given_back = []
    for number in range(100):
        given_back.append(
            returned_with(1, returnable=3, captured=100, refunded=number, returned=sum(given_back))
        )

    assert [at for at, one in enumerate(given_back, 1) if one] == [17, 50, 84]


@given(
    captured=st.integers(1, 10**12),
    share=st.integers(0, 10_000),
    steps=st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), max_size=30),
)
def test_whatever_is_refunded_and_fails_no_more_than_the_rule_goes_back_and_exactly_it_in_the_end(
    captured: int, share: int, steps: list[tuple[int, bool]]
) -> None:
    whole = captured * share // 10_000
    made: list[tuple[int, int]] = []

    def refund(amount: int) -> None:
        gone, back = sum(one for one, _ in made), sum(fee for _, fee in made)
        fee = returned_with(
            amount, returnable=whole, captured=captured, refunded=gone, returned=back
        )
        assert 0 <= fee <= amount
        assert back + fee <= whole
        made.append((amount, fee))

    for part, fails in steps:
        left = captured - sum(one for one, _ in made)
        if fails and made:
            made.pop(part % len(made))
        elif left:
            refund(min(max(left * part // 10_000, 1), left))
    if left := captured - sum(one for one, _ in made):
        refund(left)

    assert sum(fee for _, fee in made) == whole
