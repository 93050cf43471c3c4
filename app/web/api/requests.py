"""Reading an API request: who asks, with what body, under which idempotency key."""

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import request

from app.domain.errors import (
    CardDataRefused,
    InvalidRequest,
    NotFound,
    NotSignedIn,
    ParameterUnknown,
)
from app.services.identity import Caller, authenticate_key
from app.web.context import deps

LONGEST_KEY = 255
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_PLAIN = re.compile(r"[\x20-\x7e]{1,255}")
_OUR_ID = re.compile(r"[a-z]{2,8}_(?:test_|live_)?[0-9A-Za-z]{8,}")
# One UUID in a thousand holds sixteen digits that add up like a card's.
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_DIGIT_GROUPS = re.compile(r"\d+(?:[ \-.\u00a0\u2010-\u2015]\d+)*")


def caller(*, is_checked_later: bool = False) -> Caller:
    """The merchant whose secret key came with the request; raises NotSignedIn."""
    if "\x00" in request.path:
        raise NotFound("object", "")
    header = request.headers.get("Authorization", "")
    key = ""
    if header.startswith("Bearer "):
        key = header.removeprefix("Bearer ").strip()
    elif request.authorization is not None and request.authorization.type == "basic":
        key = request.authorization.username or ""
    if not key:
        raise NotSignedIn(
            "You did not provide an API key. Send it as 'Authorization: Bearer sk_test_…'."
        )
    return authenticate_key(deps(), key, is_checked_later=is_checked_later)


def body() -> dict[str, Any]:
    """The request's parameters, from JSON or from a form with brackets, as one nested dictionary."""
    if request.mimetype == "application/json":
        try:
            found: Any = orjson.loads(request.get_data())
        except orjson.JSONDecodeError as error:
            raise InvalidRequest("The request body is not valid JSON.") from error
        if not isinstance(found, dict):
            raise InvalidRequest("The request body must be a JSON object.")
    else:
        found = _from_form()
    try:
        refuse_card_data(found)
    except RecursionError as error:
        raise InvalidRequest("The request body is nested too deeply.") from error
    return dict(found)


def _from_form() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in request.form.items(multi=True):
        head = name.partition("[")[0]
        path = [head, *_BRACKETS.findall(name)]
        if len(path) > 8:
            raise InvalidRequest(f"Parameter nested too deeply: {head}.", param=head)
        _put(found, path, value, head)
    return {name: _lists(value, name) for name, value in found.items()}


def _put(found: dict[str, Any], path: list[str], value: str, head: str) -> None:
    for part in path[:-1]:
        found = found.setdefault(part, {})
        if not isinstance(found, dict):
            raise InvalidRequest(f"Invalid parameter: {head}.", param=head)
    last = path[-1]
    found[last if last or len(path) == 1 else str(len(found))] = value


def _lists(found: Any, called: str) -> Any:
    """Objects whose names are 0, 1, 2, … are lists; metadata's names are the caller's own."""
    if not isinstance(found, dict) or called == "metadata":
        return found
    inner = {name: _lists(value, name) for name, value in found.items()}
    if inner and all(name.isascii() and name.isdigit() and len(name) < 4 for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def only(found: dict[str, Any], allowed: set[str], prefix: str = "") -> None:
    """Refuse a parameter that we do not know, by its name: nothing is silently ignored."""
    for name in found:
        if name not in allowed:
            raise ParameterUnknown(f"{prefix}[{name}]" if prefix else name)


def refuse_card_data(found: Any, param: str = "") -> None:
    """Refuse what looks like a card number, wherever it stands; raises CardDataRefused and stores
    nothing.
    """
    if isinstance(found, dict):
        for name, value in found.items():
            refuse_card_data(name, str(name)[:40] if not _is_card(str(name)) else "parameter")
            refuse_card_data(value, param or str(name)[:40])
    elif isinstance(found, list):
        for value in found:
            refuse_card_data(value, param)
    elif isinstance(found, str | int | float) and _is_card(str(found)):
        raise CardDataRefused(
            "This looks like a card number. Card numbers must never be sent here; "
            "send the token that the card fields gave you.",
            param=param,
        )


def _is_card(value: str) -> bool:
    # No number is shorter, and no parameter takes a longer text, so none is kept.
    if not 13 <= len(value) <= 2000 or _OUR_ID.fullmatch(value) or _UUID.fullmatch(value):
        return False
    for match in _DIGIT_GROUPS.finditer(value):
        groups = re.findall(r"\d+", match.group())
        # A number may stand beside others: any groups in a row may be the card's.
        for first in range(len(groups)):
            run = ""
            for group in groups[first : first + 19]:
                run += group
                if 13 <= len(run) <= 19 and _luhn([int(char) for char in run]):
                    return True
    return False


def _luhn(digits: list[int]) -> bool:
    if digits[0] not in (2, 3, 4, 5, 6):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def idempotency_key() -> str | None:
    """The caller's key; raises InvalidRequest if it is too long or not printable."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _PLAIN.fullmatch(key):
        raise InvalidRequest("An idempotency key has 1 to 255 printable ASCII characters.")
    refuse_card_data(key, "Idempotency-Key")
    return key


def request_hash(found: dict[str, Any]) -> bytes:
    """What must be the same for the same key: method, path and parameters, in any order."""
    canonical = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(
        b"\n".join((request.method.encode(), request.path.encode(), canonical))
    ).digest()


def text(found: dict[str, Any], name: str, most: int = 500) -> str | None:
    """An optional string; an empty one unsets."""
    value = found.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f"Invalid string: {name}.", param=name)
    if len(value) > most or "\x00" in value:
        raise InvalidRequest(f"{name} has at most {most} characters.", param=name)
    return value


def address(found: dict[str, Any], name: str) -> str | None:
    """An optional full web address, without credentials in it."""
    value = text(found, name, 2000)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_plain = is_plain and parts.username is None and parts.password is None
    except ValueError:
        is_plain = False
    odd = any(char in value for char in "\\\r\n\t") or not value.isascii() or " " in value
    if not is_plain or odd:
        raise InvalidRequest(f"{name} must be a full http or https address.", param=name)
    return value


def choice(found: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """One of a few words; the first is the default."""
    value = found.get(name, allowed[0])
    if value not in allowed:
        raise InvalidRequest(f"{name} must be one of {', '.join(allowed)}.", param=name)
    return str(value)


def metadata(found: dict[str, Any], name: str = "metadata") -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500."""
    value = found.get(name, {})
    if value in ("", None):
        return {}
    if not isinstance(value, dict) or len(value) > 50:
        raise InvalidRequest(f"{name} is an object of at most 50 keys.", param=name)
    for key, entry in value.items():
        if len(str(key)) > 40 or not isinstance(entry, str | int) or isinstance(entry, bool):
            raise InvalidRequest(f"{name} has keys of 40 characters and text values.", param=name)
        if len(str(entry)) > 500:
            raise InvalidRequest(f"A value of {name} has at most 500 characters.", param=name)
        if "\x00" in f"{key}{entry}":
            raise InvalidRequest(f"{name} is text without control characters.", param=name)
    return {str(key): str(entry) for key, entry in value.items()}
