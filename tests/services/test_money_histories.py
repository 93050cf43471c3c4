"""Random histories of money, in any order, repeated and at once: the books hold, and tell the truth."""

import logging
import random
from bisect import bisect_right
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.domain.accounts import account_of
from app.domain.payouts import Category
from app.reports import as_of
from app.reports import payouts as payout_reads
from app.reports.paging import Cursor
from app.services import ledger, payouts
from tests.factories import FakeQueue, TestClock
from tests.sandbox.server import SandboxServer
from tests.services.bank import rows
from tests.services.money_life import HAPPENINGS, Life, Step
from tests.worlds import emptied

HISTORIES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 999), st.integers(0, 999)),
        min_size=1,
        max_size=3,
    ),
    min_size=20,
    max_size=30,
)
# Facts may take more than there is: a refund after the payout, a debit that is taken back.
NEVER_NEGATIVE = ("merchant_reserved", "payouts_in_transit", "refunds_in_transit", "escrow_held")
SELLERS = ("merchant_pending", "merchant_available", "payouts_in_transit")


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    database=None,
    # A history that fails is told as it was: to find a shorter one would take longer than all tests.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=HISTORIES)
def test_no_history_of_money_unbalances_anything(
    app: Flask,
    queue: FakeQueue,
    clock: TestClock,
    database_url: str,
    sandbox: SandboxServer,
    caplog: pytest.LogCaptureFixture,
    history: list[list[Step]],
) -> None:
    caplog.clear()
    with emptied(app, queue, clock, database_url) as deps:
        life = Life(deps, queue, clock, sandbox)
        life.begin()
        life.live(history)
        life.end_well()

        assert ledger.verify() == []
        _nobody_was_surprised(caplog)
        _all_is_decided()
        _books_are_what_really_happened(life)
        _payouts_equal_their_lines(life)
        _nothing_is_negative_that_may_not_be(life)
        _any_moment_is_the_fold(life, 60)


def test_a_thousand_moments_of_one_history_are_the_folds_of_their_postings(
    app: Flask, queue: FakeQueue, clock: TestClock, database_url: str, sandbox: SandboxServer
) -> None:
    chance = random.Random(8588)  # noqa: S311 - the same history every time
    with emptied(app, queue, clock, database_url) as deps:
        life = Life(deps, queue, clock, sandbox)
        life.begin()
        life.live(
            [
                [(chance.choice(HAPPENINGS), chance.randrange(1000), chance.randrange(1000))]
                for _ in range(50)
            ]
        )

        _any_moment_is_the_fold(life, 1000)


def _nobody_was_surprised(caplog: pytest.LogCaptureFixture) -> None:
    """No job met an error that it had to swallow, and no schedule says that something is wrong."""
    swallowed = [one for one in caplog.records if one.exc_info or one.levelno > logging.ERROR]
    assert [one.getMessage() for one in swallowed] == []
    held = rows("SELECT held_reason FROM payout_settings WHERE held_reason IS NOT NULL")
    assert payouts.NOT_MADE not in [one["held_reason"] for one in held]


def _all_is_decided() -> None:
    """With nothing going wrong any more, nothing stays open."""
    assert rows(
        """SELECT id FROM operations WHERE status IN ('requested', 'unknown')
           UNION ALL SELECT id FROM refunds WHERE status IN ('requested', 'unknown', 'pending')
           UNION ALL SELECT id FROM payouts WHERE status IN ('unknown', 'in_transit')
           UNION ALL SELECT id FROM refunds WHERE settlement_currency IS NOT NULL
                                              AND fx_rate_id IS NULL"""
    ) == []  # fmt: skip


def _books_are_what_really_happened(life: Life) -> None:
    """What the processor owes us and what reached the merchants' banks, in every currency."""
    truth = life.bank.sandbox.record(life.shop.sandbox_account)["totals"]
    standing = as_of.standing(life.me)
    for currency, total in truth.items():
        owed = standing.of("processor_receivable:stripe", currency.upper())
        assert owed.amount_minor == total["net"]
    for who in life.everybody:
        proven = rows(
            """SELECT currency, sum(amount_minor)::bigint AS total FROM micro_deposits
               WHERE merchant_id = :m AND status IN ('sent', 'paid') GROUP BY 1""",
            m=who,
        )
        for row in proven:
            left = -as_of.standing(who).of("bank", row["currency"]).amount_minor
            assert left == life.rail.kept(who, row["currency"]).amount_minor + row["total"]


def _payouts_equal_their_lines(life: Life) -> None:
    """To the cent: in the row, in what the page shows, in the lines behind each bar, and at the bank."""
    for who in life.everybody:
        for one in payout_reads.payouts(who, Cursor()).rows:
            detail = payout_reads.payout(who, one.id)
            assert detail is not None
            bars = {bar.category: bar.amount.amount_minor for bar in detail.bars}
            shown = detail.opening.amount_minor + sum(bars.values())
            assert shown == one.amount.amount_minor + detail.carried.amount_minor
            lines = rows("SELECT * FROM payout_lines WHERE payout_id = :p", p=one.id)
            assert sum(bars.values()) == sum(row["gross_minor"] - row["fee_minor"] for row in lines)
            assert -bars.get(Category.FEES, 0) == sum(row["fee_minor"] for row in lines)
            sent = life.rail.orders.get(f"{one.id}:payout")
            assert one.amount.amount_minor > 0
            assert sent is None or sent.amount == one.amount


def _nothing_is_negative_that_may_not_be(life: Life) -> None:
    for who in life.everybody:
        found = as_of.standing(who)
        for currency in found.currencies:
            for code in NEVER_NEGATIVE:
                assert found.of(code, currency).amount_minor >= 0, (who, code, currency)
            if who != life.me:
                theirs = sum(found.of(code, currency).amount_minor for code in SELLERS)
                assert theirs >= 0, (who, currency)


def _any_moment_is_the_fold(life: Life, count: int) -> None:
    """Balances of moments between and at the postings are their running sums, each posting read once."""
    written = rows("SELECT * FROM postings WHERE merchant_id = :m ORDER BY created_at", m=life.me)
    first, last = written[0]["created_at"], life.clock.now()
    chance = random.Random(count)  # noqa: S311 - the same moments every time
    moments = [first + (last - first) * chance.random() for _ in range(count)]
    moments[: count // 4] = [chance.choice(written)["created_at"] for _ in range(count // 4)]
    times, sums = _running(written)
    for at in moments:
        told = as_of.standing(life.me, at).balances
        assert {key: net for key, net in told.items() if net} == sums[bisect_right(times, at)]


def _running(written: list[dict[str, Any]]) -> tuple[list[datetime], list[dict[Any, int]]]:
    """The times of postings, and what stands in the books after so many of them."""
    now: Counter[tuple[str, str]] = Counter()
    sums: list[dict[Any, int]] = [{}]
    for row in written:
        for code, sign in ((row["debit"], -1), (row["credit"], 1)):
            side = 1 if account_of(code).normal == "credit" else -1
            now[code, row["currency"]] += sign * side * row["amount_minor"]
        sums.append({key: net for key, net in now.items() if net})
    return [row["created_at"] for row in written], sums
