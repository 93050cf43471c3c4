"""Customers and the cards that are kept for them."""

import pytest
import stripe

from tests.faults.world import Merchant

ORDER = {"amount": 4999, "currency": "usd"}


def test_a_customer_is_made_found_changed_and_deleted(sdk: stripe.StripeClient) -> None:
    customers = sdk.v1.customers
    made = customers.create(
        {
            "name": "Ada Novak",
            "email": "ada@example.com",
            "phone": "+420123456789",
            "description": "Regular",
            "address": {"line1": "1 High St", "city": "Brno", "country": "CZ"},
            "metadata": {"tier": "gold"},
        }
    )
    assert (made.object, made.name, made.email) == ("customer", "Ada Novak", "ada@example.com")
    assert (made.address.city, made.livemode, made.metadata["tier"]) == ("Brno", False, "gold")
    changed = customers.update(made.id, {"name": "Ada King", "phone": "", "description": ""})
    assert (changed.name, changed.phone, changed.description) == ("Ada King", None, None)
    assert changed.email == "ada@example.com"
    assert [one.id for one in customers.list({"email": "ada@example.com"}).data] == [made.id]
    assert customers.list({"email": "nobody@example.com"}).data == []

    gone = customers.delete(made.id)
    assert (gone.id, gone.deleted) == (made.id, True)
    assert customers.retrieve(made.id).deleted is True
    assert customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        customers.update(made.id, {"name": "Ghost"})
    assert refused.value.code == "resource_missing"


def test_a_kept_card_pays_again_without_the_customer(
    sdk: stripe.StripeClient, shop: Merchant
) -> None:
    ada = sdk.v1.customers.create({"email": "ada@example.com"})
    methods = sdk.v1.payment_methods
    card = methods.attach("pm_card_visa", {"customer": ada.id})
    assert (card.object, card.type, card.customer) == ("payment_method", "card", ada.id)
    assert (card.card.brand, card.card.last4) == ("visa", "4242")
    assert methods.retrieve(card.id).id == card.id
    for listed in (
        methods.list({"customer": ada.id, "type": "card"}),
        sdk.v1.customers.payment_methods.list(ada.id),
    ):
        assert [one.id for one in listed.data] == [card.id]

    paid = sdk.v1.payment_intents.create(
        {
            **ORDER,
            "customer": ada.id,
            "payment_method": card.id,
            "confirm": True,
            "off_session": True,
            "expand": ["customer", "payment_method"],
        }
    )
    assert (paid.status, paid.customer.id, paid.payment_method.id) == (
        *("succeeded", ada.id, card.id),
    )
    by_customer = sdk.v1.payment_intents.list({"customer": ada.id})
    assert [one.id for one in by_customer.data] == [paid.id]
    assert sdk.v1.charges.retrieve(paid.latest_charge).customer == ada.id

    assert methods.detach(card.id).customer is None
    assert methods.list({"customer": ada.id}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.payment_intents.create(
            {**ORDER, "customer": ada.id, "payment_method": card.id, "confirm": True}
        )
    shop.settled(charges=1)


def test_a_card_of_another_customer_does_not_pay(sdk: stripe.StripeClient) -> None:
    ada, bob = (sdk.v1.customers.create({"name": name}) for name in ("Ada", "Bob"))
    card = sdk.v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.payment_intents.create(
            {**ORDER, "customer": bob.id, "payment_method": card.id, "confirm": True}
        )
    assert refused.value.http_status == 400


def test_a_customer_has_a_default_card(sdk: stripe.StripeClient) -> None:
    ada = sdk.v1.customers.create({"name": "Ada"})
    card = sdk.v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    settings = {"default_payment_method": card.id}
    changed = sdk.v1.customers.update(
        ada.id,
        {"invoice_settings": settings, "expand": ["invoice_settings.default_payment_method"]},
    )
    assert changed.invoice_settings.default_payment_method.card.last4 == "4242"
