"""What merchants pay: versions that never change what is priced, and lines that add up in the books."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.domain.errors import FeeRulesInvalid, NotFound
from app.domain.fees import Part, Schedule
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.services import fees, inbound, ledger, payments, resolver
from app.services.audit import By
from app.services.deps import Deps, Remembered
from app.services.fees import SetSchedule
from app.services.payments import CapturePayment
from app.store.db import transaction
from app.store.fees import FeeVolumeRow
from tests.factories import Shop, TestClock, make_payment, open_shop, usd
from tests.services.bank import Bank, at_once, deliver, rows

FREE = {"basis_points": 0}
TWO_PERCENT = {"basis_points": 200, "fixed": {"USD": 10}}
FOREIGN = "pm_card_de"
CREATE = "POST /v1/payment_intents"


def agree(deps: Deps, shop: Shop, rules: dict[str, Any], *, method: str = "card") -> Schedule:
    return fees.set_schedule(deps, SetSchedule(shop.merchant_id, method, rules))


def in_force(deps: Deps, clock: TestClock, shop: Shop, rules: dict[str, Any]) -> Schedule:
    """A schedule that has begun."""
    made = agree(deps, shop, rules)
    clock.advance(fees.NOTICE)
    return made


def capture(deps: Deps, payment: Payment, amount: Money | None = None) -> Payment:
    return payments.capture_payment(
        deps, CapturePayment(payment.merchant_id, payment.id, "user:robin", amount)
    )


def lines(payment: Payment) -> dict[str, int]:
    """The lines, as they are read back."""
    stored = payments.load(payment.merchant_id, payment.id)
    assert sum(part.minor for part in stored.fee_parts) == stored.fee_minor
    assert stored.fee_parts == payment.fee_parts
    return {part.name: part.minor for part in stored.fee_parts}


def booked_fee(payment: Payment) -> int:
    [row] = rows(
        "SELECT sum(p.amount_minor) AS fee FROM postings p JOIN journals j USING (merchant_id)"
        " WHERE j.id = p.journal_id AND p.credit = 'platform_fees' AND j.payment_id = :p",
        p=payment.id,
    )
    return int(row["fee"] or 0)


def another_process(deps: Deps) -> Deps:
    """The same system with a memory of its own."""
    return replace(deps, prices=Remembered(30))


def test_a_payment_keeps_the_lines_of_its_fee(deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop, amount=usd("49.99"))

    assert payment.fee_schedule == "card-standard-1"
    assert payment.fee_parts == (Part("base", 145, 290), Part("fixed", 30))
    assert lines(payment) == {"base": 145, "fixed": 30}
    assert booked_fee(payment) == 175


def test_a_card_from_another_country_costs_more(deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop, amount=usd("49.99"), token=FOREIGN)

    assert payment.card is not None
    assert payment.card.country == "DE"
    assert lines(payment) == {"base": 145, "fixed": 30, "cross_border": 75}
    assert booked_fee(payment) == 250


def test_what_was_not_captured_has_no_lines(deps: Deps, shop: Shop) -> None:
    assert lines(make_payment(deps, shop, capture_method="manual")) == {}


def test_a_partial_capture_prices_what_is_captured(deps: Deps, shop: Shop) -> None:
    held = make_payment(deps, shop, capture_method="manual")

    assert lines(capture(deps, held, usd("20.00"))) == {"base": 58, "fixed": 30}


def test_a_new_version_changes_no_payment_that_was_made_before(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    paid = make_payment(deps, shop)
    held = make_payment(deps, shop, capture_method="manual")
    own = in_force(deps, clock, shop, TWO_PERCENT)

    assert make_payment(deps, shop).fee_schedule == own.id
    assert lines(paid) == {"base": 145, "fixed": 30}
    clock.advance(timedelta(days=3))
    late = capture(another_process(deps), held)
    assert (late.fee_schedule, late.fee_minor) == ("card-standard-1", 175)


def test_an_outcome_found_days_later_is_priced_as_when_the_payment_was_made(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    first = in_force(deps, clock, shop, TWO_PERCENT)
    bank.fault("drop_after", CREATE)
    unknown = make_payment(deps, shop)
    assert unknown.status is PaymentStatus.UNKNOWN
    in_force(deps, clock, shop, FREE)
    clock.advance(timedelta(days=2))

    resolver.resolve_due(another_process(deps))

    found = payments.load(shop.merchant_id, unknown.id)
    assert (found.status, found.fee_schedule) == (PaymentStatus.CAPTURED, first.id)
    assert (found.fee_minor, booked_fee(found)) == (110, 110)


def test_a_version_begins_when_everybody_can_know_of_it(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    other = another_process(deps)
    make_payment(other, shop)
    own = agree(deps, shop, TWO_PERCENT)

    assert own.valid_from - clock.now() > timedelta(seconds=59)
    assert make_payment(deps, shop).fee_schedule == "card-standard-1"
    assert make_payment(other, shop).fee_schedule == "card-standard-1"


def test_another_merchants_schedule_is_none_of_mine(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    in_force(deps, clock, open_shop(deps), FREE)

    assert make_payment(deps, shop).fee_schedule == "card-standard-1"


def test_a_free_payment_has_no_lines_and_no_fee_in_the_books(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    in_force(deps, clock, shop, FREE)
    payment = make_payment(deps, shop)

    assert (payment.fee_minor, lines(payment), booked_fee(payment)) == (0, {}, 0)


def test_a_currency_that_a_schedule_does_not_state_costs_the_standard(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    own = in_force(deps, clock, shop, TWO_PERCENT)

    assert make_payment(deps, shop).fee_schedule == own.id
    yen = make_payment(deps, shop, amount=Money(10_000, "JPY"))
    assert (yen.fee_schedule, yen.fee_minor) == ("card-standard-1", 290)


def test_a_fee_of_before_lines_were_kept_is_one_line_and_stays_so(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    paid = make_payment(deps, shop)
    with transaction() as session:
        session.execute(text("UPDATE payments SET fee_parts = NULL, version = version + 1"))
        session.execute(text("UPDATE payments SET processor_fee_minor = NULL"))
    assert payments.load(shop.merchant_id, paid.id).fee_parts == (Part("unitemized", 175),)
    assert ledger.verify() == []

    [event] = bank.events("payment_intent.succeeded")
    deliver(deps, shop, event)
    inbound.handle_due(deps)
    assert payments.load(shop.merchant_id, paid.id).fee_parts == (Part("unitemized", 175),)


def test_versions_are_numbered_however_many_are_added_at_once(deps: Deps, shop: Shop) -> None:
    answers = at_once([lambda: agree(deps, shop, TWO_PERCENT) for _ in range(6)])

    assert all(isinstance(answer, Schedule) for answer in answers)
    found = rows("SELECT version FROM fee_schedules ORDER BY version")
    assert [row["version"] for row in found] == [1, 2, 3, 4, 5, 6]


def test_who_set_what_is_written_down(deps: Deps, shop: Shop) -> None:
    by = By("operator:ada", "192.0.2.1")
    made = fees.set_schedule(deps, SetSchedule(shop.merchant_id, "wallet", TWO_PERCENT, by=by))

    [entry] = rows(
        "SELECT action, subject_id, actor, data FROM audit_entries WHERE action LIKE 'fees%'"
    )
    assert (entry["action"], entry["subject_id"]) == ("fees.set", made.id)
    assert entry["actor"] == "operator:ada"
    assert entry["data"]["rules"] == TWO_PERCENT | {"conversion_basis_points": None}


@pytest.mark.parametrize(
    "more, message",
    [
        ({"method": "cheque"}, "There is no method “cheque”; there are card, wallet, "),
        ({"rules": {"basis_points": -1}}, "basis_points: expected whole basis points "),
        ({"valid_from": datetime(2020, 1, 1, tzinfo=UTC)}, "Fees change forwards only: "),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    deps: Deps, shop: Shop, more: dict[str, Any], message: str
) -> None:
    command = {"merchant_id": shop.merchant_id, "method": "card", "rules": FREE} | more

    with pytest.raises(FeeRulesInvalid) as refused:
        fees.set_schedule(deps, SetSchedule(**command))

    assert refused.value.message.startswith(message)
    assert rows("SELECT id FROM fee_schedules") == []
    assert rows("SELECT id FROM audit_entries WHERE action = 'fees.set'") == []


def test_a_stranger_has_no_fees(deps: Deps, shop: Shop) -> None:
    with pytest.raises(NotFound):
        fees.set_schedule(deps, SetSchedule("acct_nobody", "card", FREE))


@pytest.mark.parametrize(
    "statement", ["UPDATE fee_schedules SET version = 9", "DELETE FROM fee_schedules"]
)
def test_a_version_is_never_changed(deps: Deps, shop: Shop, statement: str) -> None:
    agree(deps, shop, FREE)

    with pytest.raises(ProgrammingError, match="permission denied"):
        rows(statement)


def test_the_month_before_chooses_the_rate_and_is_counted_once(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    for amount in (usd("600.00"), usd("400.00"), Money(5_000, "EUR")):
        make_payment(deps, shop, amount=amount)
    now = clock.now()
    month = now.date().replace(day=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    start = datetime(next_month.year, next_month.month, 1, 1, tzinfo=UTC)
    clock.advance(start - now)
    tiers = [{"above": 100_000, "basis_points": 250}, {"above": 200_000, "basis_points": 100}]
    in_force(deps, clock, shop, {"basis_points": 300, "by_volume": tiers})

    assert at_once([lambda: make_payment(deps, shop).fee_minor for _ in range(4)]) == [125] * 4
    assert make_payment(deps, shop, amount=Money(5_000, "EUR")).fee_minor == 150
    with transaction() as session:
        kept = session.get(FeeVolumeRow, (shop.merchant_id, month))
    assert kept is not None
    assert kept.volumes == {"USD": 100_000, "EUR": 5_000}
