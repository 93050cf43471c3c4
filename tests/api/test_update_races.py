"""An update is judged by the payment as it stands when it is written, not as somebody read it before."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from werkzeug.test import TestResponse

from tests.api.client import Api, count, error_of, order
from tests.contracts.schema import check
from tests.factories import VISA
from tests.sandbox.server import wait_until

INTENTS = "/v1/payment_intents"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
Meanwhile = Callable[[Callable[[], TestResponse], str, tuple[Any, ...]], TestResponse]


@pytest.fixture
def meanwhile(database_url: str) -> Meanwhile:
    """Send a request that has to wait for the payment's lock, while its holder changes something."""

    @contextmanager
    def held() -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(database_url) as connection:
            connection.execute("SELECT FROM payments FOR UPDATE")
            yield connection

    def waits() -> bool:
        with psycopg.connect(database_url) as connection:
            row = connection.execute(WAITING).fetchone()
        return row is not None and row[0] > 0

    def run(send: Callable[[], TestResponse], change: str, values: tuple[Any, ...]) -> TestResponse:
        answers: list[TestResponse] = []
        thread = threading.Thread(target=lambda: answers.append(send()))
        with held() as connection:
            thread.start()
            wait_until(waits)
            connection.execute(change.encode(), values)
        thread.join()
        return answers[0]

    return run


def intent(api: Api, **changes: Any) -> str:
    made = check(api.post(INTENTS, order(payment_method=None, **changes)).json)
    return f"{INTENTS}/{made['id']}"


def customer(api: Api) -> tuple[str, str]:
    """A customer and the card that they keep."""
    made = check(api.post("/v1/customers", {"payment_method": VISA}).json)
    [card] = check(api.get(f"/v1/customers/{made['id']}/payment_methods").json)["data"]
    return made["id"], card["id"]


def test_an_amount_that_changed_meanwhile_keeps_its_other_half(
    api: Api, meanwhile: Meanwhile
) -> None:
    where = intent(api)

    answer = meanwhile(
        lambda: api.post(where, {"currency": "eur"}), "UPDATE payments SET amount_minor = 700", ()
    )
    assert (check(answer.json)["amount"], check(answer.json)["currency"]) == (700, "eur")

    answer = meanwhile(
        lambda: api.post(where, {"amount": 900}), "UPDATE payments SET currency = 'GBP'", ()
    )
    assert (check(answer.json)["amount"], check(answer.json)["currency"]) == (900, "gbp")


def test_an_amount_is_judged_in_the_currency_of_now(api: Api, meanwhile: Meanwhile) -> None:
    where = intent(api)

    answer = meanwhile(
        lambda: api.post(where, {"amount": 60}), "UPDATE payments SET currency = 'HUF'", ()
    )

    assert (answer.status_code, error_of(answer)["code"]) == (400, "amount_too_small")
    assert check(api.get(where).json)["amount"] == 4999


def test_a_card_must_be_the_customers_of_now(api: Api, meanwhile: Meanwhile) -> None:
    (ada, card), (ben, _) = customer(api), customer(api)
    where = intent(api, customer=ada)

    answer = meanwhile(
        lambda: api.post(where, {"payment_method": card}),
        "UPDATE payments SET customer_id = %s",
        (ben,),
    )

    assert (answer.status_code, error_of(answer)["param"]) == (400, "payment_method")
    found = check(api.get(where).json)
    assert (found["customer"], found["payment_method"]) == (ben, None)


def test_a_customer_must_be_the_one_whose_card_is_named_by_now(
    api: Api, meanwhile: Meanwhile
) -> None:
    (ada, card), (ben, _) = customer(api), customer(api)
    where = intent(api, customer=ada)

    answer = meanwhile(
        lambda: api.post(where, {"customer": ben}),
        "UPDATE payments SET payment_method = %s",
        (card,),
    )

    assert (answer.status_code, error_of(answer)["code"]) == (400, "resource_missing")
    found = check(api.get(where).json)
    assert (found["customer"], found["payment_method"]) == (ada, card)


def test_a_customer_who_was_deleted_meanwhile_is_none(api: Api, meanwhile: Meanwhile) -> None:
    ada, _ = customer(api)
    where = intent(api)

    answer = meanwhile(
        lambda: api.post(where, {"customer": ada}), "UPDATE customers SET deleted_at = now()", ()
    )

    assert (answer.status_code, error_of(answer)["param"]) == (404, "customer")
    assert check(api.get(where).json)["customer"] is None


def test_who_pays_and_with_what_are_changed_together(api: Api) -> None:
    (ada, card), (ben, other) = customer(api), customer(api)
    where = intent(api, customer=ada)
    assert check(api.post(where, {"payment_method": card}).json)["payment_method"] == card
    assert api.post(where, {"customer": ben}).status_code == 400
    assert api.post(where, {"customer": ""}).status_code == 400

    both = check(api.post(where, {"customer": ben, "payment_method": other}).json)

    assert (both["customer"], both["payment_method"]) == (ben, other)


def test_an_update_that_changes_nothing_leaves_no_trace(api: Api, database_url: str) -> None:
    where = intent(api, description="Tray")
    api.post(where, {"description": "Two trays", "metadata": {"a": "1"}})
    before = count(database_url, "events")

    again = api.post(where, {"description": "Two trays", "metadata": {"a": "1"}, "amount": 4999})

    assert check(again.json)["description"] == "Two trays"
    assert count(database_url, "events") == before
