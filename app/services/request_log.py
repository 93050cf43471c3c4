"""The request log's writer: it costs a request one append to a list.

Answered calls wait in this process's memory and are written by one thread, in one statement per
batch, twice a second at most. A process that crashes loses half a second of lines, and one whose
database is away for long loses the oldest: nothing about money depends on this log.
"""

import atexit
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.store import requests as store

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
BATCH = 500
PAUSE_SECONDS = 0.5
FLUSH_SECONDS = 5.0

Write = Callable[[Sequence[dict[str, Any]]], None]


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One answered call, redacted already: see `app.web.api.log`. `idempotency_outcome` is first,
    resumed, replayed, mismatch or in_use.
    """

    merchant_id: str
    id: str
    method: str
    path: str
    route: str
    status: int
    key_id: str
    ip: str
    user_agent: str
    duration_ms: int
    at: datetime
    error_code: str | None = None
    api_version: str | None = None
    idempotency_key: str | None = None
    idempotency_scope: str | None = None
    idempotency_outcome: str | None = None
    object_id: str | None = None
    query: str | None = None
    request_body: Any = None
    response_body: Any = None


class RequestLog:
    """Takes lines and writes them behind the requests' backs. Its thread starts with the first line,
    so that a process that forks or serves no API has none.
    """

    def __init__(
        self,
        writer: Callable[[], Write] = store.writer,
        *,
        most: int = MOST_WAITING,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._writer, self._pause_seconds = writer, pause_seconds
        self._waiting: deque[LoggedRequest] = deque(maxlen=most)
        self._dropped = 0
        self._write: Write | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wanted = threading.Event()

    @property
    def dropped(self) -> int:
        """How many lines were lost since the process began."""
        return self._dropped

    def add(self, entry: LoggedRequest) -> None:
        """Remember a line; the oldest goes where too many wait. Never waits for the database."""
        if self._write is None:
            self._start()
        with self._lock:
            if len(self._waiting) == self._waiting.maxlen:
                self._dropped += 1
            self._waiting.append(entry)
        self._wanted.set()

    def flush(self) -> None:
        """Write what waits, now."""
        with self._writing:
            while batch := self._take():
                if not self._put(batch):
                    return

    def _start(self) -> None:
        with self._lock:
            if self._write is not None:
                return
            self._write = self._writer()
        threading.Thread(target=self._run, name="request-log", daemon=True).start()
        atexit.register(self._end)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self.flush()
            # The lines of this pause make the next batch.
            threading.Event().wait(self._pause_seconds)

    def _end(self) -> None:
        # A database that is away must not keep the process from ending.
        last = threading.Thread(target=self.flush, daemon=True)
        last.start()
        last.join(FLUSH_SECONDS)

    def _take(self) -> list[LoggedRequest]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _put(self, batch: list[LoggedRequest]) -> bool:
        """Write a batch; False if it has to wait for better times."""
        if self._write is None:
            return False
        try:
            self._write([asdict(entry) for entry in batch])
        except (*store.REFUSED, TypeError, ValueError):
            self._put_one_by_one(batch)
        except Exception as error:  # noqa: BLE001 - a log that fails must not end its thread.
            log.warning("request_log.away %s", str(error)[:200])
            self._give_back(batch)
            return False
        return True

    def _put_one_by_one(self, batch: list[LoggedRequest]) -> None:
        """One line that cannot be stored must not take its neighbours along."""
        for entry in batch:
            try:
                if self._write is not None:
                    self._write([asdict(entry)])
            except Exception as error:  # noqa: BLE001
                self._dropped += 1
                log.warning("request_log.refused %s %s", entry.id, str(error)[:200])

    def _give_back(self, batch: list[LoggedRequest]) -> None:
        with self._lock:
            room = (self._waiting.maxlen or 0) - len(self._waiting)
            kept = batch[max(len(batch) - room, 0) :]
            self._dropped += len(batch) - len(kept)
            self._waiting.extendleft(reversed(kept))
