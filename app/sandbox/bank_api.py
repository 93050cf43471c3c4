"""The bank's own small API (`/bank/v1`, JSON) and the controls that belong to it.

`bank_test_NAME` is the key of the account `bank_sbx_NAME`, whatever the name. Faults strike these
routes as they strike Stripe's; here the effect and its key are one transaction, so a cut line leaves
nothing before and everything after.
"""

import re
import time
from collections.abc import Callable
from datetime import date

import orjson
from flask import Blueprint, Response, request

from app.sandbox import bank, faults
from app.sandbox.call import Call, public
from app.sandbox.control import answer, given
from app.sandbox.errors import Json
from app.sandbox.spoil import spoil
from app.sandbox.world import current_world

blueprint = Blueprint("bank", __name__)
_KEY = re.compile(r"bank_test_([A-Za-z0-9_]{1,100})", re.ASCII)
BROKEN = bank.BankError(500, "internal", "An error of the bank's own.")
_BUSY = {"rate_limit": 429, "unavailable": 503}


def _account() -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    match = _KEY.fullmatch(key.strip())
    if scheme.lower() != "bearer" or match is None:
        raise bank.BankError(401, "unauthorized", "no such key")
    return f"bank_sbx_{match.group(1)}"


def _exchange(effect: Callable[[str], Json]) -> Response:
    """One call: faults that refuse, the effect, faults that spoil the reply."""
    struck: dict[str, Json] = {}
    try:
        account = _account()
        with current_world().store.transaction() as unit:
            struck = faults.take_for_call(unit, account, (f"{request.method} {request.path}",))
            is_twice = faults.take(unit, "duplicate_request", account) is not None
        body = _execute(effect, account, struck)
        if body is not None and is_twice:
            body = effect(account)
        current_world().stir()
        time.sleep(struck.get("delay_after", {}).get("seconds", 0))
        is_broken = body is None or "error_after" in struck
        response = _refusal(BROKEN) if is_broken else answer(body)
    except bank.BankError as error:
        response = _refusal(error)
    return spoil(response, struck, request.environ)


def _execute(effect: Callable[[str], Json], account: str, struck: dict[str, Json]) -> Json | None:
    """None where a fault keeps the call from being executed."""
    for kind, status in _BUSY.items():
        if kind in struck:
            raise bank.BankError(status, kind, "Come again later.")
    time.sleep(struck.get("delay_before", {}).get("seconds", 0))
    if struck.keys() & {"drop_before", "error_before"}:
        return None
    return effect(account)


def _refusal(error: bank.BankError) -> Response:
    body = {"error": {"code": error.code, "message": error.message}}
    return Response(orjson.dumps(body), error.status, mimetype="application/json")


@blueprint.post("/bank/v1/transfers")
def place_transfer() -> Response:
    def effect(account: str) -> Json:
        key = request.headers.get("Idempotency-Key", "")
        if not 0 < len(key) <= 255:
            raise bank.BankError(400, "invalid_request", "send an Idempotency-Key")
        order = bank.check(request.get_json(silent=True))
        with current_world().store.transaction() as unit:
            call = Call(unit=unit, account=account, clock=current_world().clock)
            transfer, _ = bank.place(call, key, order)
            return public(transfer, call.now)

    return _exchange(effect)


@blueprint.get("/bank/v1/transfers")
def find_transfers() -> Response:
    def effect(account: str) -> Json:
        with current_world().store.transaction() as unit:
            found = unit.owned(account, "transfer", request.args.get("reference", ""))
        return {"transfers": [public(one, current_world().clock.now()) for one in found]}

    return _exchange(effect)


@blueprint.get("/bank/v1/statement")
def show_statement() -> Response:
    def effect(account: str) -> Json:
        try:
            first = date.fromisoformat(request.args.get("from", ""))
            last = date.fromisoformat(request.args.get("to", ""))
        except ValueError:
            raise bank.BankError(400, "invalid_request", "from and to are days") from None
        with current_world().store.transaction() as unit:
            return {"lines": bank.statement(unit, account, first, last)}

    return _exchange(effect)


@blueprint.get("/bank/record")
def show_record() -> Response:
    with current_world().store.transaction() as unit:
        wanted = (request.args.get("account"), request.args.get("reference"))
        return answer(bank.record(unit, *wanted))


@blueprint.post("/control/api/bank/settle")
def settle() -> Response:
    body = given()
    hurry(body.get("account"), body.get("reference"))
    return answer({"settled": True})


def hurry(account: str | None = None, reference: str | None = None) -> None:
    """Let transfers arrive, or come back, now."""
    world = current_world()
    with world.store.transaction() as unit:
        bank.hurry(unit, account, reference, world.clock.exact())
    world.advance(0)
