"""Splitting held money: always to the cent, whatever was refunded or released before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.escrow import (
    Milestone,
    Plan,
    Share,
    commission_of,
    plan_from,
    shared,
    status_of,
    whole_release,
)
from app.domain.money import Money
from app.domain.states import ESCROW, EscrowStatus

steps = st.lists(st.integers(1, 10**7), min_size=1, max_size=20).map(
    lambda amounts: [
        Milestone(f"step {place}", amount, f"acct_{place % 3}")
        for place, amount in enumerate(amounts)
    ]
)


@given(steps, st.integers(0, 10**9))
def test_milestones_share_what_is_held_to_the_cent(found: list[Milestone], held: int) -> None:
    parts = shared(Money(held, "USD"), found)
    assert sum(part.amount_minor for part in parts.values()) == held
    plan = Plan(milestones=tuple(found))
    whole = whole_release(Money(held, "USD"), plan, frozenset())
    assert sum(part.amount_minor for _, part in whole) == held
    assert len({seller for seller, _ in whole}) == len(whole)


@given(steps, st.integers(1, 10**9))
def test_milestones_released_one_by_one_use_up_what_is_held(
    found: list[Milestone], held: int
) -> None:
    left, waiting = Money(held, "USD"), list(found)
    while waiting:
        part = shared(left, waiting)[waiting[0].name]
        left, waiting = left - part, waiting[1:]
    assert not left


@given(st.integers(1, 10**9), st.integers(0, 9_999))
def test_a_commission_and_the_sellers_part_are_the_whole(gross: int, basis_points: int) -> None:
    money = Money(gross, "JPY")
    share = Share("acct_1", money, commission_of(money, basis_points))
    assert share.amount + share.commission == money
    assert 0 <= share.commission.amount_minor <= gross


@pytest.mark.parametrize(
    "gross, basis_points, commission",
    [(1030, 250, 26), (1000, 250, 25), (1, 4_999, 0), (1, 5_000, 1)],
)
def test_a_commission_is_rounded_half_up(gross: int, basis_points: int, commission: int) -> None:
    assert commission_of(Money(gross, "USD"), basis_points).amount_minor == commission


def test_a_plan_is_kept_as_it_was_made() -> None:
    plan = Plan("acct_1", (Milestone("One", 5, "acct_2"),), "GROUP")
    assert plan_from(plan.stored()) == plan
    assert plan_from(Plan().stored()) == Plan()
    assert plan.sellers == ("acct_1", "acct_2")
    assert (plan.names_sellers, Plan().names_sellers) == (True, False)


amounts = st.integers(1, 1_000).flatmap(
    lambda held: st.tuples(st.just(held), st.integers(0, held)).flatmap(
        lambda two: st.tuples(
            st.just(two[0]), st.just(two[1]), st.integers(0, two[0] - two[1]), st.booleans()
        )
    )
)


@given(amounts, st.integers(1, 1_000), st.sampled_from(["release", "refund", "return", "freeze"]))
def test_every_change_of_amounts_is_a_move_of_the_table(
    found: tuple[int, int, int, bool], change: int, kind: str
) -> None:
    held, released, refunded, is_frozen = found

    def stands(released: int, refunded: int, *, is_frozen: bool) -> EscrowStatus:
        return status_of(held=held, released=released, refunded=refunded, is_frozen=is_frozen)

    before = stands(released, refunded, is_frozen=is_frozen)
    left = held - released - refunded
    if kind == "release" and not is_frozen and left:
        after = stands(released + min(change, left), refunded, is_frozen=False)
    elif kind == "refund" and left:
        after = stands(released, refunded + min(change, left), is_frozen=is_frozen)
    elif kind == "return" and refunded:
        after = stands(released, refunded - min(change, refunded), is_frozen=is_frozen)
    elif kind == "freeze" and left:
        after = stands(released, refunded, is_frozen=not is_frozen)
    else:
        return
    assert after is before or ESCROW.allows(before, after), (before, after)
