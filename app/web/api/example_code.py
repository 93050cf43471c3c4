"""An example as it is typed: for curl in a shell, and for the official SDKs of Python and Node.

In all of them `client` or `stripe` was made as SETUP says.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from app.web.api.examples import Example

LANGUAGES = {"curl": "curl", "python": "Python", "node": "Node"}
SETUP = {
    "curl": 'export FARTHING="https://pay.example.com" API_KEY="sk_test_…"',
    "python": """\
import os

import stripe

farthing = os.environ["FARTHING"]
client = stripe.StripeClient(
    os.environ["API_KEY"],
    base_addresses={"api": farthing, "files": farthing},
    max_network_retries=2,
)""",
    "node": """\
import Stripe from "stripe";

const farthing = new URL(process.env.FARTHING);
const stripe = new Stripe(process.env.API_KEY, {
  protocol: farthing.protocol.slice(0, -1),
  host: farthing.hostname,
  port: farthing.port || 443,
  maxNetworkRetries: 2,
});""",
}
LONGEST_ROW = 40
_PLAIN = re.compile(r"[A-Za-z0-9_./:@-]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def code(example: Example, language: str) -> str:
    """What is typed."""
    return {"curl": _curl, "python": _python, "node": _node}[language](example)


def _curl(example: Example) -> str:
    flags = {"GET": "-G ", "DELETE": "-X DELETE "}.get(example.method, "")
    if not example.params:
        flags = flags.replace("-G ", "") if example.method == "GET" else flags
        flags = "-X POST " if example.method == "POST" else flags
    lines = [f'curl {flags}"$FARTHING{example.address}"', '  -u "$API_KEY:"']
    if example.key:
        lines.append(f'  -H "Idempotency-Key: {example.key}"')
    for name, value in _pairs(example.params):
        pair = f"{name}={value}"
        is_plain = bool(_PLAIN.fullmatch(value))
        word = pair if is_plain and "[" not in name else f'"{pair}"'
        lines.append(f"  {'-d' if is_plain else '--data-urlencode'} {word}")
    return " \\\n".join(lines)


def _pairs(found: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Brackets around what stands inside: `metadata[order]=1001`."""
    if isinstance(found, dict):
        for name, value in found.items():
            yield from _pairs(value, f"{prefix}[{name}]" if prefix else name)
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from _pairs(value, f"{prefix}[{place}]")
    else:
        yield prefix, str(found).lower() if isinstance(found, bool) else str(found)


def _python(example: Example) -> str:
    if not example.sdk:
        options = {"idempotency_key": example.key} if example.key else {}
        words = _keywords({**example.params, **options})
        head = f'"{example.method.lower()}", "{example.address}"'
        return f"answer = client.raw_request({_spread([head, *words])})"
    arguments = [f'"{value}"' for value in example.path]
    if example.params:
        arguments.append(_literal(example.params, "python"))
    if example.key:
        arguments.append(_literal({"idempotency_key": example.key}, "python", is_short=True))
    return f"{name_of(example)} = client.v1.{example.sdk}({_fitted(arguments, '    ')})"


def _keywords(found: dict[str, Any]) -> list[str]:
    return [f"{name}={json.dumps(value)}" for name, value in found.items()]


def _spread(arguments: list[str]) -> str:
    if len(arguments) == 1:
        return arguments[0]
    return "".join(f"\n    {one}," for one in arguments) + "\n"


def _node(example: Example) -> str:
    params = example.params
    if example.sdk:
        method = example.node or _camel(example.sdk).replace(".delete", ".del")
        arguments = [f'"{value}"' for value in example.path]
    else:
        address = example.address
        if example.method == "GET" and params:
            # The SDK's raw requests take parameters with POST only.
            address, params = f"{address}?{urlencode([*_pairs(params)])}", {}
        method, arguments = "rawRequest", [f'"{example.method}"', f'"{address}"']
    if params:
        arguments.append(_literal(params, "node"))
    if example.key:
        arguments.append(_literal({"idempotencyKey": example.key}, "node", is_short=True))
    called = f"const {_camel(name_of(example))} = await stripe.{method}"
    return f"{called}({_fitted(arguments, '  ')});"


def _fitted(arguments: list[str], step: str) -> str:
    """The arguments in a row; below each other where ids make the row too long."""
    row = ", ".join(arguments)
    if "\n" in row or len(row) <= LONGEST_ROW or len(arguments) == 1:
        return row
    return "".join(f"\n{step}{one}," for one in arguments) + "\n"


def _literal(found: Any, language: str, depth: int = 0, *, is_short: bool = False) -> str:
    """A value as either language writes it; what is short stays on its line."""
    if isinstance(found, dict | list):
        ends = "{}" if isinstance(found, dict) else "[]"
        inner = _entries(found, language, depth + 1)
        pad = " " if language == "node" and ends == "{}" else ""
        line = f"{ends[0]}{pad}{', '.join(inner)}{pad}{ends[1]}"
        is_flat = not any("\n" in one for one in inner)
        if is_short or (is_flat and len(line) <= LONGEST_ROW and (depth or len(inner) == 1)):
            return line
        step = "    " if language == "python" else "  "
        rows = "".join(f"\n{step * (depth + 1)}{one}," for one in inner)
        return f"{ends[0]}{rows}\n{step * depth}{ends[1]}"
    if isinstance(found, bool):
        return str(found) if language == "python" else str(found).lower()
    return json.dumps(found)


def _entries(found: dict[str, Any] | list[Any], language: str, depth: int) -> list[str]:
    if isinstance(found, list):
        return [_literal(value, language, depth) for value in found]
    entries = []
    for name, value in found.items():
        is_bare = language == "node" and _NAME.fullmatch(name)
        called = name if is_bare else json.dumps(name)
        entries.append(f"{called}: {_literal(value, language, depth)}")
    return entries


def name_of(example: Example) -> str:
    """What the answer is called in Python; in Node the same with capitals inside."""
    if not example.sdk:
        return "answer"
    *_, noun, verb = example.sdk.split(".")
    if verb in ("list", "search"):
        return noun if noun != "line_items" else "lines"
    if noun == "balance":
        return noun
    return noun.removesuffix("s")


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
