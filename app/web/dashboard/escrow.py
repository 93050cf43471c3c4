"""Escrow: what is held, and letting it go: release, freeze, and when it goes by itself."""

import secrets

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import EscrowStateUnexpected, FarthingError, NotFound, StaleAmount
from app.domain.escrow import Share
from app.domain.money import Money
from app.reports import escrow as reports
from app.reports import payment
from app.reports.escrow import HoldDetail
from app.services import escrow, sellers
from app.services.escrow import FreezeEscrow
from app.web.auth import merchant_required
from app.web.context import actor, current_merchant, deps
from app.web.dashboard import filters
from app.web.dashboard.escrow_forms import AutomaticForm, FreezeForm, ReleaseForm
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("escrow", __name__)


@blueprint.get("/")
def index() -> Response:
    """What is held now, and the list as the address filters it."""
    merchant_id, now = current_merchant(), deps().clock.now()
    tab = filters.one_of("tab", reports.TABS, "open")
    return page(
        "dashboard/escrow.html",
        "results",
        tab=tab,
        found=reports.holds(merchant_id, tab, filters.cursor(), now=now),
        counts=reports.counts(merchant_id, now=now),
        held=reports.held_now(merchant_id),
        sellers=reports.sellers(merchant_id),
        days=reports.release_days(merchant_id),
        here=filters.here,
    )


@blueprint.get("/<payment_id>/release")
@merchant_required("release")
def release_form(payment_id: str) -> Response:
    """The release dialog, with what its first choice would come to."""
    hold = _hold(payment_id)
    return _dialog(hold, _form(hold, is_fresh=True))


@blueprint.get("/<payment_id>/release/preview")
@merchant_required("release")
def preview(payment_id: str) -> Response:
    """What the release would come to as the dialog is filled in now; nothing is changed."""
    hold = _hold(payment_id)
    form = ReleaseForm(hold, reports.sellers(current_merchant()), request.args)
    return _dialog(hold, form, fragment="preview", is_read=form.read())


@blueprint.post("/<payment_id>/release")
@merchant_required("release")
def release(payment_id: str) -> AnyResponse:
    """Release once, however often the button is pressed; or show the dialog with another seller's row."""
    hold = _hold(payment_id)
    form = _form(hold)
    if form.wants_more:
        is_read = form.read()
        form.forgive()
        return _dialog(hold, form, is_read=is_read)
    if not form.validate_on_submit():
        return _dialog(hold, form, problem=form.problem, status=422, is_read=False)
    try:
        escrow.release(deps(), form.command(current_merchant(), actor()))
    except NotFound:
        raise
    except StaleAmount as error:
        fresh = _hold(payment_id)
        return _dialog(
            fresh, _form(fresh, is_fresh=True), problem=error.message, status=error.status
        )
    except FarthingError as error:
        return _dialog(_hold(payment_id), form, problem=error.message, status=422)
    return _done(payment_id, "Released from escrow")


def _form(hold: HoldDetail, *, is_fresh: bool = False) -> ReleaseForm:
    known = reports.sellers(current_merchant())
    return ReleaseForm(hold, known, None if is_fresh else request.form)


def _dialog(
    hold: HoldDetail,
    form: ReleaseForm,
    *,
    problem: str = "",
    status: int = 200,
    fragment: str = "dialog",
    is_read: bool = True,
) -> Response:
    form.token.data = form.token.data or secrets.token_hex(12)
    form.count.data = str(len(form.rows))
    form.expected_held.data = form.expected_held.data or str(hold.left.amount_minor)
    shares, why_not = _shares(form) if is_read else ((), "")
    return page(
        "dashboard/release.html",
        fragment,
        hold=hold,
        form=form,
        names={one.id: one.name for one in reports.sellers(current_merchant())},
        shares=shares,
        total=sum((one.gross for one in shares), Money.zero(hold.left.currency)),
        why_not=why_not,
        problem=problem,
        status=status,
    )


def _shares(form: ReleaseForm) -> tuple[list[Share], str]:
    """Every party's amount, or why there would be none."""
    try:
        return escrow.preview(form.command(current_merchant(), actor())), ""
    except NotFound:
        raise
    except FarthingError as error:
        return [], error.message


@blueprint.get("/<payment_id>/freeze")
@merchant_required("release")
def freeze_form(payment_id: str) -> Response:
    """The freeze dialog."""
    return _freeze_dialog(_hold(payment_id), FreezeForm(formdata=None))


@blueprint.post("/<payment_id>/freeze")
@merchant_required("release")
def freeze(payment_id: str) -> AnyResponse:
    """Keep the money where it is."""
    hold, form = _hold(payment_id), FreezeForm()
    if not form.validate_on_submit():
        return _freeze_dialog(hold, form, status=422)
    command = FreezeEscrow(current_merchant(), hold.id, actor(), str(form.reason.data))
    try:
        escrow.freeze(deps(), command)
    except EscrowStateUnexpected as error:
        return _freeze_dialog(_hold(payment_id), form, problem=error.message, status=422)
    return _done(payment_id, "Frozen")


def _freeze_dialog(
    hold: HoldDetail, form: FreezeForm, *, problem: str = "", status: int = 200
) -> Response:
    return page(
        "dashboard/freeze.html", "dialog", hold=hold, form=form, problem=problem, status=status
    )


@blueprint.post("/<payment_id>/unfreeze")
@merchant_required("release")
def unfreeze(payment_id: str) -> AnyResponse:
    """Let it go its way again."""
    escrow.unfreeze(deps(), current_merchant(), _hold(payment_id).id, actor())
    return _done(payment_id, "No longer frozen")


@blueprint.get("/automatic")
@merchant_required("release")
def automatic_form() -> Response:
    """The dialog about releases that happen by themselves."""
    form = AutomaticForm(formdata=None)
    form.days.data = str(reports.release_days(current_merchant()) or "")
    return page("dashboard/automatic.html", "dialog", form=form)


@blueprint.post("/automatic")
@merchant_required("release")
def automatic() -> AnyResponse:
    """Set after how many days; for payments to come."""
    form = AutomaticForm()
    if not form.validate_on_submit():
        return page("dashboard/automatic.html", "dialog", form=form, status=422)
    days = form.read()
    sellers.set_release_days(current_merchant(), days)
    message = f"Released after {days} days" if days else "Nothing is released by itself"
    if not is_fragment():
        flash(message)
        return redirect(url_for("dashboard.escrow.index"), 303)
    response = index()
    response.headers["HX-Retarget"] = "#results"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, message, closeDialog=True)


def _done(payment_id: str, message: str) -> AnyResponse:
    """Back to the payment: its fresh live part under the closed dialog, or the page by GET."""
    if not is_fragment():
        flash(message)
        return redirect(url_for("dashboard.payments.show", payment_id=payment_id), 303)
    found = payment.detail(current_merchant(), payment_id, now=deps().clock.now())
    response = page("dashboard/payment.html", "detail", payment=found)
    response.headers["HX-Retarget"] = "#payment"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, message, closeDialog=True)


def _hold(payment_id: str) -> HoldDetail:
    found = reports.of_payment(current_merchant(), payment_id)
    if found is None:
        raise NotFound("escrow hold", payment_id)
    return found
