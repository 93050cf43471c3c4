"""Disputes and mandates, to be read. A debit that was taken back is a dispute that is lost already."""

from app.sandbox.call import Call, public
from app.sandbox.errors import Json
from app.sandbox.lists import Where, page
from app.sandbox.params import EXPAND, PAGE, RANGE, Spec, string

LIST: Spec = {**PAGE, "charge": string(255), "created": RANGE, "payment_intent": string(255)}
RETRIEVE: Spec = {"expand": EXPAND}


def list_disputes(call: Call) -> Json:
    """GET /v1/disputes."""
    where: Where = []
    for name in ("charge", "payment_intent"):
        if name in call.params:
            where.append((f"json_extract(body, '$.{name}') = ?", call.params[name]))
    return page(call, "dispute", "/v1/disputes", where)


def retrieve(call: Call) -> Json:
    """GET /v1/disputes/{id}."""
    return public(call.load("dispute", call.path["id"]), call.now)


def retrieve_mandate(call: Call) -> Json:
    """GET /v1/mandates/{id}."""
    return public(call.load("mandate", call.path["id"]), call.now)
