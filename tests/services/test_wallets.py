"""A checkout paid out of a wallet: a payment by card, which knows where its card came from."""

from typing import Any

import pytest

from app.domain.errors import InvalidRequest
from app.domain.escrow import Plan
from app.domain.payments import Payment
from app.services import checkout, merchants
from app.services.checkout import LineItem, OpenSession, PaySession
from app.services.checkout_view import CheckoutView
from app.services.deps import Deps
from app.services.payments import CapturePayment, capture_payment
from app.services.refunds import RequestRefund, request_refund
from tests.factories import NEEDS_3DS, FakeQueue, Shop, make_payment, open_checkout, usd
from tests.services.bank import Bank, assert_books_equal_record

APPLE, GOOGLE = "pm_card_visa_applePay", "pm_card_visa_googlePay"
POOR = "pm_card_visa_chargeDeclinedInsufficientFunds_googlePay"
NEVER_ASKED = f"{NEEDS_3DS}_googlePay"


@pytest.fixture
def wallets(deps: Deps, shop: Shop) -> Shop:
    """The shop, with both wallets switched on."""
    merchants.set_methods(deps, shop.merchant_id, ["card", "apple_pay", "google_pay"])
    return shop


def _pay(deps: Deps, session_id: str, token: str, method: str = "google_pay") -> CheckoutView:
    return checkout.pay(deps, PaySession(session_id, token, "ada@example.com", method=method))


def _payment(shop: Shop, session_id: str) -> Payment:
    payment = checkout.session_of(shop.merchant_id, session_id)[1]
    assert payment is not None
    return payment


def _open(deps: Deps, shop: Shop, **more: Any) -> str:
    line = LineItem("Walnut tray", 1, usd("49.99"))
    return checkout.open_session(
        deps, OpenSession(shop.merchant_id, (line,), "USD", "api:test", **more)
    )


def test_a_wallet_pays_by_card_and_at_a_wallets_price(
    deps: Deps, wallets: Shop, bank: Bank, queue: FakeQueue
) -> None:
    """Pressed twice, it pays once; the money goes back to the card like any other."""
    session_id = open_checkout(deps, wallets)
    view = _pay(deps, session_id, NEVER_ASKED)
    again = _pay(deps, session_id, GOOGLE)

    assert (view.phase, view.method, view.wallet) == ("paid", "card", "google_pay")
    assert again == view
    payment = _payment(wallets, session_id)
    assert payment.card is not None
    assert (payment.card.last4, payment.card.wallet) == ("3220", "google_pay")
    assert payment.card.device_last4 == view.device_last4
    assert len(view.device_last4) == 4
    assert payment.method_types == ["card"]
    assert (payment.fee_schedule, payment.fee_minor) == ("wallet-standard-1", 175)
    request_refund(deps, RequestRefund(wallets.merchant_id, payment.id, usd("20.00"), "user:me"))
    queue.drain()
    assert bank.facts("captured") == [4999]
    assert_books_equal_record(bank)


def test_after_a_declined_wallet_a_typed_card_pays_and_leaves_no_trace_of_it(
    deps: Deps, wallets: Shop, bank: Bank
) -> None:
    session_id = open_checkout(deps, wallets)
    view = _pay(deps, session_id, POOR)
    assert (view.phase, view.wallet) == ("declined", "google_pay")
    assert view.decline is not None
    assert "not enough money on this card" in view.decline.title

    view = _pay(deps, session_id, "pm_card_visa", "card")

    assert (view.phase, view.wallet, view.device_last4) == ("paid", "", "")
    assert _payment(wallets, session_id).fee_schedule == "card-standard-1"
    assert len(bank.facts("captured")) == 1


def test_a_wallet_can_do_what_a_card_can(deps: Deps, wallets: Shop, bank: Bank) -> None:
    """Hold now and take later, and be held in escrow."""
    held = open_checkout(deps, wallets, capture_method="manual")
    assert _pay(deps, held, APPLE, "apple_pay").phase == "authorized"
    payment = _payment(wallets, held)
    done = capture_payment(deps, CapturePayment(wallets.merchant_id, payment.id, "user:me"))
    assert (done.captured_minor, done.fee_schedule) == (4999, "wallet-standard-1")

    kept = _open(deps, wallets, escrow=Plan().stored())
    assert checkout.state(deps, kept).methods == ("card", "apple_pay", "google_pay")
    assert _pay(deps, kept, APPLE, "apple_pay").phase == "paid"


def test_cards_bring_the_wallets_that_are_switched_on_and_nothing_else_does(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    session_id = open_checkout(deps, shop)
    with pytest.raises(InvalidRequest, match="does not work"):
        _pay(deps, session_id, GOOGLE)
    assert bank.events() == []

    merchants.set_methods(deps, shop.merchant_id, ["google_pay", "sepa_debit", "card"])
    assert checkout.state(deps, session_id).methods == ("card", "google_pay")
    named = _open(deps, shop, methods=("card",))
    assert checkout.state(deps, named).methods == ("card", "google_pay")
    for methods in (["google_pay"], ["apple_pay", "sepa_debit"]):
        with pytest.raises(InvalidRequest, match="pays with a card"):
            merchants.set_methods(deps, shop.merchant_id, methods)


def test_software_may_send_a_wallets_card_whatever_the_checkout_offers(
    deps: Deps, shop: Shop
) -> None:
    """The switch is about the page: whoever has a token of a wallet has a card's."""
    payment = make_payment(deps, shop, token=APPLE)

    assert payment.card is not None
    assert (payment.status, payment.card.wallet) == ("captured", "apple_pay")
