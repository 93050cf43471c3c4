"""The API as an OpenAPI 3.1 document, made of ROUTES, SCHEMAS and EVENT_TYPES; nothing is written twice."""

from typing import Any

from app.web.api import openapi_answers as answers
from app.web.api.call import Route
from app.web.api.event_types import NOT_YET, SENT
from app.web.api.expansion import paths_of
from app.web.api.fields import EXPAND, List, Range, Schema, described, object_schema
from app.web.api.parameters import doc_of, refused
from app.web.api.resource_guide import RESOURCES, resource_of
from app.web.api.routes import ROUTES
from app.web.api.schemas import SCHEMAS
from app.web.api.schemas.events import shown_by
from app.web.api.version import API_VERSION

Json = dict[str, Any]

ABOUT = (
    "Farthing speaks the words of Stripe's API: the official SDKs work against it with their"
    " address changed. Amounts are whole numbers of ISO 4217 minor units. Every parameter that is"
    " not listed is refused by name."
)
VERSION_PATTERN = r"^\d{4}-\d{2}-\d{2}(\.[a-z]{1,40})?$"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def document(base_url: str) -> Json:
    """The whole specification of an installation."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Farthing API",
            "version": API_VERSION,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": one.title, "description": one.about} for one in RESOURCES],
        "paths": _paths(),
        "webhooks": {name: {"post": _webhook(name, doc)} for name, doc in SENT.items()},
        "components": {
            "schemas": {**SCHEMAS, **answers.envelopes(), **_requests(), **_expandable()},
            "responses": answers.ERRORS,
            "headers": answers.HEADERS,
            "parameters": _HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A secret or restricted key: `Authorization: Bearer sk_test_…`.",
                },
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The key as the user, no password.",
                },
            },
        },
        "x-farthing-event-types-not-sent-yet": list(NOT_YET),
    }


_HEADERS: Json = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes repeating safe: the same key and parameters get the same answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    },
    "Stripe-Version": {
        "name": "Stripe-Version",
        "in": "header",
        "description": "Any version may be named; the answer is in ours, and says so.",
        "schema": {"type": "string", "pattern": VERSION_PATTERN},
    },
}


def _paths() -> Json:
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(route.rule, {})[route.method.lower()] = operation(route)
    return paths


def operation(route: Route) -> Json:
    """One call."""
    made: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [resource_of(route).title],
        "parameters": [*_of_path(route), *_of_headers(route)],
        "responses": answers.of(route),
        "x-farthing-permission": {"resource": route.resource, "level": route.level},
        "x-farthing-rate-class": route.weight,
    }
    if doc_of(route):
        made["description"] = doc_of(route)
    no = {one.name: one.refused for one in refused(route.takes)}
    if no:
        made["x-farthing-refused"] = no
    if route.method == "POST":
        body = {"schema": {"$ref": f"#/components/schemas/{_request(route)}"}}
        made["requestBody"] = {
            "required": any(field.is_required for field in route.takes.values()),
            "content": {FORM: {**body, "encoding": _encoding(route)}, JSON: body},
        }
    else:
        made["parameters"] += _of_query(route)
    return made


def _of_path(route: Route) -> list[Json]:
    names = [part[1:-1] for part in route.rule.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "The object's id.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
        for name in names
    ]


def _of_headers(route: Route) -> list[Json]:
    version = {"$ref": "#/components/parameters/Stripe-Version"}
    if route.method != "POST":
        return [version]
    key: Json = {"$ref": "#/components/parameters/Idempotency-Key"}
    if route.rule == "/payments":
        key = {**_HEADERS["Idempotency-Key"], "required": True}
    return [key, version]


def _of_query(route: Route) -> list[Json]:
    found = []
    offered = object_schema(route.takes)["properties"]
    for name, schema in (offered | _expand(route)).items():
        field = {**route.takes, **EXPAND}[name]
        one: Json = {"name": name, "in": "query", "schema": _bare(schema)}
        if schema.get("description"):
            one["description"] = schema["description"]
        if field.is_required:
            one["required"] = True
        if isinstance(field, List):
            one |= {"name": f"{name}[]", "style": "form", "explode": True}
        if isinstance(field, Range):
            one |= {"style": "deepObject", "explode": True}
        found.append(one)
    return found


def _bare(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "description"}


def _expand(route: Route) -> Json:
    """`expand`, with the paths that this call's answer has."""
    name = _expandable_name(route)
    if name is None:
        return {}
    item = {"$ref": f"#/components/schemas/{name}"}
    return {"expand": {**described(EXPAND["expand"]), "items": item}}


def _expandable_name(route: Route) -> str | None:
    kind = route.gives.removeprefix("list:")
    if not _expandable_paths(route):
        return None
    if route.weight == "search":
        return f"expandable.search.{kind}"
    return f"expandable.{route.gives.replace(':', '.')}"


def _expandable_paths(route: Route) -> list[str]:
    paths = paths_of(route.gives.removeprefix("list:"))
    if route.gives.startswith("list:"):
        paths = [f"data.{path}" for path in paths]
    return [*paths, "total_count"] if route.weight == "search" else paths


def _expandable() -> Json:
    found: Json = {}
    for route in ROUTES:
        name = _expandable_name(route)
        if name is not None:
            found[name] = {"type": "string", "enum": _expandable_paths(route)}
    return found


def _request(route: Route) -> str:
    return f"request.{route.name}"


def _requests() -> Json:
    """What each POST takes, as a form or as JSON; an empty value, or null, is as good as none."""
    found: Json = {}
    for route in ROUTES:
        if route.method == "POST":
            schema = object_schema(route.takes)
            properties = schema["properties"] | _expand(route)
            found[_request(route)] = {**schema, "properties": properties}
    return found


def _encoding(route: Route) -> Json:
    """Objects and lists in forms have brackets: `metadata[order]=7`, `expand[0]=customer`."""
    schema = object_schema(route.takes)["properties"] | _expand(route)
    deep = {"style": "deepObject", "explode": True}
    return {name: deep for name, one in schema.items() if one.get("type") in ("object", "array")}


def _webhook(name: str, doc: str) -> Json:
    kind = shown_by(name) or "object"
    shown = {"$ref": f"#/components/schemas/{kind}"}
    special = {
        "type": "object",
        "properties": {
            "type": {"const": name},
            "data": {"type": "object", "properties": {"object": shown}},
        },
    }
    schema = {"allOf": [{"$ref": "#/components/schemas/event"}, special]}
    return {
        "operationId": f"event_{name.replace('.', '_')}",
        "summary": doc,
        "tags": ["Events"],
        "security": [],
        "parameters": answers.WEBHOOK_HEADERS,
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "responses": {
            "2XX": {"description": "Received."},
            "410": {"description": "Gone: the endpoint is switched off at once."},
            "default": {"description": "Not received: sent again later, for three days."},
        },
    }
