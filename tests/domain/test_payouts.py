"""What a payout comes to, from sums alone: it adds up, never exceeds the balance, or is refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import recipes
from app.domain.errors import BalanceInsufficient, PayoutContradiction
from app.domain.money import Money
from app.domain.payouts import (
    CATEGORIES,
    NO_LINES,
    Category,
    Found,
    Movements,
    Plan,
    Terms,
    category_of,
    events_of,
    next_date,
    plan,
)

amounts = st.integers(-(10**9), 10**9)
movements = st.builds(
    Movements,
    event=st.sampled_from([*CATEGORIES, "something_new"]),
    count=st.integers(1, 50),
    gross_minor=amounts,
    fee_minor=st.integers(0, 10**6),
)
several = st.lists(movements, max_size=6).map(tuple)
terms = st.builds(
    Terms,
    minimum_minor=st.integers(0, 10**6),
    retained_minor=st.integers(0, 10**6),
    reserve_basis_points=st.integers(0, 10_000),
)


def net(lines: tuple[Movements, ...]) -> int:
    return sum(one.gross_minor - one.fee_minor for one in lines)


def found(
    attached: tuple[Movements, ...], left: tuple[Movements, ...], due: int, opening: int
) -> Found:
    return Found(attached, left, due, opening + net(attached) + net(left) - due)


@given(amounts, several, several, amounts, terms)
def test_a_payout_adds_up_and_never_exceeds_what_is_available(
    opening: int,
    attached: tuple[Movements, ...],
    left: tuple[Movements, ...],
    due: int,
    its: Terms,
) -> None:
    books = found(attached, left, due, opening)

    made = plan("USD", opening, books, its)

    if made is None:
        return
    assert made.opening_minor + sum(made.sums.values()) == made.amount_minor + made.carried_minor
    assert made.amount_minor >= max(its.minimum_minor, 1)
    assert made.amount_minor + made.held_minor + its.retained_minor <= books.available_minor
    assert made.amount_minor + made.held_minor <= books.available_minor + due
    assert sum(made.sums.values()) == net(attached) - made.held_minor
    assert (
        0
        <= made.held_minor
        <= max(
            sum(one.gross_minor for one in attached if category_of(one.event) is Category.GROSS), 0
        )
    )


@given(amounts, several, amounts, st.integers(1, 10**9))
def test_what_was_asked_for_is_paid_or_refused(
    opening: int, attached: tuple[Movements, ...], due: int, asked: int
) -> None:
    books = found(attached, (), due, opening)
    most = min(books.available_minor, books.available_minor + due)

    try:
        made = plan("USD", opening, books, Terms(minimum_minor=10**12), Money(asked, "USD"))
    except BalanceInsufficient:
        assert asked > most
    else:
        assert made is not None
        assert asked == made.amount_minor <= most


@given(amounts, several, amounts, st.integers(-5, 5).filter(bool))
def test_sums_that_are_off_by_a_cent_are_refused(
    opening: int, attached: tuple[Movements, ...], due: int, off: int
) -> None:
    books = found(attached, (), due, opening)
    wrong = Found(books.attached, books.left, books.due_minor, books.available_minor + off)

    with pytest.raises(PayoutContradiction):
        plan("USD", opening, wrong, Terms())


def test_a_reserve_is_rounded_down_and_told_as_a_bar() -> None:
    lines = (Movements("payment_captured", 2, 9_999, 320),)

    made = plan("USD", 0, found(lines, (), 0, 0), Terms(reserve_basis_points=1_000))

    assert made == Plan(
        currency="USD",
        opening_minor=0,
        sums=dict.fromkeys(Category, 0)
        | {Category.GROSS: 9_999, Category.FEES: -320, Category.RESERVE: -999},
        held_minor=999,
        amount_minor=8_680,
        carried_minor=0,
        line_count=3,
    )


@pytest.mark.parametrize(
    "opening, lines, its, asked, amount, carried",
    [
        # A refund after the last payout: what was carried in below zero is made good first.
        (-320, (("payment_captured", 5_000, 175),), Terms(), None, 4_505, 0),
        # A period that only lost money: nothing is sent, and nothing is claimed.
        (0, (("refund_requested", -1_000, 0),), Terms(), None, None, None),
        # A minimum that is not reached waits for more.
        (0, (("payment_captured", 1_000, 59),), Terms(minimum_minor=1_000), None, None, None),
        # What is to stay in the balance stays, and is carried on.
        (0, (("payment_captured", 9_000, 0),), Terms(retained_minor=2_000), None, 7_000, 2_000),
        # A part by hand leaves the rest for the next.
        (0, (("payment_captured", 9_000, 0),), Terms(), 2_500, 2_500, 6_500),
        # A payout that came back goes out again.
        (0, (("payout_returned", 4_505, 0),), Terms(), None, 4_505, 0),
    ],
)
def test_the_stories_of_a_period(
    opening: int,
    lines: tuple[tuple[str, int, int], ...],
    its: Terms,
    asked: int | None,
    amount: int | None,
    carried: int | None,
) -> None:
    attached = tuple(Movements(event, 1, gross, fee) for event, gross, fee in lines)
    money = None if asked is None else Money(asked, "USD")

    made = plan("USD", opening, found(attached, (), 0, opening), its, money)

    assert (made and made.amount_minor, made and made.carried_minor) == (amount, carried)


def test_every_recipe_that_moves_payable_money_has_a_bar_of_its_own() -> None:
    own = {recipes.PENDING, recipes.AVAILABLE}
    moving = set()
    for recipe in recipes.RECIPES:
        arguments = {
            "processor": "stripe", "source_id": "x", "amount": Money(100, "USD"),
            "fee": Money(3, "USD"), "net": Money(97, "USD"), "on": date(2026, 1, 1),
            "given": Money(100, "USD"), "gained": Money(90, "EUR"), "commission": Money(5, "USD"),
            "amounts": [Money(95, "USD")], "transfer_id": "x", "reversal_id": "x", "refund_id": "re_x",
        }  # fmt: skip
        names = recipe.__code__.co_varnames[: recipe.__code__.co_argcount]
        named = {"is_pending": False} if recipe.__code__.co_kwonlyargcount else {}
        journal = recipe(*(arguments[name] for name in names), **named)
        sides = {code for posting in journal.postings for code in (posting.debit, posting.credit)}
        if sides & own:
            moving.add(journal.event)

    assert moving - set(NO_LINES) <= set(CATEGORIES)


def test_every_bar_knows_its_journals() -> None:
    for event, category in CATEGORIES.items():
        assert event in events_of(category)
    assert events_of(Category.OTHER) == ()


@pytest.mark.parametrize(
    "its, after, expected",
    [
        (Terms("manual"), "2026-11-28", None),
        (Terms("daily"), "2026-12-31", "2027-01-01"),
        (Terms("weekly", weekday=1), "2026-11-30", "2026-12-07"),
        (Terms("weekly", weekday=7), "2026-11-30", "2026-12-06"),
        (Terms("monthly", monthday=31), "2026-01-31", "2026-02-28"),
        (Terms("monthly", monthday=31), "2028-01-31", "2028-02-29"),
        (Terms("monthly", monthday=15), "2026-12-20", "2027-01-15"),
        (Terms("monthly", monthday=15), "2026-12-14", "2026-12-15"),
    ],
)
def test_the_next_day_of_a_schedule(its: Terms, after: str, expected: str | None) -> None:
    found_day = next_date(its, date.fromisoformat(after))

    assert found_day == (date.fromisoformat(expected) if expected else None)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 31), st.integers(1, 7))
def test_a_schedule_always_goes_on(after: date, monthday: int, weekday: int) -> None:
    monthly = next_date(Terms("monthly", monthday=monthday), after)
    weekly = next_date(Terms("weekly", weekday=weekday), after)

    assert monthly is not None
    assert weekly is not None
    assert after < monthly <= after + timedelta(days=62)
    assert after < weekly <= after + timedelta(days=7)
    assert weekly.isoweekday() == weekday
