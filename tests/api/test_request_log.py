"""What the log keeps of a request to the API, and what it must never keep."""

import json
from typing import Any

import orjson
import pytest
from flask import Flask

from app.store.db import db
from app.store.requests import ApiRequest
from app.web.api.log import HIDDEN, MOST_BYTES, kept, redacted_query
from tests.api.client import Api, order
from tests.factories import VISA

CARD = "4242424242424242"
INTENTS = "/v1/payment_intents"


@pytest.fixture(autouse=True)
def nothing_waits(app: Flask, api: Api) -> None:
    """What tests before left to be written is written before, and not looked at."""
    logged(app)
    db.session.query(ApiRequest).delete()
    db.session.commit()


def logged(app: Flask) -> list[ApiRequest]:
    app.extensions["farthing_request_log"].flush()
    db.session.commit()
    return db.session.query(ApiRequest).order_by(ApiRequest.id).all()


def everything(rows: list[ApiRequest]) -> str:
    names = [column.name for column in ApiRequest.__table__.columns]
    return json.dumps([[getattr(row, name) for name in names] for row in rows], default=str)


def test_a_call_is_logged_with_what_was_asked_and_answered(app: Flask, api: Api) -> None:
    answer = api.post(INTENTS, order(metadata={"order": "7"}), key="order-7")

    (row,) = logged(app)
    assert answer.status_code == 200
    assert answer.json is not None
    assert (row.id, row.status, row.method) == (answer.headers["Request-Id"], 200, "POST")
    assert (row.path, row.object_id) == (INTENTS, answer.json["id"])
    assert row.request_body["metadata"] == {"order": "7"}
    assert row.response_body["status"] == answer.json["status"]
    assert row.duration_ms >= 0
    assert row.key_id.startswith("key_")


def test_a_reads_answer_is_not_kept_and_an_errors_is(app: Flask, api: Api) -> None:
    api.get(f"{INTENTS}?limit=3")
    api.get(f"{INTENTS}/pi_00000000000000000000000000")

    read, missing = logged(app)
    assert (read.response_body, read.query) == (None, "limit=3")
    assert missing.response_body["error"]["code"] == missing.error_code == "resource_missing"
    assert missing.object_id == "pi_00000000000000000000000000"


def test_what_became_of_a_key_is_logged(app: Flask, api: Api) -> None:
    for path, body in (
        ("/v1/customers", {"name": "Ada"}),
        ("/v1/customers", {"name": "Ada"}),
        ("/v1/customers", {"name": "Ben"}),
        (INTENTS, order()),
        (INTENTS, order()),
        (INTENTS, order(amount=100)),
    ):
        api.post(path, body, key="one-key")

    outcomes = [row.idempotency_outcome for row in logged(app)]

    assert outcomes == ["first", "replayed", "mismatch"] * 2
    assert {row.idempotency_scope for row in logged(app)} == {
        "POST /v1/customers",
        f"POST {INTENTS}",
    }


def test_a_refused_parameter_is_kept_to_be_seen(app: Flask, api: Api) -> None:
    api.post(INTENTS, order(no_such_thing="yes"))

    (row,) = logged(app)
    assert row.error_code == "parameter_unknown"
    assert row.request_body["no_such_thing"] == "yes"


def test_nobody_knows_of_calls_without_a_key(app: Flask, api: Api) -> None:
    for path in (INTENTS, "/v1/nothing"):
        api.open("GET", path, {"Authorization": "Bearer sk_test_wrong"})
        api.open("GET", path, {})

    assert logged(app) == []


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/v1/subscriptions"),
        ("POST", "/v1/payment_intent"),
        ("DELETE", INTENTS),
        ("PATCH", f"{INTENTS}/pi_1/capture"),
        ("PUT", "/v1/"),
    ],
)
def test_a_mistyped_address_is_logged(app: Flask, api: Api, method: str, path: str) -> None:
    answer = api.open(method, path, {"Authorization": f"Bearer {api.secret_key}"})

    (row,) = logged(app)
    assert (answer.status_code, row.status, row.error_code) == (404, 404, "url_unknown")
    assert (row.id, row.method, row.path) == (answer.headers["Request-Id"], method, path)
    assert row.key_id.startswith("key_")
    assert row.response_body["error"]["code"] == "url_unknown"


def test_a_mistyped_address_is_kept_short_and_without_its_secrets(app: Flask, api: Api) -> None:
    bearer = {"Authorization": f"Bearer {api.secret_key}"}
    api.get(f"/v1/{'x' * 3000}")
    api.get(f"/v1/keys/{api.secret_key}?client_secret=pi_1_secret_2")
    api.open("POST", f"/v1/cards/{CARD}", bearer, json={"number": CARD, "note": "first"})
    api.open("POST", "/v1/cards", bearer, json={"cvc": "9", "note": api.secret_key})

    rows = logged(app)

    assert [row.status for row in rows] == [404, 404, 422, 404]
    assert len(rows[0].path) <= 501
    assert (rows[1].path, rows[1].query) == (
        f"/v1/keys/sk_test_{HIDDEN}",
        f"client_secret={HIDDEN}",
    )
    assert rows[2].path == f"/v1/cards/{HIDDEN}"
    assert rows[3].request_body == {"cvc": HIDDEN, "note": f"sk_test_{HIDDEN}"}
    for secret in (api.secret_key[8:], CARD, "pi_1_secret_2"):
        assert secret not in everything(rows)


@pytest.mark.parametrize(
    "body",
    [
        {"description": CARD},
        {"metadata": {"note": f"card 4242 4242-4242 4242 {CARD}"}},
        {"metadata": {CARD: "x"}},
        {"payment_method_data": {"type": "card", "card": {"number": CARD, "cvc": "987"}}},
        {CARD: "x"},
    ],
)
def test_a_card_number_is_never_logged(app: Flask, api: Api, body: dict[str, Any]) -> None:
    api.post(INTENTS, order(**body), key="k")

    rows = logged(app)
    assert len(rows) == 1
    assert rows[0].request_body is None
    assert "4242" not in everything(rows).replace(VISA, "")


def test_a_card_number_in_an_address_or_a_header_is_never_logged(app: Flask, api: Api) -> None:
    bearer = {"Authorization": f"Bearer {api.secret_key}"}
    api.get(f"/v1/customers/{CARD}")
    api.get(f"{INTENTS}?created[gt]={CARD}&starting_after={CARD}")
    api.open("GET", INTENTS, bearer | {"User-Agent": f"shop {CARD}"})
    api.open("POST", INTENTS, bearer | {"Idempotency-Key": CARD}, json=order())

    rows = logged(app)

    assert len(rows) == 4
    assert CARD not in everything(rows)


def test_secrets_and_tokens_are_not_logged(app: Flask, api: Api) -> None:
    answer = api.post(INTENTS, order(payment_method=None, description=api.secret_key))
    assert answer.json is not None
    secret = answer.json["client_secret"]
    api.get(f"{INTENTS}/{answer.json['id']}?client_secret={secret}")
    made = api.post("/v1/webhook_endpoints", {"url": "https://1.1.1.1/x", "enabled_events": ["*"]})

    text = everything(logged(app))

    assert made.json is not None
    for one in (secret, api.secret_key, made.json.get("secret", "whsec_")):
        assert one[8:] not in text or one == "whsec_"
    assert HIDDEN in text


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"client_secret": "pi_1_secret_2"}, {"client_secret": HIDDEN}),
        ({"payment_method": "pm_1Nxxxxxxwxyz"}, {"payment_method": "pm…wxyz"}),
        ({"payment_method": "pm_" + "0" * 26}, {"payment_method": "pm_" + "0" * 26}),
        ({"card": {"number": "1", "cvc": "2"}}, {"card": HIDDEN}),
        (
            {"card": {"brand": "visa", "last4": "4242"}},
            {"card": {"brand": "visa", "last4": "4242"}},
        ),
        ({"a": [{"cvv": "123"}]}, {"a": [{"cvv": HIDDEN}]}),
        ({"url": "https://me:pw@a.example/x"}, {"url": f"https://{HIDDEN}@a.example/x"}),
        ({"d": "use sk_test_abcdef now"}, {"d": f"use sk_test_{HIDDEN} now"}),
        ({"d": "whsec_AAAA+/=="}, {"d": f"whsec_{HIDDEN}"}),
        ({"d": "pi_06gz7_secret_abc"}, {"d": f"pi_06gz7_secret_{HIDDEN}"}),
        ({"d": "Bearer abcdefghij"}, {"d": f"Bearer {HIDDEN}"}),
        ({"n": int(CARD), "f": None, "b": True}, {"n": HIDDEN, "f": None, "b": True}),
        ({"z": "a\x00b\ud800"}, {"z": "ab?"}),
        ({"secret": ""}, {"secret": ""}),
    ],
)
def test_what_is_kept_of_a_body(given: Any, expected: Any) -> None:
    assert kept(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"a": "x" * 100_000},
        {"a": ["x" * 300] * 1_000},
        {f"k{number}": "x" * 1_000 for number in range(500)},
        {f"k{number}" * 90: {"a": ["x" * 300] * 90} for number in range(90)},
    ],
)
def test_a_kept_body_is_small(given: Any) -> None:
    assert 0 < len(orjson.dumps(kept(given))) <= MOST_BYTES


def test_a_body_however_deep_is_kept_in_part() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}

    assert "…" in json.dumps(kept(deep), ensure_ascii=False)


@pytest.mark.parametrize(
    "given, expected",
    [
        ("", ""),
        ("limit=3&expand[]=data.customer", "limit=3&expand[]=data.customer"),
        ("client_secret=pi_1_secret_2", "client_secret=[redacted]"),
        (f"card[number]={CARD}&a={CARD}", "card[number]=[redacted]&a=[redacted]"),
    ],
)
def test_what_is_kept_of_a_query(given: str, expected: str) -> None:
    assert redacted_query(given) == expected
