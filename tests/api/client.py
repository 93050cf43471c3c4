"""A merchant's software, as it speaks to the API: a thin client that hides nothing of the answer."""

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from flask import Flask
from werkzeug.test import TestResponse

from tests.factories import VISA, Shop

T = TypeVar("T")


@dataclass
class Api:
    """Requests in the name of one secret key."""

    app: Flask
    secret_key: str

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        form: list[tuple[str, str]] | dict[str, str] | None = None,
        raw: bytes | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """POST JSON (`body`), a form, or `raw` bytes that claim to be JSON."""
        sent = {"Authorization": f"Bearer {self.secret_key}"} | (headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        if form is not None:
            pairs: dict[str, list[str]] = {}
            for name, value in form.items() if isinstance(form, dict) else form:
                pairs.setdefault(name, []).append(value)
            return self.open("POST", path, sent, data=pairs)
        if raw is not None:
            return self.open("POST", path, sent, data=raw, content_type="application/json")
        return self.open("POST", path, sent, json=body if body is not None else {})

    def get(self, path: str) -> TestResponse:
        """GET."""
        return self.open("GET", path, {"Authorization": f"Bearer {self.secret_key}"})

    def open(self, method: str, path: str, headers: dict[str, str], **more: Any) -> TestResponse:
        """Any request, in an application context of its own, as a server would give it."""
        client = self.app.test_client(use_cookies=False)
        return contextvars.Context().run(client.open, path, method=method, headers=headers, **more)

    def pay(self, key: str, **changes: Any) -> TestResponse:
        """`POST /payments` over 49.99 dollars by a good card, unless changed."""
        return self.post("/payments", order(**changes), key=key)


def order(**changes: Any) -> dict[str, Any]:
    """The body of a payment; a change to None leaves the parameter out."""
    body = {"amount": 4999, "currency": "usd", "payment_method": VISA} | changes
    return {name: value for name, value in body.items() if value is not None}


def basket(**changes: Any) -> dict[str, Any]:
    """The body of a checkout session of one line."""
    line = {
        "quantity": 2,
        "price_data": {
            "currency": "usd",
            "unit_amount": 1250,
            "product_data": {"name": "Walnut tray"},
        },
    }
    body = {
        "mode": "payment",
        "line_items": [line],
        "success_url": "https://shop.example/thanks",
        "cancel_url": "https://shop.example/basket",
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def error_of(answer: TestResponse) -> dict[str, Any]:
    """The error object of an answer that is one."""
    assert answer.json is not None
    assert list(answer.json) == ["error"]
    found: dict[str, Any] = answer.json["error"]
    return found


def charges(sandbox: Any, shop: Shop) -> int:
    """How many charges were really made for the shop."""
    facts = sandbox.record(shop.sandbox_account)["facts"]
    return sum(fact["fact"] == "authorised" for fact in facts)


def count(database_url: str, table: str) -> int:
    """How many rows a table has."""
    with psycopg.connect(database_url) as connection:
        query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def at_once(jobs: list[Callable[[], T]]) -> list[T]:
    """Run all at the same moment, each in a thread; gives the results in order."""
    barrier = threading.Barrier(len(jobs))
    results: dict[int, T] = {}

    def run(place: int) -> None:
        barrier.wait()
        results[place] = jobs[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(jobs), "a request raised"
    return [results[place] for place in range(len(jobs))]
