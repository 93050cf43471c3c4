import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from app.services.deps import Deps
from app.services.publishing import publish_due
from app.web.api.call import Route
from app.web.api.event_types import SENT
from app.web.api.events_out import render
from app.web.api.examples import Example, example_of
from app.web.api.openapi import document
from app.web.api.routes import ROUTES
from app.web.api.schemas import SCHEMAS
from tests.api.client import Api
from tests.api.possessions import connected_seller
from tests.contracts.schema import contract, event_types
from tests.examples import NEVER, Story
from tests.factories import DECLINED, NEEDS_3DS, Shop
from tests.funds import waiting_payout


@cache
def spec() -> dict[str, Any]:
    return document("http://localhost")


def wrong_with(schema: dict[str, Any], body: Any) -> list[str]:
    """What a body has that the specification does not say, or lacks."""
    validator = Draft202012Validator({**schema, "components": spec()["components"]})
    return [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message[:300]}"
        for error in validator.iter_errors(body)
        for one in (error, *(error.context or ()))
    ]


def answer_schema(route: Route, status: int) -> dict[str, Any]:
    found = spec()["paths"][route.rule][route.method.lower()]["responses"][str(status)]
    if "$ref" in found:
        found = spec()["components"]["responses"][found["$ref"].rpartition("/")[2]]
    schema: dict[str, Any] = found["content"]["application/json"]["schema"]
    return schema


def route_of(example: Example) -> Route:
    return next(r for r in ROUTES if (r.method, r.rule) == (example.method, example.rule))


def has_route(example: Example) -> bool:
    return any((r.method, r.rule) == (example.method, example.rule) for r in ROUTES)


def test_the_document_is_an_openapi_document() -> None:
    assert [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(spec())] == []
    for name, schema in spec()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert name


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_in_it_leads_somewhere() -> None:
    for reference in set(references(spec())):
        here: Any = spec()
        for step in reference.removeprefix("#/").split("/"):
            here = here[step]


def test_every_call_is_in_it_under_a_name_of_its_own() -> None:
    paths = spec()["paths"]
    written = {(method.upper(), rule) for rule, calls in paths.items() for method in calls}
    assert written == {(route.method, route.rule) for route in ROUTES}
    names = [call["operationId"] for calls in paths.values() for call in calls.values()]
    assert len(set(names)) == len(names)
    for rule, calls in paths.items():
        for call in calls.values():
            inside = [one["name"] for one in call["parameters"] if one.get("in") == "path"]
            assert inside == re.findall(r"{(\w+)}", rule)


def test_every_call_has_an_example_unless_it_cannot_succeed() -> None:
    without = {(route.method, route.rule) for route in ROUTES if example_of(route) is None}
    assert without == NEVER


def test_every_example_is_a_request_that_the_specification_allows() -> None:
    for route in ROUTES:
        example = example_of(route)
        if example is None:
            continue
        call = spec()["paths"][route.rule][route.method.lower()]
        if route.method == "POST":
            for media in call["requestBody"]["content"].values():
                assert wrong_with(media["schema"], example.params) == [], route.name
        else:
            known = {one["name"]: one for one in call["parameters"] if one.get("in") == "query"}
            for name, value in example.params.items():
                called = f"{name}[]" if isinstance(value, list) else name
                assert wrong_with(known[called]["schema"], value) == [], route.name


def test_what_is_refused_is_listed_with_its_reason_and_not_offered() -> None:
    call = spec()["paths"]["/v1/payment_intents"]["post"]
    assert "in the name of the account" in call["x-farthing-refused"]["on_behalf_of"]
    offered = spec()["components"]["schemas"]["request.post_v1_payment_intents"]["properties"]
    assert offered.keys().isdisjoint(call["x-farthing-refused"])
    assert wrong_with(
        {"$ref": "#/components/schemas/request.post_v1_payment_intents"},
        {"amount": 4999, "currency": "usd", "transfer_data": {}},
    )


def test_every_event_that_is_sent_is_a_webhook_of_it() -> None:
    assert spec()["webhooks"].keys() == SENT.keys()
    assert SENT.keys() <= event_types()


def test_every_answer_is_of_the_shape_that_the_specification_says(
    app: Flask, deps: Deps, shop: Shop, api: Api
) -> None:
    def ask(story: Story, example: Example) -> dict[str, Any]:
        if example.rule.startswith("/v1/events"):
            publish_due(deps, render)
        path = story.text(example.address)
        params = story.values(example.params)
        if example.method == "POST":
            answer = api.post(path, params, key=example.key)
        else:
            address = app.test_client().get(path, query_string=dict(_pairs(params))).request
            headers = {"Authorization": f"Bearer {shop.secret_key}"}
            answer = api.open(example.method, address.full_path.rstrip("?"), headers)
        body = answer.get_json()
        assert answer.status_code == 200, (example, body)
        assert wrong_with(answer_schema(route_of(example), 200), body) == [], example
        found: dict[str, Any] = body
        return found

    seller, payout = connected_seller(api), waiting_payout(deps, shop.merchant_id)
    Story(ask, "http://127.0.0.1:9/hook", seller, payout).tell(have=has_route)

    # What was published on the way has the shapes of the webhooks.
    publish_due(deps, render)
    told = api.get("/v1/events?limit=100").get_json()["data"]
    for event in told:
        request = spec()["webhooks"][event["type"]]["post"]["requestBody"]
        schema = request["content"]["application/json"]["schema"]
        assert wrong_with(schema, event) == [], event["type"]
    assert len({event["type"] for event in told}) > 10


def _pairs(found: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        called = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, list):
            yield f"{called}[]", value
        else:
            yield called, value


def test_expanded_objects_are_of_their_shapes_too(api: Api) -> None:
    paid = api.pay("order-1").get_json()
    refund = api.post("/v1/refunds", {"payment_intent": paid["id"], "amount": 100}).get_json()
    inside = "expand[]=charge.payment_intent.payment_method&expand[]=charge.refunds"
    found = api.get(f"/v1/refunds/{refund['id']}?{inside}&expand[]=balance_transaction").get_json()
    assert found["charge"]["payment_intent"]["payment_method"]["object"] == "payment_method"
    assert found["charge"]["refunds"]["data"][0]["id"] == refund["id"]
    assert wrong_with({"$ref": "#/components/schemas/refund"}, found) == []


@pytest.mark.parametrize(
    "rule,body,status",
    [
        ("/v1/payment_intents", {"amount": 1}, 400),
        ("/v1/payment_intents", {"amount": 4999, "currency": "usd", "colour": "red"}, 400),
        ("/v1/payment_intents", {"amount": 4999, "currency": "usd", "shipping": {"a": 1}}, 400),
        ("/v1/customers", {"name": "4242 4242 4242 4242"}, 422),
        ("/v1/refunds", {"payment_intent": "pi_01nothing"}, 404),
    ],
)
def test_every_error_is_of_the_shape_that_the_specification_says(
    api: Api, rule: str, body: dict[str, Any], status: int
) -> None:
    answer = api.post(rule, body)
    route = next(one for one in ROUTES if (one.method, one.rule) == ("POST", rule))
    assert answer.status_code == status
    assert wrong_with(answer_schema(route, status), answer.get_json()) == []


def test_a_declined_card_is_told_in_the_specifications_shape(api: Api) -> None:
    order = {"amount": 4999, "currency": "usd", "payment_method": DECLINED, "confirm": True}
    answer = api.post("/v1/payment_intents", order)
    route = next(one for one in ROUTES if (one.method, one.rule) == ("POST", "/v1/payment_intents"))
    assert answer.status_code == 402
    assert wrong_with(answer_schema(route, 402), answer.get_json()) == []
    declined = answer.get_json()["error"]["payment_intent"]["id"]
    read = api.get(f"/v1/payment_intents/{declined}").get_json()
    assert wrong_with({"$ref": "#/components/schemas/payment_intent"}, read) == []


def test_a_payment_that_waits_for_the_bank_is_of_its_shape(api: Api) -> None:
    order = {"amount": 4999, "currency": "usd", "payment_method": NEEDS_3DS, "confirm": True}
    waiting = api.post(
        "/v1/payment_intents", order | {"return_url": "https://shop.example/back"}
    ).get_json()
    assert waiting["status"] == "requires_action"
    assert wrong_with({"$ref": "#/components/schemas/payment_intent"}, waiting) == []


def test_a_shape_is_closed_and_complete(api: Api) -> None:
    schema = {"$ref": "#/components/schemas/payment_intent"}
    paid = api.pay("order-1").get_json()
    assert wrong_with(schema, paid) == []
    assert wrong_with(schema, {**paid, "colour": "red"})
    assert wrong_with(schema, {name: paid[name] for name in paid if name != "metadata"})


@pytest.mark.parametrize("kind", sorted(SCHEMAS.keys() - {"payment_intent_public", "escrow_hold"}))
def test_our_shapes_promise_no_less_than_the_contract(kind: str) -> None:
    theirs = contract()["components"]["schemas"]
    assert list(_contradictions(SCHEMAS[kind], theirs[kind], kind)) == []


def _contradictions(ours: dict[str, Any], theirs: dict[str, Any], where: str) -> Iterator[str]:
    """Where we have a field or a word that the contract has not, or lack one that it requires."""
    theirs = _followed(theirs)
    words = {word for word in ours.get("enum", [ours.get("const")]) if word is not None}
    if "enum" in theirs and "type" in theirs and theirs["type"] == "string":
        yield from (f"{where}: {word}" for word in words - set(theirs["enum"]))
    known = theirs.get("properties", {})
    if not known or "properties" not in ours:
        return
    yield from (
        f"{where} lacks {name}"
        for name in theirs.get("required", [])
        if name not in ours.get("required", [])
    )
    for name, field in ours["properties"].items():
        if name == "description":  # The published part of the contract lost it.
            continue
        if name not in known:
            if (where, name) not in UNDECLARED:
                yield f"{where}.{name} is not theirs"
            continue
        for one in (field, *field.get("anyOf", [])):
            yield from _contradictions(one, known[name], f"{where}.{name}")


# Fields that Stripe sends and does not declare: see tests/contracts/schema.py.
UNDECLARED = {("balance_transaction", "source")}


def _followed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, or the only object among its choices."""
    while "$ref" in schema or len(schema.get("anyOf", [])) == 1:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = contract()["components"]["schemas"][name]
        else:
            schema = schema["anyOf"][0]
    return schema


def test_it_is_served_to_everybody_and_not_twice(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/v1/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json()["openapi"] == "3.1.0"
    assert answer.get_json()["servers"] == [{"url": "http://localhost"}]
    assert "public" in answer.headers["Cache-Control"]
    again = client.get("/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
