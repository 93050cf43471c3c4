"""Events: what happened, kept for 30 days, one delivery per endpoint that wants it.

An event is written in the transaction of what it tells; the couriers deliver it afterwards, at
least once and in no promised order. The event faults act here, where deliveries are planned, so a
restart does not undo them.
"""

import orjson

from app.sandbox import faults
from app.sandbox.call import Call, public
from app.sandbox.errors import Json
from app.sandbox.ids import new_id
from app.sandbox.lists import Where, page
from app.sandbox.params import EXPAND, PAGE, RANGE, Spec, boolean, list_of, string

API_VERSION = "2026-10-28.endive"
KEPT_SECONDS = 30 * 24 * 3600

LIST: Spec = {
    **PAGE,
    "created": RANGE,
    "type": string(100),
    "types": list_of(string(100), 20),
    "delivery_success": boolean,
}
RETRIEVE: Spec = {"expand": EXPAND}


def emit(call: Call, kind: str, subject: Json, previous: Json | None = None) -> Json:
    """Tell that something happened to `subject`, as it is now."""
    shown = public(subject, call.now)
    lie = faults.take(call.unit, "lying_event", call.account, kind)
    if lie is not None:
        kind = str(lie.get("type", "payment_intent.succeeded"))
        shown = {**shown, "status": str(lie.get("status", "succeeded"))}
    return send(call, kind, shown, previous)


def send(call: Call, kind: str, shown: Json, previous: Json | None = None) -> Json:
    """Write an event about an object as shown, true or not, and plan its deliveries."""
    endpoints = [
        endpoint
        for endpoint in call.unit.every(call.account, "webhook_endpoint")
        if endpoint["status"] == "enabled" and _wants(endpoint, kind)
    ]
    data: Json = {"object": shown}
    if previous is not None:
        data["previous_attributes"] = previous
    event = call.insert(
        {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": call.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": len(endpoints),
            "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
            "type": kind,
        }
    )
    for endpoint in endpoints:
        plan(call, event, endpoint["id"])
    return event


def _wants(endpoint: Json, kind: str) -> bool:
    return "*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"]


def plan(call: Call, event: Json, endpoint: str) -> None:
    """Plan the deliveries of an event to one endpoint, as the armed faults will have it."""

    def fault(name: str) -> Json | None:
        return faults.take(call.unit, name, call.account, event["type"])

    due = call.clock.exact()
    state = "muted" if fault("mute_webhooks") is not None else "pending"
    if (delay := fault("delay_webhooks")) is not None:
        due += delay.get("seconds", 5)
    if (shuffle := fault("shuffle_webhooks")) is not None:
        # Later events become due earlier, so what piles up within the window arrives reversed.
        waiting = call.unit.run(
            "SELECT count(*) FROM deliveries"
            " WHERE endpoint = ? AND state = 'pending' AND attempts = 0",
            (endpoint,),
        ).fetchone()[0]
        due += max(0.0, shuffle.get("window_seconds", 1) - 0.1 * waiting)
    duplicate = fault("duplicate_webhooks")
    copies = 1 if duplicate is None else max(2, int(duplicate.get("copies", 2)))
    for _ in range(copies):
        deliver(call, event, endpoint, state=state, due=due)


def deliver(call: Call, event: Json, endpoint: str, *, state: str, due: float) -> None:
    """Plan one delivery."""
    call.unit.run(
        "INSERT INTO deliveries (account, endpoint, event, kind, state, due, created)"
        " VALUES (?,?,?,?,?,?,?)",
        (call.account, endpoint, event["id"], event["type"], state, due, call.now),
    )


def list_events(call: Call) -> Json:
    """GET /v1/events."""
    where: Where = [("created > ?", call.now - KEPT_SECONDS)]
    if "type" in call.params:
        where.append(("json_extract(body, '$.type') GLOB ?", call.params["type"]))
    if "types" in call.params:
        wanted = orjson.dumps(call.params["types"]).decode()
        where.append(("json_extract(body, '$.type') IN (SELECT value FROM json_each(?))", wanted))
    return page(call, "event", "/v1/events", where)


def retrieve(call: Call) -> Json:
    """GET /v1/events/{id}."""
    return public(call.load("event", call.path["id"]), call.now)
