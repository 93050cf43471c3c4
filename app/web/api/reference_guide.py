"""What the reference page shows, made ready for its template: calls, fields, errors."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.web.api.call import Route
from app.web.api.error_codes import ERRORS, ErrorCode
from app.web.api.example_code import LANGUAGES, code
from app.web.api.examples import example_of
from app.web.api.openapi_answers import statuses_of
from app.web.api.parameters import Parameter, doc_of, refused, taken
from app.web.api.resource_guide import RESOURCES, Resource
from app.web.api.schemas import SCHEMAS
from app.web.api.schemas.dsl import Schema

WEIGHTS = {
    "critical": "shed last",
    "standard": "shed after reads",
    "read": "shed after searches",
    "search": "shed first",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `codes` are its example in each language."""

    anchor: str
    route: Route
    parameters: list[Parameter]
    refused: list[tuple[str, list[str]]]
    statuses: list[int]
    codes: dict[str, str]
    answer: str
    answer_anchor: str | None
    weight: str
    doc: str


@dataclass(frozen=True, slots=True)
class AnswerField:
    """One field of an object."""

    name: str
    type: str
    doc: str
    depth: int
    is_optional: bool
    is_expandable: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An object, field by field; those that are always null here are only named."""

    kind: str
    anchor: str
    doc: str
    fields: list[AnswerField]
    empty: list[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A resource's part of the page."""

    resource: Resource
    operations: list[Operation]
    objects: list[Shown]


def sections() -> list[Section]:
    """The page, resource by resource."""
    return [
        Section(
            one,
            [_operation(route) for route in one.routes()],
            [_shown(kind) for kind in one.kinds],
        )
        for one in RESOURCES
    ]


def anchor(route: Route) -> str:
    """Where the call stands on the page."""
    return route.name.replace("_v1_", "_").replace("_", "-").replace(".", "-")


def object_anchor(kind: str) -> str:
    """Where the object stands on the page."""
    return f"object-{kind.replace('.', '-').replace('_', '-')}"


def _operation(route: Route) -> Operation:
    example = example_of(route)
    answer, target = _answer(route)
    return Operation(
        anchor=anchor(route),
        route=route,
        parameters=taken(route.takes),
        refused=_by_reason(refused(route.takes)),
        statuses=statuses_of(route),
        codes={name: code(example, name) for name in LANGUAGES} if example else {},
        answer=answer,
        answer_anchor=target,
        weight=WEIGHTS[route.weight],
        doc=doc_of(route),
    )


def _answer(route: Route) -> tuple[str, str | None]:
    kind = route.gives.removeprefix("list:")
    if kind.startswith("deleted_"):
        return "the id, and that it is deleted", None
    if route.weight == "search":
        return f"what was found: {kind}", object_anchor(kind)
    return (f"a page of {kind}" if kind != route.gives else kind), object_anchor(kind)


def _by_reason(found: list[Parameter]) -> list[tuple[str, list[str]]]:
    reasons: dict[str, list[str]] = {}
    for one in found:
        reasons.setdefault(one.refused or "", []).append(one.name)
    return list(reasons.items())


def _shown(kind: str) -> Shown:
    schema = SCHEMAS[kind]
    fields = list(_fields(schema, "", 0))
    return Shown(
        kind=kind,
        anchor=object_anchor(kind),
        doc=schema.get("description", ""),
        fields=[one for one in fields if one.type != "null"],
        empty=[one.name for one in fields if one.type == "null"],
    )


def _fields(schema: Schema, prefix: str, depth: int) -> Iterator[AnswerField]:
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        called = f"{prefix}{name}"
        yield AnswerField(
            name=called,
            type=type_of(field),
            doc=field.get("description", ""),
            depth=depth,
            is_optional=name not in required,
            is_expandable=field.get("x-expandable", False),
        )
        for inner, mark in _inside(field):
            yield from _fields(inner, f"{called}{mark}.", depth + 1)


def _inside(field: Schema) -> Iterator[tuple[Schema, str]]:
    """The objects in it whose fields are told here too; lists of objects of the API stand apart."""
    if field.get("properties") and "has_more" not in field["properties"]:
        yield field, ""
    if isinstance(field.get("items"), dict) and field["items"].get("properties"):
        yield field["items"], "[]"
    for one in field.get("anyOf", []):
        if one.get("properties"):
            yield one, ""


def type_of(field: Schema) -> str:
    """The type in a few words; what may be null says so."""
    if field.get("x-expandable"):
        return "id or null" if {"type": "null"} in field["anyOf"] else "id"
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        kinds = [type_of(one) for one in field["anyOf"]]
        return " or ".join(dict.fromkeys(kinds))
    if "const" in field:
        return f"`{str(field['const']).lower()}`"
    if "enum" in field and len(field["enum"]) <= 14:
        return ", ".join(f"`{word}`" if word else "null" for word in field["enum"])
    return _plain(field)


def _plain(field: Schema) -> str:
    kinds = field.get("type", "object")
    names = [kinds] if isinstance(kinds, str) else kinds
    if "array" in names:
        return f"list of {type_of(field['items'])}" if "items" in field else "empty list"
    words = {"integer": "time"} if field.get("format") == "unix-time" else {}
    return " or ".join(words.get(name, name) for name in names)


def error_groups() -> list[tuple[str, list[tuple[str, ErrorCode]]]]:
    """The codes: of declined cards, then all others."""
    declines = [(code, one) for code, one in sorted(ERRORS.items()) if one.is_decline]
    others = [(code, one) for code, one in sorted(ERRORS.items()) if not one.is_decline]
    return [("Declined cards", declines), ("Everything else", others)]
