"""Customers and the cards they keep: what is kept may be used again, what is not is good for once."""

from typing import Any

import pytest
import stripe

from tests.contracts import schema
from tests.sandbox.driver import Merchant


def a_customer(merchant: Merchant, **params: Any) -> Any:
    return merchant.v1.customers.create({"email": "ada@example.com", "name": "Ada", **params})


def a_method(merchant: Merchant, name: str = "tok_visa") -> Any:
    return merchant.v1.payment_methods.create({"type": "card", "card": {"token": name}})


def kept(merchant: Merchant, customer: Any, name: str = "pm_card_visa") -> Any:
    return merchant.v1.payment_methods.attach(name, {"customer": customer.id})


def refusal(call: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call()
    return caught.value


def test_a_customer_lives_changes_and_is_deleted(merchant: Merchant) -> None:
    made = a_customer(
        merchant,
        address={"city": "London", "line1": "1 High St"},
        shipping={"name": "Ada", "address": {"line1": "1 High St"}},
        metadata={"shelf": "9"},
    )
    seen = merchant.get(f"/v1/customers/{made.id}")
    assert (seen["email"], seen["address"]["city"]) == ("ada@example.com", "London")
    other = a_customer(merchant, email="bob@example.com")
    customers = merchant.v1.customers
    changed = customers.update(made.id, {"name": "Ada L.", "email": "", "metadata": {"shelf": ""}})
    assert (changed.name, changed.email, changed.metadata.to_dict()) == ("Ada L.", None, {})
    listed = merchant.get("/v1/customers")["data"]
    assert [row["id"] for row in listed] == [other.id, made.id]
    assert merchant.get("/v1/customers", email="bob@example.com")["data"] == [listed[0]]

    assert customers.delete(made.id).deleted is True
    gone = merchant.raw("GET", f"/v1/customers/{made.id}").json()
    assert schema.check(gone, "deleted_customer")["deleted"] is True
    assert [row["id"] for row in merchant.get("/v1/customers")["data"]] == [other.id]
    error = refusal(lambda: customers.update(made.id, {"name": "x"}))
    assert (error.http_status, error.code) == (404, "resource_missing")
    types = [event["type"] for event in merchant.get("/v1/events")["data"]]
    assert types == ["customer.deleted", "customer.updated", "customer.created", "customer.created"]
    assert set(types) <= schema.event_types()


def test_a_kept_card_is_paid_with_again_and_again(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    method = kept(merchant, customer)
    assert method.id != "pm_card_visa"
    for _ in range(2):
        paid = merchant.pay(method.id, customer=customer.id, expand=["latest_charge", "customer"])
        assert paid.status == "succeeded"
        assert paid.latest_charge.customer == customer.id
        assert paid.customer.email == "ada@example.com"
    assert merchant.totals()["charges"] == 2
    listed = merchant.get("/v1/payment_methods", customer=customer.id)["data"]
    assert listed == merchant.get(f"/v1/customers/{customer.id}/payment_methods")["data"]
    assert [row["id"] for row in listed] == [method.id]
    intents = merchant.get("/v1/payment_intents", customer=customer.id)["data"]
    charges = merchant.get("/v1/charges", customer=customer.id)["data"]
    assert (len(intents), len(charges)) == (2, 2)
    expanded = merchant.get(f"/v1/payment_methods/{method.id}", **{"expand[]": "customer"})
    assert expanded["customer"]["id"] == customer.id


def test_a_card_that_nobody_keeps_is_good_for_one_try(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    method = a_method(merchant)
    merchant.pay(method.id)
    again = refusal(lambda: merchant.pay(method.id))
    assert (again.http_status, again.code) == (400, "payment_method_unexpected_state")
    assert "may not be used again" in str(again.user_message)
    assert refusal(lambda: kept(merchant, customer, method.id)).code == again.code
    assert merchant.totals()["charges"] == 1
    declined = a_method(merchant, "tok_chargeDeclined")
    merchant.decline(declined.id)
    assert refusal(lambda: merchant.pay(declined.id)).code == again.code


def test_a_kept_card_is_its_customers_alone(merchant: Merchant) -> None:
    ada, bob = a_customer(merchant), a_customer(merchant)
    method = kept(merchant, ada)
    other = refusal(lambda: merchant.pay(method.id, customer=bob.id))
    assert (other.code, other.param) == ("resource_missing", "payment_method")
    assert "must be attached to the customer" in str(other.user_message)
    assert "must provide the customer" in str(refusal(lambda: merchant.pay(method.id)))
    assert "already been attached" in str(refusal(lambda: kept(merchant, bob, method.id)))
    nobody = refusal(lambda: merchant.pay(customer="cus_nobody"))
    assert (nobody.http_status, nobody.param) == (400, "customer")
    assert merchant.totals() == {}


def test_a_detached_card_is_never_used_again(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    method = kept(merchant, customer)
    default = {"invoice_settings": {"default_payment_method": method.id}}
    merchant.v1.customers.update(customer.id, default)  # type: ignore[arg-type]
    assert merchant.v1.payment_methods.detach(method.id).customer is None
    seen = merchant.get(f"/v1/customers/{customer.id}")
    assert seen["invoice_settings"]["default_payment_method"] is None
    for call in (
        lambda: merchant.pay(method.id, customer=customer.id),
        lambda: merchant.pay(method.id),
        lambda: kept(merchant, customer, method.id),
    ):
        assert refusal(call).code == "payment_method_unexpected_state"
    twice = refusal(lambda: merchant.v1.payment_methods.detach(method.id))
    assert "detachment is impossible" in str(twice)
    second = kept(merchant, customer)
    merchant.v1.customers.delete(customer.id)
    assert merchant.get(f"/v1/payment_methods/{second.id}")["customer"] is None


def test_the_issuer_is_asked_before_a_card_is_kept(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    error = refusal(lambda: kept(merchant, customer, "pm_card_chargeDeclined"))
    assert (error.http_status, error.code) == (402, "card_declined")
    assert merchant.get("/v1/payment_methods", customer=customer.id)["data"] == []
    method = kept(merchant, customer, "pm_card_chargeCustomerFail")
    assert merchant.decline(method.id, customer=customer.id).code == "card_declined"
    # The card is kept: a decline does not use it up.
    assert merchant.decline(method.id, customer=customer.id).code == "card_declined"


def test_nobody_is_asked_when_the_customer_is_away(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    method = kept(merchant, customer, "pm_card_authenticationRequired")
    error = merchant.decline(method.id, customer=customer.id, off_session=True)
    assert (error.http_status, error.code) == (402, "authentication_required")
    good = kept(merchant, customer)
    paid = merchant.pay(good.id, customer=customer.id, off_session=True)
    assert paid.status == "succeeded"


def test_a_payment_can_keep_its_card(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    method = a_method(merchant)
    merchant.pay(method.id, customer=customer.id, setup_future_usage="off_session")
    assert merchant.pay(method.id, customer=customer.id).status == "succeeded"


def test_what_is_said_of_customers_keeps_to_the_contract(merchant: Merchant) -> None:
    customer = a_customer(merchant)
    method = kept(merchant, customer)
    merchant.v1.payment_methods.detach(method.id)
    merchant.v1.customers.delete(customer.id)
    events = merchant.get("/v1/events")["data"]
    assert {event["type"] for event in events} == {
        "customer.created", "customer.deleted", "payment_method.attached", "payment_method.detached",
    }  # fmt: skip
    for event in events:
        schema.check(event["data"]["object"])
    error = merchant.raw("POST", f"/v1/payment_methods/{method.id}/attach", {}).json()
    assert schema.check(error, "error")["error"]["param"] == "customer"
