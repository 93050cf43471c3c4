"""Wakes RQ workers. Losing a wake-up delays work by one sweep and loses nothing."""

import logging
from collections.abc import Mapping

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)

QUEUE_NAME = "farthing"


def connect(redis_url: str) -> "Redis":
    """A client whose calls are bounded: a slow Valkey may not hold up a payment."""
    return Redis.from_url(redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)


class RqQueue:
    """One queued job per name at a time: a key of one second's life coalesces a burst of wakes."""

    def __init__(self, redis_url: str, jobs: Mapping[str, str]) -> None:
        self._redis = connect(redis_url)
        self._queue = Queue(QUEUE_NAME, connection=self._redis, serializer=JSONSerializer)
        self._jobs = jobs

    def wake(self, job: str) -> None:
        """Ask for one run of a named job."""
        path = self._jobs[job]
        try:
            if self._redis.set(f"farthing:wake:{job}", "1", nx=True, px=200):
                self._queue.enqueue(path, job_timeout=120, result_ttl=0, failure_ttl=3600)
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", extra={"job": job, "error": str(error)})
