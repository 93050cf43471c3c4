"""Jobs that send money out: micro-deposits to new bank accounts, and files for banks."""

from app.services import bank_deposits, payout_files
from worker.jobs import BATCH, job


def send_deposits() -> None:
    """Send micro-deposits that are due, ask after those without an answer."""
    with job("deposits") as ports:
        while bank_deposits.send_due(ports, BATCH) == BATCH:
            continue


def write_files() -> None:
    """Gather the orders that wait for a bank's file; end those of which no bank can say more."""
    with job("files") as ports:
        payout_files.settle_silent(ports)
        payout_files.write_due(ports)
        payout_files.warn_unfetched(ports)
