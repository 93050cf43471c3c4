"""A customer's and a merchant's hands: what they see on a page, and what they press."""

import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Playwright, expect

from tests.e2e.stack import PASSWORD, Shop

VISA = "4242424242424242"
DECLINED = "4000000000000002"
NEEDS_BANK = "4000002760003184"
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path(playwright: Playwright) -> str:
    """Playwright's own Chromium, else the system's."""
    own = playwright.chromium.executable_path
    found = [os.environ.get("CHROMIUM", ""), own, *(shutil.which(name) or "" for name in _NAMES)]
    return next(path for path in found if path and Path(path).is_file())


class Checkout:
    """The payment page in one tab."""

    def __init__(self, page: Page, shop: Shop, session_id: str) -> None:
        self.page = page
        self.shop = shop
        self.session_id = session_id
        self.address = shop.address(session_id)

    def open(self) -> "Checkout":
        """Load the page and wait for what it shows."""
        self.page.goto(self.address)
        return self

    def fill(
        self, number: str, *, name: str = "Ada Lovelace", email: str = "ada@example.com"
    ) -> None:
        """Type all fields."""
        expect(self.page.locator(".card-fields")).to_have_attribute("data-card", "ready")
        self.page.get_by_label("E-mail").fill(email)
        self.field("card-number").fill(number)
        self.field("card-expiry").fill("1234")
        self.field("card-code").fill("123")
        self.page.get_by_label("Name on card").fill(name)

    def field(self, name: str) -> Locator:
        """The input inside one of the processor's frames."""
        return self.page.frame_locator(f"#{name} iframe").locator("input:visible").first

    @property
    def button(self) -> Locator:
        """The one that pays."""
        return self.page.locator("[data-pay]")

    def pay(self, number: str = VISA) -> None:
        """Fill in and press."""
        self.fill(number)
        self.button.click()

    def answer_bank(self, answer: str) -> None:
        """Press a button of the bank's page."""
        frame = self.page.frame_locator("iframe[title='3D Secure authentication']")
        frame.get_by_role("button", name=answer, exact=True).click()

    def shows(self, heading: str, *, seconds: float = 15) -> None:
        """Wait for the heading of a phase."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(
            heading, timeout=seconds * 1000
        )

    def shows_paid(self) -> None:
        """The end that everybody hopes for, said in full."""
        self.shows("Payment complete")
        expect(self.page.locator(".lead")).to_contain_text("$49.99 was taken from Visa •••• 4242.")
        expect(self.page.locator(".slip-facts")).to_contain_text("Receipt number")


def sign_in(page: Page, shop: Shop) -> None:
    """Open the dashboard as the merchant's owner."""
    page.goto(f"{shop.stack.web.url}/login")
    page.get_by_label("E-mail").fill(shop.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard**")


def accessibility_problems(page: Page) -> list[str]:
    """What axe-core finds, one line each; our own frames are looked into as well."""
    script = AXE.read_text(encoding="utf-8")
    # The page's policy forbids a script element; the debugger's evaluation is not one.
    page.evaluate(f"() => {{ {script} }}")
    # Violations alone are told in full: what is right would take three times as long.
    options = "{iframes: false, resultTypes: ['violations']}"
    report: dict[str, Any] = page.evaluate(f"() => axe.run(document, {options})")
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in report["violations"]
        for node in violation["nodes"]
    ]
