"""Bank accounts: add, verify, choose and remove them.

Where money goes is nothing to change in passing: whoever does says their password again. An account
number is in the one request that brings it, and in no answer.
"""

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import Conflict, InvalidRequest, NotFound, TooManyAttempts
from app.reports import bank_accounts as report
from app.reports.bank_accounts import ShownAccount, ShownAccounts
from app.services import bank_accounts
from app.services.audit import By
from app.services.bank_account_entry import add_account
from app.web.context import actor, client_address, current_merchant, deps
from app.web.dashboard.bank_account_forms import (
    AddAccountForm,
    BankForm,
    ConfirmAccountForm,
    VerifyAccountForm,
)
from app.web.dashboard.confirming import unproven
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("bank_accounts", __name__)

DO = {"default": bank_accounts.make_default, "remove": bank_accounts.remove_account}
TEMPLATES = {
    "verify": "dashboard/bank_account_verify.html",
    "default": "dashboard/bank_account_act.html",
    "remove": "dashboard/bank_account_act.html",
}
DONE = {"default": "Payouts go to this account now", "remove": "Bank account removed"}


@blueprint.get("/")
def index() -> Response:
    """The accounts that money is paid out to."""
    return page("dashboard/bank_accounts.html", "content", accounts=_accounts())


@blueprint.get("/new")
def new_form() -> Response:
    """The dialog for a new account."""
    return _new_dialog(_add_form())


@blueprint.post("/new")
def create() -> AnyResponse:
    """Add an account; two small amounts go there."""
    form = _add_form()
    if not form.validate_on_submit():
        return _new_dialog(form, status=422)
    refusal = unproven(form.password)
    if refusal is not None:
        return _new_dialog(form, problem=refusal[0], status=refusal[1])
    try:
        add_account(deps(), form.command(current_merchant(), _by()))
    except (InvalidRequest, Conflict, TooManyAttempts) as error:
        return _new_dialog(form, problem=form.blame(error), status=422)
    return _done("Two small amounts are on their way to it")


def _add_form() -> AddAccountForm:
    found = _accounts()
    rails = [rail for rail in deps().rails.values() if rail.is_live == found.is_live]
    carried = sorted({code for rail in rails for code in rail.currencies})
    return AddAccountForm(carried, found.first_currency)


def _new_dialog(form: AddAccountForm, *, problem: str = "", status: int = 200) -> Response:
    return page(
        "dashboard/bank_account_new.html", "dialog", form=form, problem=problem, status=status
    )


@blueprint.get("/<account_id>/verify")
def verify_form(account_id: str) -> Response:
    """The dialog for the two amounts."""
    return _dialog("verify", _account(account_id), VerifyAccountForm(formdata=None))


@blueprint.post("/<account_id>/verify")
def verify(account_id: str) -> AnyResponse:
    """Take the amounts as proof."""
    found, form = _account(account_id), VerifyAccountForm()
    if not form.validate_on_submit():
        return _dialog("verify", found, form, status=422)
    command = form.command(current_merchant(), account_id, found.currency, _by())
    if command is None:
        return _dialog("verify", found, form, status=422)
    try:
        bank_accounts.verify_account(deps(), command)
    except (InvalidRequest, Conflict) as error:
        return _dialog("verify", _account(account_id), form, problem=error.message, status=422)
    return _done("Bank account verified")


@blueprint.get("/<account_id>/default")
def default_form(account_id: str) -> Response:
    """The dialog that says where payouts will go."""
    return _dialog("default", _account(account_id), ConfirmAccountForm(formdata=None))


@blueprint.post("/<account_id>/default")
def default(account_id: str) -> AnyResponse:
    """Pay out to this account."""
    return _confirmed("default", account_id)


@blueprint.get("/<account_id>/remove")
def remove_form(account_id: str) -> Response:
    """The dialog that says what stops."""
    return _dialog("remove", _account(account_id), ConfirmAccountForm(formdata=None))


@blueprint.post("/<account_id>/remove")
def remove(account_id: str) -> AnyResponse:
    """Pay out to this account no more."""
    return _confirmed("remove", account_id)


def _confirmed(act: str, account_id: str) -> AnyResponse:
    found, form = _account(account_id), ConfirmAccountForm()
    if not form.validate_on_submit():
        return _dialog(act, found, form, status=422)
    refusal = unproven(form.password)
    if refusal is not None:
        return _dialog(act, found, form, problem=refusal[0], status=refusal[1])
    try:
        DO[act](deps(), current_merchant(), account_id, _by())
    except Conflict as error:
        return _dialog(act, found, form, problem=error.message, status=422)
    return _done(DONE[act])


def _dialog(
    act: str, account: ShownAccount, form: BankForm, *, problem: str = "", status: int = 200
) -> Response:
    found = _accounts()
    return page(
        TEMPLATES[act],
        "dialog",
        act=act,
        account=account,
        is_live=found.is_live,
        before=found.default_of(account.currency),
        cooling_off_hours=deps().cooling_off_hours,
        form=form,
        problem=problem,
        status=status,
    )


def _account(account_id: str) -> ShownAccount:
    for one in _accounts().current:
        if one.id == account_id:
            return one
    raise NotFound("bank account", account_id)


def _accounts() -> ShownAccounts:
    return report.bank_accounts(current_merchant(), now=deps().clock.now())


def _by() -> By:
    return By(actor(), client_address())


def _done(message: str) -> AnyResponse:
    if not is_fragment():
        flash(message)
        return redirect(url_for("dashboard.bank_accounts.index"), 303)
    response = index()
    response.headers["HX-Retarget"] = "#bank-accounts"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, message, closeDialog=True)
