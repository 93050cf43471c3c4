"""Payment methods: which of them customers are offered, and what each means for the merchant's money."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import InvalidRequest
from app.domain.methods import METHODS, Flow, Method
from app.reports import access
from app.services import merchants
from app.services.audit import By
from app.web.auth import require
from app.web.context import actor, client_address, current_person, deps
from app.web.render import page

blueprint = Blueprint("methods", __name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """One method, as a merchant weighs it."""

    method: Method
    is_on: bool
    where: str
    answer: str
    back: str


@blueprint.get("/")
def index() -> Response:
    """All methods, those that are switched on marked."""
    return _shown(access.methods_of(current_person().merchant_id))


@blueprint.post("/")
def change() -> AnyResponse:
    """Switch methods on and off; open checkouts show it at once."""
    require("team")
    names = request.form.getlist("methods")
    by = By(actor(), client_address())
    try:
        merchants.set_methods(deps(), current_person().merchant_id, names, by=by)
    except InvalidRequest as error:
        return _shown(names, error=error.message, status=422)
    flash("Payment methods saved.")
    return redirect(url_for("dashboard.methods.index"), 303)


def _shown(on: Sequence[str], *, error: str = "", status: int = 200) -> Response:
    """The page; `on` are those that are ticked."""
    choices = [_choice(one, is_on=one.name in on) for one in METHODS.values()]
    return page("dashboard/methods.html", "main", choices=choices, error=error, status=status)


def _choice(one: Method, *, is_on: bool) -> Choice:
    return Choice(
        method=one,
        is_on=is_on,
        where="As a button above the form, where the customer's browser has it; with cards only"
        if one.flow is Flow.EXPRESS
        else "In the form",
        answer=f"in about {one.answer_business_days} business days"
        if one.is_delayed
        else "at once",
        back="in part or whole"
        if one.refund.window_days is None
        else f"in part or whole, for {one.refund.window_days} days",
    )
