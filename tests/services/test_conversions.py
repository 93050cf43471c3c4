"""Money that is paid in one currency and settled in another: every cent of both, at a stored rate."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError

from app.adapters.fx import DemoRates
from app.domain.errors import RateUnavailable, StaleAmount
from app.domain.escrow import Plan
from app.domain.fx import Rate, converted, cost
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import RefundRefused
from app.services import books, conversions, fees, fx, ledger, merchants, payments, refunds
from app.services.audit import By
from app.services.deps import Deps
from app.services.fees import SetSchedule
from app.services.merchants import ChooseSettlement
from app.services.payments import CapturePayment
from app.services.refunds import RefundUpdate, RequestRefund
from app.store.db import transaction
from tests.factories import FakeQueue, Shop, TestClock, make_payment
from tests.services.bank import at_once, rows

EUR_100 = Money(10000, "EUR")
RATE = Decimal("1.0842")


def choose(deps: Deps, shop: Shop, *kept: str) -> None:
    merchants.choose_settlement(deps, ChooseSettlement(shop.merchant_id, kept, By("user:robin")))


@pytest.fixture
def dollars(deps: Deps, shop: Shop) -> Shop:
    """A shop that settles in dollars and pounds, with fresh rates."""
    choose(deps, shop, "GBP")
    fx.fetch_rates(deps)
    deps.rates.forget()
    return shop


def balance(code: str, currency: str) -> int:
    [row] = rows(
        "SELECT coalesce(-sum(signed_minor), 0) AS net FROM ledger_entries"
        " WHERE account = :code AND currency = :currency",
        code=code,
        currency=currency,
    )
    return int(row["net"])


def row_of(payment: Payment) -> dict[str, Any]:
    [row] = rows("SELECT * FROM payments WHERE id = :id", id=payment.id)
    return row


def ask(deps: Deps, payment: Payment, minor: int, **more: Any) -> str:
    amount = Money(minor, payment.currency)
    return refunds.request_refund(
        deps, RequestRefund(payment.merchant_id, payment.id, amount, "user:robin", **more)
    )


def test_a_capture_is_converted_with_it_at_a_stored_rate(deps: Deps, dollars: Shop) -> None:
    payment = make_payment(deps, dollars, amount=EUR_100)

    row = row_of(payment)
    given = 10000 - row["fee_minor"]
    [rate] = rows("SELECT * FROM fx_rates WHERE id = :id", id=row["fx_rate_id"])
    assert (rate["base"], rate["quote"], rate["value"], rate["source"]) == (
        "EUR",
        "USD",
        RATE,
        "demo",
    )
    at = Rate("EUR", "USD", RATE, deps.clock.now(), id=rate["id"])
    made = converted(Money(given, "EUR"), at, fee_basis_points=0)
    assert made is not None
    assert (row["settlement_currency"], row["settled_minor"], row["fx_fee_minor"]) == (
        "USD",
        made.gained.amount_minor,
        0,
    )
    # One fee for the conversion, and it is in the payment's.
    assert {part["name"]: part["minor"] for part in row["fee_parts"]}["conversion"] == 100
    assert balance("merchant_pending", "EUR") == 0
    assert balance("merchant_pending", "USD") == made.net.amount_minor
    assert balance("fx_clearing", "EUR") == given
    assert balance("fx_clearing", "USD") == -made.gained.amount_minor
    assert balance("fx_fees", "USD") == 0


@pytest.mark.parametrize(
    "rules, in_fee, apart",
    [
        ({"basis_points": 290}, 0, 105),
        ({"basis_points": 290, "conversion_basis_points": 0}, 0, 0),
        ({"basis_points": 290, "conversion_basis_points": 150}, 150, 0),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_conversion_is_paid_for_once(
    deps: Deps,
    shop: Shop,
    clock: TestClock,
    rules: dict[str, int],
    in_fee: int,
    apart: int,
    is_late: bool,
) -> None:
    choose(deps, shop)
    fees.set_schedule(deps, SetSchedule(shop.merchant_id, "card", rules))
    clock.advance(fees.NOTICE)
    if not is_late:
        fx.fetch_rates(deps)
    payment = make_payment(deps, shop, amount=EUR_100)
    if is_late:
        fx.fetch_rates(deps)
        deps.rates.forget()
        conversions.convert_due(deps)

    row = row_of(payment)
    parts = {part["name"]: part["minor"] for part in row["fee_parts"]}
    assert (parts.get("conversion", 0), row["fx_fee_minor"]) == (in_fee, apart)
    assert row["fee_minor"] == 290 + in_fee
    assert balance("platform_fees", "EUR") == 290 + in_fee
    assert balance("fx_fees", "USD") == apart
    assert ledger.verify() == []


def test_what_is_not_converted_in_the_end_is_not_priced_as_if_it_were(
    deps: Deps, dollars: Shop
) -> None:
    fx.fetch_rates(deps)
    large = make_payment(deps, dollars, amount=Money(5_000_000, "IDR"), capture_method="manual")
    part = CapturePayment(dollars.merchant_id, large.id, "user:robin", Money(5_000, "IDR"))
    tiny = payments.capture_payment(deps, part)
    held = make_payment(deps, dollars, amount=EUR_100, escrow=Plan())

    for payment in (tiny, held):
        row = row_of(payment)
        assert row["settlement_currency"] is None
        assert "conversion" not in {part["name"] for part in row["fee_parts"]}


@pytest.mark.parametrize("currency", ["USD", "GBP"])
def test_what_a_merchant_settles_in_stays_as_it_was_paid(
    deps: Deps, dollars: Shop, currency: str
) -> None:
    payment = make_payment(deps, dollars, amount=Money(10000, currency))

    assert row_of(payment)["settlement_currency"] is None
    assert balance("fx_clearing", currency) == 0


def test_without_a_choice_nothing_is_converted(deps: Deps, shop: Shop) -> None:
    fx.fetch_rates(deps)

    assert row_of(make_payment(deps, shop, amount=EUR_100))["settlement_currency"] is None


def test_a_cross_rate_is_derived_once_and_stored_with_its_origin(deps: Deps, dollars: Shop) -> None:
    yen = make_payment(deps, dollars, amount=Money(15000, "JPY"))
    deps.rates.forget()
    other = make_payment(deps, dollars, amount=Money(9000, "JPY"))

    assert row_of(yen)["fx_rate_id"] == row_of(other)["fx_rate_id"]
    [rate] = rows("SELECT * FROM fx_rates WHERE base = 'JPY'")
    legs = rows("SELECT id FROM fx_rates WHERE quote IN ('JPY', 'USD') AND base = 'EUR'")
    assert set(rate["derived_from"]) == {leg["id"] for leg in legs}


@pytest.mark.parametrize("currency", ["EUR", "TND"])
def test_without_a_fresh_rate_the_capture_is_recorded_and_waits(
    deps: Deps, shop: Shop, currency: str
) -> None:
    choose(deps, shop)
    payment = make_payment(deps, shop, amount=Money(100000, currency))

    row = row_of(payment)
    assert (row["status"], row["settlement_currency"], row["fx_rate_id"]) == (
        "captured",
        "USD",
        None,
    )
    assert balance("merchant_pending", currency) == 100000 - row["fee_minor"]
    assert conversions.convert_due(deps) == 0


def test_what_waits_is_converted_once_when_a_rate_comes(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    choose(deps, shop)
    payment = make_payment(deps, shop, amount=EUR_100)
    waiting = ask(deps, payment, 2500)
    clock.advance(timedelta(days=5))
    ledger.release_due(deps)
    fx.fetch_rates(deps)
    deps.rates.forget()

    at_once([lambda: conversions.convert_due(deps)] * 2)
    conversions.convert_due(deps)

    row = row_of(payment)
    [refund] = rows("SELECT * FROM refunds WHERE id = :id", id=waiting)
    assert refund["fx_rate_id"] == row["fx_rate_id"] is not None
    at = Rate("EUR", "USD", RATE, clock.now(), id=row["fx_rate_id"])
    assert refund["settled_minor"] == cost(Money(2500, "EUR"), at).amount_minor
    ledger.release_due(deps)
    assert balance("merchant_pending", "EUR") + balance("merchant_available", "EUR") == 0
    net = row["settled_minor"] - row["fx_fee_minor"] - refund["settled_minor"]
    assert balance("merchant_pending", "USD") + balance("merchant_available", "USD") == net
    assert conversions.convert_due(deps) == 0


def test_a_stale_rate_converts_nothing_and_refuses_a_refund(
    deps: Deps, dollars: Shop, clock: TestClock
) -> None:
    payment = make_payment(deps, dollars, amount=EUR_100)
    clock.advance(timedelta(hours=97 + 24))

    later = make_payment(deps, dollars, amount=EUR_100)

    assert row_of(later)["fx_rate_id"] is None
    with pytest.raises(RateUnavailable, match="from EUR to USD that is newer than 96 hours"):
        ask(deps, payment, 1000)
    assert rows("SELECT * FROM refunds") == []
    assert row_of(payment)["refund_reserved_minor"] == 0


def new_rate(deps: Deps, value: str) -> None:
    """The euro moves: a newer list comes in."""
    quotes = [
        replace(one, value=Decimal(value), observed_at=deps.clock.now())
        for one in DemoRates(deps.clock).latest()
        if one.quote == "USD"
    ]
    with transaction() as session:
        from app.store import fx as store  # noqa: PLC0415 - only here a test writes a rate

        store.add(session, "demo", quotes, deps.clock.now())
    deps.rates.forget()


def test_a_refund_is_taken_at_todays_rate_from_what_was_settled(
    deps: Deps, dollars: Shop, queue: FakeQueue
) -> None:
    payment = make_payment(deps, dollars, amount=EUR_100)
    before = balance("merchant_pending", "USD")
    new_rate(deps, "1.2")

    refund_id = ask(deps, payment, 5000)
    queue.drain()

    [refund] = rows("SELECT * FROM refunds WHERE id = :id", id=refund_id)
    assert (refund["status"], refund["settled_minor"]) == ("succeeded", 6000)
    assert balance("merchant_pending", "USD") == before - 6000
    assert balance("merchant_pending", "EUR") == 0


def test_a_refund_that_fails_is_changed_back_at_the_rate_that_it_was_changed_at(
    deps: Deps, dollars: Shop, queue: FakeQueue
) -> None:
    payment = make_payment(deps, dollars, amount=EUR_100)
    before = balance("merchant_pending", "USD"), balance("fx_clearing", "USD")
    new_rate(deps, "1.2")
    refund_id = ask(deps, payment, 5000)
    new_rate(deps, "1.3")

    gone = RefundUpdate(dollars.merchant_id, refund_id, RefundRefused("declined", None, refund_id))
    refunds.apply_update(deps, gone)
    refunds.apply_update(deps, gone)

    assert (balance("merchant_pending", "USD"), balance("fx_clearing", "USD")) == before
    assert balance("merchant_pending", "EUR") == 0


def test_a_rate_that_moved_since_it_was_shown_is_shown_again_first(
    deps: Deps, dollars: Shop
) -> None:
    payment = make_payment(deps, dollars, amount=EUR_100)
    shown = fx.required_rate(deps, "EUR", "USD")
    new_rate(deps, "1.2")

    with pytest.raises(StaleAmount, match="exchange rate changed"):
        ask(deps, payment, 1000, expected_rate_id=shown.id)
    assert rows("SELECT * FROM refunds") == []


def test_money_that_goes_back_by_itself_does_not_wait_for_a_rate(
    deps: Deps, dollars: Shop, clock: TestClock
) -> None:
    payment = make_payment(deps, dollars, amount=EUR_100)
    clock.advance(timedelta(days=30))

    refund_id = ask(deps, payment, 10000, origin="late_payment")

    [refund] = rows("SELECT * FROM refunds WHERE id = :id", id=refund_id)
    assert (refund["settlement_currency"], refund["fx_rate_id"]) == ("USD", None)
    fx.fetch_rates(deps)
    deps.rates.forget()
    assert conversions.convert_due(deps) == 1


def test_a_choice_counts_from_then_on(deps: Deps, dollars: Shop) -> None:
    before = make_payment(deps, dollars, amount=EUR_100)
    choose(deps, dollars, "EUR")
    after = make_payment(deps, dollars, amount=EUR_100)

    assert row_of(before)["settlement_currency"] == "USD"
    assert row_of(after)["settlement_currency"] is None
    [entry] = rows("SELECT * FROM audit_entries ORDER BY at DESC, id DESC LIMIT 1")
    assert entry["data"] == {"before": ["GBP"], "after": ["EUR"]}


def test_rates_are_never_changed(deps: Deps, dollars: Shop) -> None:
    assert fx.fetch_rates(deps) == 0
    with pytest.raises(ProgrammingError, match="permission denied"), transaction() as session:
        session.connection().exec_driver_sql("UPDATE fx_rates SET value = 1")


def test_random_histories_leave_both_currencies_explained(
    deps: Deps, dollars: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    chance = random.Random(4217)  # noqa: S311 - a history that can be told again
    made: list[Payment] = []
    for _ in range(40):
        step = chance.choice(("pay", "pay", "refund", "rate", "fail", "day", "choose"))
        if step == "pay":
            currency = chance.choice(("EUR", "JPY", "GBP", "TND", "USD"))
            made.append(
                make_payment(
                    deps, dollars, amount=Money(chance.randrange(100, 9999) * 10, currency)
                )
            )
        elif step == "rate":
            new_rate(deps, f"1.{chance.randrange(1, 9999):04}")
        elif step == "day":
            clock.advance(timedelta(days=chance.choice((1, 6))))
            if chance.random() < 0.7:
                fx.fetch_rates(deps)
            deps.rates.forget()
            conversions.convert_due(deps)
            ledger.release_due(deps)
        elif step == "choose":
            choose(deps, dollars, *chance.choice(((), ("GBP",), ("EUR", "GBP"))))
        elif made:
            _some_refund(deps, chance.choice(made), fails=step == "fail", chance=chance)
    queue.drain()
    books.close_books(deps)

    assert ledger.verify() == []


def _some_refund(deps: Deps, payment: Payment, *, fails: bool, chance: random.Random) -> None:
    current = payments.load(payment.merchant_id, payment.id)
    left = current.captured_minor - current.refunded_minor - current.refund_reserved_minor
    if left < 10:
        return
    try:
        refund_id = ask(deps, payment, chance.randrange(1, left // 10 + 1) * 10)
    except RateUnavailable:
        return
    if fails:
        gone = RefundRefused("declined", None, refund_id)
        refunds.apply_update(deps, RefundUpdate(payment.merchant_id, refund_id, gone))
