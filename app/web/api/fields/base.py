"""What every field promises, and how a specification of fields is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from app.domain.errors import (
    InvalidRequest,
    ParameterMissing,
    ParameterUnknown,
    ParameterUnsupported,
)

Schema = dict[str, Any]


class Field(Protocol):
    """One parameter."""

    @property
    def doc(self) -> str:
        """What it means, in a sentence."""
        ...

    @property
    def is_required(self) -> bool:
        """Whether the call is refused without it."""
        ...

    def read(self, value: Any, param: str) -> Any:
        """The value as handlers want it; raises InvalidRequest naming `param`."""
        ...

    def schema(self) -> Schema:
        """The same as JSON Schema."""
        ...


Spec = Mapping[str, Field]
F = TypeVar("F")


def need(field: F) -> F:
    """The same field, required."""
    return replace(field, is_required=True)  # type: ignore[type-var]


def read_all(spec: Spec, found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every parameter that was sent, read; absent ones stay absent, emptied ones become None."""
    values = {}
    for name, value in found.items():
        param = f"{prefix}[{name}]" if prefix else name
        field = spec.get(name)
        if field is None:
            raise ParameterUnknown(param[:200])
        values[name] = field.read("" if value is None else value, param)
    for name, field in spec.items():
        if field.is_required and values.get(name) is None:
            raise ParameterMissing(f"{prefix}[{name}]" if prefix else name)
    return values


def wrong(param: str, what: str) -> InvalidRequest:
    """The error about a value of the wrong kind."""
    return InvalidRequest(f"Invalid {what}: {param}.", param=param)


@dataclass(frozen=True)
class Refused:
    """A parameter that Stripe has and we refuse, saying why; an empty value is no use of it."""

    why: str
    is_required: bool = False

    @property
    def doc(self) -> str:
        """Why not."""
        return self.why

    def read(self, value: Any, param: str) -> None:  # noqa: ARG002 - refused whatever it is
        """Always raises ParameterUnsupported."""
        raise ParameterUnsupported(f"{param} is not supported here: {self.why}", param=param)

    def schema(self) -> Schema:
        """Matches nothing."""
        return {"not": {}}


def refused(why: str, *names: str) -> dict[str, Field]:
    """Several refused parameters with one reason."""
    return {name: Refused(why) for name in names}


def object_schema(fields: Spec) -> Schema:
    """The JSON Schema of a specification; what we refuse is not in it."""
    offered = {name: field for name, field in fields.items() if not isinstance(field, Refused)}
    schema: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: described(field) for name, field in offered.items()},
    }
    required = [name for name, field in offered.items() if field.is_required]
    if required:
        schema["required"] = required
    return schema


def described(field: Field) -> Schema:
    """A field's schema with its meaning."""
    schema = field.schema()
    return {**schema, "description": field.doc} if field.doc else schema
