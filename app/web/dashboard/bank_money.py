"""Bank transfers: what customers have with us, what nobody explains, and sending it back."""

import secrets

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import FarthingError, NotFound, UnexpectedState
from app.domain.money import Money
from app.reports import bank_money as reports
from app.reports.bank_money import PayerDetail
from app.services import bank_returns
from app.web.auth import merchant_required
from app.web.context import actor, current_merchant, deps
from app.web.dashboard import filters
from app.web.dashboard.bank_money_forms import ReturnForm
from app.web.render import amount as written
from app.web.render import is_fragment, page, plain_amount, toast

blueprint = Blueprint("bank_money", __name__)


@blueprint.get("/")
def index() -> Response:
    """Who has money with us, as the address filters it."""
    merchant_id, tab = current_merchant(), filters.one_of("tab", reports.TABS, "kept")
    return page(
        "dashboard/bank_money.html",
        "results",
        tab=tab,
        found=reports.payers(merchant_id, tab, filters.cursor()),
        counts=reports.counts(merchant_id),
        here=filters.here,
    )


@blueprint.get("/<payer_id>")
def show(payer_id: str) -> Response:
    """One payer."""
    return page("dashboard/payer.html", "detail", found=_detail(payer_id))


@blueprint.get("/<payer_id>/return/<currency>")
@merchant_required("refund")
def return_form(payer_id: str, currency: str) -> Response:
    """The dialog about sending it back."""
    found = _detail(payer_id)
    return _dialog(found, ReturnForm(_free(found, currency), formdata=None))


@blueprint.post("/<payer_id>/return/<currency>")
@merchant_required("refund")
def send_back(payer_id: str, currency: str) -> AnyResponse:
    """Send it back once, however often the button is pressed."""
    found = _detail(payer_id)
    form = ReturnForm(_free(found, currency))
    if not form.validate_on_submit():
        return _dialog(found, form, status=422)
    try:
        bank_returns.request_return(deps(), form.command(current_merchant(), payer_id, actor()))
    except NotFound:
        raise
    except FarthingError as error:
        return _dialog(_detail(payer_id), form, problem=error.message, status=error.status)
    message = f"{written(form.chosen)} is sent back"
    if not is_fragment():
        flash(message)
        return redirect(url_for("dashboard.bank_money.show", payer_id=payer_id), 303)
    response = page("dashboard/payer.html", "detail", found=_detail(payer_id))
    response.headers["HX-Retarget"] = "#payer"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, message, closeDialog=True)


def _dialog(
    found: PayerDetail, form: ReturnForm, *, problem: str = "", status: int = 200
) -> Response:
    form.token.data = form.token.data or secrets.token_hex(12)
    form.amount.data = form.amount.data or plain_amount(form.most)
    return page(
        "dashboard/payer_return.html",
        "dialog",
        found=found,
        form=form,
        problem=problem,
        status=status,
    )


def _detail(payer_id: str) -> PayerDetail:
    return reports.detail(current_merchant(), payer_id)


def _free(found: PayerDetail, currency: str) -> Money:
    """What can be sent back; raises UnexpectedState where there is nothing any more."""
    for money in found.payer.free:
        if money.currency == currency:
            return money
    raise UnexpectedState("There is nothing to send back any more.")
