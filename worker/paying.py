"""Jobs that send money out: micro-deposits to new bank accounts."""

from app.services import bank_deposits
from worker.jobs import BATCH, job


def send_deposits() -> None:
    """Send micro-deposits that are due, ask after those without an answer."""
    with job("deposits") as ports:
        while bank_deposits.send_due(ports, BATCH) == BATCH:
            continue
