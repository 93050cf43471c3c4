"""In which currencies the merchant's money is kept; all others are converted when they are captured."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import CurrencyUnknown
from app.reports import settlement
from app.services import merchants
from app.services.audit import By
from app.services.merchants import ChooseSettlement
from app.web.auth import merchant_required
from app.web.context import actor, client_address, current_merchant, deps
from app.web.dashboard.forms import SettlementForm
from app.web.render import page

blueprint = Blueprint("settlement", __name__)


@blueprint.get("/")
def index() -> Response:
    """What is chosen now."""
    choice = settlement.choice(current_merchant())
    form = SettlementForm(formdata=None)
    form.mode.data = "all" if choice.kept is None else "some"
    form.kept.data = ", ".join(choice.kept or ())
    return _shown(form)


@blueprint.post("/")
@merchant_required("settlement")
def choose() -> AnyResponse:
    """Settle in these from now on."""
    form = SettlementForm()
    if not form.validate_on_submit():
        return _shown(form, status=422)
    by = By(actor(), client_address())
    try:
        merchants.choose_settlement(deps(), ChooseSettlement(current_merchant(), form.chosen(), by))
    except CurrencyUnknown as error:
        form.kept.errors = [error.message]
        return _shown(form, status=422)
    flash("Saved. It counts for what is captured from now on.")
    return redirect(url_for("dashboard.settlement.index"), 303)


def _shown(form: SettlementForm, *, status: int = 200) -> Response:
    return page(
        "dashboard/settlement.html",
        "main",
        status=status,
        form=form,
        choice=settlement.choice(current_merchant()),
        fee_basis_points=deps().fx_fee_basis_points,
        stale_hours=deps().fx_stale_hours,
        has_rates=deps().rate_provider is not None,
        is_saved=request.method == "GET",
    )
