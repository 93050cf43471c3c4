"""API keys: make, change, roll and revoke them.

The text of a key is in the one answer that makes it: not in an address, not in the cookie, and not kept
by the browser's history. Whoever makes a key that opens something says their password again.
"""

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import Conflict, InvalidRequest
from app.reports import access
from app.reports.access import Key
from app.services import keys
from app.services.audit import By
from app.services.keys import NewKey
from app.web.auth import ConfirmForm, merchant_required
from app.web.context import actor, client_address, current_merchant, deps
from app.web.dashboard.confirming import unproven
from app.web.dashboard.key_forms import (
    CUSTOM,
    OVERLAPS,
    PRESETS,
    RESOURCES,
    ChangeKeyForm,
    CreateKeyForm,
    RollKeyForm,
)
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("keys", __name__)


@blueprint.get("/")
def index() -> Response:
    """All keys of the account."""
    found = access.keys(current_merchant(), now=deps().clock.now())
    return page("dashboard/keys.html", "content", keys=found, resources=RESOURCES)


@blueprint.get("/new")
@merchant_required("keys")
def new_form() -> Response:
    """The dialog for a new key."""
    return _create_dialog(CreateKeyForm(formdata=None))


@blueprint.post("/new")
@merchant_required("keys")
def create() -> Response:
    """Make a key, and show it this once."""
    form = CreateKeyForm()
    if not form.validate_on_submit():
        return _create_dialog(form, status=422)
    refusal = unproven(form.password) if form.is_secret() else None
    if refusal is not None:
        return _create_dialog(form, problem=refusal[0], status=refusal[1])
    try:
        made = keys.create_key(deps(), form.command(current_merchant(), _by()))
    except InvalidRequest as error:
        return _create_dialog(form, problem=form.blame(error), status=422)
    return _shown_once(made)


def _create_dialog(form: CreateKeyForm, *, problem: str = "", status: int = 200) -> Response:
    return page(
        "dashboard/key_new.html",
        "dialog",
        form=form,
        problem=problem,
        presets=PRESETS,
        resources=RESOURCES,
        custom=CUSTOM,
        status=status,
    )


@blueprint.get("/<key_id>/change")
@merchant_required("keys")
def change_form(key_id: str) -> Response:
    """The dialog for a key's name and powers."""
    found = _key(key_id)
    return _change_dialog(found, ChangeKeyForm(found, formdata=None))


@blueprint.post("/<key_id>/change")
@merchant_required("keys")
def change(key_id: str) -> AnyResponse:
    """Change them; what the key may do is nothing to change without a password."""
    found = _key(key_id)
    form = ChangeKeyForm(found)
    if not form.validate_on_submit():
        return _change_dialog(found, form, status=422)
    refusal = unproven(form.password) if form.is_more_than_a_name(found) else None
    if refusal is not None:
        return _change_dialog(found, form, problem=refusal[0], status=refusal[1])
    try:
        keys.change_key(deps(), form.command(current_merchant(), found, _by()))
    except (InvalidRequest, Conflict) as error:
        return _change_dialog(found, form, problem=form.blame(error), status=error.status)
    return _done("Key changed")


def _change_dialog(
    found: Key, form: ChangeKeyForm, *, problem: str = "", status: int = 200
) -> Response:
    return page(
        "dashboard/key_change.html",
        "dialog",
        key=found,
        form=form,
        problem=problem,
        presets=PRESETS,
        resources=RESOURCES,
        custom=CUSTOM,
        status=status,
    )


@blueprint.get("/<key_id>/roll")
@merchant_required("keys")
def roll_form(key_id: str) -> Response:
    """The dialog that replaces a key."""
    return _roll_dialog(_key(key_id), RollKeyForm(formdata=None))


@blueprint.post("/<key_id>/roll")
@merchant_required("keys")
def roll(key_id: str) -> Response:
    """Replace a key, and show the new one this once."""
    found = _key(key_id)
    form = RollKeyForm()
    if not form.validate_on_submit():
        return _roll_dialog(found, form, status=422)
    refusal = unproven(form.password) if found.kind != "publishable" else None
    if refusal is not None:
        return _roll_dialog(found, form, problem=refusal[0], status=refusal[1])
    try:
        made = keys.roll_key(deps(), form.command(current_merchant(), found, _by()))
    except Conflict as error:
        return _roll_dialog(found, form, problem=error.message, status=error.status)
    return _shown_once(made, old=_key(key_id))


def _roll_dialog(
    found: Key, form: RollKeyForm, *, problem: str = "", status: int = 200
) -> Response:
    return page(
        "dashboard/key_roll.html",
        "dialog",
        key=found,
        form=form,
        problem=problem,
        overlaps=OVERLAPS,
        status=status,
    )


@blueprint.get("/<key_id>/revoke")
@merchant_required("keys")
def revoke_form(key_id: str) -> Response:
    """The dialog that says what stops working."""
    merchant_id, now = current_merchant(), deps().clock.now()
    found = access.key(merchant_id, key_id, now=now)
    is_last = access.keys(merchant_id, now=now).is_last(found)
    return page(
        "dashboard/key_revoke.html", "dialog", key=found, is_last=is_last, form=ConfirmForm()
    )


@blueprint.post("/<key_id>/revoke")
@merchant_required("keys")
def revoke(key_id: str) -> AnyResponse:
    """Revoke at once. No password is asked for: a key that leaked is not to wait for one."""
    keys.revoke_key(deps(), current_merchant(), key_id, _by())
    return _done("Key revoked")


def _key(key_id: str) -> Key:
    return access.key(current_merchant(), key_id, now=deps().clock.now())


def _by() -> By:
    return By(actor(), client_address())


def _shown_once(made: NewKey, *, old: Key | None = None) -> Response:
    """The answer that holds the key's text; the list behind the dialog is told to look again."""
    response = page("dashboard/key_made.html", "dialog", made=made, old=old)
    if is_fragment():
        response.headers["HX-Trigger"] = "keysChanged"
    return response


def _done(message: str) -> AnyResponse:
    if not is_fragment():
        flash(message)
        return redirect(url_for("dashboard.keys.index"), 303)
    response = index()
    response.headers["HX-Retarget"] = "#keys"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, message, closeDialog=True)
