"""Ids: what they are, when they were made, and that none comes twice."""

import itertools
import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import lowest_id, made_at, new_id, new_secret

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=29_000)).map(lambda step: FIRST + step)


@given(moments, st.timedeltas(timedelta(milliseconds=2), timedelta(days=3650)))
def test_ids_sort_by_the_time_they_were_made(at: datetime, later: timedelta) -> None:
    assert new_id("pi", at) < new_id("pi", at + later)


def test_ids_are_unique_within_a_millisecond() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    assert len({new_id("pi", at) for _ in range(10_000)}) == 10_000


def test_ids_of_one_millisecond_sort_as_they_were_made() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = [new_id("evt", at) for _ in range(20_000)]

    out_of_order = sum(a > b for a, b in itertools.pairwise(made))
    assert out_of_order <= 2  # The count starts anew every 16,384.


def test_an_id_says_what_it_is_and_has_no_look_alikes() -> None:
    assert re.fullmatch(r"re_[0-9a-hjkmnp-tv-z]{26}", new_id("re", datetime.now(UTC)))


def test_a_secret_name_has_192_random_bits() -> None:
    assert re.fullmatch(r"cs_test_[0-9a-f]{48}", new_secret("cs_test"))
    assert len({new_secret("cs") for _ in range(1000)}) == 1000


def test_an_id_tells_when_it_was_made() -> None:
    now = datetime(2026, 11, 3, 14, 5, 1, 987654, tzinfo=UTC)

    assert made_at(new_id("jr", now)) == now.replace(microsecond=987000)
    assert made_at(lowest_id("jr", now)) == now.replace(microsecond=987000)
    assert [
        made_at(text) for text in ("", "jr_", "jr_slow", "jr_" + "u" * 26, "jr_" + "z" * 26)
    ] == [None] * 5
