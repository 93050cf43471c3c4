"""Adyen's published schemas as a judge of what the sandbox sends and takes.

Objects are closed: a field that the contract does not know is an error. The published part has no
schema of notifications; theirs is written here after the documentation of the standard webhook.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

CONTRACT = Path(__file__).with_name("adyen.json")
_TEXT = {"type": "string"}
_NEEDED = (
    "amount",
    "eventCode",
    "eventDate",
    "merchantAccountCode",
    "merchantReference",
    "pspReference",
    "success",
)
NOTIFICATION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["live", "notificationItems"],
    "properties": {
        "live": {"enum": ["true", "false"]},
        "notificationItems": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["NotificationRequestItem"],
                "properties": {
                    "NotificationRequestItem": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": list(_NEEDED),
                        "properties": {
                            **dict.fromkeys((*_NEEDED, "originalReference", "reason"), _TEXT),
                            "paymentMethod": _TEXT,
                            "additionalData": {
                                "type": "object",
                                "required": ["hmacSignature"],
                                "additionalProperties": _TEXT,
                            },
                            "amount": {"$ref": "#/$defs/Amount"},
                            "operations": {"type": "array", "items": _TEXT},
                            "success": {"enum": ["true", "false"]},
                        },
                    }
                },
            },
        },
    },
}


@cache
def contract() -> dict[str, Any]:
    """The vendored part of the specification."""
    loaded: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return loaded


def fields(request: str) -> set[str]:
    """The names of a request's fields."""
    return set(contract()["x-requests"][request])


def _translate(node: Any) -> Any:
    if isinstance(node, list):
        return [_translate(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("properties"), dict):
        names = {name: _translate(child) for name, child in node["properties"].items()}
        result: dict[str, Any] = {
            k: names if k == "properties" else _translate(v) for k, v in node.items()
        }
        result.setdefault("additionalProperties", False)
    else:
        result = {name: _translate(value) for name, value in node.items()}
    if "$ref" in result:
        result["$ref"] = result["$ref"].replace("#/components/schemas/", "#/$defs/")
    if result.pop("nullable", False) is True:
        return {"anyOf": [{"type": "null"}, result]}
    return result


@cache
def _validator(kind: str) -> Draft202012Validator:
    definitions = _translate(contract()["components"]["schemas"])
    definitions["Notification"] = NOTIFICATION
    return Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{kind}"})


def check(body: Any, kind: str) -> Any:
    """The body, after it has been found right."""
    found = [
        f"{kind}.{error.json_path}: {error.message[:300]}"
        for error in _validator(kind).iter_errors(body)
    ]
    assert found == []
    return body
