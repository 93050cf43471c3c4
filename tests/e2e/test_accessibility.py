"""axe-core finds nothing on any face of the checkout, on phone and desk, by day and by night."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from app.services import books
from tests.e2e.browser import (
    DECLINED,
    NEEDS_BANK,
    VISA,
    Checkout,
    accessibility_problems,
    sign_in,
)
from tests.e2e.stack import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1280, "light")])
def test_every_face_of_the_checkout_is_accessible(
    chromium: Browser, shop: Shop, width: int, scheme: str
) -> None:
    """Form, errors, decline, bank, receipt, expiry, a wrong address."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    checkout = Checkout(page, shop, shop.open_session()).open()
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")
    assert accessibility_problems(page) == []

    checkout.button.click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert accessibility_problems(page) == []

    checkout.pay(DECLINED)
    expect(page.get_by_role("alert")).to_contain_text("declined")
    assert accessibility_problems(page) == []

    checkout.pay(NEEDS_BANK)
    expect(page.locator("iframe[title='3D Secure authentication']")).to_be_visible()
    page.reload()
    expect(page.locator("[data-confirm]")).to_be_enabled()
    assert accessibility_problems(page) == []

    page.get_by_role("link", name="Cancel and choose another way to pay").click()
    checkout.pay(VISA)
    checkout.shows("Payment complete")
    assert accessibility_problems(page) == []

    expired = shop.open_session(expires_at=datetime.now(UTC) - timedelta(minutes=1))
    for address in (shop.address(expired), shop.address("cs_test_nothing_here")):
        page.goto(address)
        assert accessibility_problems(page) == []
    context.close()


def test_the_page_reflows_at_four_hundred_percent(chromium: Browser, shop: Shop) -> None:
    """1280 pixels at 400 % are 320: one column, nothing to scroll sideways."""
    context = chromium.new_context(viewport={"width": 320, "height": 256})
    page = context.new_page()
    Checkout(page, shop, shop.open_session()).open()
    expect(page.locator(".card-fields")).to_have_attribute("data-card", "ready")

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1280, "light")])
def test_the_ledger_and_the_proof_are_accessible(
    chromium: Browser, shop: Shop, width: int, scheme: str
) -> None:
    """Accounts, an account, journals, a journal, and the proof while it runs and when it ended."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    checkout = Checkout(page, shop, shop.open_session()).open()
    checkout.pay(VISA)
    checkout.shows("Payment complete")
    with shop.stack.app.app_context():
        books.close_books(shop.stack.deps)
    sign_in(page, shop)

    page.goto(f"{shop.stack.web.url}/dashboard/ledger/?at=2026-01-01T12:00")
    assert accessibility_problems(page) == []
    page.get_by_role("link", name="Your pending balance").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your pending balance")
    assert accessibility_problems(page) == []
    page.get_by_role("link", name="Payment captured").first.click()
    expect(page.get_by_text("Still what was sealed")).to_be_visible()
    assert accessibility_problems(page) == []
    page.get_by_role("link", name="Journals", exact=True).click()
    assert accessibility_problems(page) == []

    page.goto(f"{shop.stack.web.url}/dashboard/proof/")
    expect(page.get_by_text("Not verified yet")).to_be_visible()
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("Your book holds")).to_be_visible(timeout=30_000)
    assert accessibility_problems(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download proof").click()
    assert download.value.suggested_filename.endswith(".jsonl")
    context.close()
