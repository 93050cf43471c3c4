"""Hosted checkouts, opened and followed by the SDK and paid by a browser."""

import time

import pytest
import stripe

from tests.faults.world import Merchant, until
from tests.servers import Running


def basket(**more: object) -> dict[str, object]:
    """Two trays and their wrapping."""

    def line(name: str, price: int, quantity: int) -> dict[str, object]:
        data = {"currency": "usd", "unit_amount": price, "product_data": {"name": name}}
        return {"price_data": data, "quantity": quantity}

    return {
        "mode": "payment",
        "line_items": [line("Walnut tray", 1250, 2), line("Wrapping", 99, 1)],
        "success_url": "https://shop.example/thanks?id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/basket",
        **more,
    }


def test_a_checkout_is_opened_listed_and_ended(sdk: stripe.StripeClient) -> None:
    sessions = sdk.v1.checkout.sessions
    made = sessions.create(basket(client_reference_id="order-7", metadata={"order": "7"}))
    assert (made.object, made.status, made.amount_total) == ("checkout.session", "open", 2599)
    assert made.url.endswith(f"/pay/{made.id}")
    other = sessions.create(basket())
    assert [one.id for one in sessions.list().data] == [other.id, made.id]
    assert [one.id for one in sessions.list({"status": "open", "limit": 1}).data] == [other.id]

    lines = sessions.line_items.list(made.id)
    assert [(one.object, one.quantity, one.amount_total) for one in lines.data] == [
        ("item", 2, 2500),
        ("item", 1, 99),
    ]
    paged = sessions.line_items.list(made.id, {"limit": 1})
    assert paged.has_more
    assert [one.id for one in paged.auto_paging_iter()] == [one.id for one in lines.data]
    found = sessions.retrieve(made.id, {"expand": ["line_items"]})
    assert [one.id for one in found.line_items.data] == [one.id for one in lines.data]

    ended = sessions.expire(made.id)
    assert (ended.status, ended.url) == ("expired", None)
    assert [one.id for one in sessions.list({"status": "expired"}).data] == [made.id]
    with pytest.raises(stripe.InvalidRequestError):
        sessions.expire(made.id)


def test_a_paid_checkout_names_its_payment(
    sdk: stripe.StripeClient, shop: Merchant, web: Running
) -> None:
    sessions = sdk.v1.checkout.sessions
    made = sessions.create(basket(payment_intent_data={"description": "Order 7"}))
    assert shop.press_pay(web, made.id).status_code in (200, 303)

    def paid() -> stripe.checkout.Session | None:
        found = sessions.retrieve(made.id, {"expand": ["payment_intent.latest_charge"]})
        return found if found.payment_status == "paid" else None

    done = until(paid)
    assert (done.status, done.customer_details.email) == ("complete", "ada@example.com")
    intent = done.payment_intent
    assert (intent.status, intent.amount, intent.description) == ("succeeded", 2599, "Order 7")
    assert intent.latest_charge.paid
    assert [one.id for one in sessions.list({"payment_intent": intent.id}).data] == [made.id]
    shop.settled(charges=1)


def test_what_a_checkout_may_be_is_said_by_name(sdk: stripe.StripeClient) -> None:
    for changes, param in (
        ({"mode": "subscription"}, "mode"),
        ({"expires_at": int(time.time()) + 60}, "expires_at"),
        ({"line_items": []}, "line_items"),
        ({"discounts": [{"coupon": "x"}]}, "discounts"),
        ({"colour": "blue"}, "colour"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sdk.v1.checkout.sessions.create(basket(**changes))
        assert (refused.value.param or "").startswith(param), changes
