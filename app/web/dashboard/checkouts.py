"""Payment links, and the checkouts that links and the API opened."""

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.currencies import CURRENCIES
from app.domain.errors import SellerNotConnected
from app.reports import checkouts, escrow
from app.services import merchants
from app.web.auth import merchant_required
from app.web.context import current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.dashboard.forms import LinkForm
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("checkouts", __name__)


@blueprint.get("/")
def index() -> Response:
    """Links first, then the checkouts."""
    merchant_id = current_merchant()
    return page(
        "dashboard/links.html",
        "content",
        links=checkouts.links(merchant_id),
        found=checkouts.sessions(merchant_id, filters.cursor()),
        base_url=deps().base_url,
        here=filters.here,
    )


@blueprint.get("/new")
@merchant_required("links")
def new_form() -> Response:
    """The dialog for a new link."""
    form = _form(is_fresh=True)
    form.currency.data = current_person().default_currency
    return page("dashboard/link.html", "dialog", form=form)


@blueprint.post("/new")
@merchant_required("links")
def create() -> AnyResponse:
    """Make a link."""
    form = _form()
    if not form.validate_on_submit() or form.price is None:
        return page("dashboard/link.html", "dialog", form=form, status=422)
    title = " ".join(str(form.title.data).split())
    try:
        merchants.create_link(
            deps(), current_merchant(), title=title, amount=form.price, escrow=form.plan
        )
    except SellerNotConnected as error:
        return page("dashboard/link.html", "dialog", form=form, problem=error.message, status=422)
    if not is_fragment():
        flash("Payment link created")
        return redirect(url_for("dashboard.checkouts.index"), 303)
    response = index()
    response.headers["HX-Retarget"] = "#content"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, "Payment link created", closeDialog=True)


def _form(*, is_fresh: bool = False) -> LinkForm:
    first = current_person().default_currency
    codes = [first, *(code for code in CURRENCIES if code != first)]
    known = [(one.id, one.name) for one in escrow.sellers(current_merchant())]
    return LinkForm(codes, known, formdata=None) if is_fresh else LinkForm(codes, known)
