"""The merchant sees the payment in the dashboard, refunds it, captures a part; every page accessible."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.money import Money
from tests.e2e.browser import VISA, Checkout, accessibility_problems, sign_in
from tests.e2e.stack import Shop

pytestmark = pytest.mark.e2e


def open_payment(page: Page, shop: Shop, amount: str) -> None:
    """Sign in, and go from the list to the one payment."""
    sign_in(page, shop)
    page.goto(f"{shop.stack.web.url}/dashboard/payments/")
    page.locator("table a", has_text=amount).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(amount)


def choose_part(page: Page, amount: str) -> None:
    """In the dialog: a part, and how much."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("A part of it").check()
    dialog.get_by_label("Amount").fill(amount)


def test_a_merchant_refunds_in_parts_what_a_customer_paid(checkout: Checkout) -> None:
    """Pressed twice by mistake, the refund is made once."""
    page, shop = checkout.page, checkout.shop
    checkout.pay(VISA)
    checkout.shows_paid()
    open_payment(page, shop, "$49.99")

    page.get_by_role("link", name="Refund", exact=True).click()
    choose_part(page, "12.34")
    expect(page.locator("[data-chosen]").first).to_have_text(re.compile(r"^\s*\$12\.34\sUSD\s*$"))
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Refund")).dblclick()

    refunds = page.get_by_role("region", name="Refunds")
    expect(refunds).to_contain_text("$12.34")
    expect(refunds).to_contain_text("Succeeded", timeout=15_000)
    assert shop.record()["totals"]["usd"]["refunded"] == 1234

    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Refund $37.65").click()
    expect(refunds).to_contain_text("$37.65")
    expect(page.get_by_role("link", name="Refund", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Refunded", timeout=15_000)
    assert shop.record()["totals"]["usd"]["refunded"] == 4999


def test_a_merchant_captures_a_part_of_what_is_held(page: Page, shop: Shop) -> None:
    """The customer is told at each step what was taken."""
    session_id = shop.open_session(Money(9000, "USD"), capture_method="manual")
    checkout = Checkout(page, shop, session_id).open()
    checkout.pay(VISA)
    checkout.shows("Your card is authorised")
    expect(page.locator(".lead")).to_contain_text("No money has been taken yet.")
    assert shop.charged(session_id) == []
    open_payment(page, shop, "$90.00")

    page.get_by_role("link", name="Capture", exact=True).click()
    choose_part(page, "30.00")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Capture")).click()

    expect(page.get_by_role("link", name="Refund", exact=True)).to_be_visible()
    assert shop.charged(session_id) == [3000]
    assert shop.record()["totals"]["usd"]["released"] == 6000
    checkout.open()
    checkout.shows("Payment complete")
    expect(page.locator(".lead")).to_contain_text("$30.00 was taken")


@pytest.mark.parametrize("width, scheme", [(390, "light"), (1280, "dark")])
def test_the_main_pages_of_the_dashboard_are_accessible(
    chromium: Browser, shop: Shop, width: int, scheme: str
) -> None:
    """Log-in, home, lists, a payment with its dialog open."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    Checkout(page, shop, shop.open_session()).open().pay(VISA)
    expect(page.get_by_role("heading", level=1)).to_have_text("Payment complete")
    page.goto(f"{shop.stack.web.url}/login")
    found = {"login": accessibility_problems(page)}
    sign_in(page, shop)
    pages = ("", "payments/", "refunds/", "balances/", "balances/statement", "payouts/", "fees/")
    for path in (*pages, "payouts/schedule/USD", "bank-accounts/", "settlement/", "methods/"):
        page.goto(f"{shop.stack.web.url}/dashboard/{path}")
        found[path] = accessibility_problems(page)

    page.goto(f"{shop.stack.web.url}/dashboard/payments/{shop.payments()[0]['id']}")
    found["payment"] = accessibility_problems(page)
    page.get_by_role("link", name="Refund", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = accessibility_problems(page)

    assert [f"{name}: {line}" for name, lines in found.items() for line in lines] == []
    context.close()
