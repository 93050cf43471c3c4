"""API keys: which there are and when they were last used. A key's text is shown once, when it is made."""

from flask import Blueprint, Response

from app.reports import access
from app.web.context import current_merchant
from app.web.render import page

blueprint = Blueprint("developers", __name__)


@blueprint.get("/")
def index() -> Response:
    """All keys of the account."""
    return page("dashboard/keys.html", "main", keys=access.keys(current_merchant()))
