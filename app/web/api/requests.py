"""Reading an API request: who asks, with what body, under which idempotency key."""

import hashlib
import re
from functools import lru_cache
from typing import Any

import orjson
from flask import request
from werkzeug.datastructures import MultiDict

from app.domain.errors import (
    CardDataRefused,
    InvalidRequest,
    NotFound,
    NotSignedIn,
    ParameterUnsupported,
)
from app.services.keys import Caller, authenticate_key
from app.web.context import client_address, deps

LONGEST_KEY = 255
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z_]{1,40})?( ?[;,].{0,200})?", re.ASCII)
_PLAIN = re.compile(r"[\x20-\x7e]{1,255}")
_OUR_ID = re.compile(r"[a-z]{2,8}_(?:test_|live_)?[0-9A-Za-z]{20,}")
# One UUID in a thousand holds sixteen digits that add up like a card's.
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_UUID_INSIDE = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_CODE_NAME = re.compile(r"(cvc2?|cvv2?|cid|csc|securitycode)$")
_LETTERS = re.compile(r"[a-z_]{1,40}")
_CODE_IN_TEXT = re.compile(r"(?i)\b(cvc2?|cvv2?|csc|security code)\b[\s:=#\-]{0,3}[0-9]{3,4}\b")
_NO_CODES = (
    "This looks like a card's security code. It must never be sent here; send the token that the card"
    " fields gave you."
)
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
    return authenticate_key(deps(), key, client_address(), is_checked_later=is_checked_later)


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
        if request.mimetype not in _FORMS and request.get_data(cache=True):
            raise InvalidRequest(
                "Send the parameters as application/x-www-form-urlencoded or application/json.",
                param="Content-Type",
            )
        if request.files:
            raise InvalidRequest("No call here takes files.", param=next(iter(request.files)))
        found = _nested(request.form)
    try:
        refuse_card_data(found)
    except RecursionError as error:
        raise InvalidRequest("The request body is nested too deeply.") from error
    return dict(found)


def query() -> dict[str, Any]:
    """The parameters that stand in the address; a GET has no others, and one with a body is refused."""
    if request.method == "GET" and request.get_data():
        raise InvalidRequest("A GET request has no body: send parameters in the address.")
    found = _nested(request.args)
    refuse_card_data(found)
    return found


def check_headers() -> None:
    """Any version of Stripe's may be named: the answer is in ours, and says so. Acting for another
    account is refused, not ignored.
    """
    for name in ("Stripe-Account", "Stripe-Context"):
        if request.headers.get(name):
            raise ParameterUnsupported(
                f"{name} is not supported here: a key belongs to one account.", param=name
            )
    version = request.headers.get("Stripe-Version")
    if version is not None and not _VERSION.fullmatch(version):
        raise InvalidRequest("Invalid Stripe API version.", param="Stripe-Version")


def _nested(pairs: MultiDict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs.items(multi=True):
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
    if not last and path[-2:-1] == ["metadata"]:
        raise InvalidRequest("Each value of metadata has a key: metadata[key].", param=head)
    name = last if last or len(path) == 1 else str(len(found))
    if name in found:
        raise InvalidRequest(f"{head} was sent more than once.", param=head)
    found[name] = value


def _lists(found: Any, called: str) -> Any:
    """Objects whose names are 0, 1, 2, … are lists; metadata's names are the caller's own."""
    if not isinstance(found, dict) or called == "metadata":
        return found
    inner = {name: _lists(value, name) for name, value in found.items()}
    if inner and all(name.isascii() and name.isdigit() and len(name) < 4 for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def refuse_card_data(found: Any, param: str = "") -> None:
    """Refuse what looks like a card number, wherever it stands; raises CardDataRefused and stores
    nothing.
    """
    if isinstance(found, dict):
        for name, value in found.items():
            if not _is_harmless(str(name)):
                _refuse_security_code(name, value)
                refuse_card_data(name, str(name)[:40] if not _is_card(str(name)) else "parameter")
            refuse_card_data(value, param or str(name)[:40])
    elif isinstance(found, list):
        for value in found:
            refuse_card_data(value, param)
    elif isinstance(found, str | int | float) and not isinstance(found, bool):
        _refuse_card(str(found), param)


def _refuse_card(text: str, param: str) -> None:
    if _CODE_IN_TEXT.search(text[:2000]):
        raise CardDataRefused(_NO_CODES, param=param)
    if _is_card(text):
        raise CardDataRefused(
            "This looks like a card number. Card numbers must never be sent here; "
            "send the token that the card fields gave you.",
            param=param,
        )


@lru_cache(4096)
def _is_harmless(name: str) -> bool:
    """Whether a name is of letters alone and means no code: the same few come again and again."""
    return bool(_LETTERS.fullmatch(name)) and not _CODE_NAME.search(name.replace("_", ""))


def _refuse_security_code(name: str, value: Any) -> None:
    """Three or four digits under a name that means a card's security code are one."""
    called = re.sub(r"[^a-z0-9]", "", str(name).lower())
    if _CODE_NAME.search(called) and re.fullmatch(r"\s*[0-9]{3,4}\s*", str(value)):
        raise CardDataRefused(_NO_CODES, param=str(name)[:40])


def _is_card(value: str) -> bool:
    # No number is shorter, and no parameter takes a longer text, so none is kept.
    if not 13 <= len(value) <= 2000 or _OUR_ID.fullmatch(value) or _UUID.fullmatch(value):
        return False
    for match in _DIGIT_GROUPS.finditer(_UUID_INSIDE.sub("#", value)):
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
