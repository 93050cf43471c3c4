"""`python -m worker` runs jobs; `python -m worker outside` those that post to the outside;
`python -m worker schedule` asks for the periodic ones.

The schedule is a loop of our own: RQ's cron pickles its jobs and ends when Valkey is away for a
moment; here a tick that cannot be sent is simply sent again at the next.
"""

import logging
import signal
import sys
import threading
import time

from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from app import logs
from app.adapters.queue import OUTSIDE_QUEUE_NAME, QUEUE_NAME
from app.settings import Settings
from worker.context import application, deps
from worker.schedule import SCHEDULE

log = logging.getLogger(__name__)


class Worker(SimpleWorker):
    """RQ's worker gives up for good when Valkey goes away; this one says whether it was told to."""

    max_connection_wait_time = 5.0
    is_told_to_stop = False

    def handle_warm_shutdown_request(self) -> None:
        """A signal came."""
        self.is_told_to_stop = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]


def work(queue_name: str = QUEUE_NAME) -> None:
    """Run a queue's jobs in this process until told to stop. A job killed halfway is found again by its
    rows.
    """
    application()
    connection = Redis.from_url(Settings.read().redis_url, health_check_interval=30)
    while True:
        try:
            worker = Worker([queue_name], connection=connection, serializer=JSONSerializer)
            worker.work(logging_level="WARNING")
            if worker.is_told_to_stop:
                return
            time.sleep(1)
        except StopRequested:
            return
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", extra={"error": str(error)})
            time.sleep(1)


def schedule() -> None:
    """Wake each periodic job at its time until told to stop."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    due = {item.job: 0.0 for item in SCHEDULE}
    while not stopping.is_set():
        now = time.monotonic()
        for item in SCHEDULE:
            if now >= due[item.job]:
                deps().queue.wake(item.job)
                due[item.job] = now + item.every_seconds
        stopping.wait(0.5)


def main() -> None:
    """Choose by the first argument."""
    logs.configure()
    match sys.argv[1:]:
        case []:
            work()
        case ["outside"]:
            work(OUTSIDE_QUEUE_NAME)
        case ["schedule"]:
            schedule()
        case _:
            sys.exit("usage: python -m worker [outside|schedule]")


if __name__ == "__main__":
    main()
