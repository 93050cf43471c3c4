"""What caused an event: the API request that is being answered, or none.

It concerns every event and no decision, so it travels beside the commands and not in them. It lasts
as long as its block, and a thread that answers no request causes nothing in the name of one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """A request of a merchant's software and its idempotency key; without both nobody asked."""

    request_id: str | None = None
    idempotency_key: str | None = None


NOBODY = Origin()
_current: ContextVar[Origin] = ContextVar("farthing_origin", default=NOBODY)


def origin() -> Origin:
    """What events are caused by just now."""
    return _current.get()


@contextmanager
def caused_by(request: Origin) -> Iterator[None]:
    """Name the request in every event that is written inside the block."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
