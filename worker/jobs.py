"""Jobs: wrappers around use-cases. What is to be done stands in rows; a job only looks and does it.

Each may run twice, at the same time, or not at all: rows are leased, and the schedule asks again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from app.services import (
    bank_returns,
    books,
    conversions,
    escrow,
    expiry,
    fx,
    inbound,
    ledger,
    onward,
    payout_sending,
    payout_terms,
    payouts,
    polling,
    proof,
    refunds,
    resolver,
    reversals,
)
from app.services.deps import Deps
from worker.context import application, deps

BATCH = 50


@contextmanager
def job(name: str) -> Iterator[Deps]:
    """Inside the application, with the wake-up that led here answered."""
    with application().app_context():
        deps().queue.started(name)
        yield deps()


@contextmanager
def moving_job(name: str) -> Iterator[Deps]:
    """A job whose use-cases write events: they are published right after."""
    with job(name) as ports:
        try:
            yield ports
        finally:
            ports.queue.wake("events")


def handle_inbox() -> None:
    """Apply what processors told us; it may have made money due to go back."""
    with moving_job("inbox") as ports:
        while inbound.handle_due(ports, BATCH) == BATCH:
            continue
        ports.queue.wake("reversals")


def submit_refunds() -> None:
    """Send refunds and returns that were requested, ask after those without an answer."""
    with moving_job("refunds") as ports:
        while refunds.submit_due(ports, BATCH) == BATCH:
            continue
        while bank_returns.submit_due(ports, BATCH) == BATCH:
            continue


def resolve_operations() -> None:
    """Find out what became of calls without an outcome."""
    with moving_job("resolver") as ports:
        resolver.resolve_due(ports)


def reverse_late_money() -> None:
    """Give back what came after the customer was told that nothing was taken."""
    with moving_job("reversals") as ports:
        reversals.reverse_due(ports)


def expire_checkouts() -> None:
    """End checkouts past their time, and payments whose customer never answered the bank."""
    with moving_job("expiry") as ports:
        expiry.expire_due(ports)
        expiry.abandon_waiting(ports)


def refresh_stale_payments() -> None:
    """Ask about payments that a lost webhook may have left behind."""
    with moving_job("stale") as ports:
        resolver.refresh_stale(ports)


def close_books() -> None:
    """Seal what is final in every book, and let the sums follow."""
    with job("books") as ports:
        books.close_books(ports)


def fetch_rates() -> None:
    """Fetch the newest exchange rates."""
    with job("rates") as ports:
        fx.fetch_rates(ports)
        ports.queue.wake("conversions")


def convert_waiting() -> None:
    """Convert the money that waits for a rate."""
    with job("conversions") as ports:
        while conversions.convert_due(ports, BATCH) >= BATCH:
            continue


def release_funds() -> None:
    """Move settled money from pending to available."""
    with job("release") as ports:
        ledger.release_due(ports)


def pay_scheduled() -> None:
    """Give back reserves whose time is over, and make the payouts whose day has come."""
    with moving_job("paydays") as ports:
        payout_terms.release_reserves(ports)
        payouts.pay_scheduled(ports)


def submit_payouts() -> None:
    """Ask the bank to carry what is owed, and after what is on its way."""
    with moving_job("payouts") as ports:
        while payout_sending.submit_due(ports, BATCH) == BATCH:
            continue


def prove_books() -> None:
    """Go a step with the check of a book; the other jobs have their turn before the next."""
    with job("proofs") as ports:
        proof.run_due(ports)


def release_escrow() -> None:
    """Release what was held as long as its merchant set."""
    with moving_job("escrow") as ports:
        while escrow.release_due(ports, BATCH) == BATCH:
            continue


def send_onward() -> None:
    """Send on to sellers what was captured for them."""
    with moving_job("onward") as ports:
        while onward.transfer_due(ports, BATCH) == BATCH:
            continue


def poll_news() -> None:
    """Fetch the events that no webhook brought."""
    with job("news") as ports:
        polling.poll_due(ports)
