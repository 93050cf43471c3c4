"""The ledger: the accounts of the book, the entries of one, its journals, and one journal with its seal."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import InvalidRequest
from app.reports import explorer, explorer_entries, explorer_export
from app.reports.balances import title_of
from app.web import downloads
from app.web.context import current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.render import page

blueprint = Blueprint("ledger", __name__)

EVENTS = {event: title_of(event) for event in explorer.EVENTS}


@blueprint.get("/")
def index() -> Response:
    """Every account by currency, now and at a moment if the address names one."""
    as_of = filters.as_of(current_person().timezone, deps().clock.now())
    return page(
        "dashboard/ledger.html",
        "accounts",
        currencies=explorer.accounts(current_merchant(), as_of.moment),
        as_of=as_of,
        moment=as_of.moment,
    )


@blueprint.get("/accounts/<code>/<currency>")
def account(code: str, currency: str) -> Response:
    """One account's entries, as the address filters them."""
    merchant_id, wanted = current_merchant(), _entry_filter()
    shown = explorer.account(merchant_id, code, currency)
    zone = current_person().timezone
    found = explorer_entries.entries(merchant_id, code, currency, wanted, timezone=zone)
    return page(
        "dashboard/ledger_account.html",
        "entries",
        account=shown,
        currency=currency,
        wanted=wanted,
        found=found,
        events=EVENTS,
        here=filters.here,
    )


@blueprint.get("/accounts/<code>/<currency>/entries.csv")
def export(code: str, currency: str) -> AnyResponse:
    """The account's entries of the period in the address, all events, oldest first."""
    merchant_id, wanted = current_merchant(), _entry_filter()
    explorer.account(merchant_id, code, currency)
    zone = current_person().timezone
    try:
        rows = explorer_export.export(merchant_id, code, currency, wanted, timezone=zone)
    except InvalidRequest as error:
        flash(error.message)
        return redirect(_account_address(code, currency, wanted), 303)
    name = f"{code.replace(':', '-')}-{currency}.csv"
    return downloads.table(name, explorer_export.HEADER, rows)


@blueprint.get("/journals")
def journals() -> AnyResponse:
    """Journals, newest first: all, or those of a payment, a refund or another source."""
    of = filters.text("of")
    if of.startswith("jr_"):
        return redirect(url_for("dashboard.ledger.journal", journal_id=of))
    found = explorer.journals(current_merchant(), of, filters.cursor())
    return page("dashboard/ledger_journals.html", "results", found=found, of=of, here=filters.here)


@blueprint.get("/journals/<journal_id>")
def journal(journal_id: str) -> Response:
    """One journal."""
    found = explorer.journal(current_merchant(), journal_id)
    return page("dashboard/ledger_journal.html", "detail", journal=found)


def _account_address(code: str, currency: str, wanted: explorer_entries.EntryFilter) -> str:
    days: dict[str, Any] = {"from": wanted.first, "to": wanted.last}
    return url_for("dashboard.ledger.account", code=code, currency=currency, **days)


def _entry_filter() -> explorer_entries.EntryFilter:
    return explorer_entries.EntryFilter(
        event=filters.one_of("event", tuple(EVENTS)),
        first=filters.date_of("from"),
        last=filters.date_of("to"),
        after=explorer_entries.Position.of(filters.text("after")),
        before=explorer_entries.Position.of(filters.text("before")),
    )
