"""Apple Pay and Google Pay above the form: pressed, closed, refused, and paid once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

from app.services import merchants
from tests.e2e.browser import VISA, Checkout, accessibility_problems
from tests.e2e.stack import Shop

pytestmark = pytest.mark.e2e


@pytest.fixture
def wallets(shop: Shop) -> Iterator[Shop]:
    """A shop with wallets, and a browser that has both."""
    with shop.stack.app.app_context():
        methods = ["card", "apple_pay", "google_pay"]
        merchants.set_methods(shop.stack.deps, shop.merchant_id, methods)
    yield shop
    shop.stack.sandbox.control("wallets", offered=["apple_pay", "google_pay"])


def _button(page: Page, name: str) -> Locator:
    frame = page.frame_locator("iframe[title='Secure express checkout frame']")
    return frame.get_by_role("button", name=name)


def _sheet(page: Page, name: str) -> FrameLocator:
    return page.frame_locator(f"iframe[title='{name} payment sheet']")


def _approve(page: Page, name: str, card: str) -> None:
    sheet = _sheet(page, name)
    sheet.get_by_label("Card in the wallet").select_option(label=card)
    sheet.get_by_role("button", name="Confirm on the device").click()


def _top_of_the_form(page: Page) -> float:
    return float(
        page.get_by_label("E-mail").evaluate("(field) => field.getBoundingClientRect().top")
    )


def test_google_pay_is_there_where_the_browser_has_it_and_pays_once(
    wallets: Shop, page: Page
) -> None:
    """Where there is no wallet, nothing is shown and nothing moves. By keyboard, without a field being typed
    into; however often it is pressed, and the receipt says what was paid with.
    """
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    wallets.stack.sandbox.control("wallets", offered=[])
    page.set_viewport_size({"width": 390, "height": 844})
    checkout = Checkout(page, wallets, wallets.open_session()).open()
    before = _top_of_the_form(page)
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    expect(page.get_by_text("Or pay another way")).to_be_hidden()
    assert _top_of_the_form(page) == before

    wallets.stack.sandbox.control("wallets", offered=["google_pay"])
    page.reload()
    expect(_button(page, "Google Pay")).to_be_visible()
    expect(_button(page, "Apple Pay")).to_be_hidden()
    expect(page.get_by_text("Or pay another way")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert accessibility_problems(page) == []

    _button(page, "Google Pay").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    sheet = _sheet(page, "Google Pay")
    expect(sheet.get_by_text("Northwind Coffee asks for")).to_be_visible()
    expect(sheet.get_by_text("USD 49.99")).to_be_visible()
    expect(page.locator("iframe[title='Google Pay payment sheet']")).to_have_count(1)
    sheet.get_by_label("E-mail").fill("jo@example.com")
    sheet.get_by_role("button", name="Confirm on the device").dblclick()

    checkout.shows("Payment complete")
    expect(page.locator(".lead")).to_contain_text(
        "$49.99 was taken from Visa •••• 4242 in Google Pay."
    )
    expect(page.locator(".slip-facts")).to_contain_text("Visa •••• 4242 · Google Pay")
    expect(page.locator(".slip-facts")).to_contain_text("jo@example.com")
    assert wallets.charged(checkout.session_id) == [4999]
    assert sent.count(checkout.address) == 1


def test_a_wallet_that_was_closed_lost_or_refused_leaves_a_card_to_pay_with(
    wallets: Shop, page: Page
) -> None:
    """Nothing is taken until something is, and what became of it is never guessed."""
    checkout = Checkout(page, wallets, wallets.open_session()).open()
    _button(page, "Apple Pay").click()
    expect(_sheet(page, "Apple Pay").get_by_label("Card in the wallet")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#live")).to_have_text("The wallet was closed. You have not been charged.")

    _button(page, "Apple Pay").click()
    _approve(page, "Apple Pay", "A card that the wallet fails to send")
    expect(page.get_by_role("alert")).to_contain_text("The wallet did not pay")

    page.route(checkout.address, _lose)
    _button(page, "Google Pay").click()
    _approve(page, "Google Pay", "Mastercard •••• 8210: pays")
    expect(page.get_by_role("alert")).to_contain_text("Your payment did not reach us")
    page.unroute(checkout.address)

    _button(page, "Google Pay").click()
    _approve(page, "Google Pay", "Visa •••• 9995: not enough money")
    expect(page.get_by_role("alert")).to_contain_text("There is not enough money on this card")
    expect(page.get_by_label("E-mail")).to_have_value("jenny@example.com")
    assert wallets.charged(checkout.session_id) == []

    checkout.pay(VISA)
    checkout.shows_paid()
    assert wallets.charged(checkout.session_id) == [4999]


def _lose(route: Route) -> None:
    """The connection is down for whatever is sent."""
    if route.request.method == "POST":
        route.abort("internetdisconnected")
    else:
        route.continue_()
