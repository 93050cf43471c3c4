"""Events: what merchants' software was told, and where it arrived."""

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import Conflict
from app.reports.developers import events
from app.reports.developers.events import EventFilter
from app.services import redelivery
from app.web.auth import merchant_required
from app.web.context import current_merchant, deps
from app.web.dashboard import filters
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("events", __name__)


@blueprint.get("/")
def index() -> Response:
    """The list, as the address filters it."""
    wanted = EventFilter(type=filters.text("type"), object_id=filters.text("object"))
    return page(
        "dashboard/events.html",
        "results",
        wanted=wanted,
        found=events.events(current_merchant(), wanted, filters.cursor()),
        here=filters.here,
    )


@blueprint.get("/<event_id>")
def show(event_id: str) -> Response:
    """One event; htmx asks again for its deliveries while one is under way."""
    found = events.detail(current_merchant(), event_id, now=deps().clock.now())
    return page("dashboard/event.html", "detail", event=found)


@blueprint.post("/<event_id>/deliveries/<delivery_id>/resend")
@merchant_required("keys")
def resend(event_id: str, delivery_id: str) -> AnyResponse:
    """Send it once more to one endpoint, now."""
    try:
        redelivery.redeliver(deps(), current_merchant(), delivery_id, event_id=event_id)
    except Conflict as error:
        words, tone = error.message, "bad"
    else:
        words, tone = "On its way again", "good"
    if not is_fragment():
        flash(words)
        return redirect(url_for("dashboard.events.show", event_id=event_id), 303)
    return toast(show(event_id), words, tone=tone)
