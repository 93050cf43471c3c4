"""Fields that hold others: objects, lists, metadata, ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidRequest
from app.reports.objects.paging import Between
from app.web.api.fields.base import Field, Schema, Spec, object_schema, read_all, wrong
from app.web.api.fields.plain import Moment


@dataclass(frozen=True)
class Metadata:
    """At most 50 keys of 40 characters with values of 500; an empty value unsets its key.

    Read as a dictionary whose None values are keys to be removed; None removes all.
    """

    doc: str = "Your own key-value pairs. An empty value removes its key, an empty string all keys."
    is_required: bool = False

    def read(self, value: Any, param: str) -> dict[str, str | None] | None:
        """What to set and to remove."""
        if value == "":
            return None
        if not isinstance(value, dict) or len(value) > 50:
            raise InvalidRequest(f"{param} is an object of at most 50 keys.", param=param)
        return {key: self._entry(key, entry, param) for key, entry in value.items()}

    def _entry(self, key: str, entry: Any, param: str) -> str | None:
        called = f"{param}[{key[:40]}]"
        if not 1 <= len(key) <= 40 or "[" in key or "]" in key:
            raise InvalidRequest(
                f"Keys of {param} have 1 to 40 characters, no brackets.", param=called
            )
        if entry is None:
            return None
        if isinstance(entry, bool) or not isinstance(entry, str | int):
            raise InvalidRequest(f"Values of {param} are text.", param=called)
        text = str(entry)
        if len(text) > 500:
            raise InvalidRequest(f"A value of {param} has at most 500 characters.", param=called)
        if any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in key + text):
            raise InvalidRequest(f"{param} is text without control characters.", param=called)
        return text or None

    def schema(self) -> Schema:
        """An object of strings, or an empty string."""
        return {
            "type": "object",
            "maxProperties": 50,
            "propertyNames": {"minLength": 1, "maxLength": 40, "pattern": r"^[^\[\]]*$"},
            "additionalProperties": {"type": "string", "maxLength": 500},
        }


def merged(known: Mapping[str, Any], change: Mapping[str, str | None] | None) -> dict[str, str]:
    """Metadata after a change; raises InvalidRequest if it grew beyond 50 keys."""
    if change is None:
        return {}
    after = {**known, **change}
    kept = {key: value for key, value in after.items() if value is not None}
    if len(kept) > 50:
        raise InvalidRequest("metadata is an object of at most 50 keys.", param="metadata")
    return kept


@dataclass(frozen=True)
class Hash:
    """An object with fields of its own; an empty string unsets it."""

    fields: Spec
    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> dict[str, Any] | None:
        """Its fields, read."""
        if value == "":
            return None
        if not isinstance(value, dict):
            raise wrong(param, "object")
        return read_all(self.fields, value, param)

    def schema(self) -> Schema:
        """A closed object."""
        return object_schema(self.fields)


@dataclass(frozen=True)
class List:
    """A list of one kind of thing."""

    item: Field
    most: int = 100
    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> list[Any] | None:
        """The things, read."""
        if value == "":
            return None
        if not isinstance(value, list):
            raise wrong(param, "array")
        if len(value) > self.most:
            raise InvalidRequest(f"{param} has at most {self.most} entries.", param=param)
        return [self.item.read(entry, f"{param}[{place}]") for place, entry in enumerate(value)]

    def schema(self) -> Schema:
        """An array."""
        return {"type": "array", "maxItems": self.most, "items": self.item.schema()}


_BOUNDS = {"gte": "since", "gt": "later_than", "lte": "until", "lt": "earlier_than"}


@dataclass(frozen=True)
class Range:
    """A moment, or bounds: gt, gte, lt, lte."""

    doc: str = "Seconds since 1970, or bounds: `gt`, `gte`, `lt`, `lte`."
    is_required: bool = False

    def read(self, value: Any, param: str) -> Between | None:
        """The range; a single moment is the second that begins with it."""
        if value == "":
            return None
        if not isinstance(value, dict):
            at = Moment().read(value, param)
            return Between(since=at, until=at)
        bounds: dict[str, Field] = {name: Moment() for name in _BOUNDS}
        found = read_all(bounds, value, param)
        return Between(**{_BOUNDS[name]: at for name, at in found.items()})

    def schema(self) -> Schema:
        """An integer, or an object of bounds."""
        moment = Moment().schema()
        bounds = {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(_BOUNDS, moment),
        }
        return {"anyOf": [moment, bounds]}
