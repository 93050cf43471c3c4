"""Kept cards: kept once, used by their customer alone, and never again once dropped."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from app.domain.errors import (
    CardDeclined,
    FarthingError,
    MethodNotTheirs,
    MethodUnusable,
    NotFound,
    ProcessorUnavailable,
)
from app.domain.ids import new_id
from app.services import customers, methods
from app.services.customers import CreateCustomer
from app.services.deps import Deps
from app.services.methods import KeepMethod
from app.store.customers import Customer, PaymentMethod
from tests.factories import DECLINED, NO_FUNDS, VISA, Shop, make_payment, open_shop
from tests.services.bank import Bank, at_once, rows
from tests.services.test_customers import a_customer, told

ATTACH = "POST /v1/payment_methods/{id}/attach"


def keep(
    deps: Deps, shop: Shop, customer: Customer, token: str = VISA, method_id: str = ""
) -> PaymentMethod:
    method_id = method_id or new_id("pm", deps.clock.now())
    command = KeepMethod(shop.merchant_id, customer.id, method_id, token, "api:test")
    return methods.keep_method(deps, command)


def a_token(bank: Bank, name: str = "tok_visa") -> str:
    """What the card fields in a browser give."""
    client: stripe.StripeClient = bank.client
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": name}})
    return str(made.id)


def refused(kind: type[FarthingError], call: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return caught.value.message


def test_a_kept_card_is_a_row_that_says_what_may_be_shown(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    ada = a_customer(deps, shop)
    row = keep(deps, shop, ada)
    assert (row.card_brand, row.card_last4, row.card_funding) == ("visa", "4242", "credit")
    assert row.processor_token.startswith("pm_")
    assert row.processor_token != VISA
    there = bank.client.v1.payment_methods.retrieve(row.processor_token)
    known = bank.client.v1.customers.retrieve(str(there.customer))
    assert (known.email, known.name) == ("ada@example.com", "Ada Novak")
    assert known.metadata is not None
    assert known.metadata["farthing_customer"] == ada.id
    assert told()[-1] == ("method.kept", row.id)


def test_the_processor_learns_of_a_customer_once(deps: Deps, shop: Shop, bank: Bank) -> None:
    ada = a_customer(deps, shop)
    keep(deps, shop, ada)
    keep(deps, shop, ada)
    assert len(list(bank.client.v1.customers.list().data)) == 1
    assert len(rows("SELECT 1 FROM customer_references")) == 1
    assert len(rows("SELECT 1 FROM payment_methods")) == 2


def test_one_token_is_one_row_for_one_customer(deps: Deps, shop: Shop, bank: Bank) -> None:
    ada, bob = a_customer(deps, shop), a_customer(deps, shop)
    token = a_token(bank)
    first = keep(deps, shop, ada, token)
    assert keep(deps, shop, ada, token).id == first.id
    assert keep(deps, shop, ada, first.id).id == first.id
    assert keep(deps, shop, ada, token, first.id).id == first.id
    for text in (token, first.id):
        assert "already been attached" in refused(
            MethodUnusable, lambda text=text: keep(deps, shop, bob, text)
        )
    assert [name for name, _ in told()].count("method.kept") == 1


def test_one_token_at_once_is_one_row(deps: Deps, shop: Shop, bank: Bank) -> None:
    ada = a_customer(deps, shop)
    token = a_token(bank)
    made = at_once([lambda: keep(deps, shop, ada, token) for _ in range(6)])
    ids = {one.id for one in made if isinstance(one, PaymentMethod)}
    # Who met another's call at the processor does not know yet, and may ask again.
    assert all(isinstance(one, PaymentMethod | ProcessorUnavailable) for one in made)
    assert len(ids) == 1
    assert len(rows("SELECT 1 FROM payment_methods")) == 1
    assert {keep(deps, shop, ada, token).id} == ids


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("route", ["POST /v1/customers", ATTACH])
def test_a_lost_answer_is_not_known_and_a_repeat_keeps_one_card(
    deps: Deps, shop: Shop, bank: Bank, fault: str, route: str
) -> None:
    ada = a_customer(deps, shop)
    method_id = new_id("pm", deps.clock.now())
    bank.fault(fault, route)
    refused(ProcessorUnavailable, lambda: keep(deps, shop, ada, VISA, method_id))
    assert rows("SELECT 1 FROM payment_methods") == []
    assert keep(deps, shop, ada, VISA, method_id).id == method_id
    client = bank.client
    assert len(client.v1.customers.list().data) == 1
    theirs = client.v1.customers.list().data[0].id
    kept = client.v1.customers.payment_methods.list(theirs).data
    assert len(kept) == 1


def test_a_declined_card_is_not_kept(deps: Deps, shop: Shop, bank: Bank) -> None:
    ada = a_customer(deps, shop)
    with pytest.raises(CardDeclined) as declined:
        keep(deps, shop, ada, NO_FUNDS)
    assert declined.value.reason == "funds"
    assert "not enough money" in declined.value.message
    assert rows("SELECT 1 FROM payment_methods") == []
    # The customer was made known all the same, and that was not forgotten.
    assert len(rows("SELECT 1 FROM customer_references")) == 1
    refused(NotFound, lambda: keep(deps, shop, ada, "pm_nothing"))


def test_a_card_that_was_charged_once_cannot_be_kept_or_charged(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    ada = a_customer(deps, shop)
    make_payment(deps, shop)
    attempt = rows("SELECT id FROM operations WHERE kind = 'authorize'")[0]["id"]
    once = f"pm_{attempt.removeprefix('op_')}"
    words = "may not be used again"
    assert words in refused(MethodUnusable, lambda: keep(deps, shop, ada, once))
    assert words in refused(
        MethodUnusable,
        lambda: methods.method_for_payment(deps, shop.merchant_id, once, None),
    )
    token = a_token(bank)
    make_payment(deps, shop, token=token)
    assert words in refused(MethodUnusable, lambda: keep(deps, shop, ada, token))


def test_a_payment_means_a_kept_card_by_either_name(deps: Deps, shop: Shop, bank: Bank) -> None:
    ada, bob = a_customer(deps, shop), a_customer(deps, shop)
    row = keep(deps, shop, ada)

    def choose(text: str, customer: Customer | None) -> methods.MethodChoice:
        whose = customer.id if customer else None
        return methods.method_for_payment(deps, shop.merchant_id, text, whose)

    for text in (row.id, row.processor_token):
        choice = choose(text, ada)
        assert (choice.token, choice.payment_method_id) == (row.processor_token, row.id)
        there = bank.client.v1.payment_methods.retrieve(row.processor_token)
        assert choice.customer_reference == there.customer
        words = refused(MethodNotTheirs, lambda text=text: choose(text, bob))
        assert f"does not belong to the Customer {bob.id}" in words
        words = refused(MethodNotTheirs, lambda text=text: choose(text, None))
        assert "must provide the customer" in words
    for customer in (None, ada):
        assert choose("pm_card_visa", customer) == methods.MethodChoice("pm_card_visa")
    other = open_shop(deps)
    assert (
        methods.method_for_payment(deps, other.merchant_id, row.id, None).payment_method_id is None
    )


def test_a_dropped_card_is_never_used_again(deps: Deps, shop: Shop, bank: Bank) -> None:
    ada = a_customer(deps, shop)
    row = keep(deps, shop, ada)
    customers.update_customer(
        deps,
        customers.UpdateCustomer(
            shop.merchant_id, ada.id, "api:test", {"default_payment_method_id": row.id}
        ),
    )
    dropped = methods.drop_method(deps, shop.merchant_id, row.id, "api:test")
    assert dropped.customer_id is None
    assert bank.client.v1.payment_methods.retrieve(row.processor_token).customer is None
    owner = customers.load(shop.merchant_id, ada.id)
    assert owner.default_payment_method_id is None
    for text in (row.id, row.processor_token):
        for call in (
            lambda text=text: keep(deps, shop, ada, text),
            lambda text=text: methods.method_for_payment(deps, shop.merchant_id, text, ada.id),
        ):
            assert "may not be used again" in refused(MethodUnusable, call)
    words = refused(
        MethodUnusable, lambda: methods.drop_method(deps, shop.merchant_id, row.id, "api:test")
    )
    assert "not attached to a customer" in words
    last = rows("SELECT data FROM events WHERE name = 'method.dropped'")
    assert last == [{"data": {"customer_id": ada.id}}]


def test_a_drop_whose_answer_was_lost_is_repeated(deps: Deps, shop: Shop, bank: Bank) -> None:
    row = keep(deps, shop, a_customer(deps, shop))
    bank.fault("drop_after", "POST /v1/payment_methods/{id}/detach")
    refused(
        ProcessorUnavailable,
        lambda: methods.drop_method(deps, shop.merchant_id, row.id, "api:test"),
    )
    assert methods.load(shop.merchant_id, row.id).customer_id is not None
    dropped = methods.drop_method(deps, shop.merchant_id, row.id, "api:test")
    assert dropped.detached_at is not None
    refused(NotFound, lambda: methods.drop_method(deps, shop.merchant_id, "pm_no", "api:test"))


def test_a_customer_can_begin_with_a_card_or_not_at_all(deps: Deps, shop: Shop, bank: Bank) -> None:
    def begin(token: str) -> Customer:
        customer_id = new_id("cus", deps.clock.now())
        command = CreateCustomer(shop.merchant_id, customer_id, "api:test", email="a@example.com")
        method_id = f"pm_{customer_id.removeprefix('cus_')}"
        make = lambda: methods.create_with_card(  # noqa: E731 - made twice below
            deps, command, method_id=method_id, token=token, is_default=True
        )
        first = make()
        assert make().id == first.id
        return first

    refused(CardDeclined, lambda: begin(DECLINED))
    assert rows("SELECT 1 FROM customers") == []
    made = begin(VISA)
    kept = rows("SELECT id, customer_id FROM payment_methods")
    assert kept == [{"id": made.default_payment_method_id, "customer_id": made.id}]
    assert sorted(name for name, _ in told()) == ["customer.created", "method.kept"]
    assert len(rows("SELECT 1 FROM customer_references")) == 1
