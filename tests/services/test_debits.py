"""Bank debits: sent, waited for, paid or refused days later, and taken back after that. Every debit method
keeps these promises; they run against each one that is registered.
"""

from datetime import timedelta

import pytest

from app.domain.declines import DeclineReason
from app.domain.errors import UnexpectedState
from app.domain.methods import DELAYED, METHODS
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import (
    conversions,
    fx,
    inbound,
    ledger,
    merchants,
    polling,
    refunds,
    resolver,
    reversals,
)
from app.services.audit import By
from app.services.deps import Deps
from app.services.merchants import ChooseSettlement
from app.services.payments import CancelPayment, cancel_payment, load
from app.services.refunds import RequestRefund, request_refund
from app.store.db import transaction
from app.store.payments import PaymentRow
from tests.debits import ACH, SEPA, make_debit
from tests.factories import FakeQueue, Shop, TestClock
from tests.services.bank import Bank, rows

TOKENS = {"sepa_debit": SEPA, "ach_debit": ACH}
CODES = {"sepa_debit": ("AM04", "MD06"), "ach_debit": ("R01", "R10")}
each_debit = pytest.mark.parametrize("method", DELAYED)


def _sent(deps: Deps, shop: Shop, method: str) -> Payment:
    return make_debit(deps, shop, method=method, token=TOKENS[method])


def _news(deps: Deps, shop: Shop, payment: Payment) -> Payment:
    """What happened at the processor meanwhile, by asking it for its events."""
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    return load(shop.merchant_id, payment.id)


def _pending(shop: Shop) -> dict[str, int]:
    found = rows(
        """SELECT account, sum(signed_minor)::int AS total FROM ledger_entries
           WHERE merchant_id = :m GROUP BY 1 HAVING sum(signed_minor) <> 0""",
        m=shop.merchant_id,
    )
    return {row["account"]: row["total"] for row in found}


def test_every_debit_method_is_tested() -> None:
    assert set(TOKENS) >= set(DELAYED)


@each_debit
def test_a_debit_waits_and_books_nothing(deps: Deps, shop: Shop, bank: Bank, method: str) -> None:
    payment = _sent(deps, shop, method)

    assert payment.status is PaymentStatus.PROCESSING
    assert payment.operation is None
    assert payment.method == method
    assert payment.card is None
    assert len(payment.method_details["last4"]) == 4
    assert payment.method_details["mandate"].startswith("mandate_")
    expected = METHODS[method].expected_on(deps.clock.now().date())
    assert payment.method_details["expected_on"] == expected.isoformat()
    assert _pending(shop) == {}
    assert bank.facts("captured") == []


@each_debit
def test_a_debit_that_the_bank_pays_is_booked_once(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    payment = _sent(deps, shop, method)
    bank.debit(payment, "accept")

    paid = _news(deps, shop, payment)

    assert paid.status is PaymentStatus.CAPTURED
    assert paid.captured_minor == 5000
    assert bank.facts("captured") == [5000]
    assert _news(deps, shop, payment) == load(shop.merchant_id, payment.id)


@each_debit
def test_a_debit_that_the_bank_refuses_fails_late_with_the_banks_code(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    payment = _sent(deps, shop, method)
    code = CODES[method][0]
    bank.debit(payment, "refuse", failure="insufficient_funds", code=code)

    failed = _news(deps, shop, payment)

    assert failed.status is PaymentStatus.FAILED
    assert (failed.decline_reason, failed.decline_code) == (DeclineReason.FUNDS, code)
    assert _pending(shop) == {}


@each_debit
def test_a_booked_debit_that_is_taken_back_leaves_the_balance(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    """And what was captured stays told: the payment was taken, and is gone."""
    payment = _sent(deps, shop, method)
    bank.debit(payment, "accept")
    paid = _news(deps, shop, payment)
    code = CODES[method][1]
    bank.debit(payment, "return", code=code)

    back = _news(deps, shop, payment)

    assert back.status is PaymentStatus.RETURNED
    assert back.return_code == code
    assert back.returned_at is not None
    assert back.captured_minor == 5000
    owed = {name: total for name, total in _pending(shop).items() if "receivable" in name}
    assert sum(owed.values()) == -(paid.processor_fee_minor or 0)
    assert bank.totals(paid.currency.lower())["net"] == -(paid.processor_fee_minor or 0)
    assert _news(deps, shop, payment).version == back.version


@each_debit
def test_a_return_before_the_payment_was_heard_of_books_both(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    payment = _sent(deps, shop, method)
    bank.debit(payment, "accept")
    bank.debit(payment, "return", code="MD06")

    back = _news(deps, shop, payment)

    assert back.status is PaymentStatus.RETURNED
    names = [
        row["name"]
        for row in rows("SELECT name FROM events WHERE payment_id = :p ORDER BY id", p=payment.id)
    ]
    assert {"payment.captured", "payment.returned"} <= set(names)


@each_debit
def test_what_was_taken_back_cannot_be_refunded(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    payment = _sent(deps, shop, method)
    bank.debit(payment, "accept")
    bank.debit(payment, "return")
    back = _news(deps, shop, payment)

    with pytest.raises(UnexpectedState):
        request_refund(
            deps, RequestRefund(shop.merchant_id, back.id, Money(1, back.currency), "user:ada")
        )


@each_debit
def test_a_refund_that_was_under_way_when_the_bank_took_it_back_comes_home(
    deps: Deps, shop: Shop, bank: Bank, method: str
) -> None:
    payment = _sent(deps, shop, method)
    bank.debit(payment, "accept")
    paid = _news(deps, shop, payment)
    request_refund(
        deps, RequestRefund(shop.merchant_id, paid.id, Money(2000, paid.currency), "user:ada")
    )
    bank.debit(payment, "return")
    _news(deps, shop, payment)

    refunds.submit_due(deps)

    after = load(shop.merchant_id, paid.id)
    assert (after.status, after.refund_reserved_minor) == (PaymentStatus.RETURNED, 0)
    assert bank.facts("refunded") == []


@each_debit
def test_a_booked_debit_is_refunded_in_part(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue, clock: TestClock, method: str
) -> None:
    payment = _sent(deps, shop, method)
    bank.debit(payment, "accept")
    paid = _news(deps, shop, payment)
    request_refund(
        deps, RequestRefund(shop.merchant_id, paid.id, Money(2000, paid.currency), "user:ada")
    )
    refunds.submit_due(deps)

    assert bank.facts("refunded") == [2000]
    after = load(shop.merchant_id, paid.id)
    assert after.refunded_minor + after.refund_reserved_minor == 2000


@each_debit
@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "malformed_body", "error_after"])
def test_a_debit_whose_answer_was_lost_is_sent_once(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock, method: str, fault: str
) -> None:
    bank.fault(fault)

    payment = _sent(deps, shop, method)
    assert payment.status is PaymentStatus.UNKNOWN
    clock.advance(timedelta(minutes=1))
    resolver.resolve_due(deps)

    found = load(shop.merchant_id, payment.id)
    assert found.status is PaymentStatus.PROCESSING
    assert found.operation is None
    assert [event["type"] for event in bank.events("charge.pending")] == ["charge.pending"]
    bank.debit(found, "accept")
    assert _news(deps, shop, found).status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [5000]


def test_a_debit_on_its_way_is_not_canceled(deps: Deps, shop: Shop) -> None:
    payment = _sent(deps, shop, "sepa_debit")

    with pytest.raises(UnexpectedState):
        cancel_payment(deps, CancelPayment(shop.merchant_id, payment.id, "user:ada"))


def test_debits_that_wait_are_asked_about_after_hours_not_minutes(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    payment = _sent(deps, shop, "sepa_debit")
    bank.debit(payment, "accept")

    clock.advance(timedelta(hours=1))
    assert resolver.refresh_stale(deps) == 0
    clock.advance(timedelta(hours=6))
    assert resolver.refresh_stale(deps) == 1
    assert load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED


def _settles_in_dollars(deps: Deps, shop: Shop, *, has_rates: bool) -> None:
    chosen = ChooseSettlement(shop.merchant_id, ("GBP",), By("user:robin"))
    merchants.choose_settlement(deps, chosen)
    if has_rates:
        fx.fetch_rates(deps)
    deps.rates.forget()


def _in_books(currency: str) -> dict[str, int]:
    found = rows(
        """SELECT account, sum(signed_minor)::int AS total FROM ledger_entries
           WHERE currency = :c GROUP BY 1 HAVING sum(signed_minor) <> 0""",
        c=currency,
    )
    return {row["account"]: row["total"] for row in found}


def test_what_was_converted_is_changed_back_when_the_bank_takes_it(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """At the rate that it was changed at: only the fees stay paid."""
    _settles_in_dollars(deps, shop, has_rates=True)
    payment = _sent(deps, shop, "sepa_debit")
    bank.debit(payment, "accept")
    paid = _news(deps, shop, payment)
    assert (paid.settlement_currency, paid.fee_schedule) == ("USD", "sepa_debit-standard-1")
    assert "merchant_pending" not in _in_books("EUR")
    bank.debit(payment, "return", code="MD06")

    back = _news(deps, shop, payment)

    assert back.status is PaymentStatus.RETURNED
    assert -_in_books("EUR")["merchant_pending"] == -paid.fee_minor
    assert "merchant_pending" not in _in_books("USD")
    assert "fx_clearing" not in _in_books("EUR") | _in_books("USD")
    assert ledger.verify() == []


def test_what_was_taken_back_waits_for_no_rate(deps: Deps, shop: Shop, bank: Bank) -> None:
    _settles_in_dollars(deps, shop, has_rates=False)
    payment = _sent(deps, shop, "sepa_debit")
    bank.debit(payment, "accept")
    assert _news(deps, shop, payment).settlement_currency == "USD"
    bank.debit(payment, "return", code="MD06")

    back = _news(deps, shop, payment)
    fx.fetch_rates(deps)
    deps.rates.forget()

    assert conversions.convert_due(deps) == 0
    assert -_in_books("EUR")["merchant_pending"] == -back.fee_minor
    assert ledger.verify() == []


def test_a_refund_of_what_was_taken_back_waits_for_no_rate(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """The payment will never be converted, so its refund would wait for ever."""
    _settles_in_dollars(deps, shop, has_rates=False)
    payment = _sent(deps, shop, "sepa_debit")
    bank.debit(payment, "accept")
    paid = _news(deps, shop, payment)
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, Money(1000, "EUR"), "user:ada"))
    refunds.submit_due(deps)
    bank.debit(payment, "return", code="MD06")
    _news(deps, shop, payment)
    fx.fetch_rates(deps)
    deps.rates.forget()

    assert conversions.convert_due(deps) == 0
    assert rows("SELECT id FROM refunds WHERE settlement_currency IS NOT NULL") == []
    assert -_in_books("EUR")["merchant_pending"] == -paid.fee_minor - 1000


def test_late_money_that_the_bank_took_back_is_not_looked_at_for_ever(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    payment = _sent(deps, shop, "ach_debit")
    bank.debit(payment, "accept")
    _news(deps, shop, payment)
    with transaction() as session:
        session.get_one(PaymentRow, (shop.merchant_id, payment.id)).needs_reversal = True
    bank.debit(payment, "return")
    assert _news(deps, shop, payment).status is PaymentStatus.RETURNED

    assert reversals.reverse_due(deps) == 0
