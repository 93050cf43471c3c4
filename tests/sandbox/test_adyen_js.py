"""The stand-in for Adyen's web component in a real browser, on a page of another origin."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page

from tests.contracts import adyen as contract
from tests.sandbox.adyen import CHALLENGE, FRICTIONLESS, FULL, NATIVE, VISA, AdyenMerchant
from tests.sandbox.browser import browser_page, served, until
from tests.sandbox.server import SandboxServer

pytestmark = pytest.mark.e2e
AXE = Path(__file__).parents[2] / "tests/vendor/axe/axe.min.js"
# What axe finds wrong with a part of the page; it fetches no style sheets, which the policy forbids.
BROKEN = (
    "axe.run(document, { preload: false }).then((found) => found.violations.map((one) => one.id))"
)
HTML = """<!doctype html><html lang="en"><head><title>Pay</title>
<link rel="stylesheet" href="/page.css"><link rel="stylesheet" href="{sandbox}/adyen/sdk/adyen.css">
<script src="{sandbox}/adyen/sdk/adyen.js"></script></head><body><main><h1>Pay</h1>
<div id="own"><span id="n">Number</span><span class="box" data-cse="encryptedCardNumber"></span>
<span class="box" data-cse="encryptedExpiryDate"></span>
<span class="box" data-cse="encryptedSecurityCode"></span></div>
<div id="drawn"></div><div id="bank"></div></main><script src="/page.js"></script></body></html>"""
SCRIPT = """
const { AdyenCheckout, Card, CustomCard } = window.AdyenWeb;
window.seen = [];
window.start = async (kind, place, props) => {
  const clientKey = "test_shop";
  window.checkout = await AdyenCheckout({ clientKey, environment: "test", locale: "en" });
  window.card = new { Card, CustomCard }[kind](checkout, {
    styles: { base: { color: "rgb(10, 20, 30)", fontSize: "18px" } },
    onConfigSuccess: () => seen.push("ready"),
    onBrand: ({ brand }) => seen.push(`brand ${brand}`),
    onFocus: ({ fieldType, focus, numChars }) => seen.push(`${fieldType} ${focus} ${numChars}`),
    onChange: (state) => { window.state = JSON.parse(JSON.stringify(state)); },
    ...props,
  });
  card.mount(place);
};
window.act = (action) => {
  window.brought = null;
  window.shown = checkout.createFromAction(action, { challengeWindowSize: "05",
    onAdditionalDetails: ({ data }) => { window.brought = data; } });
  shown.mount("#bank");
};
"""
CSS = ".box { display: block; height: 40px; border: 1px solid #767676; }"
TITLES = {
    "number": "Iframe for card number",
    "expiry": "Iframe for expiry date",
    "code": "Iframe for security code",
}


@pytest.fixture(scope="module")
def page(sandbox: SandboxServer, chromium: Browser) -> Iterator[Page]:
    policy = (
        f"default-src 'none'; script-src 'self' {sandbox.url}; frame-src {sandbox.url}; "
        f"connect-src 'self'; style-src 'self' {sandbox.url}; base-uri 'none'"
    )
    files = {
        "/": ("text/html", HTML.replace("{sandbox}", sandbox.url)),
        "/page.js": ("text/javascript", SCRIPT),
        "/page.css": ("text/css", CSS),
        "/back": ("text/html", "<!doctype html><title>Back</title><h1>Back</h1>"),
    }
    with browser_page(chromium) as opened, served(files, policy) as address:
        opened.goto(address)
        yield opened


def begin(page: Page, kind: str = "CustomCard", place: str = "#own", props: str = "{}") -> None:
    page.reload()
    page.evaluate(f"start('{kind}', '{place}', {props})")
    until(page, "seen.includes('ready')")


def field(page: Page, name: str) -> Locator:
    return page.frame_locator(f'iframe[title="{TITLES[name]}"]').locator("input")


def fill(page: Page, number: str = VISA, code: str = "737") -> None:
    for name, text in (("number", number), ("expiry", "0330"), ("code", code)):
        field(page, name).press_sequentially(text)


def bank(page: Page) -> FrameLocator:
    return page.frame_locator('iframe[title="3D Secure authentication"]')


def act(page: Page, action: Any) -> None:
    page.evaluate("(action) => act(action)", action)


def test_a_card_is_sealed_in_its_frames_and_pays(page: Page, shop: AdyenMerchant) -> None:
    begin(page)
    field(page, "number").focus()
    page.keyboard.type("370000000000002")
    for text in ("330", "7373"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    until(page, "window.state && state.isValid")
    assert field(page, "number").input_value() == "3700 000000 00002"
    assert field(page, "expiry").input_value() == "03/30"
    color = field(page, "number").evaluate("(input) => getComputedStyle(input).color")
    assert color == "rgb(10, 20, 30)"
    assert page.evaluate("seen").count("brand amex") == 1
    assert "encryptedCardNumber false 15" in page.evaluate("seen")
    data = page.evaluate("state.data")
    assert (data["paymentMethod"]["type"], data["paymentMethod"]["brand"]) == ("scheme", "amex")
    assert "370000000000002" not in str(data)
    body = shop.request() | {
        name: data[name] for name in ("paymentMethod", "browserInfo", "origin")
    }
    paid = contract.check(shop.post("/payments", body).json(), "PaymentResponse")
    assert (paid["resultCode"], paid["additionalData"]["cardSummary"]) == ("Authorised", "0002")


def test_what_is_wrong_is_told_by_adyens_numbers(page: Page) -> None:
    begin(page)
    field(page, "number").press_sequentially("4111111111111112")
    until(page, "window.state && state.errors.encryptedCardNumber?.error === 'cc.num.902'")
    assert field(page, "number").get_attribute("aria-invalid") == "true"
    field(page, "expiry").press_sequentially("0120")
    until(page, "state.errors.encryptedExpiryDate?.error === 'cc.dat.912'")
    page.evaluate("card.showValidation()")
    until(page, "state.errors.encryptedSecurityCode?.error === 'cc.cvc.920'")
    page.evaluate("card.setFocusOn('encryptedSecurityCode')")
    page.keyboard.type("73")
    page.evaluate("card.setFocusOn('encryptedCardNumber')")
    until(page, "state.errors.encryptedSecurityCode?.error === 'cc.cvc.921'")
    page.evaluate("card.unmount()")
    assert page.locator("iframe").count() == 0


def test_the_drawn_card_reads_well_and_says_what_is_wrong(page: Page, shop: AdyenMerchant) -> None:
    begin(page, "Card", "#drawn", "{ hasHolderName: true, holderNameRequired: true }")
    page.evaluate("card.showValidation()")
    page.get_by_text("Enter the security code").wait_for()
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    assert page.evaluate(BROKEN.replace("document", "'#drawn'")) == []
    fill(page)
    assert page.evaluate("state.isValid") is False
    page.get_by_label("Name on card").fill("NOT_ENOUGH_BALANCE")
    until(page, "state.isValid")
    assert page.get_by_text("Enter the security code").count() == 0
    body = shop.request() | {"paymentMethod": page.evaluate("state.data.paymentMethod")}
    assert shop.post("/payments", body).json()["refusalReasonCode"] == "12"


def test_the_bank_looks_asks_and_is_answered_in_frames(page: Page, shop: AdyenMerchant) -> None:
    begin(page)
    act(page, shop.pay(FRICTIONLESS, **NATIVE)["action"])
    assert shop.details(**until(page, "brought"))["resultCode"] == "Authorised"
    act(page, shop.pay(FULL, **NATIVE)["action"])
    word = bank(page).get_by_label("Password")
    word.fill("guess")
    bank(page).get_by_role("button", name="Confirm").click()
    bank(page).get_by_text("You have 2 more tries.").wait_for()
    frame = next(one for one in page.frames if "/3ds/challenge" in one.url)
    frame.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    assert frame.evaluate(BROKEN) == []
    word.fill("password")
    word.press("Enter")
    assert shop.details(**until(page, "brought"))["resultCode"] == "Authorised"
    assert page.locator("#bank iframe").count() == 0
    act(page, shop.pay(CHALLENGE, **NATIVE)["action"])
    bank(page).get_by_role("button", name="Cancel").click()
    assert shop.details(**until(page, "brought"))["resultCode"] == "Refused"


def test_a_redirect_goes_to_the_bank_and_back(page: Page, shop: AdyenMerchant) -> None:
    begin(page)
    address = page.url
    told = shop.pay(CHALLENGE, returnUrl=f"{address}back")
    act(page, told["action"])
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Back").wait_for()
    result = page.url.partition("redirectResult=")[2]
    assert shop.details(details={"redirectResult": result})["resultCode"] == "Authorised"
    page.goto(address)
