"""Stripe's published schemas as a judge of what the sandbox and our API send.

OpenAPI's `nullable` becomes a choice with null. Objects are closed: a field that the contract does
not know is an error, apart from `description`, which the published part lost, and a few fields
listed here that Stripe sends and does not declare.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import stripe
from jsonschema import Draft202012Validator

CONTRACT = Path(__file__).with_name("stripe.json")
PARAMETERS = Path(__file__).with_name("parameters.json")
UNDECLARED = {"description", "source"}


@cache
def contract() -> dict[str, Any]:
    """The vendored part of the specification."""
    loaded: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return loaded


def event_types() -> set[str]:
    """Every kind of event that Stripe knows."""
    return set(contract()["x-event-types"]) - {"*"}


@cache
def parameters() -> dict[str, list[str]]:
    """What each call of Stripe's takes: `"GET /v1/charges/{charge}"` and its parameters' names."""
    loaded: dict[str, list[str]] = json.loads(PARAMETERS.read_text(encoding="utf-8"))
    return loaded


# What the vendored part leaves out is held against the official SDK's classes: their fields, and no other.
FROM_SDK: dict[str, dict[str, Any]] = {
    "payment_method_details": {
        "sepa_debit": stripe.Charge.PaymentMethodDetails.SepaDebit,
        "us_bank_account": stripe.Charge.PaymentMethodDetails.UsBankAccount,
        "paypal": stripe.Charge.PaymentMethodDetails.Paypal,
        "klarna": stripe.Charge.PaymentMethodDetails.Klarna,
        "customer_balance": stripe.Charge.PaymentMethodDetails.CustomerBalance,
    },
    "payment_method": {
        "sepa_debit": stripe.PaymentMethod.SepaDebit,
        "us_bank_account": stripe.PaymentMethod.UsBankAccount,
        "paypal": stripe.PaymentMethod.Paypal,
        "klarna": stripe.PaymentMethod.Klarna,
        "customer_balance": stripe.PaymentMethod.CustomerBalance,
    },
    "payment_method_details_card": {"wallet": stripe.Charge.PaymentMethodDetails.Card.Wallet},
    "payment_method_card": {"wallet": stripe.PaymentMethod.Card.Wallet},
    "payment_intent_next_action": {
        "verify_with_microdeposits": stripe.PaymentIntent.NextAction.VerifyWithMicrodeposits,
        "display_bank_transfer_instructions": (
            stripe.PaymentIntent.NextAction.DisplayBankTransferInstructions
        ),
    },
    "refund_destination_details": {
        "eu_bank_transfer": stripe.Refund.DestinationDetails.EuBankTransfer,
        "us_bank_transfer": stripe.Refund.DestinationDetails.UsBankTransfer,
        "paypal": stripe.Refund.DestinationDetails.Paypal,
        "klarna": stripe.Refund.DestinationDetails.Klarna,
        "customer_cash_balance": stripe.Refund.DestinationDetails.CustomerCashBalance,
    },
}


def _with_sdk(schemas: dict[str, Any]) -> dict[str, Any]:
    found = dict(schemas)
    for kind, fields in FROM_SDK.items():
        declared = found[kind]["properties"]
        known = {
            name: {
                "type": "object",
                "nullable": declared.get(name, {}).get("nullable", False),
                "properties": {
                    field: {} for field in one.__annotations__ if not field.startswith("_")
                },
            }
            for name, one in fields.items()
        }
        schema = found[kind]
        found[kind] = {**schema, "properties": schema["properties"] | known}
    return found


def _translate(node: Any) -> Any:
    if isinstance(node, list):
        return [_translate(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("properties"), dict):
        names = node["properties"]
        open_names = {name: {} for name in UNDECLARED - names.keys()}
        translated = {name: _translate(child) for name, child in names.items()}
        node = {**node, "properties": translated | open_names}
        node.setdefault("additionalProperties", False)
        result = {k: v if k == "properties" else _translate(v) for k, v in node.items()}
    else:
        result = {name: _translate(value) for name, value in node.items()}
    if "$ref" in result:
        result["$ref"] = result["$ref"].replace("#/components/schemas/", "#/$defs/")
    if result.pop("nullable", False) is True:
        return {"anyOf": [{"type": "null"}, result]}
    return result


@cache
def _validator(kind: str) -> Draft202012Validator:
    definitions = _translate(_with_sdk(contract()["components"]["schemas"]))
    return Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{kind}"})


def problems(kind: str, body: Any) -> list[str]:
    """What is wrong with an object of that kind, innermost first; empty when it is right."""
    found = []
    for error in _validator(kind).iter_errors(body):
        deepest = error
        while deepest.context:
            deepest = max(deepest.context, key=lambda cause: len(cause.absolute_path))
        path = "/".join(str(part) for part in deepest.absolute_path)
        found.append(f"{kind}.{path}: {deepest.message[:300]}")
    return found


def check(body: Any, kind: str | None = None) -> Any:
    """The body, after it has been found right; a list row by row, an event with its object."""
    if body.get("object") in _ENVELOPES:
        required, optional = _ENVELOPES[body["object"]]
        assert required <= body.keys() <= required | optional, body.keys()
        for row in body["data"]:
            check(row)
        return body
    name = kind or _kind(body)
    assert problems(name, body) == []
    if name == "event":
        assert body["type"] in event_types()
        check(body["data"]["object"])
    return body


_ENVELOPES = {
    "list": ({"object", "url", "has_more", "data"}, {"total_count"}),
    "search_result": ({"object", "url", "has_more", "data", "next_page"}, {"total_count"}),
}


def _kind(body: Any) -> str:
    if "object" not in body:
        return "error"
    return f"deleted_{body['object']}" if body.get("deleted") is True else str(body["object"])
