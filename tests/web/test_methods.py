"""What a merchant sees of payment methods: which are on, and what a debit is waiting for."""

import re
from datetime import timedelta

import pytest

from app.reports import access
from app.reports import payment as payment_report
from app.services import inbound, polling
from app.services.deps import Deps
from app.services.payments import load
from tests.debits import make_debit
from tests.factories import Shop, TestClock, make_payment
from tests.redirects import open_redirect, payment_of, press
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank
from tests.web.visitor import Visitor


@pytest.fixture
def bank(sandbox: SandboxServer, shop: Shop) -> Bank:
    """The processor's side of the shop."""
    return Bank(sandbox, shop)


def test_methods_are_switched_on_and_off(deps: Deps, shop: Shop, owner: Visitor) -> None:
    page = owner.get("/dashboard/methods/")
    assert "SEPA Direct Debit" in page.text

    answer = owner.post("/dashboard/methods/", {"methods": "sepa_debit"})

    assert answer.status_code == 303
    assert access.methods_of(shop.merchant_id) == ["sepa_debit"]


def test_the_last_method_cannot_be_switched_off(deps: Deps, shop: Shop, owner: Visitor) -> None:
    answer = owner.post("/dashboard/methods/", {})

    assert answer.status_code == 422
    assert "at least one way" in answer.text
    assert access.methods_of(shop.merchant_id) == ["card"]


def test_a_wallet_needs_the_cards_that_are_in_it(deps: Deps, shop: Shop, owner: Visitor) -> None:
    """What was ticked stays ticked, so that the missing tick is all there is to do."""
    answer = owner.post("/dashboard/methods/", {"methods": "apple_pay"})

    assert answer.status_code == 422
    assert "Apple Pay pays with a card" in answer.text
    assert re.search(r'value="apple_pay"\s+checked', answer.text)
    assert access.methods_of(shop.merchant_id) == ["card"]


def test_a_payment_says_which_wallet_its_card_came_from(
    deps: Deps, shop: Shop, owner: Visitor
) -> None:
    """The customer's phone shows other digits than the card: both find the payment."""
    payment = make_payment(deps, shop, token="pm_card_visa_applePay")
    make_payment(deps, shop, token="pm_card_mastercard")
    assert payment.card is not None
    digits = payment.card.device_last4

    page = owner.get(f"/dashboard/payments/{payment.id}").text
    assert "4242 · Apple Pay" in page
    assert "Not asked for" in page
    assert "If this turns out to be fraud" in page
    for query in ("wallet=apple_pay", f"last4={digits}", f"q={digits}", "last4=4242"):
        text = owner.get(f"/dashboard/payments/?{query}").text
        assert text.count('class="whole"') == 1, query
        assert "· Apple Pay" in text
    assert owner.get("/dashboard/payments/?wallet=google_pay").text.count('class="whole"') == 0
    refund = owner.get(f"/dashboard/payments/{payment.id}/refund").text
    assert "Back to Visa •••• 4242 · Apple Pay" in refund


def test_a_debit_says_when_its_bank_is_expected_and_until_when_it_can_be_taken_back(
    deps: Deps, shop: Shop, bank: Bank, owner: Visitor
) -> None:
    """Nothing is shown as the merchant's before the bank has paid, nor after it took it back."""
    payment = make_debit(deps, shop)
    page = owner.get(f"/dashboard/payments/{payment.id}").text
    assert "answer is expected by" in page
    assert "Waiting for bank" in owner.get("/dashboard/payments/").text

    bank.debit(payment, "accept")
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    assert "Can be taken back until" in owner.get(f"/dashboard/payments/{payment.id}").text

    bank.debit(payment, "return", code="MD06")
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    page = owner.get(f"/dashboard/payments/{payment.id}").text
    assert "took this payment back" in page
    assert "MD06" in page
    assert "Taken back" in page
    assert load(shop.merchant_id, payment.id).captured_minor == 5000


def test_a_payment_elsewhere_says_who_is_waited_for_and_until_when_it_can_go_back(
    deps: Deps, shop: Shop, bank: Bank, owner: Visitor, clock: TestClock
) -> None:
    """The button for a refund is gone on the day on which the provider takes none any more."""
    session_id = open_redirect(deps, shop)
    press(deps, session_id, "paypal")
    payment = payment_of(shop, session_id)
    page = owner.get(f"/dashboard/payments/{payment.id}").text
    assert "Not paid yet: the customer was sent to PayPal." in page

    bank.provider(payment, "approve")
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    page = owner.get(f"/dashboard/payments/{payment.id}").text
    for words in ("Can be refunded until", "Can be taken back until", "Payer", "Transaction"):
        assert words in page, words
    assert "Refund</a>" in page

    settings = owner.get("/dashboard/methods/").text
    assert "Customers confirm on Klarna&#39;s page" in settings
    assert "Netherlands: €1.00 to €14,000.00" in settings

    detail = payment_report.detail(
        shop.merchant_id, payment.id, now=clock.now() + timedelta(days=181)
    )
    assert not detail.can_refund
