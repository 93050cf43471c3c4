"""Wakes RQ workers. Losing a wake-up delays work by one sweep and loses nothing.

Two queues: what posts to the outside waits in its own, so that slow receivers never hold up money.
"""

import logging
import threading
import time
from collections.abc import Mapping

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)

QUEUE_NAME = "farthing"
OUTSIDE_QUEUE_NAME = "farthing-outside"
OUTSIDE = frozenset({"deliveries", "mails"})
ASKED_SECONDS = 3
# Woken by every payment: a process asks for it at most so often, and the schedule sweeps each second.
AT_MOST_EVERY_SECONDS = {"events": 0.2}


def connect(redis_url: str) -> "Redis":
    """A client whose calls are bounded: a slow Valkey may not hold up a payment."""
    return Redis.from_url(redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)


class RqQueue:
    """One queued run per job name: a key stands for the run that is asked for and not yet begun."""

    def __init__(self, redis_url: str, jobs: Mapping[str, str]) -> None:
        self._redis = connect(redis_url)
        self._queues = {
            name: Queue(name, connection=self._redis, serializer=JSONSerializer)
            for name in (QUEUE_NAME, OUTSIDE_QUEUE_NAME)
        }
        self._jobs = jobs
        self._woken_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wake(self, job: str) -> None:
        """Ask for one run of a named job."""
        path = self._jobs[job]
        if self._was_just_woken(job):
            return
        queue = self._queues[OUTSIDE_QUEUE_NAME if job in OUTSIDE else QUEUE_NAME]
        try:
            # The key dies by itself, in case the run that it stands for was lost with the queue.
            if self._redis.set(_key(job), "1", nx=True, ex=ASKED_SECONDS):
                queue.enqueue(path, job_timeout=120, result_ttl=0, failure_ttl=3600)
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", extra={"job": job, "error": str(error)})

    def _was_just_woken(self, job: str) -> bool:
        """Whether this process asked for a much-woken job a moment ago."""
        pause = AT_MOST_EVERY_SECONDS.get(job)
        if pause is None:
            return False
        now = time.monotonic()
        with self._lock:
            if now - self._woken_at.get(job, -pause) < pause:
                return True
            self._woken_at[job] = now
        return False

    def started(self, job: str) -> None:
        """A run begins: whoever wakes the job from now on asks for another run."""
        try:
            self._redis.delete(_key(job))
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", extra={"job": job, "error": str(error)})


def _key(job: str) -> str:
    return f"farthing:wake:{job}"
