"""The application that this process's jobs run in: made once, on first use."""

from functools import cache

from flask import Flask

from app import create_app
from app.services.deps import Deps


@cache
def application() -> Flask:
    """The worker's own application; no module-level state is made on import."""
    return create_app()


def deps() -> Deps:
    """The ports of the worker's application."""
    found = application().extensions["farthing"]
    if not isinstance(found, Deps):
        raise TypeError("the application was not wired")
    return found
