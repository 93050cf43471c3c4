"""Wakes RQ workers. Losing a wake-up delays work by one sweep and loses nothing."""

import logging
from collections.abc import Mapping

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)

QUEUE_NAME = "farthing"
ASKED_SECONDS = 3


def connect(redis_url: str) -> "Redis":
    """A client whose calls are bounded: a slow Valkey may not hold up a payment."""
    return Redis.from_url(redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)


class RqQueue:
    """One queued run per job name: a key stands for the run that is asked for and not yet begun."""

    def __init__(self, redis_url: str, jobs: Mapping[str, str]) -> None:
        self._redis = connect(redis_url)
        self._queue = Queue(QUEUE_NAME, connection=self._redis, serializer=JSONSerializer)
        self._jobs = jobs

    def wake(self, job: str) -> None:
        """Ask for one run of a named job."""
        path = self._jobs[job]
        try:
            # The key dies by itself, in case the run that it stands for was lost with the queue.
            if self._redis.set(_key(job), "1", nx=True, ex=ASKED_SECONDS):
                self._queue.enqueue(path, job_timeout=120, result_ttl=0, failure_ttl=3600)
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", extra={"job": job, "error": str(error)})

    def started(self, job: str) -> None:
        """A run begins: whoever wakes the job from now on asks for another run."""
        try:
            self._redis.delete(_key(job))
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", extra={"job": job, "error": str(error)})


def _key(job: str) -> str:
    return f"farthing:wake:{job}"
