"""Balances: what is whose by currency, now or at any moment, when pending money arrives, and statements."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import NotFound
from app.domain.ids import lowest_id
from app.reports import balances, statement
from app.reports.paging import Cursor
from app.reports.statement import Month
from app.web import downloads
from app.web.context import current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.dashboard.next_payouts import next_payouts
from app.web.render import page, timezone

blueprint = Blueprint("balances", __name__)

FIRST_YEAR = 2000
HEADER = (
    "balance_transaction", "created", "available_on", "kind", "source", "payment", "gross", "fee",
    "net", "balance", "currency",
)  # fmt: skip


@blueprint.get("/")
def index() -> Response:
    """The merchant's money by currency."""
    merchant_id = current_merchant()
    as_of = filters.as_of(current_person().timezone, deps().clock.now())
    at = as_of.moment
    positions = balances.positions(merchant_id, at)
    return page(
        "dashboard/balances.html",
        "journals",
        positions=positions,
        at=at,
        local=at.astimezone(timezone()) if at else None,
        as_of=as_of,
        arrivals=balances.arrivals(merchant_id) if at is None else [],
        upcoming=next_payouts(deps(), merchant_id, positions) if at is None else {},
        found=balances.journals(merchant_id, _cursor(at), size=10),
        here=filters.here,
        month=Month(*_this_month(), current_person().timezone),
    )


def _cursor(at: datetime | None) -> Cursor:
    """Which page of the entries; of the past, the first begins at its moment."""
    found = filters.cursor()
    if at is None or found.after or found.before:
        return found
    return Cursor(after=lowest_id("jr", at + timedelta(milliseconds=1)))


def _this_month() -> tuple[int, int]:
    now = deps().clock.now().astimezone(ZoneInfo(current_person().timezone))
    return now.year, now.month


@blueprint.get("/statement")
def show_statement() -> Response:
    """A month in one currency: opening, what came and went, closing."""
    merchant_id = current_merchant()
    currency, known = _currency()
    month, problem = _month()
    return page(
        "dashboard/statement.html",
        "moves",
        told=statement.statement(merchant_id, currency, month, deps().clock.now()),
        found=statement.moves(merchant_id, currency, month, filters.cursor()),
        currencies=known,
        problem=problem,
        title_of=balances.title_of,
        here=filters.here,
    )


@blueprint.get("/statement.csv")
def export_statement() -> AnyResponse:
    """The same, every movement with the balance after it, oldest first."""
    currency, _ = _currency()
    month, problem = _month()
    if problem:
        asked = filters.text("month")
        target = url_for("dashboard.balances.show_statement", month=asked, currency=currency)
        return redirect(target, 303)
    rows = (
        (
            "txn_" + one.journal_id.removeprefix("jr_"), one.at.isoformat(), one.available_on,
            one.event, one.source_id, one.payment_id, one.gross, one.fee, one.net, one.balance,
            currency,
        )
        for one in statement.export(current_merchant(), currency, month)
    )  # fmt: skip
    return downloads.table(f"statement-{month}-{currency}.csv", HEADER, rows)


def _currency() -> tuple[str, list[str]]:
    """The currency of the address, and all there are; raises NotFound for one that is not in the book."""
    person = current_person()
    known = balances.book_currencies(person.merchant_id) or [person.default_currency]
    currency = request.args.get("currency", "").upper() or _first(known, person.default_currency)
    if currency not in known:
        raise NotFound("balance in", currency[:3])
    return currency, known


def _month() -> tuple[Month, str]:
    """The month of the address; or this one, and why it is not the one that was asked for."""
    zone = current_person().timezone
    this = _this_month()
    asked = filters.date_of("month") or filters.date_of_month("month")
    if asked is None or asked.year < FIRST_YEAR:
        problem = "That is no month. This is the current one." if filters.text("month") else ""
        return Month(*this, zone), problem
    if (asked.year, asked.month) > this:
        return Month(*this, zone), "That month is still to come. This is the current one."
    return Month(asked.year, asked.month, zone), ""


def _first(known: list[str], default: str) -> str:
    return default if default in known else known[0]
