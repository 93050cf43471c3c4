"""How many calls pass: as many as the budget has, over all processes, and all of them without Valkey."""

import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from redis import Redis

from app.adapters import limiter
from app.adapters.limiter import ValkeyLimiter

KEY = "key_of_the_test"


@pytest.fixture
def valkey(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """The test process's Valkey, empty; a machine under load may be slow and is still asked.

    A second lasts a minute here, so that none begins in the middle of a test.
    """
    monkeypatch.setattr(limiter, "PATIENCE_SECONDS", 5)
    monkeypatch.setattr(limiter, "WINDOW_MILLISECONDS", 60_000)
    with Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client


def passed(one: ValkeyLimiter, weight: str = "critical", calls: int = 50, key: str = KEY) -> int:
    """How many of so many calls pass."""
    return sum(one.take(key, weight) == 0 for _ in range(calls))


def test_a_key_makes_as_many_calls_as_its_second_has(valkey: Redis, valkey_url: str) -> None:
    one = ValkeyLimiter(valkey_url, 30)

    assert passed(one) == 30
    assert one.take(KEY, "critical") == 1
    assert passed(one, key="key_of_another") == 30


def test_the_next_second_has_a_budget_of_its_own(
    valkey: Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "WINDOW_MILLISECONDS", 300)
    one = ValkeyLimiter(valkey_url, 3)
    for _ in range(3):
        assert passed(one, calls=4) == 3
        time.sleep(0.31)
    assert valkey.keys("farthing:calls:*") == []


def test_the_budget_is_one_for_all_processes(valkey: Redis, valkey_url: str) -> None:
    processes = [ValkeyLimiter(valkey_url, 100) for _ in range(3)]

    # Turn by turn, all want more than there is: chunks are spent to the last token.
    count = sum(one.take(KEY, "critical") == 0 for _ in range(100) for one in processes)
    assert count == 100


def test_few_calls_are_counted_exactly(valkey: Redis, valkey_url: str) -> None:
    processes = [ValkeyLimiter(valkey_url, 2) for _ in range(4)]

    assert [one.take(KEY, "critical") for one in processes] == [0, 0, 1, 1]


def test_searches_are_shed_first_and_payments_last(valkey: Redis, valkey_url: str) -> None:
    one = ValkeyLimiter(valkey_url, 100)

    assert passed(one, "search", 60) == 25
    assert passed(one, "read", 60) == 35
    assert passed(one, "search") == 0
    assert passed(one, "standard", 60) == 20
    assert passed(one, "read") == 0
    assert passed(one, "critical", 60) == 20
    assert passed(one, "standard") == 0


def test_a_call_that_was_turned_away_takes_nothing_from_the_others(
    valkey: Redis, valkey_url: str
) -> None:
    here, there = ValkeyLimiter(valkey_url, 40), ValkeyLimiter(valkey_url, 40)

    assert passed(here, "search", 500) == 10
    assert passed(there, "search", 500) == 0
    assert passed(there, "critical", 500) == 30


def test_the_smallest_budget_lets_every_class_pass_once(valkey: Redis, valkey_url: str) -> None:
    for weight in limiter.SHARES_PERCENT:
        assert passed(ValkeyLimiter(valkey_url, 1), weight, key=weight) == 1


def test_a_busy_second_costs_few_round_trips(valkey: Redis, valkey_url: str) -> None:
    one = ValkeyLimiter(valkey_url, 100)
    one.take("warm-up", "critical")
    before = int(valkey.info("commandstats")["cmdstat_evalsha"]["calls"])

    assert passed(one, calls=2000) == 100
    assert int(valkey.info("commandstats")["cmdstat_evalsha"]["calls"]) - before <= 11


def test_threads_share_their_process_s_tokens(valkey: Redis, valkey_url: str) -> None:
    processes = [ValkeyLimiter(valkey_url, 200) for _ in range(2)]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: processes[n % 2].take(KEY, "critical"), range(2000)))
    assert answers.count(0) == 200


def test_an_emptied_valkey_counts_from_the_beginning(valkey: Redis, valkey_url: str) -> None:
    one = ValkeyLimiter(valkey_url, 10)
    assert passed(one) == 10

    valkey.flushall()
    valkey.script_flush()
    assert passed(ValkeyLimiter(valkey_url, 10)) == 10
    # A process that knows its second to be spent need not ask.
    assert passed(one) == 0


def test_zero_is_no_limit(valkey: Redis, valkey_url: str) -> None:
    assert passed(ValkeyLimiter(valkey_url, 0), "search", 1000) == 1000


def test_without_valkey_everything_passes_at_once_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = ValkeyLimiter("redis://127.0.0.1:1", 1)

    with caplog.at_level(logging.WARNING):
        started = time.monotonic()
        assert passed(one, "search", 10_000) == 10_000
        assert time.monotonic() - started < 1
        one._silent_until = 0  # noqa: SLF001 - as if its second had passed
        assert one.take(KEY, "search") == 0
    assert [record.msg for record in caplog.records] == ["limiter.unreachable"]


def test_a_valkey_that_does_not_answer_is_left_alone() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        one = ValkeyLimiter(f"redis://127.0.0.1:{silent.getsockname()[1]}", 1)
        started = time.monotonic()
        assert passed(one, "search", 1000) == 1000
        assert time.monotonic() - started < 0.8


def test_when_valkey_is_back_it_is_asked_again(valkey: Redis, valkey_url: str) -> None:
    one = ValkeyLimiter(valkey_url, 5)
    one._fall_silent(OSError("away"))  # noqa: SLF001 - as a lost connection does
    assert passed(one) == 50

    time.sleep(limiter.LEFT_ALONE_SECONDS + 0.05)
    assert passed(one) == 5
