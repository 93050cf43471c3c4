"""Answers of Checkout that lie or break. The effect and the stored answer stay true."""

from typing import Any

import orjson
from flask import Response

from app.sandbox.errors import Json
from app.sandbox.spoil import CUT, TRUNCATE, WIRE

LIES = {"wrong_amount", "wrong_currency", "unknown_status"}


def spoil(response: Response, struck: dict[str, Json], environ: dict[str, Any]) -> Response:
    """The reply as the armed faults leave it."""
    if "drop_before" in struck or "drop_after" in struck:
        environ[WIRE] = CUT
        return response
    if "truncated_body" in struck:
        environ[WIRE] = TRUNCATE
    if "malformed_body" in struck:
        response.set_data(b'{"pspReference": "BROKEN", "resultCode": "Autho<!doctype html>')
    elif response.status_code in (200, 201) and struck.keys() & LIES:
        response.set_data(orjson.dumps(_lie(orjson.loads(response.get_data()), struck)))
    return response


def _lie(body: Json, struck: dict[str, Json]) -> Json:
    amount = body.get("amount")
    if amount and "wrong_amount" in struck:
        amount["value"] += int(struck["wrong_amount"].get("delta", 1))
    if amount and "wrong_currency" in struck:
        other = "EUR" if amount["currency"] != "EUR" else "USD"
        amount["currency"] = str(struck["wrong_currency"].get("currency", other)).upper()
    if "unknown_status" in struck:
        name = "resultCode" if "resultCode" in body else "status"
        body[name] = struck["unknown_status"].get("status", "InOrbit")
    return body
