"""`/v1/customers` in Stripe's shape: what is kept, listed, changed and gone."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.services.deps import Deps
from tests.api.client import Api, count, error_of
from tests.contracts import schema
from tests.factories import FakeQueue

ALL = "/v1/customers"
ADDRESS = {"line1": "1 High St", "city": "London", "postal_code": "N1", "country": "GB"}


def good(answer: TestResponse) -> dict[str, Any]:
    """The object of an answer that is one, as the contract has it."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = schema.check(answer.json)
    return found


def a_customer(api: Api, **fields: Any) -> dict[str, Any]:
    return good(api.post(ALL, {"email": "ada@example.com", "name": "Ada", **fields}))


def deleted(api: Api, customer_id: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {api.secret_key}"}
    return api.open("DELETE", f"{ALL}/{customer_id}", headers)


def ids(answer: TestResponse) -> list[str]:
    return [row["id"] for row in good(answer)["data"]]


def test_a_customer_is_told_as_it_was_sent(api: Api) -> None:
    made = a_customer(
        api,
        phone="+44 20 7946 0000",
        description="First",
        address=ADDRESS,
        shipping={"name": "Ada", "address": ADDRESS},
        metadata={"shelf": "9"},
    )
    assert made["id"].startswith("cus_")
    assert made["address"] == {**ADDRESS, "line2": None, "state": None}
    assert made["shipping"]["address"] == made["address"]
    assert (made["metadata"], made["livemode"]) == ({"shelf": "9"}, False)
    assert (made["phone"], made["description"]) == ("+44 20 7946 0000", "First")
    assert good(api.get(f"{ALL}/{made['id']}")) == made


def test_a_form_makes_the_same_customer_as_json(api: Api) -> None:
    form = {
        "email": "ada@example.com", "name": "Ada", "address[line1]": "1 High St",
        "address[city]": "London", "address[postal_code]": "N1", "address[country]": "GB",
        "metadata[shelf]": "9",
    }  # fmt: skip
    one = good(api.post(ALL, form=form))
    other = a_customer(api, address=ADDRESS, metadata={"shelf": "9"})
    vary = ("id", "created")
    assert {k: v for k, v in one.items() if k not in vary} == {
        k: v for k, v in other.items() if k not in vary
    }


def test_a_change_touches_what_was_sent(api: Api) -> None:
    made = a_customer(api, address=ADDRESS, metadata={"shelf": "9", "row": "1"})
    path = f"{ALL}/{made['id']}"
    changed = good(api.post(path, {"name": "Ada L.", "metadata": {"row": "", "bin": "3"}}))
    assert changed == {**made, "name": "Ada L.", "metadata": {"shelf": "9", "bin": "3"}}
    emptied = good(api.post(path, form={"email": "", "address": "", "metadata": ""}))
    assert (emptied["email"], emptied["address"], emptied["metadata"]) == (None, None, {})
    assert good(api.get(path)) == emptied


def test_the_same_key_makes_one_customer(api: Api, database_url: str) -> None:
    first = api.post(ALL, {"name": "Ada"}, key="k1")
    again = api.post(ALL, {"name": "Ada"}, key="k1")
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert error_of(api.post(ALL, {"name": "Bob"}, key="k1"))["type"] == "idempotency_error"
    assert count(database_url, "customers") == 1


@pytest.mark.parametrize(
    "body,param",
    [
        ({"email": "not an address"}, "email"),
        ({"name": "x" * 257}, "name"),
        ({"address": {"planet": "Mars"}}, "address[planet]"),
        ({"shipping": {"name": "Ada"}}, "shipping[address]"),
        ({"mood": "good"}, "mood"),
        ({"balance": 5}, "balance"),
        ({"source": "tok_visa"}, "source"),
        ({"tax_exempt": "none"}, "tax_exempt"),
        ({"invoice_settings": {"footer": "x"}}, "invoice_settings[footer]"),
        ({"metadata": "x"}, "metadata"),
        (
            {"invoice_settings": {"default_payment_method": "pm_x"}},
            "invoice_settings[default_payment_method]",
        ),
    ],
    ids=str,
)
def test_what_is_not_taken_is_refused_by_name(
    api: Api, database_url: str, body: dict[str, Any], param: str
) -> None:
    answer = api.post(ALL, body)
    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert schema.problems("error", answer.json) == []
    assert count(database_url, "customers") == 0


def test_lists_are_turned_page_by_page_in_both_directions(api: Api) -> None:
    made = [a_customer(api, name=str(number))["id"] for number in range(5)]
    newest = made[::-1]
    first = good(api.get(f"{ALL}?limit=2"))
    assert [row["id"] for row in first["data"]] == newest[:2]
    assert (first["has_more"], first["url"]) == (True, ALL)
    assert ids(api.get(f"{ALL}?limit=2&starting_after={newest[1]}")) == newest[2:4]
    last = good(api.get(f"{ALL}?limit=2&starting_after={newest[3]}"))
    assert (len(last["data"]), last["has_more"]) == (1, False)
    assert ids(api.get(f"{ALL}?limit=2&ending_before={newest[3]}")) == newest[1:3]
    both = api.get(f"{ALL}?starting_after={newest[1]}&ending_before={newest[3]}")
    assert both.status_code == 400
    for limit in ("0", "101", "x"):
        assert error_of(api.get(f"{ALL}?limit={limit}"))["param"] == "limit"
    assert api.get(f"{ALL}?starting_after=cus_nobody").status_code == 400


def test_lists_are_narrowed_by_address_and_time(api: Api) -> None:
    ada = a_customer(api, email="Ada@Example.com")
    bob = a_customer(api, email="bob@example.com")
    assert ada["email"] == "Ada@example.com"
    assert ids(api.get(f"{ALL}?email=Ada@Example.com")) == [ada["id"]]
    assert ids(api.get(f"{ALL}?email=nobody@example.com")) == []
    at = ada["created"]
    assert set(ids(api.get(f"{ALL}?created[gte]={at}"))) == {ada["id"], bob["id"]}
    assert ids(api.get(f"{ALL}?created[lt]={at}")) == []


def test_a_deleted_customer_says_no_more_than_that(api: Api) -> None:
    made = a_customer(api)
    path = f"{ALL}/{made['id']}"
    gone = {"id": made["id"], "object": "customer", "deleted": True}
    answer = deleted(api, made["id"])
    assert (answer.status_code, answer.json) == (200, gone)
    assert schema.problems("deleted_customer", answer.json) == []
    assert api.get(path).json == gone
    assert ids(api.get(ALL)) == []
    for late in (api.post(path, {"name": "x"}), deleted(api, made["id"])):
        assert late.status_code == 404
        assert error_of(late)["code"] == "resource_missing"


def test_a_stranger_sees_and_changes_nothing(api: Api, stranger: Api) -> None:
    made = a_customer(api)
    path = f"{ALL}/{made['id']}"
    for answer in (
        stranger.get(path),
        stranger.post(path, {"name": "x"}),
        deleted(stranger, made["id"]),
        stranger.get(f"{path}/payment_methods"),
    ):
        assert answer.status_code == 404
    assert ids(stranger.get(ALL)) == []
    assert good(api.get(path)) == made


def test_a_customer_can_begin_with_a_card(api: Api, deps: Deps, database_url: str) -> None:
    token = "pm_card_visa"
    body = {
        "email": "ada@example.com",
        "payment_method": token,
        "invoice_settings": {"default_payment_method": token},
    }
    made = good(api.post(ALL, body, key="k1"))
    card = made["invoice_settings"]["default_payment_method"]
    assert ids(api.get(f"{ALL}/{made['id']}/payment_methods")) == [card]
    path = f"{ALL}/{made['id']}"
    both = f"{path}?expand[]=invoice_settings.default_payment_method"
    shown = good(api.get(both))["invoice_settings"]["default_payment_method"]
    assert (shown["customer"], shown["card"]["last4"]) == (made["id"], "4242")
    none = good(api.post(path, form={"invoice_settings[default_payment_method]": ""}))
    assert none["invoice_settings"]["default_payment_method"] is None

    refused = api.post(ALL, {"payment_method": "pm_card_chargeDeclined"})
    assert (refused.status_code, error_of(refused)["type"]) == (402, "card_error")
    assert count(database_url, "customers") == 1


def test_what_becomes_of_a_customer_is_told(api: Api, queue: FakeQueue) -> None:
    made = a_customer(api, metadata={"shelf": "9", "row": "1"}, address=ADDRESS)
    path = f"{ALL}/{made['id']}"
    card = good(api.post("/v1/payment_methods/pm_card_visa/attach", {"customer": made["id"]}))
    api.post(path, {"invoice_settings": {"default_payment_method": card["id"]}})
    api.post(path, {"name": "Ada L.", "metadata": {"row": "2"}, "address": {"city": "Leeds"}})
    deleted(api, made["id"])
    queue.drain()
    events = good(api.get("/v1/events?limit=20"))["data"][::-1]
    assert [event["type"] for event in events] == [
        "customer.created", "payment_method.attached", "customer.updated", "customer.updated",
        "payment_method.detached", "customer.deleted",
    ]  # fmt: skip
    for event in events:
        kind = "customer" if event["type"].startswith("customer.") else "payment_method"
        assert schema.problems(kind, event["data"]["object"]) == []
    before = [event["data"].get("previous_attributes") for event in events]
    assert before[2] == {"invoice_settings": {"default_payment_method": None}}
    assert before[3] == {"name": "Ada", "metadata": {"row": "1"}, "address": made["address"]}
    assert before[4] == {"customer": made["id"]}
    assert events[1]["data"]["object"]["customer"] == made["id"]
    assert events[-1]["data"]["object"]["id"] == made["id"]


def test_card_numbers_are_refused_and_kept_nowhere(api: Api, database_url: str) -> None:
    answer = api.post(ALL, {"description": "card 4242 4242 4242 4242"})
    assert (answer.status_code, error_of(answer)["code"]) == (422, "card_data_refused")
    assert count(database_url, "customers") == 0
