"""JSON requests, checked name by name and type by type against what a call takes.

A specification maps each name to a reader; a name that is not in it is refused, never ignored.
Numbers are JSON numbers without a fraction, never text; text is never a number.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.domain.currencies import CURRENCIES
from app.sandbox.adyen.errors import AdyenError, invalid
from app.sandbox.adyen_money import is_whole
from app.sandbox.errors import Json

Reader = Callable[[str, Any], Any]
Spec = Mapping[str, Reader]

MOST = 999_999_999_999_999
# Adyen has codes of its own for what is missing most often.
MISSING = {"reference": "130", "amount": "100", "merchantAccount": "901"}


def check(
    spec: Spec, given: Json, *, of: str, required: Iterable[str] = (), prefix: str = ""
) -> Json:
    """The values. Raises for the first that is unknown, missing or malformed.

    `of` names the whole, `prefix` is where it stands: `amount.`.
    """
    unknown = [name for name in given if name not in spec]
    if unknown:
        shown = ", ".join(name[:60] for name in sorted(unknown))
        raise invalid("702", f"Structure of {of} contains the following unknown fields: [{shown}]")
    for name in required:
        if given.get(name) in (None, ""):
            code = MISSING.get(name, "702")
            raise invalid(code, f"Required field '{prefix}{name}' is not provided.")
    return {
        name: spec[name](prefix + name, value) for name, value in given.items() if value is not None
    }


def malformed(name: str, wanted: str) -> AdyenError:
    """A value of the wrong type or form."""
    return invalid("702", f"Field '{name}' is not valid: {wanted}.")


def text(maximum: int = 5000, minimum: int = 0) -> Reader:
    """Text of at least and at most so many characters."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise malformed(name, "it is a string")
        if not minimum <= len(value) <= maximum:
            raise malformed(name, f"it has {minimum} to {maximum} characters")
        return value

    return read


def integer(name: str, value: Any) -> int:
    """A JSON number without a fraction; `true` is none."""
    if type(value) is not int:
        raise malformed(name, "it is a whole number")
    return value


def flag(name: str, value: Any) -> bool:
    """`true` or `false`, unquoted."""
    if type(value) is not bool:
        raise malformed(name, "it is true or false")
    return value


def one_of(*allowed: str) -> Reader:
    """One of the listed words."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise malformed(name, f"it is one of {', '.join(allowed)}")
        return value

    return read


def group(spec: Spec, required: Iterable[str] = ()) -> Reader:
    """An object with checked fields."""
    needed = tuple(required)

    def read(name: str, value: Any) -> Json:
        found = an_object(name, value)
        return check(spec, found, of=name, required=needed, prefix=f"{name}.")

    return read


def an_object(name: str, value: Any) -> Json:
    """Any object: what the simulation need not understand."""
    if not isinstance(value, dict):
        raise malformed(name, "it is an object")
    return value


def a_list(name: str, value: Any) -> list[Any]:
    """Any list: what the simulation need not understand."""
    if not isinstance(value, list):
        raise malformed(name, "it is a list")
    return value


def texts(most: int = 100) -> Reader:
    """An object whose values are all text: `metadata`, `additionalData`."""

    def read(name: str, value: Any) -> dict[str, str]:
        found = an_object(name, value)
        if len(found) > most:
            raise malformed(name, f"it has at most {most} entries")
        for key, item in found.items():
            if not isinstance(item, str):
                raise malformed(f"{name}.{key[:60]}", "it is a string")
        return found

    return read


def metadata(name: str, value: Any) -> dict[str, str]:
    """At most 20 keys of 20 characters with values of 80."""
    found: dict[str, str] = texts(20)(name, value)
    for key, item in found.items():
        if len(key) > 20 or len(item) > 80:
            raise invalid("177", "Metadata size exceeds limit")
    return found


def amount(name: str, value: Any) -> Json:
    """`{currency, value}`: a currency that exists, and an amount of it that does."""
    given = an_object(name, value)
    spec: Spec = {"currency": text(3, 3), "value": integer}
    found = check(spec, given, of="Amount", required=("currency",), prefix=f"{name}.")
    if "value" not in found:
        raise invalid("100", f"Required field '{name}.value' is not provided.")
    if found["currency"] not in CURRENCIES:
        raise invalid("138", f"Unsupported currency specified: {found['currency']}")
    if not 0 < found["value"] <= MOST or not is_whole(found["value"], found["currency"]):
        raise invalid("137", "Invalid amount specified")
    return found
