"""A card number is put into every parameter of every call, over HTTP: none takes it, none keeps it."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests

from app.settings import Settings
from app.web.api.call import Route
from app.web.api.fields import EXPAND, Field, Hash, List, Metadata, Range, Refused, Spec
from app.web.api.routes import ROUTES
from tests.api.columns import columns_with
from tests.factories import Shop
from tests.sandbox.server import wait_until
from tests.servers import Running, environment, web_server

DIGITS = "4000056655665556"
WRITTEN = "4000 0566-5566.5556"


@pytest.fixture(scope="module")
def process(settings: Settings) -> Iterator[Running]:
    """A web process whose output can be read."""
    environ = environment(
        settings.database_url,
        settings.redis_url,
        STRIPE_API_URL=settings.stripe_api_url,
        STRIPE_JS_URL=settings.stripe_js_url,
        API_CALLS_PER_SECOND="0",
    )
    with web_server(environ) as running:
        yield running


def _places(spec: Spec, prefix: str = "") -> Iterator[str]:
    """Every place in a request where text can stand, as a form names it."""
    for name, field in spec.items():
        called = f"{prefix}[{name}]" if prefix else name
        yield from _of(field, called)


def _of(field: Field, called: str) -> Iterator[str]:
    yield called
    match field:
        case Hash():
            yield from _places(field.fields, called)
        case List():
            yield from _of(field.item, f"{called}[0]")
        case Metadata():
            yield f"{called}[note]"
        case Range():
            yield f"{called}[gte]"
        case Refused():
            yield f"{called}[deep][deeper]"


def _called(route: Route) -> str:
    return f"{route.method} {route.rule}"


def _send(process: Running, shop: Shop, route: Route, form: dict[str, str]) -> requests.Response:
    address = process.url + re.sub(r"\{\w+\}", "none_1234567890", route.rule)
    where = "data" if route.method == "POST" else "params"
    return requests.request(
        route.method,
        address,
        auth=(shop.secret_key, ""),
        timeout=30,
        **{where: form},  # type: ignore[arg-type]
    )


def test_no_parameter_of_any_call_takes_or_keeps_a_card_number(
    process: Running, shop: Shop, database_url: str
) -> None:
    asked = 0
    for route in ROUTES:
        places = [*_places({**route.spec, **EXPAND}), "unknown", f"metadata[{WRITTEN}]"]
        for place in places:
            answer = _send(process, shop, route, {place: WRITTEN})
            asked += 1
            what = f"{_called(route)} {place}: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code == 422, what
            assert answer.json()["error"]["code"] == "card_data_refused", what
            assert WRITTEN not in answer.text, what
    assert asked > 300
    _nowhere(process, shop, database_url, asked)


def test_no_header_and_no_address_keeps_a_card_number(
    process: Running, shop: Shop, database_url: str
) -> None:
    customers = f"{process.url}/v1/customers"
    tries: list[dict[str, Any]] = [
        {"url": customers, "headers": {name: DIGITS}}
        for name in (
            "Idempotency-Key", "User-Agent", "Stripe-Version", "Stripe-Account", "X-Request-Id",
            "X-Stripe-Client-User-Agent", "Referer", "X-Forwarded-For",
        )
    ]  # fmt: skip
    tries += [
        {"url": f"{customers}/{DIGITS}"},
        {"url": f"{customers}/cus_{DIGITS}"},
        {"url": f"{customers}/{DIGITS}/payment_methods", "method": "GET"},
        {"url": f"{customers}?card={DIGITS}"},
        {"url": f"{process.url}/v1/{DIGITS}"},
        {"url": f"{process.url}/v1/{DIGITS}", "method": "DELETE"},
        {"url": customers, "data": f"name={DIGITS}", "headers": {"Content-Type": "text/plain"}},
        {"url": customers, "data": f'{{"name": "{DIGITS}"'},
    ]
    for one in tries:
        answer = requests.request(
            **{"method": "POST", "auth": (shop.secret_key, ""), **one}, timeout=30
        )
        assert answer.status_code < 500, one
        assert DIGITS not in answer.text, one
    # Nor one who has no key, or has mistaken the number for one.
    for key in ("", DIGITS, f"sk_test_{DIGITS}"):
        answer = requests.get(f"{customers}/{DIGITS}", auth=(key, ""), timeout=30)
        assert answer.status_code == 401
        assert DIGITS not in answer.text
    _nowhere(process, shop, database_url, 1)


@pytest.mark.parametrize(
    "form",
    [
        {"metadata[cvc]": "123"},
        {"metadata[CVV2]": "1234"},
        {"metadata[card_cvc]": "123"},
        {"description": "cvc: 123"},
        {"payment_method_data[card][cvc]": "123"},
        {"payment_method_options[card][cvc_token]": "123"},
    ],
    ids=lambda form: next(iter(form)),
)
def test_a_security_code_is_not_taken(
    process: Running, shop: Shop, database_url: str, form: dict[str, str]
) -> None:
    order = {"amount": "4999", "currency": "usd"}
    answer = requests.post(
        f"{process.url}/v1/payment_intents",
        data=order | form,
        auth=(shop.secret_key, ""),
        timeout=30,
    )
    assert answer.status_code in (400, 422), answer.text
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM payments").fetchone() == (0,)


def _nowhere(process: Running, shop: Shop, database_url: str, lines: int) -> None:
    """The number is in no table, the request log included, and not in what the process said."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        query = "SELECT count(*) FROM api_requests WHERE merchant_id = %s"

        def is_logged() -> bool:
            row = connection.execute(query, (shop.merchant_id,)).fetchone()
            return row is not None and row[0] >= lines

        wait_until(is_logged, seconds=20)
    assert columns_with(database_url, DIGITS) == []
    said = re.sub(r"[^0-9A-Za-z\n]", "", process.output())
    assert DIGITS not in said
