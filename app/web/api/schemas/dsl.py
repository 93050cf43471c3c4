"""The words that shapes are written in: they give JSON Schema as OpenAPI 3.1 takes it.

A shape is closed: it names every field there can be, and a field is always there unless it is
`optional`. What is never anything but null says so, for software that expects the name.
"""

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Optional:
    """A field that is not always there."""

    schema: Schema


def _said(schema: Schema, doc: str) -> Schema:
    return {**schema, "description": doc} if doc else schema


def text(doc: str = "") -> Schema:
    """Any string."""
    return _said({"type": "string"}, doc)


def ident(prefix: str, doc: str = "") -> Schema:
    """The id of one of our objects."""
    return _said({"type": "string", "pattern": f"^{prefix}_"}, doc)


def word(*words: str, doc: str = "") -> Schema:
    """One of a few words."""
    return _said({"type": "string", "enum": list(words)}, doc)


def named(kind: str) -> Schema:
    """The field `object`."""
    return {"type": "string", "const": kind, "description": f"Always `{kind}`."}


def whole(doc: str = "") -> Schema:
    """A whole number."""
    return _said({"type": "integer"}, doc)


def decimal(doc: str = "") -> Schema:
    """A number with decimals, exact in its digits."""
    return _said({"type": "number"}, doc)


def moment(doc: str = "") -> Schema:
    """Seconds since 1970."""
    return _said({"type": "integer", "format": "unix-time"}, doc)


def flag(doc: str = "") -> Schema:
    """True or false."""
    return _said({"type": "boolean"}, doc)


def currency(doc: str = "ISO 4217 code in small letters.") -> Schema:
    """A currency's code."""
    return _said({"type": "string", "pattern": "^[a-z]{3}$"}, doc)


def nothing(doc: str = "Always null here.") -> Schema:
    """A field that is expected and never holds anything."""
    return {"type": "null", "description": doc}


def metadata(doc: str = "Your own key-value pairs.") -> Schema:
    """An object of strings."""
    return {"type": "object", "additionalProperties": {"type": "string"}, "description": doc}


def anything(doc: str) -> Schema:
    """An object that is not ours to describe."""
    return {"type": "object", "description": doc}


def refer(kind: str, doc: str = "") -> Schema:
    """Another object, whole."""
    return _said({"$ref": f"#/components/schemas/{kind}"}, doc)


def either(*schemas: Schema, doc: str = "") -> Schema:
    """One of several shapes."""
    return _said({"anyOf": list(schemas)}, doc)


def expands(*kinds: str, doc: str = "") -> Schema:
    """An id that `expand[]` replaces by its object."""
    known = either(text(), *(refer(kind) for kind in kinds), doc=doc)
    return {**known, "x-expandable": True}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    if "enum" in schema:
        return {**schema, "type": ["string", "null"], "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    doc = schema.get("description", "")
    plain = {name: value for name, value in schema.items() if name != "description"}
    return either(plain, {"type": "null"}, doc=doc)


def array(item: Schema, doc: str = "") -> Schema:
    """A list of one kind of thing."""
    return _said({"type": "array", "items": item}, doc)


def none_of(doc: str = "Always empty here.") -> Schema:
    """A list that is expected and never holds anything."""
    return {"type": "array", "maxItems": 0, "description": doc}


def optional(schema: Schema) -> Optional:
    """A field that is not always there."""
    return Optional(schema)


def shape(doc: str = "", /, **fields: Schema | Optional) -> Schema:
    """A closed object."""
    known = {
        name: field.schema if isinstance(field, Optional) else field
        for name, field in fields.items()
    }
    required = [name for name, field in fields.items() if not isinstance(field, Optional)]
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": known}
    if required:
        schema["required"] = required
    return _said(schema, doc)


def nulls(*names: str, doc: str = "Always null here.") -> dict[str, Schema]:
    """Several fields that never hold anything."""
    return {name: nothing(doc) for name in names}


def page_of(kind: str, doc: str = "") -> Schema:
    """The list of objects of one kind, a page at a time."""
    return shape(
        doc or "A page of a list, newest first.",
        object=named("list"),
        data=array(refer(kind)),
        has_more=flag("Whether there is a page after this one."),
        url=text("The address of the list."),
    )


def found_of(kind: str) -> Schema:
    """What a search found, a page at a time."""
    return shape(
        "A page of what a search found, newest first.",
        object=named("search_result"),
        data=array(refer(kind)),
        has_more=flag("Whether there is a page after this one."),
        next_page=maybe(text("What `page` of the next request is.")),
        total_count=optional(whole("How many there are; with `expand[]=total_count`.")),
        url=text("The address of the search."),
    )
