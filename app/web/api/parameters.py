"""Parameters as people read them: each by its whole name, with its type in words, or why it is refused."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.web.api.call import Route
from app.web.api.fields import (
    Email,
    Field,
    Hash,
    Id,
    List,
    Metadata,
    Moment,
    Range,
    Refused,
    Schema,
    Spec,
    Web,
)
from app.web.api.search_fields import FIELDS, SearchField

MOST_WORDS = 14
_SEARCHED = {
    "list:payment_intent": "payments",
    "list:charge": "charges",
    "list:customer": "customers",
}
# Kinds of fields that are more than what JSON makes of them.
_CALLED: tuple[tuple[type, str], ...] = (
    (Id, "id"),
    (Web, "web address"),
    (Email, "e-mail address"),
    (Metadata, "object of strings"),
    (Moment, "time"),
    (Range, "time or range"),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a call. `refused` says why it is not taken; `depth` how far inside it stands."""

    name: str
    type: str
    doc: str
    is_required: bool
    depth: int
    refused: str | None = None


def flat(spec: Spec) -> list[Parameter]:
    """All parameters: required ones first, what stands inside another after that."""
    names = sorted(spec, key=lambda name: not spec[name].is_required)
    return [one for name in names for one in _flat(name, spec[name], 0)]


def taken(spec: Spec) -> list[Parameter]:
    """Those that may be sent."""
    return [one for one in flat(spec) if one.refused is None]


def refused(spec: Spec) -> list[Parameter]:
    """Those that others take and we refuse."""
    return [one for one in flat(spec) if one.refused is not None]


def _flat(name: str, field: Field, depth: int) -> Iterator[Parameter]:
    if isinstance(field, Refused):
        yield Parameter(name, "", "", is_required=False, depth=depth, refused=_sentence(field.why))
        return
    inner, fields = _inside(name, field)
    doc = _sentence(field.doc)
    yield Parameter(name, _type(field), doc, field.is_required, depth)
    for below in sorted(fields, key=lambda one: not fields[one].is_required):
        yield from _flat(f"{inner}[{below}]", fields[below], depth + 1)


def _type(field: Field) -> str:
    for kind, called in _CALLED:
        if isinstance(field, kind):
            return called
    return words(field.schema())


def _inside(name: str, field: Field) -> tuple[str, Spec]:
    """The fields of an object, or of the objects of a list."""
    if isinstance(field, Hash):
        return name, field.fields
    if isinstance(field, List) and isinstance(field.item, Hash):
        return f"{name}[]", field.item.fields
    return name, {}


def _sentence(doc: str) -> str:
    """With a capital at the beginning, unless that is a parameter's name."""
    is_name = "_" in doc.partition(" ")[0]
    return doc if is_name else doc[:1].upper() + doc[1:]


def words(schema: Schema) -> str:
    """A type in a few words."""
    if "anyOf" in schema:
        return " or ".join(words(one) for one in schema["anyOf"])
    if "enum" in schema:
        return _choice([str(word) for word in schema["enum"]])
    kind = str(schema.get("type", "value"))
    if kind == "array":
        return f"list of {words(schema['items'])}"
    if kind == "string" and "maxLength" in schema:
        return f"string, at most {schema['maxLength']}"
    return kind


def _choice(found: list[str]) -> str:
    if len(found) > MOST_WORDS:
        return "type of event" if "*" in found else "one of Stripe's words"
    return ", ".join(f"`{word}`" for word in found if word) or '`""`'


def doc_of(route: Route) -> str:
    """What there is to say of a call besides its parameters."""
    if route.weight != "search":
        return route.doc
    fields = FIELDS[_SEARCHED[route.gives]]
    held = [name for name, field in sorted(fields.items()) if isinstance(field, SearchField)]
    names = ", ".join(f"`{name}`" for name in held if name != "metadata")
    return f"Can be searched for: {names} and `metadata['…']`."
