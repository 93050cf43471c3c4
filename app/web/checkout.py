"""The hosted checkout: the pages on which a customer pays.

The session's id is the secret that opens them. The rule kept: the page shows what the server knows
and nothing else. Amount, currency and merchant come from the session; what the browser sends is a
token of the processor's, an e-mail and a name.
"""

import re
from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import FarthingError, NotFound
from app.domain.methods import Flow, method_of
from app.services import checkout
from app.services.checkout import PAYABLE, PaySession
from app.services.checkout_view import CheckoutView
from app.web import errors
from app.web.checkout_brand import stylesheet
from app.web.checkout_form import AuthenticationForm, PayForm, refuse_surplus
from app.web.checkout_page import STALE, Notice, another_way, locale_asked, page_words
from app.web.checkout_scripts import policy_of
from app.web.checkout_sealed import is_back_from_elsewhere, proof_in_address
from app.web.context import deps
from app.web.render import page
from app.web.security import checkout_permissions

blueprint = Blueprint("checkout", __name__)

_ACCENT = re.compile(r"[0-9a-f]{6}")
_A_YEAR_SECONDS = 31_536_000


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """Payment pages are no search engine's; a bank or a wallet may open a window of its own."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return response


@blueprint.errorhandler(FarthingError)
def explain(error: FarthingError) -> AnyResponse:
    """A customer is told in a customer's words, on a page of the checkout's own."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.expected(error)
    return make_response(render_template("checkout/problem.html", error=error), error.status)


@blueprint.errorhandler(CSRFError)
def _renew(error: CSRFError) -> AnyResponse:
    """The browser lost the cookie of the form's token: the page again, with what was typed."""
    try:
        view = checkout.state(deps(), str((request.view_args or {})["session_id"]))
    except NotFound:
        return errors.stale_form(error)
    form = PayForm()
    form.validate()
    return _refused(view, form) if request.endpoint == "checkout.pay" else _moved(view)


@blueprint.get("/pay/<session_id>")
def session(session_id: str) -> AnyResponse:
    """The page, whatever phase the payment is in."""
    if is_back_from_elsewhere():
        # From a provider's page or a bank's. What the address says is anybody's word: the processor is asked.
        return _moved(checkout.finish_authentication(deps(), session_id, proof_in_address()))
    view = checkout.state(deps(), session_id)
    if view.phase in ("action", "redirect") and "another" in request.args:
        # The bank may have confirmed a moment ago: it is asked before anything is said of money.
        view = checkout.finish_authentication(deps(), session_id)
        if view.phase in ("action", "redirect"):
            return _show(view, notice=another_way(view), face="form")
    return _show(view)


@blueprint.post("/pay/<session_id>")
def pay(session_id: str) -> AnyResponse:
    """Pay once. Repeating it, in this tab or another, shows what became of the first."""
    form = PayForm()
    refuse_surplus(form)
    if not form.validate_on_submit():
        return _refused(checkout.state(deps(), session_id), form)
    return _moved(
        checkout.pay(
            deps(),
            PaySession(
                session_id=session_id,
                payment_method_token=str(form.payment_method.data),
                email=str(form.email.data),
                name=str(form.name.data),
                method=str(form.method.data),
                said=_said(form),
            ),
        )
    )


def _said(form: PayForm) -> dict[str, Any]:
    """What the customer agreed to by pressing the button under the mandate's text, and where they are."""
    method = method_of(str(form.method.data))
    if method.flow is not Flow.DEBIT:
        return {"country": form.country.data} if method.markets else {}
    return {
        "mandate": {
            "accepted_at": int(deps().clock.now().timestamp()),
            "ip": request.remote_addr or "0.0.0.0",  # noqa: S104 - it is said, not listened on
            "user_agent": (request.user_agent.string or "unknown")[:500],
        }
    }


@blueprint.post("/pay/<session_id>/authenticated")
def authenticated(session_id: str) -> AnyResponse:
    """The customer is back from the bank's page; what came of it is asked of the processor."""
    form = AuthenticationForm()
    refuse_surplus(form)
    if not form.validate_on_submit():
        return _moved(checkout.state(deps(), session_id))
    return _moved(checkout.finish_authentication(deps(), session_id, form.proof))


@blueprint.get("/pay/<session_id>/state")
def state(session_id: str) -> Response:
    """The phase, and what is still due of a transfer: small enough to be asked for again and again."""
    view = checkout.state(deps(), session_id)
    due = {"due": str(view.due.amount_minor)} if view.phase == "transfer" and view.due else {}
    return jsonify(phase=view.phase, **due)


@blueprint.get("/pay/brand/<accent>.css")
def brand(accent: str) -> Response:
    """The merchant's colour as variables; it depends on the address alone."""
    if not _ACCENT.fullmatch(accent):
        abort(404)
    response = make_response(stylesheet(accent))
    response.mimetype = "text/css"
    response.cache_control.public = True
    response.cache_control.max_age = _A_YEAR_SECONDS
    response.cache_control.immutable = True
    return response


@blueprint.get("/buy/<link_id>")
def buy(link_id: str) -> AnyResponse:
    """A payment link: each visit opens a session; a browser's guess at a visit does not."""
    purposes = (request.headers.get("Sec-Purpose", ""), request.headers.get("Purpose", ""))
    if request.method == "HEAD" or any("prefetch" in purpose for purpose in purposes):
        return Response(status=204)
    session_id = checkout.open_from_link(deps(), link_id)
    return redirect(url_for("checkout.session", session_id=session_id, locale=locale_asked()), 303)


def _refused(view: CheckoutView, form: PayForm) -> AnyResponse:
    """The form again with what to mend, unless the payment has moved on meanwhile."""
    if view.phase not in PAYABLE:
        return _moved(view)
    if form.is_stale:
        return _show(view, form=form, notice=STALE, face="form", status=422)
    return _show(view, form=form, mistakes=form.messages(), face="form", status=422)


def _moved(view: CheckoutView) -> AnyResponse:
    """After a post: the fragment for our script, else the page by GET: a reload posts nothing."""
    if request.headers.get("HX-Request"):
        return _show(view)
    address = url_for("checkout.session", session_id=view.session_id, locale=locale_asked())
    return redirect(address, 303)


def _show(
    view: CheckoutView,
    *,
    form: PayForm | None = None,
    notice: Notice | None = None,
    mistakes: dict[str, str] | None = None,
    face: str | None = None,
    status: int = 200,
) -> Response:
    fresh = form or PayForm(formdata=None)
    values = {
        "email": fresh.email.data or view.email or "",
        "name": fresh.name.data or view.name or "",
        "method": fresh.method.data or "",
        "country": fresh.country.data or "",
    }
    shown = face or view.phase
    words = page_words(view, mistakes or {}, notice, shown, values["method"])
    response = page(
        "checkout/session.html",
        "panel",
        status=status,
        form_token=fresh.csrf_token.current_token,
        values=values,
        **words,
    )
    response.headers["Content-Security-Policy"] = policy_of(view, shown)
    response.headers["Permissions-Policy"] = checkout_permissions(view.processor_js_url)
    return response
