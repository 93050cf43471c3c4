"""The control API: arm faults, tell lies, move time, look behind the scenes. JSON under
/control/api.

For tests and the control page; there is no key, because nothing here is secret and the sandbox
listens on the loopback interface only. Bodies must be JSON, which a foreign web page cannot send
without being asked first.
"""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from app.sandbox import debits, events, faults, idempotency, record, wallets
from app.sandbox.attempts import DEBITS
from app.sandbox.banks import Account
from app.sandbox.call import Call, public
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.world import World, current_world

blueprint = Blueprint("control", __name__)


class BadControlError(ValueError):
    """The control request makes no sense; the message says why."""


def answer(body: Any, status: int = 200) -> Response:
    """A JSON reply."""
    return Response(orjson.dumps(body), status, mimetype="application/json")


def given() -> Json:
    """The JSON object of the request."""
    if not request.is_json:
        raise BadControlError("send application/json")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadControlError("send a JSON object")
    return body


def arm(world: World, body: Json) -> Json:
    """Arm one fault from its JSON."""
    options = {k: v for k, v in body.items() if k not in ("kind", "account", "route", "count")}
    count = body.get("count", 1)
    if count is not None and (type(count) is not int or count < 1):
        raise BadControlError("count is a whole number of calls, or null for until disarmed")
    with world.store.transaction() as unit:
        number = faults.arm(
            unit,
            str(body.get("kind")),
            account=body.get("account"),
            route=body.get("route"),
            count=count,
            options=options,
        )
        armed = next(fault for fault in faults.armed(unit) if fault.id == number)
    return armed.as_json()


def reset(unit: Transaction, account: str | None) -> None:
    """Forget everything of one account, or of all; faults are disarmed."""
    # The record refuses deletion by trigger; starting a new world is the one exception.
    triggers = unit.run(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('record', 'bank_record')"
    ).fetchall()
    for name, _ in triggers:
        unit.run(f"DROP TRIGGER {name}")
    for table in (
        "objects",
        "idempotency",
        "deliveries",
        "chores",
        "record",
        "bank_keys",
        "bank_record",
    ):
        unit.run(f"DELETE FROM {table} WHERE ? IS NULL OR account = ?", (account, account))  # noqa: S608
    unit.run("DELETE FROM faults WHERE ? IS NULL OR account = ?", (account, account))
    if account is None:
        unit.run("DELETE FROM receipts")
        unit.run("DELETE FROM adyen_fields")
    if account is None:
        unit.run("DELETE FROM mails")
    for _, sql in triggers:
        unit.run(sql)


def lie(world: World, body: Json) -> Json:
    """Send an event that is not true: about an object of the account as we please to show it."""
    account, kind = str(body.get("account")), str(body.get("type", "payment_intent.succeeded"))
    with world.store.transaction() as unit:
        call = Call(unit=unit, account=account, clock=world.clock)
        shown = body.get("object")
        if shown is None:
            found = unit.find(account, "payment_intent", str(body.get("payment_intent")))
            if found is None:
                raise BadControlError("no such payment_intent in that account")
            shown = public(found, world.clock.now())
            shown |= {"status": "succeeded", "amount_received": shown["amount"]}
        shown = {**shown, **body.get("changes", {})}
        event = events.send(call, kind, shown)
    world.stir()
    return event


def redeliver(world: World, body: Json) -> Json:
    """Deliver again: one event, or everything that was muted or failed."""
    wanted = body.get("event")
    with world.store.transaction() as unit:
        if wanted is not None:
            rows = unit.run(
                "SELECT DISTINCT account, endpoint FROM deliveries WHERE event = ?", (wanted,)
            ).fetchall()
            for account, endpoint in rows:
                event = unit.find(account, "event", wanted)
                if event is not None:
                    call = Call(unit=unit, account=account, clock=world.clock)
                    events.deliver(call, event, endpoint, state="pending", due=world.clock.exact())
            count = len(rows)
        else:
            count = unit.run(
                "UPDATE deliveries SET state = 'pending', attempts = 0, due = ?"
                " WHERE state IN ('muted', 'failed') AND (? IS NULL OR account = ?)",
                (world.clock.exact(), body.get("account"), body.get("account")),
            ).rowcount
    world.stir()
    return {"redelivered": count}


def deliveries(unit: Transaction, account: str | None, limit: int = 100) -> list[Json]:
    """The latest deliveries, newest first."""
    names = (
        "id",
        "account",
        "endpoint",
        "event",
        "type",
        "state",
        "attempts",
        "response",
        "created",
    )
    rows = unit.run(
        "SELECT id, account, endpoint, event, kind, state, attempts, response, created"
        " FROM deliveries WHERE ? IS NULL OR account = ? ORDER BY id DESC LIMIT ?",
        (account, account, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


@blueprint.app_errorhandler(BadControlError)
@blueprint.app_errorhandler(faults.UnknownFaultError)
def refuse(error: Exception) -> Response:
    """What the caller got wrong, in words."""
    return answer({"error": str(error)}, 400)


@blueprint.post("/control/api/faults")
def arm_fault() -> Response:
    return answer(arm(current_world(), given()), 201)


@blueprint.get("/control/api/faults")
def list_faults() -> Response:
    with current_world().store.transaction() as unit:
        return answer({"faults": [fault.as_json() for fault in faults.armed(unit)]})


@blueprint.delete("/control/api/faults")
@blueprint.delete("/control/api/faults/<int:number>")
def disarm_faults(number: int | None = None) -> Response:
    with current_world().store.transaction() as unit:
        faults.disarm(unit, number)
    return answer({"disarmed": True})


@blueprint.post("/control/api/reset")
def reset_state() -> Response:
    body = given()
    with current_world().store.transaction() as unit:
        reset(unit, body.get("account"))
    return answer({"reset": True})


@blueprint.post("/control/api/clock")
def move_clock() -> Response:
    seconds = given().get("advance_seconds", 0)
    if type(seconds) is not int or seconds < 0:
        raise BadControlError("advance_seconds is a whole number, not negative")
    current_world().advance(seconds)
    return answer(
        {"now": current_world().clock.now(), "offset_seconds": current_world().clock.offset_seconds}
    )


def bank_says(world: World, body: Json) -> Json:
    """A customer's bank answers a debit now, or takes back what it paid."""
    account, word = str(body.get("account")), str(body.get("answer"))
    with world.store.transaction() as unit:
        call = Call(unit=unit, account=account, clock=world.clock)
        intent = unit.find(account, "payment_intent", str(body.get("payment_intent")))
        charge = unit.find(account, "charge", str(intent and intent["latest_charge"]))
        if charge is None or charge["payment_method_details"]["type"] not in DEBITS:
            raise BadControlError("no such debit in that account")
        code = str(body["code"]) if body.get("code") else None
        if word == "accept":
            debits.accept(call, charge, Account(""))
        elif word == "refuse":
            debits.refuse(call, charge, str(body.get("failure") or "insufficient_funds"), code)
        elif word == "return":
            debits.give_back(call, charge["id"], code)
        else:
            raise BadControlError("answer is accept, refuse or return")
    world.stir()
    return {"answer": word}


@blueprint.post("/control/api/banks")
def answer_for_bank() -> Response:
    return answer(bank_says(current_world(), given()))


@blueprint.post("/control/api/wallets")
def offer_wallets() -> Response:
    """Which wallets browsers have from now on; a page asks when it is opened."""
    names = given().get("offered")
    if not isinstance(names, list) or not {str(name) for name in names} <= set(wallets.TITLES):
        raise BadControlError(f"offered is a list of some of {', '.join(wallets.TITLES)}")
    with current_world().store.transaction() as unit:
        return answer({"offered": wallets.offer(unit, names)})


@blueprint.post("/control/api/idempotency/prune")
def prune_keys() -> Response:
    body = given()
    before = current_world().clock.now() - int(body.get("older_than_seconds", 0))
    with current_world().store.transaction() as unit:
        count = idempotency.prune(unit, body.get("account"), before)
    return answer({"pruned": count})


@blueprint.post("/control/api/events")
def send_lie() -> Response:
    return answer(lie(current_world(), given()), 201)


@blueprint.post("/control/api/webhooks/redeliver")
def deliver_again() -> Response:
    return answer(redeliver(current_world(), given()))


@blueprint.get("/control/api/webhooks")
def list_deliveries() -> Response:
    with current_world().store.transaction() as unit:
        return answer({"deliveries": deliveries(unit, request.args.get("account"))})


@blueprint.get("/record")
def show_record() -> Response:
    account = request.args.get("account")
    with current_world().store.transaction() as unit:
        if not account:
            return answer({"accounts": record.accounts(unit)})
        wanted = {
            name[len("metadata[") : -1]: value
            for name, value in request.args.items()
            if name.startswith("metadata[") and name.endswith("]")
        }
        body = record.answer(unit, account, request.args.get("payment_intent"), wanted)
    return answer(body)
