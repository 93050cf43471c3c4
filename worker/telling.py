"""Jobs that tell merchants: events into public events, deliveries and mails to the outside; and what
is forgotten in time.

`events` and `housekeeping` run beside the money's jobs, `deliveries` and `mails` in a queue of their own.
"""

from app.services import (
    deliveries,
    idempotency,
    notifications,
    publishing,
    requests,
    retention,
    tokens,
)
from app.web.api.events_out import render
from worker.jobs import job


def publish_events() -> None:
    """Publish what stands in the outbox."""
    with job("events") as ports:
        publishing.publish_due(ports, render)


def deliver_events() -> None:
    """Post to endpoints what is due."""
    with job("deliveries") as ports:
        deliveries.deliver_due(ports)


def send_mails() -> None:
    """Hand waiting mails to the mail server."""
    with job("mails") as ports:
        notifications.send_due(ports)


def keep_house() -> None:
    """Forget answers, request lines, events, deliveries and sealed card fields that are past their time."""
    with job("housekeeping") as ports:
        idempotency.reap(ports)
        requests.reap(ports)
        retention.reap_events(ports)
        tokens.erase_old(ports)
