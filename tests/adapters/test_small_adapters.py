"""Sealing, hashing, failpoints and the queue: small, and each with one promise."""

import time
from datetime import timedelta

import pytest
from redis import Redis

from app import wiring
from app.adapters.failpoints import failpoint, nothing
from app.adapters.processors.guard import Guarded
from app.adapters.queue import OUTSIDE_QUEUE_NAME, QUEUE_NAME, RqQueue
from app.adapters.sealing import Argon2Hasher, FernetSealer
from app.domain.failpoints import FAILPOINTS
from tests.servers import SEAL_KEY


def test_a_sealed_secret_opens_with_its_key_only() -> None:
    sealer = FernetSealer(SEAL_KEY)
    sealed = sealer.seal("sk_live_secret")

    assert sealer.open(sealed) == "sk_live_secret"
    assert b"sk_live" not in sealed
    assert sealer.seal("sk_live_secret") != sealed
    with pytest.raises(ValueError, match="SEAL_KEY"):
        FernetSealer("c29tZWJvZHktZWxzZXMta2V5LW9mLTMyLWJ5dGVzISE=").open(sealed)


@pytest.mark.parametrize("position", [0, 5, 20, -1])
def test_a_sealed_secret_with_one_changed_byte_does_not_open(position: int) -> None:
    sealer = FernetSealer(SEAL_KEY)
    sealed = bytearray(sealer.seal("sk_live_secret"))
    sealed[position] ^= 1

    with pytest.raises(ValueError, match="cannot be opened"):
        sealer.open(bytes(sealed))


def test_a_password_is_hashed_with_salt_and_checked() -> None:
    hasher = Argon2Hasher()
    hashed = hasher.hash("correct horse")

    assert hashed.startswith("$argon2id$")
    assert hasher.hash("correct horse") != hashed
    assert hasher.verify(hashed, "correct horse")
    for wrong in ("correct hors", "Correct horse", ""):
        assert not hasher.verify(hashed, wrong)
    assert not hasher.verify("not a hash", "correct horse")


@pytest.mark.parametrize("name", FAILPOINTS)
def test_a_failpoint_strikes_at_its_own_place_only(name: str) -> None:
    act = failpoint(f"{name}:raise")

    with pytest.raises(RuntimeError, match=name):
        act(name)
    for other in FAILPOINTS.keys() - {name}:
        act(other)


def test_a_system_in_service_has_no_failpoints() -> None:
    assert failpoint("") is nothing
    with pytest.raises(ValueError, match="no failpoint"):
        failpoint("payment.imagined:raise")


def test_a_burst_of_wakes_is_one_job(valkey_url: str) -> None:
    # A database of its own: the browser tests' scheduler may be waking jobs in the other.
    own_url = valkey_url.rsplit("/", 1)[0] + "/1"
    redis = Redis.from_url(own_url)
    redis.flushdb()
    queue = RqQueue(own_url, wiring.JOBS)
    for _ in range(20):
        queue.wake("inbox")
    queue.wake("refunds")

    assert redis.llen(f"rq:queue:{QUEUE_NAME}") == 2
    redis.flushdb()
    queue.wake("inbox")
    assert redis.llen(f"rq:queue:{QUEUE_NAME}") == 1
    redis.flushdb()
    redis.close()


def test_what_posts_to_the_outside_waits_in_its_own_queue(valkey_url: str) -> None:
    own_url = valkey_url.rsplit("/", 1)[0] + "/2"
    redis = Redis.from_url(own_url)
    redis.flushdb()
    queue = RqQueue(own_url, wiring.JOBS)
    for job in ("inbox", "deliveries", "mails", "housekeeping"):
        queue.wake(job)

    assert redis.llen(f"rq:queue:{QUEUE_NAME}") == 2
    assert redis.llen(f"rq:queue:{OUTSIDE_QUEUE_NAME}") == 2
    redis.close()


def test_a_process_asks_for_events_a_few_times_a_second_at_most(valkey_url: str) -> None:
    own_url = valkey_url.rsplit("/", 1)[0] + "/3"
    redis = Redis.from_url(own_url)
    redis.flushdb()
    queue = RqQueue(own_url, wiring.JOBS)
    for _ in range(5):
        queue.wake("events")
        queue.started("events")  # A worker begins at once: the next wake-up would be another run.

    assert redis.llen(f"rq:queue:{QUEUE_NAME}") == 1
    time.sleep(0.25)
    queue.wake("events")
    assert redis.llen(f"rq:queue:{QUEUE_NAME}") == 2
    redis.close()


def test_a_queue_that_is_gone_holds_nobody_up_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    RqQueue("redis://127.0.0.1:9/0", wiring.JOBS).wake("inbox")

    assert [record.getMessage() for record in caplog.records] == ["queue.unreachable"]


class Crashing:
    """An adapter with a bug."""

    name, js_url, js_origins, methods = "crashing", "", (), frozenset({"card"})
    is_told, key_life, news_answer = False, timedelta(hours=1), None

    def __getattr__(self, name: str) -> object:
        raise KeyError(name)


@pytest.mark.parametrize("operation", ["authorize", "capture", "cancel", "query", "refund"])
def test_a_crash_of_an_adapter_is_an_unknown_outcome(operation: str) -> None:
    asked: list[bool] = []
    guarded = Guarded(Crashing(), lambda: asked.append(True))  # type: ignore[arg-type]

    outcome = getattr(guarded, operation)(None, None)
    assert outcome.detail == f"{operation}: KeyError"
    assert asked == [True]
