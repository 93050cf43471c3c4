"""Stripe.js in a real browser, on a page of another origin under a strict policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page

from tests.sandbox.browser import browser_page, shop_page, until
from tests.sandbox.driver import Merchant
from tests.sandbox.server import SandboxServer

pytestmark = pytest.mark.e2e
AXE = Path(__file__).parents[2] / "tests/vendor/axe/axe.min.js"

FIELDS = {
    "number": ("Secure card number input frame", "cardnumber"),
    "expiry": ("Secure expiration date input frame", "exp-date"),
    "code": ("Secure CVC input frame", "cvc"),
}


@pytest.fixture(scope="module")
def browser(sandbox: SandboxServer, chromium: Browser) -> Iterator[tuple[Page, Merchant]]:
    merchant = Merchant(sandbox)
    with browser_page(chromium) as page:
        yield page, merchant
    merchant.close()


@pytest.fixture
def shop(browser: tuple[Page, Merchant]) -> Iterator[tuple[Page, Merchant]]:
    page, merchant = browser
    with shop_page(merchant.sandbox.url, merchant.publishable) as address:
        page.goto(address)
        until(page, "seen.filter((item) => item.name === 'ready').length === 3")
        yield page, merchant


def field(page: Page, name: str) -> Locator:
    title, input_name = FIELDS[name]
    return page.frame_locator(f'iframe[title="{title}"]').locator(f"input[name={input_name}]")


def fill(page: Page, number: str = "4242424242424242", expiry: str = "1234") -> None:
    for name, text in (("number", number), ("expiry", expiry), ("code", "123")):
        field(page, name).press_sequentially(text)


def last_change(page: Page, kind: str, condition: str) -> dict[str, Any]:
    """The last change event of a field, once it fulfils the condition."""
    last = f"seen.findLast((item) => item.name === 'change' && item.type === '{kind}')?.event"
    found: dict[str, Any] = until(page, f"((e) => e && {condition} && e)({last})")
    return found


def complaint(page: Page, kind: str, code: str) -> str:
    """The message of a field's error, once it has that code."""
    condition = f"e.error && e.error.code === '{code}'"
    return str(last_change(page, kind, condition)["error"]["message"])


def pay(page: Page) -> Any:
    page.evaluate("window.result = undefined")
    page.click("#pay")
    return until(page, "window.result")


def challenge(page: Page) -> FrameLocator:
    return page.frame_locator('iframe[title="3D Secure authentication"]')


def test_a_card_becomes_a_payment_method(shop: tuple[Page, Merchant]) -> None:
    page, merchant = shop
    fill(page)
    assert field(page, "number").input_value() == "4242 4242 4242 4242"
    assert field(page, "expiry").input_value() == "12 / 34"
    change = last_change(page, "cardNumber", "e.complete")
    assert (change["empty"], change["brand"]) == (False, "visa")
    made = pay(page)["paymentMethod"]
    assert (made["card"]["last4"], made["billing_details"]["name"]) == ("4242", "Jo")
    assert merchant.pay(made["id"]).status == "succeeded"
    assert "StripeElement--complete" in str(page.locator("#number").get_attribute("class"))


def test_what_is_wrong_is_said_in_stripes_words(shop: tuple[Page, Merchant]) -> None:
    page, _ = shop
    error = pay(page)["error"]
    assert (error["type"], error["code"]) == ("validation_error", "incomplete_number")
    assert error["message"] == "Your card number is incomplete."
    field(page, "number").press_sequentially("4242424242424241")
    assert complaint(page, "cardNumber", "invalid_number") == "Your card number is invalid."
    assert field(page, "number").get_attribute("aria-invalid") == "true"
    assert "StripeElement--invalid" in str(page.locator("#number").get_attribute("class"))
    for typed, code in (("1220", "invalid_expiry_year_past"), ("1299", "invalid_expiry_year")):
        field(page, "expiry").fill("")
        field(page, "expiry").press_sequentially(typed)
        assert complaint(page, "cardExpiry", code).startswith("Your card's expiration year")
    field(page, "code").press_sequentially("1")
    field(page, "code").press("Tab")
    assert complaint(page, "cardCvc", "incomplete_cvc").endswith("code is incomplete.")


def test_the_keyboard_goes_in_and_out_of_the_fields(shop: tuple[Page, Merchant]) -> None:
    page, _ = shop
    page.click("label[for=number]")
    until(page, "seen.some((item) => item.name === 'focus' && item.type === 'cardNumber')")
    for text in ("378282246310005", "434", "1234"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "pay"
    assert field(page, "number").input_value() == "3782 822463 10005"
    assert field(page, "expiry").input_value() == "04 / 34"
    assert field(page, "code").input_value() == "1234"
    assert field(page, "number").get_attribute("autocomplete") == "cc-number"
    assert field(page, "code").get_attribute("inputmode") == "numeric"


def test_elements_are_updated_cleared_and_unmounted(shop: tuple[Page, Merchant]) -> None:
    page, _ = shop
    fill(page)
    color = "getComputedStyle(document.querySelector('input')).color"
    assert field(page, "number").evaluate(f"() => {color}") == "rgb(10, 20, 30)"
    page.evaluate("parts.cardNumber.update({ disabled: true, placeholder: 'Number' })")
    page.evaluate("parts.cardExpiry.clear()")
    last_change(page, "cardExpiry", "e.empty")
    assert field(page, "number").is_disabled()
    page.evaluate("parts.cardNumber.unmount()")
    assert page.locator("#number iframe").count() == 0
    page.evaluate("parts.cardNumber.mount('#number')")
    field(page, "number").wait_for()


@pytest.mark.parametrize(
    "button,outcome",
    [
        ("Complete authentication", "succeeded"),
        ("Fail authentication", "payment_intent_authentication_failure"),
        ("Cancel", "payment_intent_authentication_failure"),
    ],
)
def test_the_banks_question_is_answered_in_a_dialog(
    shop: tuple[Page, Merchant], button: str, outcome: str
) -> None:
    page, merchant = shop
    waiting = merchant.pay("pm_card_threeDSecure2Required", use_stripe_sdk=True)
    act(page, f"stripe.handleNextAction({{ clientSecret: '{waiting.client_secret}' }})")
    challenge(page).get_by_role("button", name=button).wait_for()
    assert page.get_by_role("dialog").get_attribute("aria-modal") == "true"
    assert page.evaluate("document.querySelector('main').inert") is True
    challenge(page).get_by_role("button", name=button).click()
    done = until(page, "window.done")
    found = done["paymentIntent"]["status"] if "paymentIntent" in done else done["error"]["code"]
    assert found == outcome
    assert page.evaluate("document.querySelector('main').inert") is False


def act(page: Page, call: str) -> None:
    page.evaluate(
        f"() => {{ window.done = undefined; {call}.then((r) => {{ window.done = r; }}); }}"
    )


def test_a_payment_is_confirmed_from_the_browser(shop: tuple[Page, Merchant]) -> None:
    page, merchant = shop
    fill(page)
    params = {"amount": 1500, "currency": "eur", "allowed_payment_method_types": ["card"]}
    intent = merchant.v1.payment_intents.create(params)  # type: ignore[arg-type]
    secret = intent.client_secret
    act(
        page,
        f"stripe.confirmCardPayment('{secret}', {{ payment_method: {{ card: parts.cardNumber }} }})",
    )
    assert until(page, "window.done")["paymentIntent"]["status"] == "succeeded"
    act(page, f"stripe.retrievePaymentIntent('{secret}')")
    assert until(page, "window.done")["paymentIntent"]["amount"] == 1500
    again = merchant.v1.payment_intents.create(params)  # type: ignore[arg-type]
    act(
        page,
        f"stripe.confirmCardPayment('{again.client_secret}',"
        " { payment_method: 'pm_card_visa_chargeDeclinedLostCard' })",
    )
    error = until(page, "window.done")["error"]
    assert (error["type"], error["decline_code"]) == ("card_error", "lost_card")


def test_a_quiet_authentication_shows_nothing(shop: tuple[Page, Merchant]) -> None:
    page, merchant = shop
    waiting = merchant.pay(
        "pm_card_threeDSecureOptional",
        use_stripe_sdk=True,
        payment_method_options={"card": {"request_three_d_secure": "any"}},
    )
    act(page, f"stripe.handleNextAction({{ clientSecret: '{waiting.client_secret}' }})")
    assert until(page, "window.done")["paymentIntent"]["status"] == "succeeded"
    assert page.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/shop", "/shop/cancelled", "/control", "3ds"])
def test_every_page_is_usable_by_everybody(
    browser: tuple[Page, Merchant], path: str, scheme: Any
) -> None:
    page, merchant = browser
    waiting = merchant.pay("pm_card_authenticationRequired", return_url="http://127.0.0.1/x")
    redirect = waiting.next_action.redirect_to_url.url
    page.emulate_media(color_scheme=scheme)
    page.goto(redirect if path == "3ds" else merchant.sandbox.url + path)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))")
    assert found == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light")


def test_a_shop_page_with_card_fields_is_usable_by_everybody(shop: tuple[Page, Merchant]) -> None:
    page, _ = shop
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # A field is a part of a page, so the rules about whole pages (one heading, one main) are left out.
    rules = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }"
    for frame in page.frames[1:]:
        frame.evaluate(AXE.read_text(encoding="utf-8"))
        found = frame.evaluate(f"axe.run({rules}).then((r) => r.violations.map((v) => v.id))")
        assert found == []
