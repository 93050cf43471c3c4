"""A payout is made in the browser and walked down: to one bar, to one payment, to its postings."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.demo import Backdated
from app.domain.clock import FrozenClock
from app.domain.errors import Conflict
from app.domain.money import Money
from app.domain.payments import Payment
from app.services import bank_accounts, ledger
from app.services.audit import By
from app.services.bank_accounts import VerifyAccount
from app.services.refunds import RequestRefund, request_refund
from tests.e2e.browser import accessibility_problems, sign_in
from tests.e2e.stack import Shop
from tests.factories import add_bank_account, bank_amounts, make_payment
from tests.sandbox.server import wait_until

pytestmark = pytest.mark.e2e


def earned(shop: Shop) -> Payment:
    """Two payments of last week, of which one was refunded in part; gives the other."""
    deps = shop.stack.deps
    past = replace(
        deps,
        clock=FrozenClock(deps.clock.now() - timedelta(days=9)),
        processors={name: Backdated(one) for name, one in deps.processors.items()},
    )
    paid, other = (make_payment(past, shop, amount=Money(n, "USD")) for n in (12_500, 8_000))  # type: ignore[arg-type]
    request_refund(past, RequestRefund(shop.merchant_id, other.id, Money(2_000, "USD"), "user:o"))
    return paid


def prove_bank_account(shop: Shop) -> None:
    """A bank account that was verified; the worker may have sent the deposits."""
    deps = shop.stack.deps
    account = add_bank_account(deps, shop)  # type: ignore[arg-type]
    command = VerifyAccount(shop.merchant_id, account, bank_amounts(shop, account), By("user:o"))  # type: ignore[arg-type]

    def verified() -> bool:
        try:
            bank_accounts.verify_account(deps, command)
        except Conflict:
            return False
        return True

    wait_until(verified)


def test_a_form_opened_by_its_address_says_what_is_missing_in_its_place(
    page: Page, shop: Shop
) -> None:
    sign_in(page, shop)
    page.goto(f"{shop.stack.web.url}/dashboard/bank-accounts/new")
    page.get_by_role("button", name="Add account").click()

    expect(page.locator("p.field-error")).to_have_count(4)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("form.dialog-body")).to_have_count(1)


def test_a_payout_is_walked_down_to_one_payment_and_its_postings(page: Page, shop: Shop) -> None:
    with shop.stack.app.app_context():
        paid = earned(shop)
        prove_bank_account(shop)
        ledger.release_due(shop.stack.deps)
    sign_in(page, shop)
    page.goto(f"{shop.stack.web.url}/dashboard/payouts/new?currency=USD")
    page.get_by_label("A part of it").check()
    page.get_by_label("Amount").fill("20.50")
    expect(page.get_by_role("button", name="Pay out $20.50")).to_be_visible()
    page.get_by_label("All that is available").check()
    # 125.00 and 80.00, less fees of 3.93 and 2.62, less what was refunded.
    page.get_by_role("button", name="Pay out $178.45").click()

    steps = page.get_by_role("table", name="The steps of this payout")
    expect(steps).to_contain_text("$178.45")
    expect(page.locator(".chart svg").first).to_be_visible()
    assert accessibility_problems(page) == []
    steps.get_by_role("link", name="Payments").click()
    lines = page.get_by_role("region", name="Payments")
    expect(lines.get_by_role("row")).to_have_count(3)
    lines.get_by_role("row", name="$121.07").get_by_role("link", name="Payment captured").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("$125.00")
    assert paid.id in page.url
    page.get_by_role("link", name="Payment captured", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payment captured")
    postings = page.get_by_role("region", name="Lines of this journal")
    expect(postings).to_contain_text("$125.00")
    expect(postings).to_contain_text("$3.93")
    page.get_by_role("link", name=paid.id).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("$125.00")
