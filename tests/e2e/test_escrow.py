"""A platform releases a milestone in the browser: the dialog says who gets what, and it happens once."""

import re

import pytest
from playwright.sync_api import Browser, expect

from app.domain.escrow import Milestone, Plan
from app.services import merchants, sellers
from tests.e2e.browser import VISA, Checkout, accessibility_problems, sign_in
from tests.e2e.stack import Shop

pytestmark = pytest.mark.e2e


def connect(shop: Shop, name: str) -> str:
    """A seller who leaves the shop a tenth."""
    with shop.stack.app.app_context():
        deps = shop.stack.deps
        seller = merchants.open_merchant(
            deps, merchants.OpenMerchant(name, "test", "US", "USD", "UTC", "s@b.example")
        )
        sellers.connect_seller(deps, sellers.ConnectSeller(shop.merchant_id, seller, 1_000))
    return seller


@pytest.mark.parametrize("width, scheme", [(390, "dark")])
def test_a_milestone_is_released_once_and_shown_to_everybody(
    chromium: Browser, shop: Shop, width: int, scheme: str
) -> None:
    seller = connect(shop, "Ashdown Pottery")
    plan = Plan(milestones=(Milestone("Design", 1999, seller), Milestone("Firing", 3000, seller)))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    checkout = Checkout(page, shop, shop.open_session(escrow=plan.stored())).open()
    checkout.pay(VISA)
    checkout.shows_paid()

    sign_in(page, shop)
    page.goto(f"{shop.stack.web.url}/dashboard/escrow/")
    assert accessibility_problems(page) == []
    page.locator("table a").first.click()
    page.get_by_role("link", name="Release", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("To Ashdown Pottery")
    assert accessibility_problems(page) == []
    dialog.get_by_label("Amounts that I choose").check()
    assert accessibility_problems(page) == []
    dialog.get_by_label(re.compile("All that is held")).check()
    expect(dialog.locator("#preview")).to_contain_text("$43.42")
    dialog.get_by_label(re.compile("Design, to")).check()
    expect(dialog.locator("#preview")).to_contain_text("$17.36")
    dialog.get_by_role("button", name="Release").dblclick()

    expect(page.get_by_role("region", name="Escrow")).to_contain_text("Partly released")
    expect(page.get_by_role("region", name="Transfers")).to_contain_text("$17.36")
    expect(page.get_by_role("region", name="Milestones")).to_contain_text("$28.95")
    expect(page.get_by_role("status").filter(has_text="Released from escrow")).to_be_visible()
    assert accessibility_problems(page) == []
    page.goto(f"{shop.stack.web.url}/dashboard/transfers/")
    expect(page.get_by_text("Nothing was transferred to you")).to_be_visible()
    assert accessibility_problems(page) == []
    context.close()
