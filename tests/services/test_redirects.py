"""Payments on a provider's own page: confirmed there, seen or unseen, too late, twice, or never. Each method
that leads elsewhere keeps these promises; they run against each one that is registered.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.declines import DeclineReason
from app.domain.errors import InvalidRequest, UnexpectedState
from app.domain.escrow import Plan
from app.domain.methods import METHODS, Flow
from app.domain.money import Money
from app.domain.states import PaymentStatus
from app.services import checkout, expiry, inbound, ledger, polling, refunds, resolver, reversals
from app.services.checkout_view import CheckoutView
from app.services.deps import Deps
from app.services.payments import CapturePayment, capture_payment
from app.services.refunds import RequestRefund, request_refund
from tests.factories import NEEDS_3DS, VISA, FakeQueue, Shop, TestClock, pay_checkout
from tests.redirects import PRICE, SAID, open_redirect, payment_of, press
from tests.services.bank import Bank, assert_books_equal_record, at_once, rows

each_provider = pytest.mark.parametrize("method", list(SAID))
FEES = {"paypal": 175, "klarna": 330}
EURO = Money(4999, "EUR")


def _news(deps: Deps) -> None:
    """What happened at the processor meanwhile, by asking it for its events."""
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)


def _back(deps: Deps, session_id: str) -> CheckoutView:
    """The customer comes back from the provider's page, whatever its address says."""
    return checkout.finish_authentication(deps, session_id)


def test_every_method_that_leads_elsewhere_is_tested() -> None:
    assert set(SAID) == {one.name for one in METHODS.values() if one.flow is Flow.REDIRECT}


@each_provider
def test_what_is_confirmed_there_is_paid_and_told_once_and_priced_by_its_method(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    session_id = open_redirect(deps, shop)
    view = press(deps, session_id, method)
    assert (view.phase, view.status, view.client_secret) == ("redirect", "open", None)
    assert view.action["url"].startswith(f"{bank.sandbox.url}/providers/{method}/")
    assert _back(deps, session_id).phase == "redirect"
    assert bank.facts("authorised") == []

    bank.provider(payment_of(shop, session_id), "approve", plan="pay_now")
    view = _back(deps, session_id)

    assert (view.phase, view.status, view.method) == ("paid", "complete", method)
    payment = payment_of(shop, session_id)
    assert (payment.captured_minor, payment.fee_minor) == (4999, FEES[method])
    assert payment.method_details["country"] == "US"
    assert payment.card is None
    assert payment.action is None
    assert_books_equal_record(bank)
    _news(deps)
    heard = payment_of(shop, session_id)
    assert replace(heard, version=payment.version) == payment
    found = rows("SELECT name FROM events WHERE merchant_id = :m ORDER BY id", m=shop.merchant_id)
    names = [row["name"] for row in found]
    for name in ("payment.action_required", "payment.captured", "checkout.completed"):
        assert names.count(name) == 1, names
    assert "payment.failed" not in names


@pytest.mark.parametrize("method, is_told", [("paypal", True), ("klarna", False)])
def test_a_closed_tab_is_paid_all_the_same(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock, method: str, is_told: bool
) -> None:
    """By the processor's news; and where none comes, by asking after a while."""
    session_id = open_redirect(deps, shop)
    press(deps, session_id, method)
    bank.provider(payment_of(shop, session_id), "approve")

    if is_told:
        _news(deps)
    else:
        clock.advance(timedelta(minutes=11))
        resolver.refresh_stale(deps)

    assert checkout.state(deps, session_id).phase == "paid"
    assert bank.facts("captured") == [4999]


@pytest.mark.parametrize(
    "method, answer, reason, has_charge",
    [
        ("klarna", "cancel", DeclineReason.UNFINISHED, False),
        ("paypal", "decline", DeclineReason.PROVIDER, True),
    ],
)
def test_what_is_not_confirmed_can_be_paid_in_another_way(
    deps: Deps,
    shop: Shop,
    bank: Bank,
    method: str,
    answer: str,
    reason: DeclineReason,
    has_charge: bool,
) -> None:
    session_id = open_redirect(deps, shop)
    press(deps, session_id, method)
    bank.provider(payment_of(shop, session_id), answer)
    view = _back(deps, session_id)

    assert (view.phase, view.status) == ("declined", "open")
    assert view.decline is not None
    assert METHODS[method].title in view.decline.title
    failed = payment_of(shop, session_id)
    assert (failed.decline_reason, failed.charge_attempt_id is not None) == (reason, has_charge)

    view = pay_checkout(deps, session_id)
    assert (view.phase, view.method, view.card_last4) == ("paid", "card", "4242")
    assert payment_of(shop, session_id).fee_minor == 175
    assert_books_equal_record(bank)


def test_a_second_press_goes_on_with_the_first_and_another_country_begins_anew(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """And the page of what was begun before takes nothing any more, nor does a page that was paid on."""
    session_id = open_redirect(deps, shop, amount=EURO)
    first = press(deps, session_id, "klarna", {"country": "DE"})
    again = press(deps, session_id, "klarna", {"country": "DE"})
    assert again.action == first.action

    other = press(deps, session_id, "klarna", {"country": "AT"})
    assert other.action != first.action
    payment = payment_of(shop, session_id)
    old, new = (one.action["url"].partition("attempt=")[2] for one in (first, other))
    bank.provider(payment, "approve", attempt=old)
    assert _back(deps, session_id).phase == "redirect"
    for _ in range(2):
        bank.provider(payment, "approve", attempt=new)
    assert _back(deps, session_id).phase == "paid"
    assert bank.facts("captured") == [4999]


def test_a_question_of_the_bank_does_not_stand_in_the_way_of_a_provider(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """The same method pressed after a card: its earlier page is over, so it begins anew."""
    session_id = open_redirect(deps, shop)
    first = press(deps, session_id, "paypal")
    assert pay_checkout(deps, session_id, NEEDS_3DS).phase == "action"

    again = press(deps, session_id, "paypal")

    assert again.phase == "redirect"
    assert again.action["url"] != first.action["url"]


def test_two_tabs_with_two_ways_pay_once(deps: Deps, shop: Shop, bank: Bank) -> None:
    """Confirmed at the provider, unseen; then a card in the other tab, and the other way round."""
    method = "klarna"
    session_id = open_redirect(deps, shop)
    press(deps, session_id, method)
    bank.provider(payment_of(shop, session_id), "approve")
    view = pay_checkout(deps, session_id)
    if view.phase == "checking":
        resolver.resolve(deps, payment_of(shop, session_id))
    assert checkout.state(deps, session_id).phase == "paid"
    paid = payment_of(shop, session_id)
    assert (paid.method, paid.card, paid.fee_minor) == (method, None, FEES[method])

    session_id = open_redirect(deps, shop)
    attempt = press(deps, session_id, method).action["url"].partition("attempt=")[2]
    assert pay_checkout(deps, session_id).phase == "paid"
    bank.provider(payment_of(shop, session_id), "approve", attempt=attempt)
    _news(deps)
    assert payment_of(shop, session_id).method == "card"
    assert bank.facts("captured") == [4999, 4999]
    assert_books_equal_record(bank)


def test_a_confirmation_and_a_card_at_the_same_moment_pay_once(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    session_id = open_redirect(deps, shop)
    press(deps, session_id, "paypal")
    payment = payment_of(shop, session_id)

    at_once(
        [
            lambda: pay_checkout(deps, session_id, VISA),
            lambda: bank.provider(payment, "approve"),
            lambda: press(deps, session_id, "paypal"),
        ]
    )
    for _ in range(3):
        _news(deps)
        if payment_of(shop, session_id).operation is not None:
            resolver.resolve(deps, payment_of(shop, session_id))

    if checkout.state(deps, session_id).phase == "redirect":
        # The second press came last, and began anew: then nothing was taken before it.
        assert bank.facts("captured") == []
    else:
        assert checkout.state(deps, session_id).phase == "paid"
        assert bank.facts("captured") == [4999]
    assert_books_equal_record(bank)


def test_an_expired_checkout_lets_go_before_it_says_that_nothing_was_taken(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    session_id = open_redirect(deps, shop, expires_at=deps.clock.now() + timedelta(minutes=30))
    attempt = press(deps, session_id, "paypal").action["url"].partition("attempt=")[2]
    clock.advance(timedelta(minutes=31))
    assert checkout.state(deps, session_id).phase == "checking"

    expiry.expire_due(deps)

    assert checkout.state(deps, session_id).phase == "expired"
    bank.provider(payment_of(shop, session_id), "approve", attempt=attempt)
    _news(deps)
    assert checkout.state(deps, session_id).phase == "expired"
    assert bank.facts("authorised") == []


def test_what_is_confirmed_while_a_checkout_expires_goes_back(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    """The shop was told that the checkout is over, so the money is not kept."""
    session_id = open_redirect(deps, shop)
    press(deps, session_id, "paypal")
    payment = payment_of(shop, session_id)
    bank.fault("drop_before", "POST /v1/payment_intents/{id}/cancel")
    expiry.expire_session(deps, shop.merchant_id, session_id, actor="api:test")
    assert checkout.state(deps, session_id).phase == "checking"
    bank.provider(payment, "approve")

    resolver.resolve(deps, payment_of(shop, session_id))
    reversals.reverse_due(deps)
    refunds.submit_due(deps)

    view = checkout.state(deps, session_id)
    assert (view.phase, view.refunded) == ("returned", PRICE)
    assert (bank.facts("captured"), bank.facts("refunded")) == ([4999], [4999])
    assert ledger.verify() == []


def test_an_answer_that_does_not_come_is_never_called_failed(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """Neither of the call that sends the customer there, nor of the question what became of it."""
    session_id = open_redirect(deps, shop)
    bank.fault("drop_after", "POST /v1/payment_intents")
    assert press(deps, session_id, "klarna").phase == "checking"
    resolver.resolve(deps, payment_of(shop, session_id))
    assert checkout.state(deps, session_id).phase == "redirect"
    assert len(bank.events("payment_intent.created")) == 1

    bank.provider(payment_of(shop, session_id), "approve")
    bank.fault("unavailable", "GET /v1/payment_intents/{id}")
    assert _back(deps, session_id).phase == "redirect"
    assert _back(deps, session_id).phase == "paid"


@pytest.mark.parametrize(
    "method, answer, phase", [("paypal", "approve", "paid"), ("klarna", "decline", "declined")]
)
def test_a_provider_that_thinks_about_it_is_waited_for(
    deps: Deps, shop: Shop, bank: Bank, method: str, answer: str, phase: str
) -> None:
    session_id = open_redirect(deps, shop)
    press(deps, session_id, method)
    bank.provider(payment_of(shop, session_id), "review")

    assert _back(deps, session_id).phase == "checking"
    assert payment_of(shop, session_id).status is PaymentStatus.PROCESSING

    bank.provider(payment_of(shop, session_id), answer)
    _news(deps)
    assert checkout.state(deps, session_id).phase == phase


def test_an_amount_is_held_for_as_long_as_the_provider_holds_it(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    method = "klarna"
    session_id = open_redirect(deps, shop, capture_method="manual")
    press(deps, session_id, method)
    bank.provider(payment_of(shop, session_id), "approve")

    assert _back(deps, session_id).phase == "authorized"
    held = payment_of(shop, session_id)
    assert held.capture_before is not None
    left = held.capture_before - deps.clock.now()
    assert round(left / timedelta(days=1)) == METHODS[method].hold_days

    part = Money(2000, "USD")
    taken = capture_payment(deps, CapturePayment(shop.merchant_id, held.id, "api:test", part))
    assert (taken.status, taken.captured_minor) == (PaymentStatus.CAPTURED, 2000)
    assert_books_equal_record(bank)


def test_refunds_go_back_in_parts_for_as_long_as_the_provider_takes_them(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    method = "paypal"
    session_id = open_redirect(deps, shop)
    press(deps, session_id, method)
    bank.provider(payment_of(shop, session_id), "approve")
    _back(deps, session_id)
    payment = payment_of(shop, session_id)

    def refund(minor: int) -> None:
        amount = Money(minor, "USD")
        request_refund(deps, RequestRefund(shop.merchant_id, payment.id, amount, "api:test"))
        refunds.submit_due(deps)

    clock.advance(timedelta(days=180))
    refund(1000)
    assert payment_of(shop, session_id).refunded_minor == 1000
    clock.advance(timedelta(days=1))
    with pytest.raises(UnexpectedState, match="takes refunds for 180 days"):
        refund(500)
    assert bank.facts("refunded") == [1000]
    assert payment_of(shop, session_id).refund_reserved_minor == 0


def test_what_cannot_work_is_hidden_and_refused(deps: Deps, shop: Shop, bank: Bank) -> None:
    """By amount, currency and the customer's country; escrow may be paid so, as by card."""

    def ways(amount: Money, **more: object) -> tuple[str, ...]:
        return checkout.state(deps, open_redirect(deps, shop, amount=amount, **more)).methods

    assert ways(PRICE) == ("card", "paypal", "klarna")
    assert ways(Money(3499, "USD")) == ("card", "paypal")
    assert ways(Money(4999, "JPY")) == ("card",)
    assert ways(Money(1_000_000, "EUR")) == ("card", "paypal", "klarna")
    assert ways(PRICE, escrow=Plan().stored()) == ("card", "paypal", "klarna")

    session_id = open_redirect(deps, shop, amount=Money(500_000, "EUR"))
    for said, param in (
        ({}, "country"),
        ({"country": "IT"}, "method"),
        ({"country": "US"}, "method"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            press(deps, session_id, "klarna", said)
        assert refused.value.param == param
    assert bank.events() == []
    assert press(deps, session_id, "klarna", {"country": "DE"}).phase == "redirect"
