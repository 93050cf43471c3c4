"""Payouts: the list, one with its waterfall and the lines behind it, paying out by hand, and the terms."""

import secrets

from flask import Blueprint, Response, flash, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.currencies import CURRENCIES
from app.domain.errors import FarthingError, NotFound
from app.domain.money import Money
from app.domain.payouts import Terms
from app.domain.rails import FAILURE_ADVICE, FailureCode
from app.reports import balances, figures, payouts
from app.reports.payouts import Detail
from app.services import payout_terms
from app.services import payouts as commands
from app.services.audit import By
from app.services.bank_accounts import unpayable
from app.web.auth import merchant_required
from app.web.context import actor, client_address, current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.dashboard.next_payouts import next_payouts, why_not
from app.web.dashboard.payout_forms import PayoutForm, TermsForm
from app.web.render import amount as written
from app.web.render import is_fragment, locale, page, plain_amount

blueprint = Blueprint("payouts", __name__)


@blueprint.get("/")
def index() -> Response:
    """The list, newest first, and when the next ones are due."""
    merchant_id = current_merchant()
    known = balances.book_currencies(merchant_id)
    positions = balances.positions(merchant_id)
    currency = request.args.get("currency", "").upper()
    currency = currency if currency in known else ""
    return page(
        "dashboard/payouts.html",
        "results",
        found=payouts.payouts(merchant_id, filters.cursor(), currency),
        positions=positions,
        upcoming=next_payouts(deps(), merchant_id, positions),
        currencies=known,
        currency=currency,
        here=filters.here,
    )


@blueprint.get("/<payout_id>")
def show(payout_id: str) -> Response:
    """One payout; the lines are those behind the bar that the address names."""
    found = _detail(payout_id)
    bar = filters.one_of("bar", tuple(one.category for one in found.bars if one.category))
    code = found.payout.failure_code
    return page(
        "dashboard/payout.html",
        "lines",
        detail=found,
        bar=bar,
        bar_name=next((one.name for one in found.bars if one.category == bar), ""),
        lines=payouts.lines(
            current_merchant(), payout_id, found.payout.amount.currency, bar, filters.cursor()
        ),
        advice=FAILURE_ADVICE[FailureCode(code)] if code else None,
        title_of=balances.title_of,
        here=filters.here,
    )


@blueprint.get("/<payout_id>/waterfall.json")
def waterfall(payout_id: str) -> Response:
    """The payout as a Plotly figure."""
    return jsonify(figures.waterfall(_detail(payout_id), str(locale())))


def _detail(payout_id: str) -> Detail:
    found = payouts.payout(current_merchant(), payout_id)
    if found is None:
        raise NotFound("payout", payout_id)
    return found


@blueprint.get("/new")
@merchant_required("payouts")
def payout_form() -> Response:
    """The dialog, prefilled with all that is available."""
    return _payout_dialog(PayoutForm(_available(), formdata=None))


@blueprint.post("/new")
@merchant_required("payouts")
def make() -> AnyResponse:
    """Pay out once, however often the button is pressed."""
    form = PayoutForm(_available())
    # A second click finds less than the first one took: it is told what that one did.
    known = commands.made_under(current_merchant(), form.client_key())
    if known is not None:
        return _done(f"Payout of {written(known.amount)} requested", known.id)
    if not form.validate_on_submit():
        return _payout_dialog(form, status=422)
    try:
        made = commands.create_payout(deps(), form.command(current_merchant(), actor()))
    except FarthingError as error:
        if error.status >= 500:
            raise
        return _payout_dialog(form, problem=error.message, status=error.status)
    return _done(f"Payout of {written(form.chosen)} requested", made or "")


def _payout_dialog(form: PayoutForm, *, problem: str = "", status: int = 200) -> Response:
    """The form, or instead of it why nothing can be paid out now."""
    form.token.data = form.token.data or secrets.token_hex(12)
    form.amount.data = form.amount.data or plain_amount(form.most)
    return page(
        "dashboard/payout_new.html",
        "dialog",
        form=form,
        problem=problem,
        refusal=_refusal(form.most),
        status=status,
    )


def _refusal(most: Money) -> str:
    """Why no amount has to be asked for; empty where a payout can be made."""
    reason = unpayable(deps(), current_merchant(), most.currency)
    if reason is not None:
        return why_not(reason)
    return "" if most else f"Nothing is available in {most.currency} now."


def _done(message: str, payout_id: str) -> AnyResponse:
    flash(message)
    target = url_for("dashboard.payouts.show", payout_id=payout_id)
    if is_fragment():
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, 303)


def _available() -> Money:
    """What can be paid out in the address's currency; raises NotFound where nothing ever moved."""
    currency = request.args.get("currency", "").upper()
    for one in balances.positions(current_merchant()):
        if one.currency == currency:
            return max(one.available, Money.zero(currency))
    raise NotFound("balance in", currency[:3])


@blueprint.post("/<payout_id>/cancel")
@merchant_required("payouts")
def cancel(payout_id: str) -> AnyResponse:
    """Call a payout back before the bank was asked."""
    commands.cancel_payout(deps(), current_merchant(), payout_id, actor())
    flash("The payout was canceled; the money is in your balance again")
    return redirect(url_for("dashboard.payouts.show", payout_id=payout_id), 303)


@blueprint.get("/schedule/<currency>")
@merchant_required("payouts")
def terms_form(currency: str) -> Response:
    """When and how one currency is paid out."""
    return _terms_page(TermsForm.of(_terms(currency), currency.upper()))


@blueprint.post("/schedule/<currency>")
@merchant_required("payouts")
def set_terms(currency: str) -> AnyResponse:
    """Change it."""
    terms = _terms(currency)
    form = TermsForm(currency.upper())
    if not form.validate_on_submit():
        return _terms_page(form, status=422)
    by = By(actor(), client_address())
    try:
        payout_terms.set_terms(deps(), form.command(current_merchant(), by, terms))
    except FarthingError as error:
        return _terms_page(form, problem=error.message, status=error.status)
    flash(f"Payouts in {currency.upper()} follow the new schedule")
    return redirect(url_for("dashboard.payouts.index"), 303)


def _terms(currency: str) -> Terms:
    code = currency.upper()
    person = current_person()
    known = balances.book_currencies(person.merchant_id) or [person.default_currency]
    if code not in CURRENCIES or code not in known:
        raise NotFound("balance in", currency[:3])
    found = payouts.schedules(person.merchant_id).get(code)
    return found.terms if found else Terms()


def _terms_page(form: TermsForm, *, problem: str = "", status: int = 200) -> Response:
    return page("dashboard/payout_terms.html", "main", form=form, problem=problem, status=status)
