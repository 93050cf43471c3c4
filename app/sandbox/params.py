"""Form-encoded parameters with brackets, and their check against what a route takes.

`a[b][0][c]=d` becomes nested dictionaries and lists. A specification maps each name to a reader; a
name that is not in it is refused by name, never ignored. Readers receive what the wire carried,
text or nesting, and answer the value or raise Stripe's error with the full bracketed name.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.sandbox.errors import Json, invalid, missing, unknown

Reader = Callable[[str, Any], Any]
Spec = Mapping[str, Reader]

_PART = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
MAXIMUM_DEPTH = 8


def decode(pairs: Iterable[tuple[str, str]]) -> Json:
    """Nested dictionaries from `name[key][]=value` pairs; list positions become lists."""
    root: Json = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        path = [head, *_PART.findall(name[len(head) :])] if bracket else [name]
        if not head or len(path) > MAXIMUM_DEPTH:
            raise invalid(f"Invalid parameter name: {name[:100]}", param=name[:100])
        node = root
        for part in path[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise invalid(f"Invalid hash: {name[:100]}", param=name[:100])
            node = child
        last = path[-1] if path[-1] != "" else str(len(node))
        node[last] = value
    return {name: _lists(value) for name, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    children = {name: _lists(child) for name, child in value.items()}
    if children and all(name.isdigit() for name in children):
        return [children[name] for name in sorted(children, key=int)]
    return children


def check(spec: Spec, raw: Json, *, prefix: str = "", required: Iterable[str] = ()) -> Json:
    """The parameters as values. Raises for the first that is unknown, missing or malformed."""
    for name in raw:
        if name not in spec:
            raise unknown(_full(prefix, name))
    for name in required:
        if name not in raw:
            raise missing(_full(prefix, name))
    return {name: spec[name](_full(prefix, name), value) for name, value in raw.items()}


def _full(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def string(maximum: int = 5000) -> Reader:
    """Text of at most so many characters; empty text unsets."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {name}", param=name, code="parameter_invalid_string")
        if len(value) > maximum:
            raise invalid(
                f"Invalid string: {value[:20]}...; must be at most {maximum} characters", param=name
            )
        return value

    return read


def integer(name: str, value: Any) -> int:
    """A whole number in ASCII digits: no exponent, no fraction, no underscore, no boolean."""
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        shown = value[:40] if isinstance(value, str) else name
        raise invalid(f"Invalid integer: {shown}", param=name, code="parameter_invalid_integer")
    return int(value)


def boolean(name: str, value: Any) -> bool:
    """`true` or `false`."""
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {str(value)[:40]}", param=name)
    return bool(value == "true")


def one_of(*allowed: str) -> Reader:
    """One of the listed words."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise invalid(f"Invalid {name}: must be one of {', '.join(allowed)}", param=name)
        return value

    return read


def list_of(reader: Reader, maximum: int = 100) -> Reader:
    """A list; an empty text is an empty list."""

    def read(name: str, value: Any) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, list) or len(value) > maximum:
            raise invalid("Invalid array", param=name)
        return [reader(f"{name}[{index}]", item) for index, item in enumerate(value)]

    return read


def hash_of(spec: Spec, required: Iterable[str] = ()) -> Reader:
    """A nested group of parameters; an empty text unsets it."""
    needed = tuple(required)

    def read(name: str, value: Any) -> Json:
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=name)
        return check(spec, value, prefix=name, required=needed)

    return read


def anything(_: str, value: Any) -> Any:
    """Taken and kept as it came: options that the simulation does not need to understand."""
    return value


def metadata(name: str, value: Any) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500; an empty value deletes its key."""
    if value == "":
        return {"": ""}
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        raise invalid("Invalid object", param=name)
    if len(value) > 50:
        raise invalid("You can only specify 50 keys of metadata.", param=name)
    for key, item in value.items():
        if not isinstance(item, str) or len(item) > 500:
            raise invalid(
                f"Metadata values must be text of at most 500 characters: {key[:40]}",
                param=f"{name}[{key[:40]}]",
            )
        if len(key) > 40:
            raise invalid("Metadata keys can be at most 40 characters.", param=name)
    return dict(value)


def merge_metadata(old: dict[str, str], new: dict[str, str] | None) -> dict[str, str]:
    """The metadata after an update: given keys replace, empty values delete, `""` clears all."""
    if new is None:
        return old
    if new == {"": ""}:
        return {}
    merged = {**old, **new}
    return {key: value for key, value in merged.items() if value != ""}


ADDRESS = hash_of(
    {name: string() for name in ("city", "country", "line1", "line2", "postal_code", "state")}
)
BILLING_DETAILS = hash_of(
    {
        "address": ADDRESS,
        "email": string(512),
        "name": string(),
        "phone": string(),
        "tax_id": string(),
    }
)
SHIPPING = hash_of(
    {
        "address": ADDRESS,
        "carrier": string(),
        "name": string(),
        "phone": string(),
        "tracking_number": string(),
    }
)
EXPAND = list_of(string(500), maximum=20)
RANGE: Reader = lambda name, value: (  # noqa: E731 - One expression over two shapes.
    hash_of(dict.fromkeys(("gt", "gte", "lt", "lte"), integer))(name, value)
    if isinstance(value, dict)
    else integer(name, value)
)
PAGE: Spec = {
    "limit": integer,
    "starting_after": string(255),
    "ending_before": string(255),
    "expand": EXPAND,
}
