"""The providers' own pages: where a customer confirms a payment, turns back, or leaves the tab open.

For a person at a browser; what is pressed is the truth, whatever the shop hears of it.
"""

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.sandbox import redirects
from app.sandbox.call import Call
from app.sandbox.control import BadControlError, given
from app.sandbox.control import answer as reply
from app.sandbox.errors import Json
from app.sandbox.providers import PROVIDERS
from app.sandbox.store import Transaction
from app.sandbox.stripejs import framed, return_address
from app.sandbox.wire_money import show
from app.sandbox.world import World, current_world

blueprint = Blueprint("providers", __name__)


def _find(unit: Transaction, kind: str, intent_id: str) -> tuple[str, Json] | None:
    row = unit.run(
        "SELECT account, body FROM objects WHERE id = ? AND kind = 'payment_intent'", (intent_id,)
    ).fetchone()
    if row is None or kind not in PROVIDERS:
        return None
    return row[0], orjson.loads(row[1])


def _press(world: World, account: str, intent_id: str, attempt: str, word: str, plan: str) -> None:
    with world.store.transaction() as unit:
        call = Call(unit=unit, account=account, clock=world.clock)
        intent = call.load("payment_intent", intent_id)
        redirects.answer(call, intent, attempt, word, plan)
    world.stir()


@blueprint.get("/providers/<kind>/<intent_id>")
def page(kind: str, intent_id: str) -> Response:
    attempt = request.args.get("attempt", "")
    with current_world().store.transaction() as unit:
        found = _find(unit, kind, intent_id)
    if found is None:
        return framed("<!doctype html><title>Not found</title><p>No such payment.</p>", 404)
    account, intent = found
    return framed(
        render_template(
            "provider.html",
            kind=kind,
            provider=PROVIDERS[kind],
            amount=show(intent["amount"], intent["currency"]),
            attempt=attempt,
            is_waiting=intent["status"] == "requires_action" and intent.get("_attempt") == attempt,
            is_paid=intent["status"] in ("succeeded", "requires_capture"),
            merchant=account.removeprefix("acct_sbx_").replace("_", " ").title(),
        )
    )


@blueprint.post("/providers/<kind>/<intent_id>")
def press(kind: str, intent_id: str) -> AnyResponse:
    """What the customer pressed; afterwards they go back to the shop, or close the tab."""
    world, form = current_world(), request.form
    with world.store.transaction() as unit:
        found = _find(unit, kind, intent_id)
    if found is None:
        return framed("<!doctype html><title>Not found</title><p>No such payment.</p>", 404)
    word, _, way = form.get("answer", "").partition(":")
    if word in redirects.ANSWERS:
        _press(world, found[0], intent_id, form.get("attempt", ""), word, form.get("plan", ""))
    with world.store.transaction() as unit:
        _, intent = _find(unit, kind, intent_id) or found
    target = None if way == "close" else return_address(intent)
    if target is None:
        return framed("<!doctype html><title>Done</title><p>You can close this page.</p>")
    return redirect(target, 303)


@blueprint.post("/control/api/providers")
def answer_for_customer() -> Response:
    """A test presses for the customer: `attempt` is that of an earlier page, if it is to be one."""
    body = given()
    account, word = str(body.get("account")), str(body.get("answer"))
    world, intent_id = current_world(), str(body.get("payment_intent"))
    if word not in redirects.ANSWERS:
        raise BadControlError(f"answer is one of {', '.join(redirects.ANSWERS)}")
    with world.store.transaction() as unit:
        intent = unit.find(account, "payment_intent", intent_id)
    if intent is None:
        raise BadControlError("no such payment_intent in that account")
    attempt = str(body.get("attempt") or intent.get("_attempt") or "")
    _press(world, account, intent_id, attempt, word, str(body.get("plan") or ""))
    return reply({"answer": word})
