"""One payment by each method on the hosted checkout, from the first field to the merchant's books."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.methods import METHODS
from app.domain.money import Money
from app.services import merchants
from tests.e2e.browser import VISA, Checkout, accessibility_problems, sign_in
from tests.e2e.stack import Shop
from tests.sandbox.server import wait_until

pytestmark = pytest.mark.e2e

EURO, DOLLARS = Money(4999, "EUR"), Money(4999, "USD")
PAYS_LATE = "AT321904300235473204"


@pytest.fixture
def every(shop: Shop) -> Shop:
    """A shop that takes whatever there is."""
    with shop.stack.app.app_context():
        merchants.set_methods(shop.stack.deps, shop.merchant_id, list(METHODS))
    return shop


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A customer's tab."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def _open(page: Page, shop: Shop, amount: Money) -> Checkout:
    checkout = Checkout(page, shop, shop.open_session(amount)).open()
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    return checkout


def _bank(shop: Shop, answer: str, **more: str) -> None:
    """The customer's bank answers the shop's latest debit."""
    body: dict[str, Any] = {"account": shop.account, "answer": answer}
    body["payment_intent"] = shop.payments()[-1]["reference"]
    shop.stack.sandbox.call("POST", "/control/api/banks", body | more)


def _status(shop: Shop) -> str:
    return str(shop.payments()[-1]["status"])


def _becomes(shop: Shop, status: str) -> Callable[[], bool]:
    return lambda: _status(shop) == status


def test_a_list_of_ways_is_worked_by_keyboard_and_reads_well(every: Shop, page: Page) -> None:
    """Arrows choose, the chosen one opens, axe finds nothing, and 400 % needs no sideways scrolling."""
    checkout = _open(page, every, DOLLARS)
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    assert accessibility_problems(page) == []

    page.get_by_role("radio", name=re.compile("^Card")).focus()
    page.keyboard.press("ArrowDown")

    expect(page.get_by_role("radio", name=re.compile("^US bank account"))).to_be_checked()
    expect(page.locator(".bank-fields")).to_have_attribute("data-card", "ready")
    expect(page.locator(".card-fields")).to_be_hidden()
    expect(page.get_by_text("By confirming this payment you authorize")).to_be_visible()
    assert accessibility_problems(page) == []
    page.set_viewport_size({"width": 320, "height": 256})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert checkout.shop.charged(checkout.session_id) == []


def test_a_card_pays_where_there_are_other_ways(every: Shop, page: Page) -> None:
    """The first way of all is still the card."""
    checkout = _open(page, every, DOLLARS)
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    checkout.field("card-number").fill(VISA)
    checkout.field("card-expiry").fill("1234")
    checkout.field("card-code").fill("123")
    checkout.button.click()

    checkout.shows("Payment complete")
    every.check_the_books()


def test_a_sepa_debit_waits_honestly_is_paid_and_taken_back(every: Shop, page: Page) -> None:
    """The IBAN never reaches our origin; each page says what is known and no more."""
    sent: list[str] = []
    page.on("request", lambda one: sent.append(f"{one.url} {one.post_data or ''}"))
    checkout = _open(page, every, EURO)
    page.get_by_role("radio", name=re.compile("^SEPA")).check()
    expect(page.locator(".bank-fields")).to_have_attribute("data-card", "ready")
    checkout.button.click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the IBAN")
    checkout.field("iban").fill(PAYS_LATE)
    checkout.button.click()

    checkout.shows("Your bank was told to pay")
    expect(page.locator("#panel")).to_contain_text("Your bank usually answers by")
    expect(page.locator("#panel")).to_contain_text("SEPA Direct Debit •••• 3204")
    assert accessibility_problems(page) == []
    ours = [line for line in sent if line.startswith(every.stack.web.url)]
    assert [line for line in ours if "AT32190430" in line.replace("+", "").replace("%20", "")] == []
    assert every.charged(checkout.session_id) == []

    _bank(every, "accept")
    wait_until(_becomes(every, "captured"), seconds=20)
    page.reload()
    checkout.shows("Payment complete")

    _bank(every, "return", code="MD06")
    wait_until(_becomes(every, "returned"), seconds=20)
    page.reload()
    checkout.shows("Your bank took this payment back")
    with every.stack.app.app_context():
        from app.services import ledger  # noqa: PLC0415 - inside the application's context

        assert ledger.verify() == []


def test_an_american_account_that_signs_in_at_its_bank_is_debited(every: Shop, page: Page) -> None:
    """Verified at once: only the bank's word is missing."""
    checkout = _open(page, every, DOLLARS)
    page.get_by_role("radio", name=re.compile("^US bank")).check()
    expect(page.locator(".bank-fields")).to_have_attribute("data-card", "ready")
    checkout.button.click()

    checkout.shows("Your bank was told to pay")
    wait_until(_becomes(every, "captured"), seconds=30)
    every.check_the_books()


def test_an_american_account_is_verified_by_two_small_deposits(every: Shop, page: Page) -> None:
    """The customer comes back to the same address with what the statement says."""
    checkout = _open(page, every, DOLLARS)
    page.get_by_role("radio", name=re.compile("^US bank")).check()
    expect(page.locator(".bank-fields")).to_have_attribute("data-card", "ready")
    frame = page.frame_locator("#bank iframe")
    frame.get_by_label("Type the account number").check()
    frame.get_by_label("Routing number").fill("110000000")
    frame.get_by_label("Account number", exact=True).fill("000123456789")
    checkout.button.click()

    checkout.shows("Verify your bank account")
    assert accessibility_problems(page) == []
    page.goto(checkout.address)
    page.get_by_label("First amount").fill("1")
    page.get_by_label("Second amount").fill("2")
    page.get_by_role("button", name="Verify and pay").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    page.get_by_label("First amount").fill("32")
    page.get_by_label("Second amount").fill("45")
    page.get_by_role("button", name="Verify and pay").click()

    checkout.shows("Your bank was told to pay")
    wait_until(_becomes(every, "captured"), seconds=30)
    every.check_the_books()


def test_a_wallet_is_paid_on_its_own_page_and_says_so_back_here(every: Shop, page: Page) -> None:
    """The button says where it leads; the way back needs nothing but the address."""
    checkout = _open(page, every, DOLLARS)
    page.get_by_role("radio", name=re.compile("^PayPal")).check()
    expect(page.get_by_text("You will be redirected to PayPal to confirm")).to_be_visible()
    expect(checkout.button).to_have_text("Continue to PayPal")
    checkout.button.dblclick()

    page.get_by_role("button", name="Pay USD 49.99").click()

    checkout.shows("Payment complete")
    expect(page.locator(".lead")).to_contain_text("$49.99 was paid with PayPal.")
    assert every.charged(checkout.session_id) == [4999]


def test_a_purchase_on_credit_is_left_canceled_and_paid_by_card(every: Shop, page: Page) -> None:
    """Back by the browser's own button the page waits honestly; after a cancellation a card pays."""
    checkout = _open(page, every, EURO)
    page.get_by_role("radio", name=re.compile("^Klarna")).check()
    checkout.button.click()
    expect(page.get_by_role("alert")).to_contain_text("Choose the country in which you live")
    page.get_by_label("Country in which you live").select_option("NL")
    checkout.button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Pay "))
    page.wait_for_url("**/providers/klarna/**")
    page.go_back()

    checkout.shows("Continue to Klarna")
    expect(page.locator(".lead")).to_contain_text("Nothing is taken before you confirm it there.")
    assert accessibility_problems(page) == []
    page.get_by_role("link", name="Continue to Klarna").click()
    page.get_by_role("button", name="Cancel and go back").click()

    expect(page.get_by_role("alert")).to_contain_text("The payment was not confirmed at Klarna")
    assert every.charged(checkout.session_id) == []
    page.get_by_role("radio", name=re.compile("^Card")).check()
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    checkout.field("card-number").fill(VISA)
    checkout.field("card-expiry").fill("1234")
    checkout.field("card-code").fill("123")
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    checkout.button.click()

    checkout.shows("Payment complete")
    expect(page.locator(".lead")).to_contain_text("was taken from Visa •••• 4242.")
    assert every.charged(checkout.session_id) == [4999]


def test_a_bank_transfer_arrives_in_two_parts(every: Shop, page: Page) -> None:
    """The customer is told an account, then what is still due, then that it is paid."""
    checkout = _open(page, every, EURO)
    page.get_by_role("radio", name=re.compile("^Bank transfer")).check()
    expect(checkout.button).to_have_text("Get the bank details")
    expect(page.get_by_text("Press the button and you get the account")).to_be_visible()
    checkout.button.click()

    checkout.shows("Send the money by bank transfer")
    expect(page.get_by_role("button", name="Copy Reference")).to_be_visible()
    assert accessibility_problems(page) == []

    def arrives(minor: int) -> None:
        body = {"account": every.account, "amount": minor}
        body |= {"payment_intent": every.payments()[-1]["reference"]}
        every.stack.sandbox.call("POST", "/control/api/transfers", body)

    def is_told(words: str) -> Callable[[], bool]:
        def look() -> bool:
            page.goto(checkout.address)
            return words in page.locator("#panel").inner_text()

        return look

    arrives(2000)
    wait_until(is_told("€29.99 is still due"), seconds=20)
    checkout.shows("Send the rest by bank transfer")
    assert every.charged(checkout.session_id) == []
    arrives(3999)
    wait_until(_becomes(every, "captured"), seconds=20)
    page.goto(checkout.address)
    checkout.shows("Payment complete")
    every.check_the_books()
    sign_in(page, every)
    page.get_by_role("link", name="Bank transfers").click()
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.get_by_role("link", name="Send €10.00 back")).to_be_visible()
    assert accessibility_problems(page) == []
