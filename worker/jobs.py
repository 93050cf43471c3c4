"""Jobs: wrappers around use-cases. What is to be done stands in rows; a job only looks and does it.

Each may run twice, at the same time, or not at all: rows are leased, and the schedule asks again.
"""

from app.services import expiry, inbound, ledger, refunds, resolver, reversals
from worker.context import application, deps


def handle_inbox() -> None:
    """Apply what processors told us."""
    with application().app_context():
        while inbound.handle_due(deps()) >= 100:
            continue
    # What an event changed may have made something else due.
    deps().queue.wake("refunds")
    deps().queue.wake("reversals")


def submit_refunds() -> None:
    """Send refunds that were requested, ask after those without an answer."""
    with application().app_context():
        while refunds.submit_due(deps()) >= 50:
            continue


def resolve_operations() -> None:
    """Find out what became of calls without an outcome."""
    with application().app_context():
        resolver.resolve_due(deps())


def reverse_late_money() -> None:
    """Give back what came after the customer was told that nothing was taken."""
    with application().app_context():
        reversals.reverse_due(deps())


def expire_checkouts() -> None:
    """End checkouts past their time."""
    with application().app_context():
        expiry.expire_due(deps())


def refresh_stale_payments() -> None:
    """Ask about payments that a lost webhook may have left behind."""
    with application().app_context():
        resolver.refresh_stale(deps())


def release_funds() -> None:
    """Move settled money from pending to available."""
    with application().app_context():
        ledger.release_due(deps())
