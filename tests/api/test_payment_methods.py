"""`/v1/payment_methods` in Stripe's shape: attach, pay, detach, and never again."""

from typing import Any

import pytest

from tests.api.client import Api, count, error_of
from tests.api.test_customers import a_customer, good, ids
from tests.contracts import schema
from tests.factories import Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank

ALL = "/v1/payment_methods"


@pytest.fixture
def bank(sandbox: SandboxServer, shop: Shop) -> Bank:
    """What the processor knows of the shop."""
    return Bank(sandbox, shop)


def attached(api: Api, customer: dict[str, Any], name: str = "pm_card_visa") -> dict[str, Any]:
    return good(api.post(f"{ALL}/{name}/attach", {"customer": customer["id"]}))


def pay(api: Api, method: str, **more: Any) -> Any:
    body = {"amount": 4999, "currency": "usd", "payment_method": method, "confirm": True, **more}
    return api.post("/v1/payment_intents", body)


def a_token(bank: Bank, name: str = "tok_visa") -> str:
    """What the card fields in a browser give."""
    made = bank.client.v1.payment_methods.create({"type": "card", "card": {"token": name}})
    return str(made.id)


def test_an_attached_card_says_what_may_be_shown(api: Api) -> None:
    ada = a_customer(api)
    method = attached(api, ada)
    assert method["id"].startswith("pm_0")
    assert (method["customer"], method["type"]) == (ada["id"], "card")
    card = method["card"]
    assert (card["brand"], card["last4"], card["funding"]) == ("visa", "4242", "credit")
    assert good(api.get(f"{ALL}/{method['id']}")) == method
    shown = good(api.get(f"{ALL}/{method['id']}?expand[]=customer"))
    assert shown["customer"] == ada
    kept = f"/v1/customers/{ada['id']}/payment_methods"
    for path in (f"{ALL}?customer={ada['id']}", f"{ALL}?type=card", kept):
        assert good(api.get(path))["data"] == [method]
    assert good(api.get(f"{kept}/{method['id']}")) == method


def test_a_kept_card_pays_again_and_again(api: Api, bank: Bank) -> None:
    ada, bob = a_customer(api), a_customer(api)
    method = attached(api, ada)["id"]
    for _ in range(2):
        paid = good(pay(api, method, customer=ada["id"]))
        assert (paid["status"], paid["customer"]) == ("succeeded", ada["id"])
        assert paid["payment_method"] == method
    assert bank.facts("captured") == [4999, 4999]
    for answer in (pay(api, method, customer=bob["id"]), pay(api, method)):
        assert answer.status_code == 400
        assert error_of(answer)["param"] == "payment_method"
    assert bank.facts("captured") == [4999, 4999]


def test_a_card_of_one_try_is_told_and_never_used_again(api: Api, bank: Bank) -> None:
    paid = good(pay(api, a_token(bank)))
    once = paid["payment_method"]
    told = good(api.get(f"{ALL}/{once}"))
    assert (told["id"], told["customer"], told["card"]["last4"]) == (once, None, "4242")
    ada = a_customer(api)
    for answer in (
        pay(api, once),
        pay(api, once, customer=ada["id"]),
        api.post(f"{ALL}/{once}/attach", {"customer": ada["id"]}),
    ):
        error = error_of(answer)
        assert (answer.status_code, error["code"]) == (400, "payment_method_unexpected_state")
        assert "may not be used again" in error["message"]
    assert "not attached" in error_of(api.post(f"{ALL}/{once}/detach"))["message"]
    assert len(bank.facts("captured")) == 1


def test_a_detached_card_is_never_used_again(api: Api, bank: Bank) -> None:
    ada = a_customer(api)
    method = attached(api, ada)["id"]
    gone = good(api.post(f"{ALL}/{method}/detach", key="d1"))
    assert (gone["id"], gone["customer"]) == (method, None)
    assert good(api.post(f"{ALL}/{method}/detach", key="d1")) == gone
    assert ids(api.get(f"{ALL}?customer={ada['id']}")) == []
    assert good(api.get(f"{ALL}/{method}")) == gone
    for answer in (
        pay(api, method, customer=ada["id"]),
        api.post(f"{ALL}/{method}/attach", {"customer": ada["id"]}),
        api.post(f"{ALL}/{method}/detach"),
    ):
        assert answer.status_code == 400
        assert schema.problems("error", answer.json) == []
    assert bank.facts("captured") == []


def test_the_same_key_attaches_one_card(api: Api, database_url: str, bank: Bank) -> None:
    ada = a_customer(api)
    path, body = f"{ALL}/pm_card_visa/attach", {"customer": ada["id"]}
    bank.fault("drop_after", "POST /v1/payment_methods/{id}/attach")
    lost = api.post(path, body, key="a1")
    assert (lost.status_code, error_of(lost)["type"]) == (503, "api_error")
    assert lost.headers["Stripe-Should-Retry"] == "true"
    made = good(api.post(path, body, key="a1"))
    assert good(api.post(path, body, key="a1")) == made
    assert count(database_url, "payment_methods") == 1
    theirs = bank.client.v1.customers.list().data
    assert len(bank.client.v1.customers.payment_methods.list(theirs[0].id).data) == 1


def test_a_declined_card_is_a_card_error(api: Api) -> None:
    ada = a_customer(api)
    answer = api.post(
        f"{ALL}/pm_card_chargeDeclinedInsufficientFunds/attach", {"customer": ada["id"]}
    )
    error = error_of(answer)
    assert answer.status_code == 402
    assert (error["type"], error["code"]) == ("card_error", "card_declined")
    assert error["decline_code"] == "insufficient_funds"
    assert schema.problems("error", answer.json) == []
    assert ids(api.get(f"{ALL}?customer={ada['id']}")) == []


def test_a_customer_who_is_away_is_not_asked(api: Api, bank: Bank) -> None:
    ada = a_customer(api)
    method = attached(api, ada, "pm_card_authenticationRequired")["id"]
    answer = pay(api, method, customer=ada["id"], off_session=True)
    assert (answer.status_code, error_of(answer)["code"]) == (402, "authentication_required")
    good_card = attached(api, ada)["id"]
    paid = good(pay(api, good_card, customer=ada["id"], off_session=True))
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize(
    "body,param",
    [({}, "customer"), ({"customer": "cus_nobody"}, "customer"), ({"mood": 1}, "mood")],
)
def test_attaching_says_what_is_missing(api: Api, body: dict[str, Any], param: str) -> None:
    answer = api.post(f"{ALL}/pm_card_visa/attach", body)
    assert answer.status_code in (400, 404)
    assert error_of(answer)["param"] == param


def test_cards_are_made_by_the_card_fields_alone(api: Api) -> None:
    answer = api.post(ALL, {"type": "card", "card": {"token": "tok_visa"}})
    assert answer.status_code in (404, 405)


def test_a_stranger_sees_and_uses_nothing(api: Api, stranger: Api) -> None:
    ada = a_customer(api)
    method = attached(api, ada)["id"]
    theirs = a_customer(stranger)
    assert stranger.get(f"{ALL}/{method}").status_code == 404
    assert stranger.post(f"{ALL}/{method}/detach").status_code == 404
    assert stranger.post(f"{ALL}/{method}/attach", {"customer": theirs["id"]}).status_code == 404
    assert stranger.get(f"{ALL}?customer={ada['id']}").status_code == 404
    assert ids(stranger.get(ALL)) == []
    assert good(api.get(f"{ALL}/{method}"))["customer"] == ada["id"]


def test_pages_of_cards_are_newest_first(api: Api) -> None:
    ada = a_customer(api)
    made = [attached(api, ada)["id"] for _ in range(3)][::-1]
    path = f"/v1/customers/{ada['id']}/payment_methods"
    first = good(api.get(f"{path}?limit=2"))
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (made[:2], True)
    assert first["url"] == path
    assert ids(api.get(f"{path}?limit=2&starting_after={made[1]}")) == made[2:]
    assert ids(api.get(f"{ALL}?limit=2&ending_before={made[2]}&customer={ada['id']}")) == made[:2]
