"""Balances: what is whose by currency, now or at any moment, when pending money arrives, and statements."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from app.domain.errors import NotFound
from app.domain.ids import lowest_id
from app.reports import balances, statement
from app.reports.paging import Cursor
from app.reports.statement import Month
from app.web import downloads
from app.web.context import current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.dashboard.next_payouts import next_payouts
from app.web.render import page

blueprint = Blueprint("balances", __name__)

HEADER = (
    "balance_transaction", "created", "available_on", "kind", "source", "payment", "gross", "fee",
    "net", "balance", "currency",
)  # fmt: skip


@blueprint.get("/")
def index() -> Response:
    """The merchant's money by currency."""
    merchant_id = current_merchant()
    at = _moment()
    positions = balances.positions(merchant_id, at)
    return page(
        "dashboard/balances.html",
        "journals",
        positions=positions,
        at=at,
        arrivals=balances.arrivals(merchant_id) if at is None else [],
        upcoming=next_payouts(deps(), merchant_id, positions) if at is None else {},
        found=balances.journals(merchant_id, _cursor(at), size=10),
        here=filters.here,
        month=Month(*_this_month(), current_person().timezone),
    )


def _moment() -> datetime | None:
    """The moment that the address asks for, in the account's zone; None for now and the future."""
    try:
        asked = datetime.fromisoformat(filters.text("at"))
    except ValueError:
        return None
    if asked.tzinfo is None:
        asked = asked.replace(tzinfo=ZoneInfo(current_person().timezone))
    return asked if asked < deps().clock.now() else None


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
    month, currency, known = _asked()
    return page(
        "dashboard/statement.html",
        "moves",
        told=statement.statement(merchant_id, currency, month, deps().clock.now()),
        found=statement.moves(merchant_id, currency, month, filters.cursor()),
        currencies=known,
        title_of=balances.title_of,
        here=filters.here,
    )


@blueprint.get("/statement.csv")
def export_statement() -> Response:
    """The same, every movement with the balance after it, oldest first."""
    month, currency, _ = _asked()
    rows = (
        (
            "txn_" + one.journal_id.removeprefix("jr_"), one.at.isoformat(), one.available_on,
            one.event, one.source_id, one.payment_id, one.gross, one.fee, one.net, one.balance,
            currency,
        )
        for one in statement.export(current_merchant(), currency, month)
    )  # fmt: skip
    return downloads.table(f"statement-{month}-{currency}.csv", HEADER, rows)


def _asked() -> tuple[Month, str, list[str]]:
    """The month and currency of the address; raises NotFound for a currency that is not in the book."""
    person = current_person()
    known = balances.book_currencies(person.merchant_id) or [person.default_currency]
    currency = request.args.get("currency", "").upper() or _first(known, person.default_currency)
    if currency not in known:
        raise NotFound("balance in", currency[:3])
    year, month = _this_month()
    first = filters.date_of("month") or filters.date_of_month("month")
    if first is not None and 2000 <= first.year <= year + 1:
        year, month = first.year, first.month
    return Month(year, month, person.timezone), currency, known


def _first(known: list[str], default: str) -> str:
    return default if default in known else known[0]
