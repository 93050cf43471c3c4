"""The rules of a proof, apart from any database."""

import json
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.chain import GENESIS, SealedJournal, SealedLine, leaf_of, seal_hash
from app.domain.proof import Edge, OffenceKind, Seal, Tally, by_currency, check_seal

NOW = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
START = Edge(0, 0, GENESIS)
ACCOUNTS = ("processor_receivable:stripe", "merchant_pending", "platform_fees")

lines = st.builds(
    lambda pair, currency, amount, day: (pair, currency, amount, day),
    st.permutations(ACCOUNTS).map(lambda found: found[:2]),
    st.sampled_from(("USD", "JPY")),
    st.integers(1, 10**15),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)


def journal(number: int, *rows: tuple[list[str], str, int, date]) -> SealedJournal:
    posted = tuple(
        SealedLine(at, debit, credit, currency, amount, day)
        for at, ((debit, credit), currency, amount, day) in enumerate(rows, 1)
    )
    at = NOW + timedelta(hours=number)
    return SealedJournal("acct_1", f"jr_{number}", "payment_captured", "pi_1", None, at, at, posted)


def seal_over(journals: list[SealedJournal]) -> Seal:
    leaves = [leaf_of(one) for one in journals]
    found = seal_hash(GENESIS, 1, leaves)
    return Seal(1, 0, 9, [one.id for one in journals], b"".join(leaves), GENESIS, found)


ONE = [
    journal(n, (["merchant_pending", "platform_fees"], "USD", 5 + n, NOW.date())) for n in range(3)
]


@given(st.lists(st.lists(lines, min_size=1, max_size=3), max_size=8))
def test_a_tally_balances_and_survives_being_kept(
    rows: list[list[tuple[list[str], str, int, date]]],
) -> None:
    tally = Tally()
    for number, some in enumerate(rows):
        tally.add(journal(number, *some))

    kept = Tally.from_json(json.loads(json.dumps(tally.to_json())), tally.journals, tally.postings)

    assert kept == tally
    assert all(debit == credit for debit, credit in by_currency(tally.totals()).values())
    assert tally.postings == sum(len(some) for some in rows)


def test_a_day_ends_at_midnight_utc() -> None:
    tally = Tally()
    for one in ONE:
        tally.add(one)

    days = {day for _, _, day in tally.days}
    assert days == {date(2026, 3, 4), date(2026, 3, 5)}


def test_a_seal_over_its_journals_is_good() -> None:
    assert check_seal(START, seal_over(ONE), ONE) is None


def test_a_seal_tells_what_is_missing_added_or_moved() -> None:
    seal = seal_over(ONE)
    more = journal(9, (["merchant_pending", "platform_fees"], "USD", 1, NOW.date()))
    found = {
        "is gone from the book": ([ONE[0], ONE[2]], "jr_1"),
        "which never had it": ([*ONE, more], "jr_9"),
        "at another place": ([ONE[1], ONE[0], ONE[2]], "jr_1"),
    }

    for words, (journals, name) in found.items():
        offence = check_seal(START, seal, journals)
        assert offence is not None
        assert (offence.kind, offence.offender) == (OffenceKind.JOURNAL, name)
        assert words in offence.sentence
