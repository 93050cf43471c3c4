"""A payment in euros is settled in dollars, and its refund shows what it costs while it is typed."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.money import Money
from tests.e2e.browser import VISA, Checkout, accessibility_problems, sign_in
from tests.e2e.stack import Shop
from tests.sandbox.server import wait_until

pytestmark = pytest.mark.e2e


def seen(page: Page, name: str) -> None:
    """Nothing to complain about; a picture too, where PICTURES names a folder."""
    assert accessibility_problems(page) == []
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("width, scheme", [(1440, "light")])
def test_a_merchant_settles_euros_in_dollars(
    chromium: Browser, shop: Shop, width: int, scheme: str
) -> None:
    context = chromium.new_context(
        locale="en-US",
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    sign_in(page, shop)
    page.goto(f"{shop.stack.web.url}/dashboard/settlement/")
    page.get_by_label("It is converted into USD").check()
    page.get_by_label("Currencies that you keep besides").fill("GBP")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    seen(page, f"settlement-{width}")

    def has_rates() -> bool:
        page.reload()
        return page.get_by_text("Those of").count() > 0

    # The worker has only just started, and fetches them first.
    wait_until(has_rates, seconds=20)
    checkout = Checkout(page, shop, shop.open_session(Money(10000, "EUR"))).open()
    checkout.pay(VISA)
    checkout.shows("Payment complete")
    page.goto(f"{shop.stack.web.url}/dashboard/payments/")
    page.locator("table a", has_text="€100.00").first.click()
    expect(page.get_by_text("Settled in USD")).to_be_visible()
    expect(page.get_by_text("$103.87").first).to_be_visible()
    seen(page, f"converted-{width}")

    page.get_by_role("link", name="Refund", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("$108.42")
    dialog.get_by_label("A part of it").check()
    dialog.get_by_label("Amount").fill("50.00")
    expect(dialog).to_contain_text("$54.21")
    seen(page, f"refund-{width}")
    dialog.get_by_role("button", name="Refund €50.00").click()
    expect(page.get_by_role("region", name="Refunds")).to_contain_text("cost $54.21")
    context.close()
