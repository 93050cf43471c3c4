"""Webhook endpoints: where the merchant's software is told, how that goes, and what is wrong if not."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, make_response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import Conflict, FarthingError, NotFound
from app.domain.ids import new_id
from app.reports.developers import endpoints
from app.reports.developers.endpoints import TABS
from app.services import endpoint_secrets, redelivery
from app.services import endpoints as commands
from app.services.audit import By
from app.web.auth import merchant_required
from app.web.context import actor, client_address, current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.dashboard.webhook_forms import (
    ALL,
    OVERLAPS,
    ActForm,
    DebuggerForm,
    EndpointForm,
    RangeForm,
    groups,
)
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("webhooks", __name__)

ACTS = ("disable", "enable", "roll", "delete")


@blueprint.get("/")
def index() -> Response:
    """All endpoints with their last 24 hours."""
    found = endpoints.endpoints(current_merchant(), now=deps().clock.now())
    return page("dashboard/webhooks.html", "main", endpoints=found)


@blueprint.get("/new")
@merchant_required("keys")
def new_form() -> Response:
    """The dialog for a new endpoint."""
    return _endpoint_dialog(EndpointForm(formdata=None))


@blueprint.post("/new")
@merchant_required("keys")
def create() -> AnyResponse:
    """Make an endpoint."""
    form = EndpointForm()
    if not form.validate_on_submit():
        return _endpoint_dialog(form, status=422)
    endpoint_id = new_id("we", deps().clock.now())
    try:
        commands.create_endpoint(deps(), form.creation(current_merchant(), endpoint_id))
    except FarthingError as error:
        return _endpoint_dialog(form, error=error)
    return _go("Webhook endpoint added", endpoint_id)


@blueprint.get("/<endpoint_id>")
def show(endpoint_id: str) -> Response:
    """One endpoint and its deliveries."""
    return _show(endpoint_id)


@blueprint.get("/<endpoint_id>/edit")
@merchant_required("keys")
def edit_form(endpoint_id: str) -> Response:
    """The dialog with what there is."""
    found = _endpoint(endpoint_id)
    form = EndpointForm(formdata=None)
    form.url.data, form.description.data = found.url, found.description
    form.extent.data = "full" if found.takes_all else "part"
    form.events.data = [one for one in found.enabled_events if one != ALL]
    return _endpoint_dialog(form, endpoint_id)


@blueprint.post("/<endpoint_id>/edit")
@merchant_required("keys")
def edit(endpoint_id: str) -> AnyResponse:
    """Change an endpoint."""
    _endpoint(endpoint_id)
    form = EndpointForm()
    if not form.validate_on_submit():
        return _endpoint_dialog(form, endpoint_id, status=422)
    try:
        commands.update_endpoint(deps(), form.change(current_merchant(), endpoint_id))
    except NotFound:
        raise
    except FarthingError as error:
        return _endpoint_dialog(form, endpoint_id, error=error)
    return _go("Webhook endpoint changed", endpoint_id)


@blueprint.post("/<endpoint_id>/secret")
@merchant_required("keys")
def reveal(endpoint_id: str) -> Response:
    """Show the signing secret; that it was shown is written down."""
    by = By(actor(), client_address())
    secret = endpoint_secrets.show_secret(deps(), current_merchant(), endpoint_id, by)
    return _show(endpoint_id, fragment="secret", secret=secret)


@blueprint.get("/<endpoint_id>/do/<act>")
@merchant_required("keys")
def act_form(endpoint_id: str, act: str) -> Response:
    """The dialog that says what will happen."""
    if act not in ACTS:
        raise NotFound("action", act)
    form = ActForm(formdata=None)
    form.overlap.data = next(iter(OVERLAPS))
    return page(
        "dashboard/webhook_act.html", "dialog", act=act, form=form, endpoint=_endpoint(endpoint_id)
    )


@blueprint.post("/<endpoint_id>/do/<act>")
@merchant_required("keys")
def do(endpoint_id: str, act: str) -> AnyResponse:
    """Disable, enable, roll the secret, or delete."""
    if act not in ACTS:
        raise NotFound("action", act)
    form = ActForm()
    if act == "disable":
        commands.disable_endpoint(deps(), current_merchant(), endpoint_id)
        return _go("Disabled: nothing is sent there any more", endpoint_id)
    if act == "delete":
        commands.delete_endpoint(deps(), current_merchant(), endpoint_id)
        return _go("Webhook endpoint deleted")
    if act == "enable":
        wants = bool(form.backfill.data)
        made = commands.enable_endpoint(
            deps(), current_merchant(), endpoint_id, with_backfill=wants
        )
        also = f", {made.backfilled} missed events are on their way" if made.backfilled else ""
        return _go(f"Enabled{also}", endpoint_id)
    overlap = OVERLAPS.get(str(form.overlap.data), timedelta())
    commands.roll_secret(deps(), current_merchant(), endpoint_id, valid_old_for=overlap)
    return _go("There is a new signing secret: reveal it and give it to your software", endpoint_id)


@blueprint.get("/<endpoint_id>/redeliver")
@merchant_required("keys")
def range_form(endpoint_id: str) -> Response:
    """The dialog for a range, prefilled with the last 24 hours."""
    form, now = RangeForm(formdata=None), deps().clock.now()
    form.until.data = _local(now + timedelta(minutes=1))
    form.since.data = _local(now - timedelta(hours=24))
    return _range_dialog(endpoint_id, form)


@blueprint.post("/<endpoint_id>/redeliver")
@merchant_required("keys")
def redeliver(endpoint_id: str) -> AnyResponse:
    """Send a time's events again."""
    form = RangeForm()
    command = form.command(current_merchant(), endpoint_id, current_person().timezone)
    if command is None:
        return _range_dialog(endpoint_id, form, status=422)
    try:
        count = redelivery.redeliver_range(deps(), command)
    except NotFound:
        raise
    except FarthingError as error:
        return _range_dialog(endpoint_id, form, problem=error.message, status=error.status)
    words = f"{count:,} deliveries are on their way again" if count else "There was nothing to send"
    return _go(words, endpoint_id)


@blueprint.get("/<endpoint_id>/deliveries/<delivery_id>")
def delivery(endpoint_id: str, delivery_id: str) -> Response:
    """One delivery: what is sent, and every try."""
    found = endpoints.delivery(current_merchant(), endpoint_id, delivery_id, now=deps().clock.now())
    return page("dashboard/delivery.html", "detail", found=found, line=found.line)


@blueprint.post("/<endpoint_id>/deliveries/<delivery_id>/resend")
@merchant_required("keys")
def resend(endpoint_id: str, delivery_id: str) -> AnyResponse:
    """Send it once more, now."""
    try:
        redelivery.redeliver(deps(), current_merchant(), delivery_id, endpoint_id=endpoint_id)
    except Conflict as error:
        words, tone = error.message, "bad"
    else:
        words, tone = "On its way again", "good"
    if not is_fragment():
        flash(words)
        address = url_for(".delivery", endpoint_id=endpoint_id, delivery_id=delivery_id)
        return redirect(address, 303)
    return toast(delivery(endpoint_id, delivery_id), words, tone=tone)


@blueprint.get("/debugger")
def debugger() -> Response:
    """The signature debugger; with a delivery in the address its body is filled in."""
    form = DebuggerForm(formdata=None)
    form.endpoint.data = filters.text("webhook")
    delivery_id = filters.text("delivery")
    if delivery_id:
        found = endpoints.delivery(
            current_merchant(), form.endpoint.data, delivery_id, now=deps().clock.now()
        )
        form.body.data = found.body
    return _debugger(form)


@blueprint.post("/debugger")
@merchant_required("keys")
def explain() -> Response:
    """Say which part is wrong. What was pasted goes back into the page and nowhere else."""
    form = DebuggerForm()
    if not form.validate_on_submit():
        return _debugger(form, status=422)
    diagnosis = endpoint_secrets.check_signature(deps(), form.command(current_merchant()))
    return _debugger(form, diagnosis=diagnosis)


def _debugger(form: DebuggerForm, *, status: int = 200, diagnosis: object = None) -> Response:
    found = endpoints.endpoints(current_merchant(), now=deps().clock.now())
    return page(
        "dashboard/debugger.html",
        "debugger",
        form=form,
        endpoints=found,
        diagnosis=diagnosis,
        status=status,
    )


def _endpoint(endpoint_id: str) -> endpoints.Endpoint:
    return endpoints.endpoint(current_merchant(), endpoint_id, now=deps().clock.now())


def _show(endpoint_id: str, *, fragment: str = "results", secret: str = "") -> Response:
    merchant_id, tab = current_merchant(), filters.one_of("tab", TABS, "all")
    now = deps().clock.now()
    return page(
        "dashboard/webhook.html",
        fragment,
        endpoint=endpoints.endpoint(merchant_id, endpoint_id, now=now),
        tab=tab,
        found=endpoints.deliveries(merchant_id, endpoint_id, tab, filters.cursor(), now=now),
        counts=endpoints.counts(merchant_id, endpoint_id),
        secret=secret,
        here=filters.here,
    )


def _endpoint_dialog(
    form: EndpointForm,
    endpoint_id: str = "",
    *,
    error: FarthingError | None = None,
    status: int = 200,
) -> Response:
    problem = error.message if error else ""
    if error is not None and error.param == "url":
        form.url.errors, problem = [error.message], ""
    return page(
        "dashboard/webhook_form.html",
        "dialog",
        form=form,
        endpoint_id=endpoint_id,
        groups=groups(),
        problem=problem,
        status=error.status if error else status,
    )


def _range_dialog(
    endpoint_id: str, form: RangeForm, *, problem: str = "", status: int = 200
) -> Response:
    return page(
        "dashboard/webhook_range.html",
        "dialog",
        form=form,
        endpoint=_endpoint(endpoint_id),
        zone=current_person().timezone,
        problem=problem,
        status=status,
    )


def _local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(current_person().timezone)).strftime("%Y-%m-%dT%H:%M")


def _go(words: str, endpoint_id: str = "") -> AnyResponse:
    """To the endpoint's page, or to the list, with a sentence."""
    flash(words)
    address = url_for(".show", endpoint_id=endpoint_id) if endpoint_id else url_for(".index")
    if not is_fragment():
        return redirect(address, 303)
    response = make_response("", 204)
    response.headers["HX-Redirect"] = address
    return response
