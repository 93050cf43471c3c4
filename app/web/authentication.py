"""The page on which a customer answers the bank about a payment that a merchant's software made.

The payment's client secret opens it, and is looked at before any row is: who does not hold it is
told the same whatever there is. The processor's script asks; what came of it is asked of the
processor, and the customer goes back to where the merchant wanted them.
"""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, request
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import FarthingError, NotFound
from app.services import authentication
from app.services.authentication import AuthenticationView
from app.web import errors
from app.web.authentication_page import address_of, page_words, way_back
from app.web.checkout import explain, keep_private
from app.web.checkout_form import AuthenticationForm, refuse_surplus
from app.web.checkout_scripts import policy_of
from app.web.checkout_sealed import is_back_from_elsewhere, proof_in_address
from app.web.client_secrets import is_client_secret
from app.web.context import deps
from app.web.render import is_fragment, page

blueprint = Blueprint("authentication", __name__)
blueprint.after_request(keep_private)
blueprint.register_error_handler(FarthingError, explain)


@blueprint.errorhandler(CSRFError)
def _renew(error: CSRFError) -> AnyResponse:
    """The browser lost the cookie of the form's token: the page again, with a new one."""
    payment_id = str((request.view_args or {}).get("payment_id"))
    try:
        view = authentication.state(deps(), _opened(payment_id), payment_id)
    except NotFound:
        return errors.stale_form(error)
    return _show(view) if is_fragment() else _to_page(payment_id)


@blueprint.get("/pay/authenticate/<payment_id>")
def ask(payment_id: str) -> AnyResponse:
    """The bank's question, or what became of the payment."""
    merchant_id = _opened(payment_id)
    if "leave" not in request.args and not is_back_from_elsewhere():
        return _show(authentication.state(deps(), merchant_id, payment_id))
    # Back from a provider's page, or on the way out: the bank may have confirmed a moment ago. It is asked
    # before the shop is told anything; what the address says of it is anybody's word.
    view = authentication.finish(deps(), merchant_id, payment_id, proof_in_address())
    is_waiting = view.phase == "redirect" and "leave" not in request.args
    return _to_page(payment_id) if is_waiting else _onward(view)


@blueprint.post("/pay/authenticate/<payment_id>/authenticated")
def authenticated(payment_id: str) -> AnyResponse:
    """The customer is back from the bank's page; what came of it is asked of the processor."""
    merchant_id = _opened(payment_id)
    form = AuthenticationForm()
    refuse_surplus(form)
    if not form.validate_on_submit():
        return _to_page(payment_id)
    view = authentication.finish(deps(), merchant_id, payment_id, form.proof)
    is_asked = view.phase in ("action", "redirect")
    if is_fragment():
        return _show(view, goes_on=not is_asked)
    return _to_page(payment_id) if is_asked else _onward(view)


@blueprint.get("/pay/authenticate/<payment_id>/state")
def state(payment_id: str) -> dict[str, str]:
    """The phase alone, small enough to be asked for again and again."""
    return {"phase": authentication.state(deps(), _opened(payment_id), payment_id).phase}


def _opened(payment_id: str) -> str:
    """The merchant whose payment the secret opens; raises NotFound."""
    merchant_id = request.args.get("account", "")
    if not is_client_secret(request.args.get("client_secret", ""), payment_id):
        raise NotFound("payment", payment_id)
    return merchant_id


def _to_page(payment_id: str) -> AnyResponse:
    return redirect(address_of(payment_id, "ask"), HTTPStatus.SEE_OTHER)


def _onward(view: AuthenticationView) -> AnyResponse:
    """Back to the merchant, who is told how it went; without an address of theirs, our own page."""
    address = way_back(view)
    return redirect(address, HTTPStatus.SEE_OTHER) if address else _to_page(str(view.payment_id))


def _show(view: AuthenticationView, *, goes_on: bool = False) -> Response:
    form = AuthenticationForm(formdata=None)
    response = page(
        "checkout/session.html",
        "panel",
        **page_words(view, goes_on=goes_on),
        form_token=form.csrf_token.current_token,
    )
    response.headers["Content-Security-Policy"] = policy_of(view, view.phase)
    return response
