"""However often a customer presses, reloads or opens the page: one charge."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.browser import Checkout
from tests.e2e.stack import Shop
from tests.sandbox.server import wait_until

pytestmark = pytest.mark.e2e


def test_a_double_click_pays_once(checkout: Checkout) -> None:
    """The button is locked by the first click."""
    checkout.fill("4242424242424242")
    checkout.button.dblclick()

    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]
    assert len(checkout.shop.payments()) == 1


def test_a_reload_while_paying_shows_what_became_of_it(checkout: Checkout) -> None:
    """The answer of the first request goes to nobody; the page asks again."""
    checkout.shop.stack.sandbox.fault(
        "delay_before", account=checkout.shop.account, route="POST /v1/payment_intents*", seconds=2
    )
    checkout.fill("4242424242424242")
    checkout.button.click()
    wait_until(checkout.shop.payments)
    checkout.page.reload()

    checkout.shows("Payment complete", seconds=20)
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_two_tabs_pay_once_and_both_say_so(context: BrowserContext, shop: Shop) -> None:
    """The second tab pays with a card of its own, a moment later."""
    session_id = shop.open_session()
    first, second = (Checkout(context.new_page(), shop, session_id).open() for _ in range(2))
    for tab in (first, second):
        tab.page.bring_to_front()
        tab.fill("4242424242424242")

    second.button.click(no_wait_after=True)
    first.button.click(no_wait_after=True)

    for tab in (first, second):
        tab.page.bring_to_front()
        tab.shows("Payment complete", seconds=20)
    assert shop.charged(session_id) == [4999]
    assert len(shop.payments()) == 1


def test_a_tab_left_open_learns_that_the_other_one_paid(
    context: BrowserContext, shop: Shop
) -> None:
    """It asks when the customer comes back to it."""
    session_id = shop.open_session()
    old = Checkout(context.new_page(), shop, session_id).open()
    expect(old.page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    new = Checkout(context.new_page(), shop, session_id).open()
    new.pay()
    new.shows_paid()

    old.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    old.shows_paid()
    assert shop.charged(session_id) == [4999]
