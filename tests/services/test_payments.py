"""Taking money, capturing what is held, letting it go."""

from datetime import timedelta

import pytest

from app.domain.declines import DeclineReason
from app.domain.errors import CaptureTooLarge, NotFound, UnexpectedState
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import creation, payments, resolver
from app.services.creation import CreatePayment
from app.services.deps import Deps
from app.services.payments import CancelPayment, CapturePayment, ConfirmPayment
from tests.factories import (
    DECLINED,
    NEEDS_3DS,
    NO_FUNDS,
    VISA,
    Shop,
    TestClock,
    make_payment,
    open_shop,
    usd,
)
from tests.services.bank import Bank, assert_books_equal_record, rows

HELD = "manual"


def capture(deps: Deps, payment: Payment, amount: Money | None = None) -> Payment:
    return payments.capture_payment(
        deps, CapturePayment(payment.merchant_id, payment.id, "user:robin", amount)
    )


def cancel(deps: Deps, payment: Payment) -> Payment:
    return payments.cancel_payment(
        deps, CancelPayment(payment.merchant_id, payment.id, "user:robin")
    )


def confirm(deps: Deps, payment: Payment, token: str = VISA) -> Payment:
    return payments.confirm_payment(
        deps, ConfirmPayment(payment.merchant_id, payment.id, token, "customer")
    )


def timeline(payment: Payment) -> list[str]:
    found = rows("SELECT name FROM events WHERE payment_id = :p ORDER BY id", p=payment.id)
    return sorted(row["name"] for row in found)


def test_a_payment_is_taken_at_once(deps: Deps, shop: Shop, bank: Bank) -> None:
    payment = make_payment(deps, shop, amount=usd("49.99"))

    assert payment.status is PaymentStatus.CAPTURED
    assert (payment.captured_minor, payment.fee_minor) == (4999, 175)
    assert payment.card is not None
    assert (payment.card.brand, payment.card.last4) == ("visa", "4242")
    assert bank.facts("captured") == [4999]
    assert timeline(payment) == [
        "payment.captured",
        "payment.created",
        "payment.processing_started",
    ]
    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED
    assert_books_equal_record(bank)


@pytest.mark.parametrize(
    "amount",
    [
        Money(999, "JPY"),
        Money(12340, "TND"),
        Money(500, "ISK"),
        Money(500, "UGX"),
        Money(10000, "MGA"),
        Money(50, "USD"),
        Money(999_999_99, "EUR"),
    ],
    ids=str,
)
def test_money_is_the_same_on_both_sides_in_every_currency(
    deps: Deps, shop: Shop, bank: Bank, amount: Money
) -> None:
    payment = make_payment(deps, shop, amount=amount)

    assert payment.status is PaymentStatus.CAPTURED
    assert payment.captured_minor == amount.amount_minor
    assert bank.totals(amount.currency.lower())["captured"] == amount.amount_minor
    assert_books_equal_record(bank)


def test_a_payment_can_be_made_first_and_tried_later(deps: Deps, shop: Shop, bank: Bank) -> None:
    made = creation.create_payment(deps, CreatePayment(shop.merchant_id, usd("20.00"), "api:test"))
    assert isinstance(made, Payment)
    assert made.status is PaymentStatus.OPEN
    assert bank.facts("authorised") == []

    assert confirm(deps, made).status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [2000]


def test_an_open_payment_is_canceled_without_the_processor(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    made = creation.create_payment(deps, CreatePayment(shop.merchant_id, usd("20.00"), "api:test"))
    assert isinstance(made, Payment)

    assert cancel(deps, made).status is PaymentStatus.CANCELED
    assert bank.events() == []
    with pytest.raises(UnexpectedState):
        confirm(deps, made)


def test_a_hold_takes_nothing_until_it_is_captured(deps: Deps, shop: Shop, bank: Bank) -> None:
    held = make_payment(deps, shop, capture_method=HELD)
    assert held.status is PaymentStatus.AUTHORIZED
    assert (held.authorized_minor, held.captured_minor) == (5000, 0)
    assert held.capture_before is not None
    assert held.capture_before > deps.clock.now() + timedelta(days=6)
    assert bank.facts("captured") == []

    assert capture(deps, held).captured_minor == 5000
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def test_a_partial_capture_takes_a_part_and_lets_the_rest_go(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    taken = capture(deps, make_payment(deps, shop, capture_method=HELD), usd("20.00"))

    assert taken.status is PaymentStatus.CAPTURED
    assert (taken.authorized_minor, taken.captured_minor, taken.fee_minor) == (5000, 2000, 88)
    assert (bank.facts("captured"), bank.facts("released")) == ([2000], [3000])
    assert_books_equal_record(bank)


@pytest.mark.parametrize(
    "amount", [usd("50.01"), usd("0"), Money(-1, "USD"), Money(5000, "EUR")], ids=str
)
def test_no_more_than_is_held_can_be_captured(
    deps: Deps, shop: Shop, bank: Bank, amount: Money
) -> None:
    held = make_payment(deps, shop, capture_method=HELD)

    with pytest.raises(CaptureTooLarge):
        capture(deps, held, amount)
    assert bank.facts("captured") == []
    assert payments.load(shop.merchant_id, held.id).operation is None


def test_a_hold_is_captured_once(deps: Deps, shop: Shop, bank: Bank) -> None:
    held = make_payment(deps, shop, capture_method=HELD)
    capture(deps, held, usd("20.00"))

    with pytest.raises(UnexpectedState, match="captured"):
        capture(deps, held, usd("20.00"))
    with pytest.raises(UnexpectedState, match="captured"):
        cancel(deps, held)
    assert bank.facts("captured") == [2000]


def test_a_canceled_hold_lets_everything_go(deps: Deps, shop: Shop, bank: Bank) -> None:
    held = make_payment(deps, shop, capture_method=HELD)

    canceled = cancel(deps, held)
    assert canceled.status is PaymentStatus.CANCELED
    assert canceled.cancel_reason == "requested_by_customer"
    assert (bank.facts("released"), bank.facts("captured")) == ([5000], [])
    assert bank.intent(held.processor_reference)["status"] == "canceled"
    with pytest.raises(UnexpectedState, match="canceled"):
        capture(deps, held)


def test_a_captured_payment_can_be_neither_tried_nor_canceled(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop)

    with pytest.raises(UnexpectedState):
        confirm(deps, paid)
    with pytest.raises(UnexpectedState):
        cancel(deps, paid)


@pytest.mark.parametrize(
    "token, reason, code",
    [
        (DECLINED, DeclineReason.GENERIC, "generic_decline"),
        (NO_FUNDS, DeclineReason.FUNDS, "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", DeclineReason.GENERIC, "lost_card"),
        ("pm_card_chargeDeclinedProcessingError", DeclineReason.TECHNICAL, "processing_error"),
    ],
)
def test_a_decline_takes_nothing_and_says_why(
    deps: Deps, shop: Shop, bank: Bank, token: str, reason: DeclineReason, code: str
) -> None:
    payment = make_payment(deps, shop, token=token)

    assert payment.status is PaymentStatus.FAILED
    assert (payment.decline_reason, payment.decline_code) == (reason, code)
    assert (payment.captured_minor, payment.fee_minor) == (0, 0)
    assert payment.card is not None
    assert bank.facts("authorised") == []
    assert rows("SELECT id FROM journals WHERE payment_id = :p", p=payment.id) == []


def test_a_declined_payment_is_tried_again_on_the_same_object_there(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    declined = make_payment(deps, shop, token=NO_FUNDS)
    paid = confirm(deps, declined)

    assert paid.status is PaymentStatus.CAPTURED
    assert paid.processor_reference == declined.processor_reference
    assert (paid.decline_reason, paid.decline_code) == (None, None)
    assert len(bank.events("payment_intent.created")) == 1
    assert bank.facts("captured") == [5000]
    tries = rows("SELECT kind, status FROM operations WHERE payment_id = :p", p=paid.id)
    assert sorted((row["kind"], row["status"]) for row in tries) == [
        ("authorize", "failed"),
        ("authorize", "succeeded"),
    ]


def test_an_unknown_payment_method_takes_nothing(deps: Deps, shop: Shop, bank: Bank) -> None:
    payment = make_payment(deps, shop, token="pm_card_nobody")

    assert payment.status is PaymentStatus.FAILED
    assert payment.operation is None
    assert bank.facts("authorised") == []


def test_a_customer_who_confirms_with_the_bank_has_paid(deps: Deps, shop: Shop, bank: Bank) -> None:
    waiting = make_payment(deps, shop, token=NEEDS_3DS)
    assert waiting.status is PaymentStatus.REQUIRES_ACTION
    assert waiting.client_secret
    assert bank.facts("authorised") == []

    bank.answer_challenge(waiting)
    paid = resolver.refresh(deps, waiting)
    assert paid.status is PaymentStatus.CAPTURED
    assert paid.client_secret is None
    assert paid.card is not None
    assert paid.card.three_d_secure == "authenticated"
    assert_books_equal_record(bank)


@pytest.mark.parametrize("answer", ["fail", "cancel"])
def test_a_customer_whom_the_bank_does_not_know_has_not_paid(
    deps: Deps, shop: Shop, bank: Bank, answer: str
) -> None:
    waiting = make_payment(deps, shop, token=NEEDS_3DS)
    bank.answer_challenge(waiting, answer)

    failed = resolver.refresh(deps, waiting)
    assert failed.status is PaymentStatus.FAILED
    assert failed.decline_reason is DeclineReason.AUTHENTICATE
    assert confirm(deps, failed).status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [5000]


def test_a_payment_that_waits_for_the_bank_can_be_canceled(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    waiting = make_payment(deps, shop, token=NEEDS_3DS)

    assert cancel(deps, waiting).status is PaymentStatus.CANCELED
    assert bank.intent(waiting.processor_reference)["status"] == "canceled"
    bank.answer_challenge(waiting)
    assert bank.facts("authorised") == []


def test_a_hold_that_ran_out_is_expired(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    held = make_payment(deps, shop, capture_method=HELD)
    bank.client.v1.payment_intents.cancel(str(held.processor_reference))
    clock.advance(timedelta(days=8))

    assert resolver.refresh_stale(deps) == 1
    assert payments.load(shop.merchant_id, held.id).status is PaymentStatus.CANCELED
    assert bank.facts("captured") == []


def test_a_hold_that_was_captured_at_the_processor_is_booked(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    held = make_payment(deps, shop, capture_method=HELD)
    bank.client.v1.payment_intents.capture(
        str(held.processor_reference), {"amount_to_capture": 1500}
    )

    with_command = capture(deps, held)
    settled = resolver.resolve(deps, with_command)
    assert settled.status is PaymentStatus.CAPTURED
    assert settled.captured_minor == 1500
    assert_books_equal_record(bank)


def test_another_merchants_payment_does_not_exist(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop, capture_method=HELD)
    other = open_shop(deps, name="Other")

    for use in (
        lambda: payments.load(other.merchant_id, paid.id),
        lambda: payments.capture_payment(
            deps, CapturePayment(other.merchant_id, paid.id, "user:mallory")
        ),
        lambda: payments.cancel_payment(
            deps, CancelPayment(other.merchant_id, paid.id, "user:mallory")
        ),
        lambda: payments.confirm_payment(
            deps, ConfirmPayment(other.merchant_id, paid.id, VISA, "user:mallory")
        ),
    ):
        with pytest.raises(NotFound):
            use()
