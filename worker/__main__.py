"""`python -m worker` runs jobs; `python -m worker schedule` asks for the periodic ones.

The schedule is a loop of our own: RQ's cron pickles its jobs and ends when Valkey is away for a
moment; here a tick that cannot be sent is simply sent again at the next.
"""

import signal
import sys
import threading
import time

from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from app import logs
from app.adapters.queue import QUEUE_NAME
from app.settings import Settings
from worker.context import application, deps
from worker.schedule import SCHEDULE


def work() -> None:
    """Run jobs in this process until told to stop. A job killed halfway is found again by its rows."""
    application()
    connection = Redis.from_url(Settings.read().redis_url, health_check_interval=30)
    worker = SimpleWorker([QUEUE_NAME], connection=connection, serializer=JSONSerializer)
    worker.work(logging_level="WARNING")


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
        case ["schedule"]:
            schedule()
        case _:
            sys.exit("usage: python -m worker [schedule]")


if __name__ == "__main__":
    main()
