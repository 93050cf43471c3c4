"""A customer pays on the hosted checkout: by mouse, by keyboard, after a decline."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import DECLINED, VISA, Checkout
from tests.e2e.stack import Shop

pytestmark = pytest.mark.e2e


def test_paying_takes_the_amount_once_and_goes_back_to_the_shop(checkout: Checkout) -> None:
    """Also: the card number never reaches our origin."""
    sent: list[str] = []
    checkout.page.clock.install()
    checkout.page.on(
        "request",
        lambda request: sent.append(f"{request.url} {request.headers} {request.post_data or ''}"),
    )

    checkout.pay(VISA)

    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]
    ours = [line for line in sent if line.startswith(checkout.shop.stack.web.url)]
    assert any(line.startswith(f"{checkout.address} ") for line in ours)
    assert [line for line in ours if "4242424242" in line.replace("+", "").replace("%20", "")] == []
    expect(checkout.page.locator("[data-countdown]")).to_contain_text("in 10 seconds")
    checkout.page.clock.run_for(10_000)
    checkout.page.wait_for_url(f"**/healthz?paid={checkout.session_id}")


def test_going_back_from_the_shop_shows_the_receipt_and_stays(checkout: Checkout) -> None:
    """The page that the browser kept asks again, and never bounces back to the shop by itself."""
    checkout.pay()
    checkout.shows_paid()
    checkout.page.get_by_role("link", name="Continue to Northwind Coffee").click()
    checkout.page.wait_for_url("**/healthz**")

    checkout.page.go_back()

    checkout.shows_paid()
    expect(checkout.page.locator("[data-countdown]")).to_be_hidden()
    checkout.page.reload()
    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_declined_customer_is_told_what_to_do_and_can_pay_with_another_card(
    checkout: Checkout,
) -> None:
    """One session, two tries, one charge; what was typed stays."""
    checkout.pay(DECLINED)

    alert = checkout.page.get_by_role("alert")
    expect(alert).to_contain_text("Your card was declined")
    expect(alert).to_contain_text("You have not been charged.")
    expect(alert).to_be_focused()
    expect(checkout.page).to_have_title("Error: Payment · Northwind Coffee")
    expect(checkout.button).to_have_text("Pay $49.99")
    assert checkout.shop.charged(checkout.session_id) == []

    expect(checkout.page.get_by_label("Name on card")).to_have_value("Ada Lovelace")
    checkout.field("card-number").fill(VISA)
    checkout.button.click()

    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_reload_after_a_decline_still_tells(checkout: Checkout) -> None:
    """The decline is the server's knowledge, not the tab's."""
    checkout.pay(DECLINED)
    expect(checkout.page.get_by_role("alert")).to_contain_text("Your card was declined")

    checkout.page.reload()

    expect(checkout.page.get_by_role("alert")).to_contain_text("You have not been charged.")
    expect(checkout.page.get_by_label("E-mail")).to_have_value("ada@example.com")


def test_the_keyboard_alone_is_enough(checkout: Checkout) -> None:
    """From the first field to the receipt, in the order of the page."""
    page = checkout.page
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    page.get_by_label("E-mail").focus()
    for field, text in (
        (page.get_by_label("E-mail"), "ada@example.com"),
        (checkout.field("card-number"), VISA),
        (checkout.field("card-expiry"), "1234"),
        (checkout.field("card-code"), "123"),
        (page.get_by_label("Name on card"), "Ada Lovelace"),
    ):
        expect(field).to_be_focused()
        page.keyboard.type(text, delay=50)
        # A frame formats what is typed: the next field comes once all of it has arrived.
        expect(field).to_have_value(
            re.compile(r"[ /]*".join(map(re.escape, text.replace(" ", ""))))
        )
        page.keyboard.press("Tab")
    expect(checkout.button).to_be_focused()

    page.keyboard.press("Enter")

    checkout.shows_paid()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_what_is_missing_is_listed_and_each_line_leads_to_its_field(checkout: Checkout) -> None:
    """Nothing is sent meanwhile."""
    page = checkout.page
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    page.get_by_label("Name on card").fill("123")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.method))

    checkout.button.click()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_text(
        [
            "Enter your e-mail address",
            "Enter the card number",
            "Enter the expiry date",
            "Enter the security code",
            "Enter the name as it appears on the card",
        ]
    )
    summary.get_by_role("link", name="Enter the card number").click()
    expect(checkout.field("card-number")).to_be_focused()
    summary.get_by_role("link", name="Enter your e-mail address").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    assert "POST" not in posts


def test_a_slip_in_the_address_is_noticed(checkout: Checkout) -> None:
    """One press mends it."""
    email = checkout.page.get_by_label("E-mail")
    email.fill("ada@gmial.com")
    email.blur()

    checkout.page.get_by_role("button", name="ada@gmail.com").click()

    expect(email).to_have_value("ada@gmail.com")


def test_a_card_number_in_a_wrong_field_is_not_sent(checkout: Checkout) -> None:
    """It would otherwise lie in a row or a log of ours."""
    sent: list[str] = []
    checkout.page.on("request", lambda request: sent.append(request.post_data or ""))
    checkout.fill(VISA, name="4242 4242 4242 4242")

    checkout.button.click()

    expect(checkout.page.get_by_role("alert")).to_contain_text("not a card number")
    assert not any("4242" in body for body in sent)


def test_opening_the_success_address_without_paying_proves_nothing(page: Page, shop: Shop) -> None:
    """Neither does any query on our own page."""
    session_id = shop.open_session()
    page.goto(shop.thanks_url.replace("{CHECKOUT_SESSION_ID}", session_id))

    checkout = Checkout(page, shop, session_id)
    page.goto(f"{checkout.address}?redirect_status=succeeded&phase=paid&amount=1")

    checkout.shows("Pay Northwind Coffee")
    expect(checkout.button).to_have_text("Pay $49.99")
    assert shop.payments() == []
