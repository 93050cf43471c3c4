"""Payment methods: which of them customers are offered, and what each means for the merchant's money."""

from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

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
    answer: str
    back: str


@blueprint.get("/")
def index() -> Response:
    """All methods, those that are switched on marked."""
    return page("dashboard/methods.html", "main", choices=_choices(), error="")


@blueprint.post("/")
def change() -> AnyResponse:
    """Switch methods on and off; open checkouts show it at once."""
    require("team")
    names = request.form.getlist("methods")
    if not names:
        error = "Leave at least one way to pay switched on."
        return page("dashboard/methods.html", "main", choices=_choices(), error=error, status=422)
    merchants.set_methods(
        deps(),
        current_person().merchant_id,
        names,
        by=By(actor(), client_address()),
    )
    flash("Payment methods saved.")
    return redirect(url_for("dashboard.methods.index"), 303)


def _answer(method: Method) -> str:
    """When it is known whether it is paid."""
    if method.flow is Flow.TRANSFER:
        return "It is paid when the money has come"
    if method.is_delayed:
        return f"The bank answers in about {method.answer_business_days} business days"
    return "The bank answers at once"


def _choices() -> list[Choice]:
    on = access.methods_of(current_person().merchant_id)
    return [
        Choice(
            method=one,
            is_on=one.name in on,
            answer=_answer(one),
            back="in part or whole"
            if one.refund.window_days is None
            else f"in part or whole, for {one.refund.window_days} days",
        )
        for one in METHODS.values()
    ]
