"""When something goes wrong on the way, the page says what is known and never guesses."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import VISA, Checkout
from tests.e2e.stack import Shop

pytestmark = pytest.mark.e2e


def test_an_answer_that_never_came_is_checked_until_it_is_known(checkout: Checkout) -> None:
    """The card was charged and nobody was told: no second payment, and the truth in the end."""
    shop = checkout.shop
    shop.stack.sandbox.fault("mute_webhooks", account=shop.account, count=None)
    shop.stack.sandbox.fault("drop_after", account=shop.account, route="POST /v1/payment_intents*")

    checkout.pay(VISA)

    checkout.shows("We are checking with your bank")
    expect(checkout.page.get_by_text("Do not pay again")).to_be_visible()
    expect(checkout.button).to_have_count(0)
    checkout.shows("Payment complete", seconds=30)
    assert shop.charged(checkout.session_id) == [4999]


def test_a_lost_connection_to_us_is_looked_into(checkout: Checkout) -> None:
    """Our answer is lost after the charge: the page asks, and does not offer to pay again."""

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    checkout.page.route(checkout.address, lose_the_answer)

    checkout.pay(VISA)

    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_payment_that_did_not_reach_us_can_be_tried_again(checkout: Checkout) -> None:
    """The request is lost on the way; nothing was charged, and the form is as it was."""

    def lose_the_request(route: Route) -> None:
        if route.request.method == "POST":
            route.abort("connectionreset")
        else:
            route.continue_()

    checkout.page.route(checkout.address, lose_the_request)
    checkout.pay(VISA)
    expect(checkout.page.get_by_role("alert")).to_contain_text("Your payment did not reach us")
    assert checkout.shop.payments() == []

    checkout.page.unroute(checkout.address)
    checkout.button.click()

    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_an_expired_page_says_that_nothing_was_taken(checkout: Checkout) -> None:
    """It expires under the customer's hands: the button does not pay any more."""
    checkout.fill(VISA)
    checkout.shop.expire(checkout.session_id)

    checkout.button.click()

    checkout.shows("This payment page has expired")
    page = checkout.page
    expect(page.locator(".lead")).to_contain_text("You have not been charged.")
    expect(page.get_by_role("link", name="Go back to Northwind Coffee")).to_be_visible()
    assert checkout.shop.record()["facts"] == []


def test_a_lost_cookie_costs_one_more_press_and_no_typing(checkout: Checkout) -> None:
    """The form's token cannot be checked any more; it is renewed in place."""
    checkout.fill(VISA)
    checkout.page.context.clear_cookies()

    checkout.button.click()

    expect(checkout.page.get_by_role("alert")).to_contain_text("Please press the button once more")
    expect(checkout.page.get_by_label("Name on card")).to_have_value("Ada Lovelace")
    assert checkout.shop.payments() == []
    checkout.button.click()
    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_blocked_processor_is_explained(page: Page, shop: Shop) -> None:
    """No spinner for ever; a reload tries again."""
    pattern = f"{shop.stack.sandbox.url}/v3/**"
    page.route(pattern, lambda route: route.abort())
    checkout = Checkout(page, shop, shop.open_session()).open()
    expect(page.locator(".card-late")).to_contain_text("You have not been charged.")
    expect(page.locator(".card-late")).to_be_visible()
    page.unroute(pattern)

    page.get_by_role("link", name="Try again").click()

    checkout.pay(VISA)
    checkout.shows_paid()


def test_without_javascript_the_page_says_what_to_do(chromium: Browser, shop: Shop) -> None:
    """The order can be read, and nothing pretends to work."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shop.address(shop.open_session()))

    notice = page.locator("noscript .notice")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("Turn on JavaScript to pay")
    expect(page.locator(".slip")).to_contain_text("$49.99")
    context.close()


def test_nothing_on_the_page_breaks_the_policy(checkout: Checkout) -> None:
    """No violation of the Content-Security-Policy from the form to the receipt."""
    said: list[str] = []
    checkout.page.on("console", lambda message: said.append(message.text))
    checkout.page.on("pageerror", lambda error: said.append(str(error)))
    checkout.page.reload()

    checkout.pay(VISA)

    checkout.shows_paid()
    assert said == []
