"""What the platform keeps: exact to the cent against the postings, whichever way it is cut."""

from datetime import timedelta

import pytest

from app.domain.money import Money
from app.reports import margins
from app.reports.margins import Margin, totals
from app.services import fees
from app.services.deps import Deps
from app.services.fees import SetSchedule
from app.services.refunds import RequestRefund, request_refund
from tests.factories import FakeQueue, Shop, TestClock, make_payment, open_shop, usd
from tests.services.bank import rows

LONG_AGO = timedelta(days=400)


@pytest.fixture
def trade(deps: Deps, shop: Shop, queue: FakeQueue, clock: TestClock) -> Shop:
    """Two merchants, three currencies, a schedule of one's own, a foreign card, a refund, a hold."""
    other = open_shop(deps, name="Other Shop")
    make_payment(deps, shop, amount=usd("49.99"))
    make_payment(deps, shop, amount=Money(10_000, "JPY"))
    refunded = make_payment(deps, shop, amount=usd("20.00"), token="pm_card_de")
    request_refund(deps, RequestRefund(shop.merchant_id, refunded.id, usd("20.00"), "user:robin"))
    queue.drain()
    make_payment(deps, shop, capture_method="manual")
    fees.set_schedule(deps, SetSchedule(other.merchant_id, "card", {"basis_points": 50}))
    clock.advance(fees.NOTICE)
    make_payment(deps, other, amount=usd("100.00"))
    make_payment(deps, other, amount=Money(10_000, "EUR"))
    return other


def booked() -> dict[str, tuple[int, int]]:
    """What the ledger's own view says: fees and processors' cost by currency."""
    found = rows(
        """SELECT currency,
                  coalesce(-sum(signed_minor) FILTER (WHERE account = 'platform_fees'), 0) AS earned,
                  coalesce(sum(signed_minor) FILTER (WHERE account = 'processor_fees'), 0) AS cost
           FROM ledger_entries WHERE account IN ('platform_fees', 'processor_fees') GROUP BY 1"""
    )
    return {row["currency"]: (int(row["earned"]), int(row["cost"])) for row in found}


def sums(found: list[Margin]) -> dict[str, tuple[int, int]]:
    return {row.currency: (row.earned.amount_minor, row.cost.amount_minor) for row in totals(found)}


@pytest.mark.parametrize("by", margins.BY)
def test_every_cut_adds_up_to_the_books(deps: Deps, trade: Shop, clock: TestClock, by: str) -> None:
    found = margins.margins(by, clock.now() - LONG_AGO)

    assert sums(list(found)) == booked()
    assert sums(list(found)).keys() == {"USD", "JPY", "EUR"}
    assert all(row.margin == row.earned - row.cost for row in found)


def test_a_merchant_who_pays_less_than_it_costs_is_seen(
    deps: Deps, shop: Shop, trade: Shop, clock: TestClock
) -> None:
    found = {
        (row.key, row.currency): row for row in margins.margins("merchant", clock.now() - LONG_AGO)
    }

    dollars = found[trade.merchant_id, "USD"]
    assert (dollars.payments, dollars.earned) == (1, usd("0.50"))
    assert dollars.margin < Money.zero("USD")
    assert found[shop.merchant_id, "USD"].payments == 2
    assert found[shop.merchant_id, "USD"].earned == usd("1.75") + usd("1.18")


def test_a_payment_has_a_line_of_its_own(deps: Deps, shop: Shop, clock: TestClock) -> None:
    payment = make_payment(deps, shop, amount=usd("49.99"))

    [row] = margins.margins("payment", clock.now() - LONG_AGO)
    assert payment.processor_fee_minor is not None
    assert row == Margin(payment.id, 1, usd("1.75"), Money(payment.processor_fee_minor, "USD"))


def test_methods_are_those_by_which_payments_were_priced(
    deps: Deps, trade: Shop, clock: TestClock
) -> None:
    assert {row.key for row in margins.margins("method", clock.now() - LONG_AGO)} == {"card"}


def test_only_the_span_and_the_merchant_asked_for_are_counted(
    deps: Deps, shop: Shop, trade: Shop, clock: TestClock
) -> None:
    since, now = clock.now() - LONG_AGO, clock.now()

    assert margins.margins("merchant", now + timedelta(seconds=1)) == []
    assert margins.margins("merchant", since, now - timedelta(days=1)) == []
    mine = margins.margins("merchant", since, merchant_id=shop.merchant_id)
    assert {row.key for row in mine} == {shop.merchant_id}
