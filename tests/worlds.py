"""A world that the tests of one module share: emptied once, its books checked when all are done."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from app.services import ledger
from app.services.deps import Deps
from app.store.ledger_checks import CHECKS
from tests import servers
from tests.factories import FakeQueue, TestClock


@contextmanager
def emptied(app: Flask, queue: FakeQueue, clock: TestClock, database_url: str) -> Iterator[Deps]:
    """The ports of the application, inside its context, on an empty database."""
    # Lines of the last test must not be written into this one's database.
    app.extensions["farthing_request_log"].flush()
    servers.truncate_all(database_url)
    found: Deps = app.extensions["farthing"]
    for remembered in (
        found.accounts, found.callers, found.prices, found.settlements, found.rates,
    ):  # fmt: skip
        remembered.forget()
    clock.reset()
    queue.reset(found)
    with app.app_context():
        yield found
        if broken_invariants(database_url):
            assert ledger.verify() == [], "the test left the books wrong"
    clock.reset()


# All invariants in one statement: two thousand tests end with it, and it is planned once.
_INVARIANTS = " UNION ALL ".join(
    f"(SELECT '{name}' FROM ({query}) AS broken LIMIT 1)"  # noqa: S608 - constants of ours
    for name, (_, query) in CHECKS.items()
)


def broken_invariants(database_url: str) -> list[str]:
    """The names of what does not hold, of those that `ledger.verify` looks at."""
    found = servers.owner(database_url).execute(_INVARIANTS, prepare=True).fetchall()
    return [name for (name,) in found]
