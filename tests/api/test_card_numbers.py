"""A card number never enters: it is refused wherever it stands, and no table holds it afterwards."""

from typing import Any

import pytest

from app.services.deps import Deps
from tests.api.client import Api, basket, charges, count, error_of
from tests.api.columns import columns_with
from tests.factories import VISA, Shop
from tests.sandbox.server import SandboxServer

CARDS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "5555.5555.5555.4444",
    "378282246310005",
    "3782 822463 10005",
    "3056 9309 0200 04",
    "6011\u20131111\u20131111\u20131117",
    "2223003122003222",
    "card: 4000056655665556 exp 12/34",
    "order 99 4242 4242 4242 4242",
    "4242 4242 4242 4242 123",
    "\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12",
]
HARMLESS = [
    "2f1b1d3a-9c40-4242-8242-424242424242",
    "42424242-4242-4242-8242-424242424242",
    "stripe-node-retry-42424242-4242-4242-8242-424242424242",
    "https://shop.example/orders/42424242-4242-4242-8242-424242424242/thanks",
    "1234567890123456",
    "+44 20 7946 0018 0991",
    "2026-11-22 16:40:00",
    "4242424242424241",
    "INV-000123",
]


def _payments(value: Any) -> list[dict[str, Any]]:
    names = ("description", "receipt_email", "customer_name", "return_url", "payment_method")
    return [
        *({name: value} for name in names),
        {"metadata": {"note": value}},
        {"metadata": {str(value)[:40]: "note"}},
        {"metadata": {"deep": [{"deeper": value}]}},
        {"unknown": value},
        {"card": {"number": value}},
    ]


def _baskets(value: Any) -> list[dict[str, Any]]:
    line = {
        "price_data": {
            "currency": "usd",
            "unit_amount": 1250,
            "product_data": {"name": "Tray", "description": value},
        }
    }
    return [
        {"client_reference_id": value},
        {"customer_email": f"{value}@example.com"},
        {"success_url": f"https://shop.example/?card={value}"},
        {"payment_intent_data": {"description": value}},
        {"line_items": [line]},
        {"metadata": {"note": value}},
    ]


@pytest.mark.parametrize("card", [CARDS[1], 4242424242424242], ids=["text", "number"])
def test_a_card_number_is_refused_in_every_field_and_stored_in_none(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str, card: str | int
) -> None:
    for number, changes in enumerate(_payments(card)):
        answer = api.pay(f"key-{number}", **changes)
        assert (answer.status_code, error_of(answer)["code"]) == (422, "card_data_refused"), changes
        assert "4242" not in answer.text
    for changes in _baskets(card):
        answer = api.post("/v1/checkout/sessions", basket(**changes))
        assert (answer.status_code, error_of(answer)["code"]) == (422, "card_data_refused"), changes
        assert "4242" not in answer.text
    assert count(database_url, "payments") == count(database_url, "checkout_sessions") == 0
    assert charges(sandbox, shop) == 0
    assert columns_with(database_url, "4242424242424242") == []


def test_a_card_number_is_known_in_every_way_of_writing_it(api: Api, database_url: str) -> None:
    for card in CARDS:
        answer = api.pay("key", description=card)
        assert (answer.status_code, error_of(answer)["code"]) == (422, "card_data_refused"), card
        form = {"amount": "1", "currency": "usd", "payment_method": VISA, "metadata[n]": card}
        assert api.post("/payments", form=form, key="key").status_code == 422, card
    assert count(database_url, "idempotency_keys") == 0


def test_a_card_number_is_no_idempotency_key(api: Api, database_url: str) -> None:
    answer = api.pay("4242424242424242")
    assert (answer.status_code, error_of(answer)["param"]) == (422, "Idempotency-Key")
    assert columns_with(database_url, "4242424242424242") == []


def test_what_only_resembles_a_card_number_is_taken(api: Api) -> None:
    for number, text in enumerate(HARMLESS):
        answer = api.pay(f"key-{number}", description=text, metadata={"note": text})
        assert answer.status_code == 200, text
    # The keys that the SDKs for Python and Node make up themselves.
    assert api.pay(HARMLESS[1]).status_code == 200
    assert api.pay(HARMLESS[2]).status_code == 200


def test_the_search_of_all_columns_finds_what_is_there(
    api: Api, deps: Deps, database_url: str
) -> None:
    assert api.pay("key", description="a needle", metadata={"k": "a needle"}).status_code == 200
    found = columns_with(database_url, "aneedle")
    assert {"payments.description", "payments.metadata"} <= set(found)
