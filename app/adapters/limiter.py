"""Counts calls per key and second in Valkey, for all processes together.

The budget of a second is a run of numbered tokens. A call passes if its token's number lies below its
class's share, so searches are turned away first and payments last. A process takes tokens in chunks
that grow within the second and spends them by itself: the first calls of a second are counted one by
one, a busy second costs a round trip per sixteen. Never more tokens are handed out than the budget
has; those that a process took and did not spend are lost with the second.

A Valkey that is gone or slow lets every call pass, and is left alone for a second.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

SHARES_PERCENT = {"search": 25, "read": 60, "standard": 80, "critical": 100}
WINDOW_MILLISECONDS = 1000
LARGEST_CHUNK = 16
PATIENCE_SECONDS = 0.05
LEFT_ALONE_SECONDS = 1.0
LOGGED_EVERY_SECONDS = 60.0
MOST_KEYS = 10_000
# The second begins with its first call and ends with its key.
_TAKE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
local taken = math.max(0, math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - used))
if left < 0 then
    redis.call('SET', KEYS[1], taken, 'PX', ARGV[3])
    return {taken, taken, tonumber(ARGV[3])}
end
if taken > 0 then redis.call('INCRBY', KEYS[1], taken) end
return {used + taken, taken, left}
"""


@dataclass(slots=True)
class _Second:
    """What a process knows of a key's current second: the tokens it holds, and how many are gone."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ends_at: float = 0.0
    next_token: int = 1
    last_token: int = 0
    used: int = 0
    chunk: int = 1


class ValkeyLimiter:
    """A shared budget of `per_second` calls for each key; 0 is no limit."""

    def __init__(self, redis_url: str, per_second: int) -> None:
        self._redis: Redis = Redis.from_url(
            redis_url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = self._redis.register_script(_TAKE)
        self._limits = {
            weight: max(1, per_second * share // 100) for weight, share in SHARES_PERCENT.items()
        }
        self._is_off = per_second <= 0
        self._seconds: dict[str, _Second] = {}
        self._lock = threading.Lock()
        self._silent_until = 0.0
        self._logged_at = -LOGGED_EVERY_SECONDS

    def take(self, key: str, weight: str) -> int:
        """0 if the call may go on, else after how many seconds to come again."""
        limit = self._limits[weight]
        if self._is_off or time.monotonic() < self._silent_until:
            return 0
        second = self._second(key)
        with second.lock:
            if time.monotonic() >= second.ends_at:
                second.next_token, second.last_token, second.used, second.chunk = 1, 0, 0, 1
            # How many are gone only grows within a second: there is no need to ask again.
            if second.next_token > second.last_token and second.used < limit:
                try:
                    self._fill(second, key, limit)
                except (RedisError, OSError) as error:
                    self._fall_silent(error)
                    return 0
            if second.next_token <= min(second.last_token, limit):
                second.next_token += 1
                return 0
        return 1

    def _fill(self, second: _Second, key: str, limit: int) -> None:
        asked_at = time.monotonic()
        wanted = [second.chunk, limit, WINDOW_MILLISECONDS]
        answer = self._take(keys=[f"farthing:calls:{key}"], args=wanted)
        used, taken, left_milliseconds = cast("list[int]", answer)
        second.used, second.last_token, second.next_token = used, used, used - taken + 1
        second.ends_at = asked_at + left_milliseconds / 1000
        second.chunk = min(second.chunk * 2, LARGEST_CHUNK)

    def _second(self, key: str) -> _Second:
        found = self._seconds.get(key)
        if found is not None:
            return found
        with self._lock:
            if len(self._seconds) >= MOST_KEYS:
                self._seconds = {}
            return self._seconds.setdefault(key, _Second())

    def _fall_silent(self, error: Exception) -> None:
        now = time.monotonic()
        self._silent_until = now + LEFT_ALONE_SECONDS
        if now - self._logged_at >= LOGGED_EVERY_SECONDS:
            self._logged_at = now
            log.warning("limiter.unreachable", extra={"error": str(error)[:200]})
