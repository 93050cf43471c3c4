"""Balances: what is available, what arrives when, and the latest journals of the book."""

from flask import Blueprint, Response

from app.reports import balances
from app.web.context import current_merchant
from app.web.dashboard import filters
from app.web.render import page

blueprint = Blueprint("balances", __name__)


@blueprint.get("/")
def index() -> Response:
    """The merchant's money by currency."""
    merchant_id = current_merchant()
    return page(
        "dashboard/balances.html",
        "journals",
        balances=balances.balances(merchant_id),
        arrivals=balances.arrivals(merchant_id),
        found=balances.journals(merchant_id, filters.cursor(), size=10),
        here=filters.here,
    )
