"""The stand-in for Adyen's web component, and the pages in its frames, on the sandbox's own origin.

`/adyen/sdk/adyen.js` is one script made of the small files beside it. Card fields and the bank's page
are documents of this origin, so a shop that frames them never holds a card number.
"""

from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.sandbox.adyen import authentication, fields
from app.sandbox.adyen.details import find, go_on
from app.sandbox.adyen.errors import AdyenError
from app.sandbox.adyen_money import show
from app.sandbox.call import Call
from app.sandbox.control import BadControlError, answer, given
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.world import current_world

blueprint = Blueprint(
    "adyen_pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/adyen/static",
)

STATIC = Path(__file__).parent / "static"
PARTS = ("1-frames.js", "2-fields.js", "3-cards.js", "4-actions.js", "5-checkout.js")
FIELDS = {
    "number": {
        "type": "encryptedCardNumber",
        "label": "Card number",
        "autocomplete": "cc-number",
    },
    "expiry": {
        "type": "encryptedExpiryDate",
        "label": "Expiry date",
        "autocomplete": "cc-exp",
    },
    "code": {
        "type": "encryptedSecurityCode",
        "label": "Security code",
        "autocomplete": "cc-csc",
    },
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; font-src *; form-action *; base-uri 'none'"
)


@cache
def script() -> bytes:
    """The component: its parts in one function, so that none of their names reaches the page."""
    parts = [(STATIC / "sdk" / name).read_text(encoding="utf-8") for name in PARTS]
    return ("(function () {\n" + "\n".join(parts) + "})();\n").encode()


def _framed(html: str, status: int = 200) -> Response:
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _nothing() -> Response:
    return _framed("<!doctype html><title>Not found</title><p>No such payment.</p>", 404)


@blueprint.get("/adyen/sdk/adyen.js")
def adyen_js() -> Response:
    response = Response(script(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "max-age=300"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get("/adyen/sdk/adyen.css")
def adyen_css() -> Response:
    response = Response((STATIC / "adyen.css").read_bytes(), mimetype="text/css")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get("/adyen/sdk/field/<kind>")
def field(kind: str) -> Response:
    if kind not in FIELDS:
        return _nothing()
    return _framed(render_template("adyen/field.html", kind=kind, field=FIELDS[kind]))


@blueprint.post("/adyen/sdk/fields")
def encrypt() -> Response:
    """What was typed into a field, as blobs: `{"encryptedExpiryMonth": "03", …}`."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not body or not body.keys() <= set(fields.FIELDS):
        return answer({"error": "send some of the encrypted fields"}, 400)
    world = current_world()
    try:
        with world.store.transaction() as unit:
            blobs = {
                name: fields.seal(unit, name, str(value), world.clock.now())
                for name, value in body.items()
            }
    except AdyenError as error:
        return answer(error.body(""), error.status)
    return answer(blobs)


def _waiting(unit: Transaction, pending_id: str) -> tuple[Call, Json, Json] | None:
    try:
        account, pending = find(unit, authentication.PENDING, pending_id)
    except AdyenError:
        return None
    call = Call(
        unit=unit,
        account=account,
        clock=current_world().clock,
        base_url=request.host_url.rstrip("/"),
    )
    return call, pending, call.load("adyen_payment", pending["payment"])


def _page(call: Call, pending: Json, payment: Json, *, is_framed: bool, problem: str = "") -> str:
    amount = payment["amount"]
    return render_template(
        "adyen/challenge.html",
        amount=show(amount["value"], amount["currency"]),
        is_framed=is_framed,
        is_waiting=payment["state"] == "waiting" and pending["answer"] is None,
        last4=payment["card"]["last4"],
        merchant=call.account.replace("_", " "),
        pending=pending["id"],
        problem=problem,
    )


def _return_address(payment: Json, result: str) -> str:
    parts = urlsplit(payment["return_url"])
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("redirectResult", result)]
    return urlunsplit(parts._replace(query=urlencode(query)))


@blueprint.get("/adyen/3ds/redirect")
def redirect_page() -> AnyResponse:
    with current_world().store.transaction() as unit:
        found = _waiting(unit, request.args.get("pending", ""))
        if found is None:
            return _nothing()
        call, pending, payment = found
        if authentication.is_frictionless(payment):
            result = authentication.press(call, pending, authentication.YES)
            return redirect(_return_address(payment, result), 303)
        return _framed(_page(call, pending, payment, is_framed=False))


@blueprint.post("/adyen/3ds/redirect")
def redirect_answer() -> AnyResponse:
    with current_world().store.transaction() as unit:
        found = _waiting(unit, request.form.get("pending", ""))
        if found is None:
            return _nothing()
        call, pending, payment = found
        result = _answer(call, pending, request.form.to_dict())
        if result is None:
            page = _page(call, pending, payment, is_framed=False, problem=_left(pending))
            return _framed(page, 422)
    return redirect(_return_address(payment, result), 303)


def _answer(call: Call, pending: Json, told: Json) -> str | None:
    """The result of a form or of a framed page; None: the password was wrong."""
    if pending["answer"] is not None:
        return authentication.press(call, pending, pending["answer"])
    if told.get("answer") == "cancel":
        return authentication.press(call, pending, authentication.CANCEL)
    return authentication.try_password(call, pending, str(told.get("password", "")))


def _left(pending: Json) -> str:
    left = authentication.TRIES - pending["tries"]
    return f"That is not the password. You have {left} more {'try' if left == 1 else 'tries'}."


@blueprint.get("/adyen/3ds/challenge")
def challenge() -> Response:
    with current_world().store.transaction() as unit:
        found = _waiting(unit, request.args.get("pending", ""))
        return _framed(_page(*found, is_framed=True)) if found else _nothing()


@blueprint.post("/adyen/3ds/challenge")
def challenge_answer() -> Response:
    told = request.get_json(silent=True) or {}
    with current_world().store.transaction() as unit:
        found = _waiting(unit, str(told.get("pending")))
        if found is None:
            return answer({"error": "no such payment"}, 404)
        call, pending, _ = found
        result = _answer(call, pending, told)
        return answer({"threeDSResult": result} if result else {"problem": _left(pending)})


@blueprint.get("/adyen/3ds/fingerprint")
def fingerprint_page() -> Response:
    return _framed(render_template("adyen/fingerprint.html"))


@blueprint.post("/adyen/3ds/fingerprint")
def fingerprint() -> Response:
    """The bank has looked at the device: it is content, or asks for more by another action."""
    told = request.get_json(silent=True) or {}
    with current_world().store.transaction() as unit:
        found = _waiting(unit, str(told.get("pending")))
        if found is None:
            return answer({"error": "no such payment"}, 404)
        call, pending, payment = found
        if payment["state"] == "waiting" and not authentication.is_frictionless(payment):
            return answer({"type": "action", "action": go_on(call, payment, pending)["action"]})
        result = authentication.press(call, pending, authentication.YES)
        return answer({"type": "completed", "details": {"threeDSResult": result}})


@blueprint.post("/control/api/adyen/authenticate")
def press_for_a_test() -> Response:
    """Answer the bank without a browser; the details that a browser would bring back."""
    body = given()
    with current_world().store.transaction() as unit:
        account, psp = str(body.get("merchant_account")), str(body.get("psp_reference"))
        asked = unit.owned(account, authentication.PENDING, psp)
        words = {
            "complete": authentication.YES,
            "fail": authentication.NO,
            "cancel": authentication.CANCEL,
        }
        if not asked or body.get("answer") not in words:
            raise BadControlError("no bank asks that payment, or answer is not one of its three")
        call = Call(unit=unit, account=account, clock=current_world().clock)
        result = authentication.press(call, asked[-1], words[body["answer"]])
    is_redirect = asked[-1]["stage"] == authentication.REDIRECT
    return answer({"details": {"redirectResult" if is_redirect else "threeDSResult": result}})


@blueprint.errorhandler(AdyenError)
def refused(error: AdyenError) -> Response:
    return Response(orjson.dumps(error.body("")), error.status, mimetype="application/json")
