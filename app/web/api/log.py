"""What is kept of a request in the log: enough to find a mistake, nothing that opens anything.

Secrets go by their names and by their looks, tokens of processors down to four characters, whatever
could be a card number whole. The header that says who asks is never read here.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from flask import Response, request
from werkzeug.exceptions import HTTPException

from app.domain.errors import CardDataRefused, FarthingError
from app.services.keys import Caller
from app.services.request_log import LoggedRequest
from app.web.api.call import Call
from app.web.api.requests import body as read_body
from app.web.api.requests import refuse_card_data
from app.web.api.version import API_VERSION

HIDDEN = "[redacted]"
MOST_BYTES = 8 * 1024

_SECRET_NAMES = frozenset(
    (
        *("client_secret", "secret", "api_key", "apikey", "key", "password", "authorization"),
        *("access_token", "refresh_token", "card", "number", "card_number", "cvc", "cvv", "cvc2"),
        *("exp_month", "exp_year", "account_number", "routing_number", "iban"),
    )
)
_TOKEN_NAMES = frozenset(
    ("payment_method", "payment_method_token", "token", "source", "default_source")
)
_OUR_ID = re.compile(r"[a-z]{2,5}_[0-9A-Za-z_]{8,100}")
_OUR_METHOD = re.compile(r"pm_[0-9a-z]{26}")
# The parts that follow each other in keys, client secrets, signing secrets and addresses.
_SECRETS = (
    (re.compile(r"\b([sr]k_(?:test|live)_)[A-Za-z0-9_\-.]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(whsec_)[A-Za-z0-9+/=_\-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b([a-z]{2,6}_[A-Za-z0-9]+_secret_)[A-Za-z0-9]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_\-.]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.\-]*://)[^\s/@?#]+@"), rf"\1{HIDDEN}@"),
)
# Whatever has none of these has none of the secrets above.
_HINTS = re.compile(r"[sr]k_|whsec_|_secret_|://|bearer|basic", re.IGNORECASE)
_PLAIN = re.compile(
    r"[A-Za-z0-9]{0,12}|(?:pi|ch|pm|op|cus|re|evt|txn|req|acct|key|we)_[0-9a-hjkmnp-tv-z]{26}"
)
# How much of long values is kept: the first that fits is taken.
_SIZES = ((2000, 100), (400, 25), (80, 8))
_DEEPEST = 12


@dataclass(slots=True)
class Seen:
    """What is known of a request so far; it is filled on the way, as far as the request comes. Where
    there is no such call, there is no rule.
    """

    started: float
    rule: str = ""
    caller: Caller | None = None
    call: Call | None = None


def entry(
    seen: Seen, *, request_id: str, response: Response, ip: str, at: datetime
) -> LoggedRequest:
    """The line about an answered request, whose caller is known. What was sent never makes it fail."""
    if seen.caller is None:
        raise AssertionError("a request without a caller belongs to no merchant's log")
    call, is_read = seen.call, request.method == "GET"
    body = None if is_read and response.status_code < 400 else _object(response.get_data())
    error = body.get("error") if isinstance(body, dict) and response.status_code >= 400 else None
    took = int((time.perf_counter() - seen.started) * 1000)
    return LoggedRequest(
        merchant_id=seen.caller.merchant_id,
        id=request_id,
        method=request.method[:10],
        path=_line(request.path, 500),
        route=seen.rule,
        status=response.status_code,
        key_id=seen.caller.key_id,
        ip=_line(ip, 64),
        user_agent=_line(request.headers.get("User-Agent", ""), 300),
        duration_ms=took,
        at=at - timedelta(milliseconds=took),
        error_code=_code(error),
        api_version=_line(request.headers.get("Stripe-Version", API_VERSION), 64),
        idempotency_key=call.key if call else None,
        idempotency_scope=_line(call.scope, 500) if call and call.key else None,
        idempotency_outcome=call.idempotency_outcome if call and call.key else None,
        object_id=_object_id(body, call),
        query=redacted_query(request.query_string.decode("utf-8", "replace")) or None,
        request_body=None if is_read else kept(_sent(call)),
        response_body=kept(body),
    )


def _sent(call: Call | None) -> dict[str, Any] | None:
    """The parameters; also those of a request that was refused for them, unless they hold a card."""
    if call is not None:
        sent = {name: value for name, value in call.params.items() if value is not None}
        return sent | ({"expand": list(call.expand)} if call.expand else {})
    try:
        return read_body()
    except (FarthingError, HTTPException):
        return None


def _code(error: Any) -> str | None:
    if not isinstance(error, dict):
        return None
    code = error.get("decline_code") or error.get("code") or error.get("type")
    return str(code)[:100] if code else None


def _object_id(answer: Any, call: Call | None) -> str | None:
    """The object that the request was about: the one it made, else the last one in its address."""
    found = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(found, str) and call is not None:
        found = next(reversed(call.path.values()), None)
    return found if isinstance(found, str) and _OUR_ID.fullmatch(found) else None


def kept(value: Any) -> Any:
    """A body without its secrets, in at most 8 KB: what is long is cut, and says so."""
    if value is None:
        return None
    for most_text, most_items in _SIZES:
        found = _redact(value, "", (most_text, most_items), 0)
        if len(orjson.dumps(found)) <= MOST_BYTES:
            return found
    return {"truncated": "The body is too large for the log."}


def redacted_query(query: str) -> str:
    """The part of the address after the question mark, without its secrets."""
    if not query:
        return ""
    pairs = parse_qsl(query[:4000], keep_blank_values=True)
    clean = [
        (_text(name, 100), _redact(value, _last_name(name), _SIZES[1], 0)) for name, value in pairs
    ]
    return urlencode(clean, safe="[]/:@… ")[:2000]


def _last_name(name: str) -> str:
    """`card[number]` is about a number, `items[0]` about items."""
    parts = [part for part in re.split(r"[\[\]]+", name) if part and not part.isdigit()]
    return parts[-1] if parts else ""


def _object(body: Any) -> Any:
    if not isinstance(body, bytes | str):
        return body
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None


def _redact(value: Any, name: str, sizes: tuple[int, int], depth: int) -> Any:
    if depth > _DEEPEST:
        return "…"
    if name in _SECRET_NAMES and _is_secret(name, value):
        return HIDDEN
    # Most values: no bodies are walked as often as those of the log.
    if value is None or value is True or value is False:
        return value
    if isinstance(value, dict | Mapping):
        return _redacted_object(value, sizes, depth)
    if isinstance(value, list | tuple):
        found = [_redact(one, name, sizes, depth + 1) for one in value[: sizes[1]]]
        return [*found, f"… {len(value) - len(found)} more"] if len(value) > len(found) else found
    return _redacted_value(value, name, sizes[0])


def _redacted_value(value: Any, name: str, most: int) -> Any:
    if isinstance(value, int | float):
        return HIDDEN if _is_card(str(value)) or abs(value) >= 2**63 else value
    text = str(value)
    if name in _TOKEN_NAMES and not _OUR_METHOD.fullmatch(text):
        return _tail(text)
    # Most values are too short to be anything, or an id of ours: no secret of any kind looks so.
    if _PLAIN.fullmatch(text):
        return text
    return _text(text, most)


def _redacted_object(value: Mapping[Any, Any], sizes: tuple[int, int], depth: int) -> Any:
    items = list(value.items())[: max(sizes[1], 60)]
    return {
        _name(str(name)): _redact(one, str(name).lower(), sizes, depth + 1) for name, one in items
    }


@lru_cache(4096)
def _name(name: str) -> str:
    """A field's name; the same few come again and again."""
    return _text(name, 100)


def _is_secret(name: str, value: Any) -> bool:
    """Whether a value under a secret's name is one: our own answers describe a card without it."""
    if name == "card":
        return not isinstance(value, Mapping) or "number" in value or "cvc" in value
    if name in ("exp_month", "exp_year", "key"):
        return isinstance(value, str)
    return value not in (None, "")


def _tail(token: str) -> str:
    if len(token) < 8:
        return HIDDEN
    prefix = token.partition("_")[0] if "_" in token[:8] else ""
    return f"{_text(prefix, 8)}…{_text(token[-4:], 4)}"


def _text(value: str, most: int) -> str:
    clean = value
    if "\x00" in value or not value.isascii():
        clean = value.replace("\x00", "").encode("utf-8", "replace").decode()
    if _is_card(clean[:2000]):
        return HIDDEN
    if _HINTS.search(clean):
        for pattern, replacement in _SECRETS:
            clean = pattern.sub(replacement, clean)
    return clean if len(clean) <= most else f"{clean[:most]}…"


@lru_cache(2048)
def _line(value: str, most: int) -> str:
    """A line of a header or an address; only what is like a card in it goes."""
    if not _is_card(value[:2000]):
        return _text(value, most)
    parts = re.split(r"([/?&=;, ])", value[:2000])
    return _text("".join(HIDDEN if _is_card(part) else part for part in parts), most)


def _is_card(value: str) -> bool:
    try:
        refuse_card_data(value)
    except CardDataRefused:
        return True
    return False
