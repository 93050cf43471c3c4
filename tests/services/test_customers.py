"""Customers: created once per id, changed under a lock, and gone with all that they kept."""

from typing import Any

import pytest

from app.domain.errors import InvalidRequest, MethodNotTheirs, NotFound, ProcessorUnavailable
from app.domain.ids import new_id
from app.services import customers, methods
from app.services.customers import CreateCustomer, UpdateCustomer
from app.services.deps import Deps
from app.services.methods import KeepMethod
from app.store.customers import Customer
from tests.factories import VISA, Shop, open_shop
from tests.services.bank import Bank, at_once, rows


def a_customer(deps: Deps, shop: Shop, **more: Any) -> Customer:
    customer_id = more.pop("customer_id", None) or new_id("cus", deps.clock.now())
    fields = {"email": "ada@example.com", "name": "Ada Novak", **more}
    return customers.create_customer(
        deps, CreateCustomer(shop.merchant_id, customer_id, "api:test", **fields)
    )


def a_card(deps: Deps, shop: Shop, customer_id: str, token: str = VISA) -> str:
    method_id = new_id("pm", deps.clock.now())
    command = KeepMethod(shop.merchant_id, customer_id, method_id, token, "api:test")
    return methods.keep_method(deps, command).id


def change(deps: Deps, shop: Shop, customer: Customer, **changes: Any) -> Customer:
    metadata = changes.pop("metadata", None)
    return customers.update_customer(
        deps, UpdateCustomer(shop.merchant_id, customer.id, "api:test", changes, metadata)
    )


def told() -> list[tuple[str, str]]:
    """What was written to be told, in order."""
    found = rows(
        "SELECT e.name, e.subject_id FROM events e JOIN outbox o ON o.event_id = e.id ORDER BY e.id"
    )
    return [(row["name"], row["subject_id"]) for row in found]


def test_a_customer_is_created_once_per_id(deps: Deps, shop: Shop) -> None:
    first = a_customer(deps, shop, metadata={"shelf": "9"}, address={"city": "London"})
    again = a_customer(deps, shop, customer_id=first.id, name="Somebody else")
    assert (again.id, again.name) == (first.id, "Ada Novak")
    assert (again.metadata_, again.address) == ({"shelf": "9"}, {"city": "London"})
    assert told() == [("customer.created", first.id)]


def test_one_id_at_once_makes_one_customer(deps: Deps, shop: Shop) -> None:
    customer_id = new_id("cus", deps.clock.now())
    made = at_once([lambda: a_customer(deps, shop, customer_id=customer_id)] * 6)
    assert {getattr(one, "id", one) for one in made} == {customer_id}
    assert told() == [("customer.created", customer_id)]


@pytest.mark.parametrize(
    "field,value",
    [
        ("email", "not an address"),
        ("email", "a@b"),
        ("name", "x" * 257),
        ("phone", "1" * 21),
        ("description", "x" * 5001),
    ],
)
def test_what_cannot_be_is_refused_by_name(deps: Deps, shop: Shop, field: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        a_customer(deps, shop, **{field: value})
    assert refused.value.param == field
    known = a_customer(deps, shop)
    with pytest.raises(InvalidRequest):
        change(deps, shop, known, **{field: value})
    assert told() == [("customer.created", known.id)]


def test_a_change_says_what_was_there_before(deps: Deps, shop: Shop) -> None:
    made = a_customer(deps, shop, metadata={"shelf": "9"})
    change(deps, shop, made, name="Ada L.", email=None, metadata=lambda old: {**old, "row": "2"})
    row = customers.load(shop.merchant_id, made.id)
    assert (row.name, row.email, row.metadata_) == ("Ada L.", None, {"shelf": "9", "row": "2"})
    data = rows("SELECT data FROM events WHERE name = 'customer.updated'")
    assert data == [
        {
            "data": {
                "previous": {
                    "name": "Ada Novak",
                    "email": "ada@example.com",
                    "metadata": {"shelf": "9"},
                }
            }
        }
    ]
    change(deps, shop, made, name="Ada L.")
    assert len(told()) == 2, "nothing changed, so there is nothing to tell"


def test_changes_at_once_are_all_kept(deps: Deps, shop: Shop) -> None:
    made = a_customer(deps, shop)

    def note(key: str) -> Any:
        return lambda: change(deps, shop, made, metadata=lambda old: {**old, key: "1"})

    at_once([note(f"k{number}") for number in range(6)])
    row = customers.load(shop.merchant_id, made.id)
    assert row.metadata_ == {f"k{number}": "1" for number in range(6)}


def test_nobody_sees_or_changes_anothers_customer(deps: Deps, shop: Shop) -> None:
    made = a_customer(deps, shop)
    other = open_shop(deps)
    for call in (
        lambda: customers.load(other.merchant_id, made.id),
        lambda: change(deps, other, made, name="x"),
        lambda: customers.delete_customer(deps, other.merchant_id, made.id, "api:test"),
        lambda: a_card(deps, other, made.id),
    ):
        with pytest.raises(NotFound):
            call()
    assert customers.load(shop.merchant_id, made.id).name == "Ada Novak"


def test_a_default_card_is_one_of_the_customers_own(deps: Deps, shop: Shop) -> None:
    ada, bob = a_customer(deps, shop), a_customer(deps, shop)
    hers = a_card(deps, shop, ada.id)
    change(deps, shop, ada, default_payment_method_id=hers)
    with pytest.raises(MethodNotTheirs):
        change(deps, shop, bob, default_payment_method_id=hers)
    assert customers.load(shop.merchant_id, ada.id).default_payment_method_id == hers


def test_a_deleted_customer_is_gone_with_their_cards(deps: Deps, shop: Shop, bank: Bank) -> None:
    made = a_customer(deps, shop)
    cards = [a_card(deps, shop, made.id), a_card(deps, shop, made.id)]
    customers.delete_customer(deps, shop.merchant_id, made.id, "api:test")

    with pytest.raises(NotFound):
        customers.load(shop.merchant_id, made.id)
    with pytest.raises(NotFound):
        change(deps, shop, made, name="x")
    with pytest.raises(NotFound):
        a_card(deps, shop, made.id)
    assert customers.find(shop.merchant_id, made.id) is not None
    for card in cards:
        row = methods.load(shop.merchant_id, card)
        assert row.customer_id is None
        assert row.detached_at is not None
        there = bank.client.v1.payment_methods.retrieve(row.processor_token)
        assert there.customer is None
    names = [name for name, _ in told()]
    assert names[-3:] == ["method.dropped", "method.dropped", "customer.deleted"]


def test_a_customer_is_not_deleted_while_a_card_may_still_be_kept(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    made = a_customer(deps, shop)
    card = a_card(deps, shop, made.id)
    bank.fault("drop_after", "POST /v1/payment_methods/{id}/detach")
    with pytest.raises(ProcessorUnavailable):
        customers.delete_customer(deps, shop.merchant_id, made.id, "api:test")
    assert customers.load(shop.merchant_id, made.id).deleted_at is None
    customers.delete_customer(deps, shop.merchant_id, made.id, "api:test")
    assert methods.load(shop.merchant_id, card).customer_id is None
