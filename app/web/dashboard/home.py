"""Home: how today goes, what is there, what needs somebody."""

from flask import Blueprint, Response, jsonify, request

from app.reports import balances, figures, home
from app.web.context import current_merchant, current_person, deps
from app.web.render import locale, page

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def index() -> Response:
    """The overview, in one currency."""
    person, merchant_id = current_person(), current_merchant()
    now = deps().clock.now()
    today = home.today_of(now, person.timezone)
    known = balances.book_currencies(merchant_id)
    currency = _currency(known)
    return page(
        "dashboard/home.html",
        "overview",
        now=now,
        currency=currency,
        currencies=known,
        today=home.figures(merchant_id, currency, today, person.timezone),
        yesterday=home.figures(merchant_id, currency, home.day_before(today), person.timezone),
        balances=balances.balances(merchant_id),
        attention=home.attention(merchant_id, now=now),
        chart=home.chart(merchant_id, currency, today, person.timezone),
        has_payments=home.has_payments(merchant_id),
    )


@blueprint.get("/chart.json")
def chart() -> Response:
    """The thirty days as a Plotly figure."""
    person = current_person()
    currency = _currency(balances.book_currencies(person.merchant_id))
    today = home.today_of(deps().clock.now(), person.timezone)
    rows = home.chart(person.merchant_id, currency, today, person.timezone)
    return jsonify(figures.volume_and_approval(rows, currency, str(locale())))


def _currency(known: list[str]) -> str:
    """The currency asked for, if the merchant has any of it; else its own."""
    asked = request.args.get("currency", "").upper()
    default = current_person().default_currency
    if asked in known:
        return asked
    return default if default in known or not known else known[0]
