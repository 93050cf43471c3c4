"""A customer pays a shop that is at Adyen: the same page, with the fields of another processor."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.payments import Payment
from app.services.creation import CreatePayment, create_payment
from app.web.client_secrets import bank_page
from tests.e2e.browser import Checkout, accessibility_problems
from tests.e2e.stack import PRICE, Shop, Stack
from tests.factories import NEEDS_3DS

pytestmark = pytest.mark.e2e

VISA, ASKS, LOOKS = "4111111111111111", "4212345678910006", "5201281505129736"


class AdyenCheckout(Checkout):
    """The payment page, with the dates and codes that Adyen's test cards have."""

    def fill(
        self, number: str, *, name: str = "Ada Lovelace", email: str = "ada@example.com"
    ) -> None:
        """Type all fields."""
        expect(self.page.locator(".card-fields")).to_have_attribute("data-card", "ready")
        self.page.get_by_label("E-mail").fill(email)
        self.field("card-number").fill(number)
        self.field("card-expiry").fill("0330")
        self.field("card-code").fill("737")
        self.page.get_by_label("Name on card").fill(name)

    def answer_bank(self, answer: str) -> None:
        """Answer on the bank's page, with its password."""
        frame = self.page.frame_locator("#bank iframe")
        if answer == "Confirm":
            frame.get_by_label("Password").fill("password")
        frame.get_by_role("button", name=answer, exact=True).click()

    def declined(self, title: str) -> None:
        """The form again, and what it says."""
        alert = self.page.get_by_role("alert")
        expect(alert).to_contain_text(title)
        expect(alert).to_contain_text("You have not been charged.")
        expect(self.page.locator(".card-fields")).to_have_attribute("data-card", "ready")


@pytest.fixture
def shop(stack: Stack) -> Iterator[Shop]:
    """A merchant at Adyen; afterwards the books are proved and held against the truth."""
    shop = stack.merchant("adyen")
    yield shop
    stack.sandbox.clear_faults()
    shop.check_the_books()


@pytest.fixture
def checkout(page: Page, shop: Shop) -> Iterator[AdyenCheckout]:
    """An open payment page, which never breaks its own policy."""
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Policy" in line.text else None)
    made = AdyenCheckout(page, shop, shop.open_session())
    made.open()
    yield made
    assert refused == []


def test_paying_takes_the_amount_once_and_no_card_number_reaches_us(
    checkout: AdyenCheckout,
) -> None:
    """After a decline that keeps what was typed; the number goes to the processor's origin alone."""
    sent: list[str] = []
    page, shop = checkout.page, checkout.shop
    page.on(
        "request",
        lambda request: sent.append(f"{request.url} {request.headers} {request.post_data or ''}"),
    )
    checkout.fill(VISA, name="NOT_ENOUGH_BALANCE")
    checkout.button.click()
    checkout.declined("There is not enough money on this card")
    assert shop.charged(checkout.session_id) == []

    page.get_by_label("Name on card").fill("Ada Lovelace")
    checkout.button.click()
    checkout.shows("Payment complete")
    expect(page.locator(".lead")).to_contain_text("$49.99 was taken from Visa •••• 1111.")
    assert shop.charged(checkout.session_id) == [4999]
    ours = [line for line in sent if line.startswith(shop.stack.web.url)]
    assert [line for line in ours if VISA in re.sub(r"\+|%20| ", "", line)] == []
    assert [line for line in sent if line.startswith(shop.stack.sandbox.url) and VISA in line] != []
    page.reload()
    checkout.shows("Payment complete")


def test_what_is_missing_is_said_field_by_field_and_the_keyboard_is_enough(
    checkout: AdyenCheckout,
) -> None:
    """Each line leads to its field; then all of it by keyboard, in the order of the page."""
    page = checkout.page
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    checkout.field("card-number").fill("4111")
    checkout.field("card-expiry").fill("0320")
    page.get_by_label("Name on card").fill("Ada Lovelace")
    checkout.button.click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_text(
        [
            "Enter your e-mail address",
            "Enter the complete card number",
            "Enter an expiry date in the future",
            "Enter the security code",
        ]
    )
    expect(page.locator("#card-code-error")).to_contain_text("Enter the security code")
    assert accessibility_problems(page) == []
    page.get_by_label("Name on card").fill("")
    page.get_by_label("E-mail").fill("ada@example.com")
    summary.get_by_role("link", name="Enter the complete card number").click()
    expect(checkout.field("card-number")).to_be_focused()

    for name, text in (("card-number", VISA), ("card-expiry", "0330"), ("card-code", "737")):
        field = checkout.field(name)
        expect(field).to_be_focused()
        page.keyboard.press("Control+A")
        page.keyboard.type(text, delay=30)
        expect(field).to_have_value(re.compile(r"[ /]*".join(text)))
        page.keyboard.press("Tab")
    expect(page.get_by_label("Name on card")).to_be_focused()
    page.keyboard.type("Ada Lovelace")
    page.keyboard.press("Tab")
    expect(checkout.button).to_be_focused()
    page.keyboard.press("Enter")
    checkout.shows("Payment complete")


def test_the_banks_question_is_asked_in_a_document_without_card_fields(
    checkout: AdyenCheckout,
) -> None:
    """Closed, begun again, failed; then another card, whose bank asks too, and is answered."""
    page = checkout.page
    checkout.pay(ASKS)
    bank = page.get_by_role("dialog")
    expect(bank).to_be_visible()
    expect(page.locator(".card-fields")).to_have_count(0)
    assert accessibility_problems(page) == []
    bank.get_by_role("button", name="Close").click()
    expect(bank).to_be_hidden()
    expect(page.locator("[data-confirm]")).to_be_enabled()
    page.reload()
    expect(page.locator("[data-confirm]")).to_be_enabled()
    expect(bank).to_be_hidden()
    page.get_by_role("button", name="Confirm with my bank").click()
    checkout.answer_bank("Cancel")
    checkout.declined("Your bank")
    assert checkout.shop.charged(checkout.session_id) == []

    checkout.fill(ASKS)
    checkout.button.click()
    checkout.answer_bank("Confirm")
    checkout.shows("Payment complete")
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_bank_that_only_looks_at_the_device_asks_nothing(checkout: AdyenCheckout) -> None:
    """The question answers itself."""
    checkout.pay(LOOKS)
    checkout.shows("Payment complete")
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_fields_that_do_not_load_say_so_and_take_nothing(page: Page, shop: Shop) -> None:
    """A content blocker stops the processor's script."""
    page.route("**/adyen/sdk/adyen.js", lambda route: route.abort())
    AdyenCheckout(page, shop, shop.open_session()).open()
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "failed")
    expect(page.get_by_role("group", name="Secure fields did not load")).to_be_visible()
    page.locator("[data-pay]").click()
    expect(page.get_by_role("alert")).to_contain_text("You have not been charged")
    assert shop.payments() == []


def test_a_card_without_a_browser_is_asked_about_on_the_banks_own_site(
    page: Page, shop: Shop
) -> None:
    """The shop's software pays with a test card: we send the customer to the bank, and back to the shop."""
    back = f"{shop.stack.sandbox.url}/healthz?thanks=1"
    with shop.stack.app.app_context():
        payment = create_payment(
            shop.stack.deps,
            CreatePayment(shop.merchant_id, PRICE, "api:test", NEEDS_3DS, return_url=back),
        )
        assert isinstance(payment, Payment)
        address = bank_page(payment)
    page.goto(address)
    page.wait_for_url(f"{shop.stack.sandbox.url}/adyen/3ds/redirect**")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"{back}**")
    assert "redirect_status=succeeded" in page.url
    assert "redirectResult" not in page.url
    assert [row["status"] for row in shop.payments()] == ["captured"]


def test_the_page_reflows_at_four_hundred_percent(chromium: Browser, shop: Shop) -> None:
    """1280 pixels at 400 % are 320: one column, nothing to scroll sideways; the bank's page as well."""
    context = chromium.new_context(viewport={"width": 320, "height": 256})
    page = context.new_page()
    checkout = AdyenCheckout(page, shop, shop.open_session())
    checkout.open()
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    checkout.pay(ASKS)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    checkout.answer_bank("Confirm")
    checkout.shows("Payment complete")
    context.close()
