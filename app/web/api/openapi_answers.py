"""What each call answers, as OpenAPI says it: the object, a page, or an error with its codes."""

from typing import Any

from app.web.api.call import Route
from app.web.api.error_codes import ERRORS as CODES
from app.web.api.routes import ROUTES
from app.web.api.schemas.dsl import either, found_of, page_of, refer

Json = dict[str, Any]

TITLES = {
    400: "A parameter is wrong, or the object's state does not allow this.",
    401: "No valid key came with the request.",
    402: "The bank declined.",
    403: "The key may not do this.",
    404: "There is no such object.",
    409: "The request collides with another one.",
    413: "The request is too large.",
    422: "A card number was sent.",
    429: "Too many calls.",
    500: "We failed.",
    503: "The processor cannot be asked now.",
}
_TYPES = {402: "card_error", 500: "api_error", 503: "api_error"}
_WITHOUT_CODE = ("idempotency_error", "internal_error", "processor_unavailable")
# Where a bank is asked, so that it may decline.
_ASKS_A_BANK = (
    "post_v1_payment_intents",
    "post_v1_payment_intents_intent_confirm",
    "post_payments",
    "post_v1_customers",
    "post_v1_payment_methods_method_attach",
)


def statuses_of(route: Route) -> list[int]:
    """The statuses of the errors that a call can answer with."""
    statuses = [400, 401, 403, 404, 422, 429, 500, 503]
    if route.method != "GET":
        statuses += [409, 413]
    if route.name in _ASKS_A_BANK:
        statuses.append(402)
    return sorted(statuses)


def of(route: Route) -> Json:
    """Every answer of a call, by status."""
    found: Json = {"200": _good(route, "The answer.")}
    if route.rule == "/payments":
        unknown = "The outcome is not known yet: ask again, or repeat the request."
        found["202"] = _good(route, unknown)
    for status in statuses_of(route):
        found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def _good(route: Route, doc: str) -> Json:
    headers = ["Request-Id", "Stripe-Version"]
    if route.method == "POST":
        headers += ["Idempotent-Replayed", "Original-Request"]
    return {
        "description": doc,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {"application/json": {"schema": schema_of(route)}},
    }


def schema_of(route: Route) -> Json:
    """What a good answer looks like."""
    if route.is_public:
        return either(refer(route.gives), refer(f"{route.gives}_public"))
    return refer(_name(route))


def _name(route: Route) -> str:
    if route.weight == "search":
        return f"search.{route.gives.removeprefix('list:')}"
    return route.gives.replace(":", ".")


def envelopes() -> Json:
    """The pages of lists and searches."""
    found: Json = {}
    for route in ROUTES:
        if route.gives.startswith("list:"):
            make = found_of if route.weight == "search" else page_of
            found[_name(route)] = make(route.gives.removeprefix("list:"))
    return found


def _error(status: int) -> Json:
    examples = {
        code: {"summary": error.meaning, "value": _example(code, status)}
        for code, error in CODES.items()
        if status in error.statuses
    }
    media: Json = {"schema": refer("error")}
    if examples:
        media["examples"] = examples
    headers = {"Request-Id": {"$ref": "#/components/headers/Request-Id"}}
    if status in (409, 429):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    return {
        "description": TITLES[status],
        "headers": headers,
        "content": {"application/json": media},
    }


def _example(code: str, status: int) -> Json:
    kind = _TYPES.get(status, "invalid_request_error")
    if code in ("idempotency_error", "idempotency_key_in_use"):
        kind = "idempotency_error"
    detail = {"type": kind, "message": CODES[code].meaning}
    return {"error": detail if code in _WITHOUT_CODE else {**detail, "code": code}}


ERRORS: Json = {str(status): _error(status) for status in TITLES}
HEADERS: Json = {
    "Request-Id": {
        "description": "This request's id: say it when you ask for help.",
        "schema": {"type": "string"},
    },
    "Stripe-Version": {
        "description": "The version of the answer's words: ours.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "`true`: this is the stored answer of the first request with this key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Original-Request": {
        "description": "The id of that first request.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "After how many seconds to send the request again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
WEBHOOK_HEADERS: list[Json] = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "description": doc,
        "schema": {"type": "string"},
    }
    for name, doc in (
        ("Stripe-Signature", "`t=` the time and a `v1=` for each secret that is valid."),
        ("webhook-id", "The event's id."),
        ("webhook-timestamp", "The time, in seconds since 1970."),
        ("webhook-signature", "Standard Webhooks: `v1,` and base 64, for each secret."),
    )
]
