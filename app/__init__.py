"""Farthing: `create_app` makes the product; `app.sandbox` beside it is the outside world.

The factory is imported when it is called, because the sandbox starts from the same package
without the product.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.domain.clock import Clock
    from app.domain.ports import Queue
    from app.settings import Settings


def create_app(
    settings: "Settings | None" = None,
    *,
    clock: "Clock | None" = None,
    queue: "Queue | None" = None,
) -> "Flask":
    """Build one application; tests hand in settings, a clock or a queue of their own."""
    from app.factory import create  # noqa: PLC0415 - see above

    return create(settings, clock=clock, queue=queue)
