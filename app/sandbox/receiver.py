"""A merchant's software that is told of events: `/receiver/NAME` keeps what is posted to it, shows
whether the signature holds, and answers as it is told to.

The behaviour is set on the page or by `POST /control/api/receivers/NAME`; without any it answers 200.
"""

import base64
import hmac
import re
import time
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.sandbox.control import BadControlError, answer, given
from app.sandbox.errors import Json
from app.sandbox.spoil import ENDLESS_BODY, ENDLESS_HEADERS, WIRE
from app.sandbox.store import Transaction
from app.sandbox.webhooks import sign
from app.sandbox.world import current_world

blueprint = Blueprint("receiver", __name__)

KEPT = 500
SHOWN = 50
LONGEST_DELAY_SECONDS = 60
BEHAVIOUR: Json = {
    "status": 200,
    "delay_seconds": 0,
    "location": "",
    "retry_after": 0,
    "endless": "",
    "secret": "",
}
ENDLESS = {"headers": ENDLESS_HEADERS, "body": ENDLESS_BODY}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def behaviour(unit: Transaction, name: str) -> Json:
    """How a receiver answers, and the secret it checks with."""
    stored: Json = unit.setting(f"receiver:{name}") or {}
    return BEHAVIOUR | stored


def settle(unit: Transaction, name: str, wanted: Json) -> Json:
    """Change what is given of a receiver's behaviour; raises BadControlError."""
    unknown = wanted.keys() - BEHAVIOUR.keys()
    if unknown:
        raise BadControlError(f"a receiver has no {', '.join(sorted(unknown))}")
    made = behaviour(unit, _checked(name)) | wanted
    if type(made["status"]) is not int or not 200 <= made["status"] <= 599:
        raise BadControlError("status is a whole number from 200 to 599")
    for field, most in (("delay_seconds", LONGEST_DELAY_SECONDS), ("retry_after", 10**9)):
        if type(made[field]) not in (int, float) or not 0 <= made[field] <= most:
            raise BadControlError(f"{field} is a number from 0 to {most}")
    if made["endless"] not in ("", *ENDLESS):
        raise BadControlError("endless is headers, body or nothing")
    if not all(isinstance(made[field], str) for field in ("location", "secret")):
        raise BadControlError("location and secret are texts")
    if re.search(r"[\r\n]", made["location"]):
        raise BadControlError("location is one line")
    unit.set_setting(f"receiver:{name}", made)
    return made


def received(unit: Transaction, name: str, secret: str, limit: int = KEPT) -> list[Json]:
    """What came, newest first, and whether its signatures hold."""
    rows = unit.run(
        "SELECT id, at, headers, body FROM receipts WHERE receiver = ? ORDER BY id DESC LIMIT ?",
        (name, limit),
    )
    found = []
    for number, at, headers, body in rows.fetchall():
        lines: dict[str, str] = orjson.loads(headers)
        text = bytes(body).decode("utf-8", "replace")
        found.append(
            {
                "id": number,
                "at": at,
                "headers": lines,
                "body": text,
                "type": _type_of(text),
                "is_verified": verify(secret, lines, bytes(body)) if secret else None,
            }
        )
    return found


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether both signatures were made with the secret: the older one and the standard one."""
    older = headers.get("stripe-signature", "")
    stamp = re.match(r"t=(\d{1,12}),", older)
    if stamp is None:
        return False
    wanted = sign(secret, body, int(stamp[1])).rpartition("v1=")[2]
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode()
    standard = base64.b64encode(hmac.digest(key, signed + body, "sha256")).decode()
    return f"v1={wanted}" in older.split(",") and f"v1,{standard}" in headers.get(
        "webhook-signature", ""
    ).split(" ")


def forget(unit: Transaction, name: str | None) -> None:
    """Throw away what came, to one receiver or to all; how they answer stays."""
    unit.run("DELETE FROM receipts WHERE ? IS NULL OR receiver = ?", (name, name))


def _type_of(text: str) -> str:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "not JSON"
    return str(body.get("type", "no type")) if isinstance(body, dict) else "no event"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadControlError("a receiver's name is letters, digits, - and _")
    return name


@blueprint.post("/receiver/<name>")
def take(name: str) -> Response:
    world = current_world()
    headers = {line.lower(): value for line, value in request.headers.items()}
    with world.store.transaction() as unit:
        how = behaviour(unit, _checked(name))
        unit.run(
            "INSERT INTO receipts (receiver, at, headers, body) VALUES (?, ?, ?, ?)",
            (name, world.clock.exact(), orjson.dumps(headers).decode(), request.get_data()),
        )
        unit.run(
            "DELETE FROM receipts WHERE receiver = ? AND id <= (SELECT max(id) FROM receipts"
            " WHERE receiver = ?) - ?",
            (name, name, KEPT),
        )
    time.sleep(how["delay_seconds"])
    if how["endless"]:
        request.environ[WIRE] = ENDLESS[how["endless"]]
    response = Response("received", how["status"], mimetype="text/plain")
    if how["location"]:
        response.headers["Location"] = how["location"]
    if how["retry_after"]:
        response.headers["Retry-After"] = str(how["retry_after"])
    return response


@blueprint.get("/receiver/<name>")
def show(name: str) -> Response:
    with current_world().store.transaction() as unit:
        how = behaviour(unit, _checked(name))
        rows = received(unit, name, how["secret"], SHOWN)
    for row in rows:
        row["when"] = time.strftime("%d %b %H:%M:%S", time.gmtime(row["at"]))
    response = Response(
        render_template(
            "receiver.html",
            name=name,
            how=how,
            rows=rows,
            endless=ENDLESS,
            address=request.base_url,
        ),
        mimetype="text/html",
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/receiver/<name>/settings")
def change(name: str) -> AnyResponse:
    # Another site's page must not teach our receivers through somebody's browser.
    if request.headers.get("Origin", request.host_url.rstrip("/")) != request.host_url.rstrip("/"):
        raise BadControlError("forms are taken from the receiver's page only")
    with current_world().store.transaction() as unit:
        if request.form.get("forget"):
            forget(unit, _checked(name))
        else:
            settle(unit, name, _wanted(request.form.to_dict()))
    return redirect(f"/receiver/{name}", 303)


def _wanted(form: dict[str, str]) -> Json:
    wanted: dict[str, Any] = {
        field: form[field].strip() for field in ("secret", "location", "endless") if field in form
    }
    for field in ("status", "delay_seconds", "retry_after"):
        text = form.get(field, "").strip()
        if text:
            if not (text.isascii() and text.isdigit() and len(text) < 10):
                raise BadControlError(f"{field} is a whole number")
            wanted[field] = int(text)
    return wanted


@blueprint.post("/control/api/receivers/<name>")
def teach(name: str) -> Response:
    body = given()
    with current_world().store.transaction() as unit:
        return answer(settle(unit, name, body))


@blueprint.get("/control/api/receivers/<name>")
def tell(name: str) -> Response:
    with current_world().store.transaction() as unit:
        how = behaviour(unit, _checked(name))
        return answer({"behaviour": how, "received": received(unit, name, how["secret"])})


@blueprint.delete("/control/api/receivers/<name>")
def empty(name: str) -> Response:
    with current_world().store.transaction() as unit:
        forget(unit, _checked(name))
    return answer({"forgotten": True})
