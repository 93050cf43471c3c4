"""Who is asking and with what: the one place where views reach the application's state.

A view never takes a merchant from the address or the form; it asks here, so it cannot forget the tenant.
"""

from typing import cast

from flask import current_app, g, request
from flask_login import current_user

from app.domain.errors import NotSignedIn
from app.domain.ids import new_id
from app.domain.permissions import allows
from app.services.deps import Deps
from app.services.identity import Person


def deps() -> Deps:
    """What use-cases are given."""
    return cast("Deps", current_app.extensions["farthing"])


def request_id() -> str:
    """This request's id: sent back in a header, shown on error pages, written in logs."""
    if "request_id" not in g:
        g.request_id = new_id("req", deps().clock.now())
    return str(g.request_id)


def person_or_none() -> Person | None:
    """The person who is signed in, if one is."""
    if not current_user.is_authenticated:
        return None
    return cast("Person", current_user.person)


def current_person() -> Person:
    """The person who is signed in; raises NotSignedIn."""
    person = person_or_none()
    if person is None:
        raise NotSignedIn("Sign in to continue.")
    return person


def current_merchant() -> str:
    """The id of the merchant whose account the person is looking at."""
    return current_person().merchant_id


def actor() -> str:
    """How the person is named in events."""
    return f"user:{current_person().email}"


def may(permission: str) -> bool:
    """Whether the person has the permission at the current merchant."""
    person = person_or_none()
    return person is not None and allows(person.role, permission)


def client_address() -> str:
    """The visitor's address, as far as the trusted proxies tell."""
    return request.remote_addr or ""
