"""Stripe.js and the pages in its frames, on the sandbox's own origin.

`/v3/` serves one script made of the small files beside it. Card fields and the 3-D Secure page are
documents of this origin, so a shop that frames them never holds a card number.
"""

from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.sandbox import wallets
from app.sandbox.call import Call
from app.sandbox.confirmation import finish_challenge
from app.sandbox.errors import Json, StripeError
from app.sandbox.store import Transaction
from app.sandbox.wire_money import currency_row, show
from app.sandbox.world import World, current_world

blueprint = Blueprint("stripejs", __name__)

STATIC = Path(__file__).parent / "static" / "v3"
PARTS = ("1-frames.js", "2-elements.js", "3-challenge.js", "4-stripe.js", "5-express.js")
ANSWERS = ("complete", "fail", "cancel")
FIELDS = {
    "number": {
        "label": "Credit or debit card number",
        "name": "cardnumber",
        "autocomplete": "cc-number",
        "placeholder": "1234 1234 1234 1234",
    },
    "expiry": {
        "label": "Credit or debit card expiration date",
        "name": "exp-date",
        "autocomplete": "cc-exp",
        "placeholder": "MM / YY",
    },
    "cvc": {
        "label": "Credit or debit card CVC/CVV",
        "name": "cvc",
        "autocomplete": "cc-csc",
        "placeholder": "CVC",
    },
    "iban": {
        "label": "IBAN",
        "name": "iban",
        "autocomplete": "off",
        "placeholder": "AT00 0000 0000 0000 0000",
    },
}
_FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; font-src *; form-action *; base-uri 'none'"
)


@cache
def script() -> bytes:
    """Stripe.js: its parts in one function, so that none of their names reaches the page."""
    parts = [(STATIC / name).read_text(encoding="utf-8") for name in PARTS]
    return ("(function () {\n" + "\n".join(parts) + "})();\n").encode()


def framed(html: str, status: int = 200) -> Response:
    """A page of this origin, with its policy."""
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _FRAME_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _find(unit: Transaction, intent_id: str, client_secret: str) -> tuple[str, Json] | None:
    row = unit.run(
        "SELECT account, body FROM objects WHERE id = ? AND kind = 'payment_intent'", (intent_id,)
    ).fetchone()
    if row is None:
        return None
    intent: Json = orjson.loads(row[1])
    return (row[0], intent) if intent["client_secret"] == client_secret else None


def answer_challenge(world: World, intent_id: str, client_secret: str, answer: str) -> Json | None:
    """Apply the customer's answer and return the intent as it is then; None if there is none."""
    with world.store.transaction() as unit:
        found = _find(unit, intent_id, client_secret)
        if found is None:
            return None
        account, intent = found
        if answer in ANSWERS:
            finish_challenge(Call(unit=unit, account=account, clock=world.clock), intent, answer)
    world.stir()
    return intent


def _page(world: World, *, is_framed: bool) -> Response:
    intent_id, secret = (
        request.args.get("payment_intent", ""),
        request.args.get("client_secret", ""),
    )
    with world.store.transaction() as unit:
        found = _find(unit, intent_id, secret)
        if found is None:
            return framed("<!doctype html><title>Not found</title><p>No such payment.</p>", 404)
        account, intent = found
        method = unit.find(account, "payment_method", intent["payment_method"] or "")
    return framed(
        render_template(
            "challenge.html",
            amount=show(intent["amount"], intent["currency"]),
            client_secret=secret,
            intent_id=intent_id,
            is_framed=is_framed,
            is_waiting=intent["status"] == "requires_action",
            last4=method["card"]["last4"] if method and method["type"] == "card" else "",
            merchant=account.removeprefix("acct_sbx_").replace("_", " ").title(),
        )
    )


def return_address(intent: Json) -> str | None:
    """The shop's address, told how it went as a browser is told: it proves nothing."""
    if not intent["_return_url"]:
        return None
    parts = urlsplit(intent["_return_url"])
    good = ("succeeded", "requires_capture", "requires_confirmation")
    status = "succeeded" if intent["status"] in good else "failed"
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("payment_intent", intent["id"]),
        ("payment_intent_client_secret", intent["client_secret"]),
        ("redirect_status", "pending" if intent["status"] == "processing" else status),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


@blueprint.get("/v3")
@blueprint.get("/v3/")
def stripe_js() -> Response:
    response = Response(script(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "max-age=300"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get("/v3/field/express")
def express() -> Response:
    """The wallets' buttons; which there are is settled on the control page."""
    with current_world().store.transaction() as unit:
        found = wallets.offered(unit)
    return framed(render_template("express.html", wallets=" ".join(found)))


@blueprint.get("/v3/wallet")
def wallet_sheet() -> Response:
    """What a wallet shows of a payment, and the cards in it."""
    name, minor = request.args.get("wallet", ""), request.args.get("amount", "")
    try:
        amount = show(int(minor), currency_row(request.args.get("currency", "")).code)
        title = wallets.TITLES[name]
    except (StripeError, ValueError, KeyError):
        return framed("<!doctype html><title>Not found</title><p>No such payment.</p>", 404)
    return framed(
        render_template(
            "wallet.html",
            wallet=name,
            title=title,
            shop=request.args.get("shop", "")[:80],
            amount=amount,
            choices=wallets.choices(name),
            wants_email=request.args.get("email") == "1",
        )
    )


@blueprint.get("/v3/field/<kind>")
def field(kind: str) -> Response:
    if kind == "bank":
        return framed(render_template("bank.html"))
    if kind not in FIELDS:
        return framed("<!doctype html><title>Not found</title>", 404)
    return framed(render_template("field.html", kind=kind, field=FIELDS[kind]))


@blueprint.get("/3ds/challenge")
def challenge() -> Response:
    return _page(current_world(), is_framed=True)


@blueprint.get("/3ds/redirect")
def redirect_page() -> Response:
    return _page(current_world(), is_framed=False)


@blueprint.post("/3ds/answer")
def answer() -> Response:
    body = request.get_json(silent=True) or {}
    intent = answer_challenge(
        current_world(), str(body.get("payment_intent")), str(body.get("client_secret")),
        str(body.get("answer")),
    )  # fmt: skip
    if intent is None:
        return Response('{"error": "no such payment"}', 404, mimetype="application/json")
    return Response(orjson.dumps({"status": intent["status"]}), mimetype="application/json")


@blueprint.post("/3ds/redirect")
def redirect_answer() -> AnyResponse:
    form = request.form
    intent = answer_challenge(
        current_world(), form.get("payment_intent", ""), form.get("client_secret", ""),
        form.get("answer", ""),
    )  # fmt: skip
    target = return_address(intent) if intent else None
    if target is None:
        return framed("<!doctype html><title>Done</title><p>You can close this page.</p>")
    return redirect(target, 303)
