"""The customer's bank asks for confirmation (3-D Secure): given, refused, closed, left."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import NEEDS_BANK, VISA, Checkout

pytestmark = pytest.mark.e2e


def test_confirming_with_the_bank_pays(checkout: Checkout) -> None:
    """The button stays locked all the while."""
    checkout.pay(NEEDS_BANK)
    checkout.shows("Confirm with your bank")
    expect(checkout.page.locator("[data-confirm]")).to_be_disabled()
    assert checkout.shop.charged(checkout.session_id) == []

    checkout.answer_bank("Complete authentication")

    checkout.shows("Payment complete")
    assert checkout.shop.charged(checkout.session_id) == [4999]


@pytest.mark.parametrize("answer", ["Fail authentication", "Cancel"])
def test_failing_with_the_bank_leads_back_to_the_form(checkout: Checkout, answer: str) -> None:
    """Nothing was taken, and another card works."""
    checkout.pay(NEEDS_BANK)

    checkout.answer_bank(answer)

    expect(checkout.page.get_by_role("alert")).to_contain_text("You have not been charged.")
    assert checkout.shop.charged(checkout.session_id) == []
    checkout.fill(VISA)
    checkout.button.click()
    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_customer_who_left_the_bank_can_come_back_and_confirm(checkout: Checkout) -> None:
    """A reload drops the bank's page; the payment waits where it was."""
    checkout.pay(NEEDS_BANK)
    expect(checkout.page.locator("iframe[title='3D Secure authentication']")).to_be_visible()

    checkout.page.reload()

    checkout.shows("Confirm with your bank")
    checkout.page.get_by_role("button", name="Confirm with my bank").click()
    checkout.answer_bank("Complete authentication")
    checkout.shows("Payment complete")
    assert checkout.shop.charged(checkout.session_id) == [4999]


def test_a_customer_who_left_the_bank_can_choose_another_card(checkout: Checkout) -> None:
    """The try that was left is over: one charge in the end."""
    checkout.pay(NEEDS_BANK)
    expect(checkout.page.locator("iframe[title='3D Secure authentication']")).to_be_visible()
    checkout.page.reload()

    checkout.page.get_by_role("link", name="Cancel and choose another way to pay").click()

    expect(checkout.page.get_by_role("alert")).to_contain_text("You have not been charged.")
    checkout.pay(VISA)
    checkout.shows_paid()
    assert checkout.shop.charged(checkout.session_id) == [4999]
