"""A world that the tests of one module share: emptied once, its books checked when all are done."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from app.services import ledger
from app.services.deps import Deps
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
        broken = ledger.verify()
        assert broken == [], "the test left the books wrong"
    clock.reset()
