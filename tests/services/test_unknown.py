"""Answers that never came, or that nobody understands: unknown until the processor has been asked."""

from datetime import timedelta

import pytest

from app.domain.errors import UnexpectedState
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import expiry, payments, resolver
from app.services.deps import Deps
from app.services.payments import CancelPayment, CapturePayment, ConfirmPayment
from tests.factories import (
    NEEDS_3DS,
    VISA,
    Shop,
    TestClock,
    make_payment,
    open_checkout,
    pay_checkout,
    usd,
)
from tests.services.bank import Bank, assert_books_equal_record, rows

CREATE = "POST /v1/payment_intents"


def settled(deps: Deps, clock: TestClock, payment: Payment, *, rounds: int = 4) -> Payment:
    """The payment after the resolver had its chances."""
    for _ in range(rounds):
        clock.advance(timedelta(minutes=2))
        resolver.resolve_due(deps)
    return payments.load(payment.merchant_id, payment.id)


def confirm(deps: Deps, payment: Payment) -> Payment:
    return payments.confirm_payment(
        deps, ConfirmPayment(payment.merchant_id, payment.id, VISA, "customer")
    )


def give(deps: Deps, payment: Payment, command: str) -> Payment:
    if command == "capture":
        return payments.capture_payment(
            deps, CapturePayment(payment.merchant_id, payment.id, "user:robin", usd("20.00"))
        )
    return payments.cancel_payment(
        deps, CancelPayment(payment.merchant_id, payment.id, "user:robin")
    )


def test_nothing_else_is_tried_while_the_outcome_is_unknown(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    bank.fault("drop_before", CREATE)
    payment = make_payment(deps, shop)

    with pytest.raises(UnexpectedState):
        confirm(deps, payment)
    with pytest.raises(UnexpectedState):
        give(deps, payment, "cancel")


def test_the_resolver_asks_less_and_less_often(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    bank.fault("drop_before", "*", count=None)
    make_payment(deps, shop)
    asked = []
    for _ in range(40):
        clock.advance(timedelta(seconds=30))
        asked.append(resolver.resolve_due(deps))

    assert asked[0] == 1
    assert 4 <= sum(asked) <= 8


def test_a_call_is_never_repeated_after_its_key_may_be_forgotten(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    bank.fault("drop_before", CREATE)
    payment = make_payment(deps, shop)
    clock.advance(timedelta(hours=23, minutes=5))
    resolver.resolve_due(deps)

    found = payments.load(shop.merchant_id, payment.id)
    assert found.status is PaymentStatus.FAILED
    assert found.decline_code == "not_processed"
    assert bank.facts("authorised") == []


def test_an_old_charge_is_found_by_asking_even_when_the_key_is_forgotten(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    bank.fault("drop_after", CREATE)
    payment = make_payment(deps, shop)
    bank.sandbox.control("idempotency/prune", account=shop.sandbox_account)
    clock.advance(timedelta(hours=23, minutes=5))
    resolver.resolve_due(deps)

    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def test_nobody_is_charged_after_the_checkout_is_over(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    session_id = open_checkout(deps, shop, expires_at=deps.clock.now() + timedelta(minutes=30))
    bank.fault("drop_before", CREATE)
    assert pay_checkout(deps, session_id).phase == "checking"
    clock.advance(timedelta(minutes=31))
    resolver.resolve_due(deps)

    [row] = rows("SELECT status FROM payments WHERE session_id = :s", s=session_id)
    assert row["status"] == "failed"
    assert bank.facts("authorised") == []
    expiry.expire_due(deps)
    expiry.expire_due(deps)
    [row] = rows("SELECT status FROM payments WHERE session_id = :s", s=session_id)
    assert row["status"] == "expired"


def test_a_question_that_nobody_can_answer_any_more_is_withdrawn_at_the_processor(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    session_id = open_checkout(deps, shop, expires_at=deps.clock.now() + timedelta(minutes=30))
    bank.fault("drop_after", CREATE)
    assert pay_checkout(deps, session_id, NEEDS_3DS).phase == "checking"
    clock.advance(timedelta(minutes=31))
    resolver.resolve_due(deps)
    expiry.expire_due(deps)
    expiry.expire_due(deps)

    [intent] = bank.client.v1.payment_intents.list().data
    assert intent.status == "canceled"
    [row] = rows("SELECT status FROM payments WHERE session_id = :s", s=session_id)
    assert row["status"] == "expired"


def test_a_process_that_died_after_recording_its_intent_is_finished_by_the_resolver(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    failing = crash_at(deps, "payment.intent_recorded")
    with pytest.raises(RuntimeError, match="failpoint"):
        make_payment(failing, shop)
    assert bank.facts("authorised") == []

    clock.advance(timedelta(minutes=2))
    assert resolver.resolve_due(deps) == 1
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


@pytest.mark.parametrize("point", ["payment.processor_answered", "payment.outcome_recorded"])
def test_a_process_that_died_after_the_answer_charges_once(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock, point: str
) -> None:
    with pytest.raises(RuntimeError, match="failpoint"):
        make_payment(crash_at(deps, point), shop)

    clock.advance(timedelta(minutes=2))
    resolver.resolve_due(deps)
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def crash_at(deps: Deps, point: str) -> Deps:
    """The same system with one failpoint that raises, as PAY_FAILPOINT sets it."""
    from dataclasses import replace  # noqa: PLC0415

    from app.adapters.failpoints import failpoint  # noqa: PLC0415

    return replace(deps, failpoint=failpoint(f"{point}:raise"))


def test_two_resolvers_do_not_look_at_the_same_payment(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    bank.fault("drop_after", CREATE)
    make_payment(deps, shop)
    clock.advance(timedelta(minutes=2))

    assert [resolver.resolve_due(deps), resolver.resolve_due(deps)] == [1, 0]
