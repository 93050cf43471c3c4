"""One's own settings: the browsers one is signed in with."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import NotFound
from app.reports import access
from app.reports.access import SignedInBrowser
from app.services import identity
from app.web.context import current_person, deps
from app.web.render import page

blueprint = Blueprint("settings", __name__)


@blueprint.get("/")
def index() -> Response:
    """Where one is signed in."""
    return page("dashboard/sessions.html", "main", browsers=_browsers())


@blueprint.post("/sessions/revoke")
def revoke() -> AnyResponse:
    """Sign one browser out, or all others; takes effect on its next click."""
    person, handle = current_person(), request.form.get("handle", "")
    others = [one for one in _browsers() if not one.is_this_one]
    chosen = others if handle == "others" else [one for one in others if one.handle == handle]
    if not chosen and handle != "others":
        raise NotFound("session", "")
    for one in chosen:
        identity.revoke_session(deps(), one.handle, user_id=person.user_id)
    flash("Signed out there." if handle != "others" else "Signed out everywhere else.")
    return redirect(url_for("dashboard.settings.index"), 303)


def _browsers() -> list[SignedInBrowser]:
    person = current_person()
    return access.signed_in_browsers(person.user_id, person.token_hash, now=deps().clock.now())
