"""Payment methods: which of them customers are offered, and what each means for the merchant's money."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import InvalidRequest
from app.domain.methods import METHODS, Flow, Method
from app.domain.methods.contract import Limit
from app.domain.money import Money
from app.reports import access
from app.services import merchants
from app.services.audit import By
from app.web.auth import require
from app.web.context import actor, client_address, current_person, deps
from app.web.render import amount, country, page

blueprint = Blueprint("methods", __name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """One method, as a merchant weighs it."""

    method: Method
    is_on: bool
    where: str
    answer: str
    back: str
    limits: tuple[tuple[str, str], ...]


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
        where=_where(one),
        answer=_answer(one),
        limits=_limits(one),
        back="in part or whole"
        if one.refund.window_days is None
        else f"in part or whole, for {one.refund.window_days} days",
    )


def _where(method: Method) -> str:
    if method.flow is Flow.EXPRESS:
        return "As a button above the form, where the customer's browser has it; with cards only"
    if method.flow is Flow.REDIRECT:
        return f"In the form, which leads to {method.title}'s own page"
    return "In the form"


def _answer(method: Method) -> str:
    """When it is known whether it is paid."""
    if method.flow is Flow.REDIRECT:
        return f"Customers confirm on {method.title}'s page, which answers at once"
    if method.flow is Flow.TRANSFER:
        return "It is paid when the money has come"
    if method.is_delayed:
        return f"The bank answers in about {method.answer_business_days} business days"
    return "The bank answers at once"


def _limits(method: Method) -> tuple[tuple[str, str], ...]:
    """What it takes where it has limits of its own: by country, or by currency."""
    if method.markets:
        found = [(country(code), one.currency, one.limit) for code, one in method.markets.items()]
    else:
        found = [(code, code, limit) for code, limit in method.limits.items()]
    return tuple(
        (name, _range(code, limit)) for name, code, limit in sorted(found, key=itemgetter(0))
    )


def _range(currency: str, limit: Limit) -> str:
    least, most = (
        None if minor is None else amount(Money(minor, currency))
        for minor in (limit.least_minor, limit.most_minor)
    )
    if least and most:
        return f"{least} to {most}"
    return f"at most {most}" if most else f"at least {least}"
