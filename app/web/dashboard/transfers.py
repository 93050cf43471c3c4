"""Transfers: what platforms that one sells through have sent, and what went back."""

from flask import Blueprint, Response

from app.reports import transfers
from app.web.context import current_merchant, deps
from app.web.dashboard import filters
from app.web.render import page

blueprint = Blueprint("transfers", __name__)


@blueprint.get("/")
def index() -> Response:
    """The list, newest first."""
    return page(
        "dashboard/transfers.html",
        "results",
        found=transfers.received(current_merchant(), filters.cursor()),
        today=deps().clock.now().date(),
        here=filters.here,
    )
