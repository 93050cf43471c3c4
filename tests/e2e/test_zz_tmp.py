import pytest
from playwright.sync_api import expect
from app.domain.money import Money
from tests.e2e.browser import *

@pytest.mark.parametrize("w,s", [(390,"dark"),(1440,"light")])
def test_shots(browser, shop, w, s):
    c = browser.new_context(viewport={"width":w,"height":844 if w==390 else 900}, color_scheme=s, locale="en-US")
    p = c.new_page()
    def snap(n): p.wait_for_timeout(250); p.screenshot(path=f"/tmp/chk/f-{n}-{w}-{s}.png", full_page=True)
    k = Checkout(p, shop, shop.open_session()).open()
    k.fill("4242424242424242"); snap("filled")
    shop.stack.sandbox.fault("delay_before", account=shop.account, route="POST /v1/payment_intents*", seconds=2)
    k.button.click(); p.wait_for_timeout(900); snap("busy")
    k.shows("Payment complete"); snap("paid"); p.emulate_media(media="print"); snap("print"); p.emulate_media(media="screen")
    k = Checkout(p, shop, shop.open_session(Money(9000,"USD"), capture_method="manual")).open(); k.fill("4242424242424242"); k.button.click(); k.shows("Your card is authorised"); snap("auth")
    sid = shop.open_session(); shop.expire(sid); p.goto(shop.address(sid)); snap("expired")
    p.goto(shop.address("cs_test_none")); snap("missing")
    k = Checkout(p, shop, shop.open_session()).open(); k.fill(NEEDS_BANK); k.button.click(); p.wait_for_timeout(1500); p.reload(); expect(p.locator("[data-confirm]")).to_be_enabled(); snap("action"); p.get_by_role("link", name="Cancel and").click(); expect(p.get_by_role("alert")).to_be_visible(); snap("another")
    c.close()
