"""The refunds list."""

from flask import Blueprint, Response

from app.reports import balances, refunds
from app.web.context import current_merchant, current_person
from app.web.dashboard import filters
from app.web.render import page

blueprint = Blueprint("refunds", __name__)


@blueprint.get("/")
def index() -> Response:
    """The list, as the address filters it."""
    merchant_id, zone = current_merchant(), current_person().timezone
    wanted = filters.refund_filter()
    return page(
        "dashboard/refunds.html",
        "results",
        wanted=wanted,
        found=refunds.refunds(merchant_id, wanted, filters.cursor(), timezone=zone),
        counts=refunds.counts(merchant_id, wanted, timezone=zone),
        currencies=balances.book_currencies(merchant_id),
        here=filters.here,
    )
