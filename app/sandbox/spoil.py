"""Replies that lie, break or never arrive. The effect and the stored answer stay true."""

from typing import Any

import orjson
from flask import Response

from app.sandbox.errors import Json

# Read by the server after the application has answered.
WIRE = "sandbox.wire"
CUT, TRUNCATE = "cut", "truncate"
ENDLESS_HEADERS, ENDLESS_BODY = "endless_headers", "endless_body"


def spoil(response: Response, struck: dict[str, Json], environ: dict[str, Any]) -> Response:
    """The reply as the armed faults leave it."""
    if "drop_before" in struck or "drop_after" in struck:
        environ[WIRE] = CUT
        return response
    if "truncated_body" in struck:
        environ[WIRE] = TRUNCATE
    if "malformed_body" in struck:
        response.set_data(b'{"id": "pi_broken", "object": "payment_int<!doctype html>')
    if response.status_code == 200 and struck.keys() & {
        "wrong_amount",
        "wrong_currency",
        "unknown_status",
    }:
        response.set_data(orjson.dumps(_lie(orjson.loads(response.get_data()), struck)))
    return response


def _lie(body: Json, struck: dict[str, Json]) -> Json:
    if "wrong_amount" in struck:
        delta = int(struck["wrong_amount"].get("delta", 1))
        for name in ("amount", "amount_received", "amount_capturable"):
            if body.get(name):
                body[name] += delta
    if "wrong_currency" in struck:
        other = "eur" if body.get("currency") != "eur" else "usd"
        body["currency"] = struck["wrong_currency"].get("currency", other)
    if "unknown_status" in struck:
        body["status"] = struck["unknown_status"].get("status", "in_orbit")
    return body
