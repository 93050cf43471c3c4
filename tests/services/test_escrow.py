"""Money held for a delivery: in full from the moment of its capture, and never more out than in."""

from datetime import timedelta

import pytest

from app.domain.errors import (
    EscrowFrozen,
    EscrowStateUnexpected,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    RefundTooLarge,
    ReleaseTooLarge,
    SellerNotConnected,
    StaleAmount,
)
from app.domain.escrow import Milestone, Plan
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import RefundRefused
from app.services import (
    checkout,
    escrow,
    fees,
    foreign,
    ledger,
    merchants,
    payments,
    refunds,
    sellers,
)
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.escrow import FreezeEscrow, Part, Released, ReleaseEscrow
from app.services.fees import SetSchedule
from app.services.payments import CapturePayment
from app.services.refunds import RefundUpdate, RequestRefund
from tests.factories import FakeQueue, Shop, TestClock, make_payment, open_shop, pay_checkout, usd
from tests.services.bank import Bank, assert_books_equal_record, at_once, rows
from tests.services.escrow_world import Market, balance, hold_id, market, owned


@pytest.fixture
def town(deps: Deps, shop: Shop) -> Market:
    """The shop as a platform."""
    return market(deps, shop)


def _refund(town: Market, payment: Payment, amount: str, seen: str | None = None) -> str:
    expected = None if seen is None else usd(seen)
    return refunds.request_refund(
        town.deps,
        RequestRefund(
            payment.merchant_id, payment.id, usd(amount), "user:robin", expected_held=expected
        ),
    )


def test_a_captured_payment_is_held_less_its_fee_from_that_very_moment(town: Market) -> None:
    payment = town.sell("49.99")

    assert payment.fee_minor == 175
    assert town.hold(payment) == ("held", 4824, 0, 0)
    assert owned(town.shop.merchant_id) == usd("0.00")
    assert balance(town.shop.merchant_id, "escrow_held") == usd("48.24")


def test_only_what_is_captured_is_held(town: Market) -> None:
    payment = make_payment(
        town.deps, town.shop, amount=usd("80.00"), capture_method="manual", escrow=Plan()
    )
    assert rows("SELECT id FROM escrow_holds") == []

    payments.capture_payment(
        town.deps, CapturePayment(payment.merchant_id, payment.id, "user:robin", usd("30.00"))
    )
    assert town.hold(payment) == ("held", 3000 - 117, 0, 0)


def test_a_payment_of_which_the_fee_takes_all_holds_nothing(
    town: Market, deps: Deps, clock: TestClock
) -> None:
    dear = {"basis_points": 0, "fixed": {"USD": 10_000}}
    fees.set_schedule(deps, SetSchedule(town.shop.merchant_id, "card", dear))
    clock.advance(fees.NOTICE)
    make_payment(deps, town.shop, amount=usd("5.00"), escrow=Plan())

    assert rows("SELECT id FROM escrow_holds") == []


def test_a_checkout_and_a_link_can_be_marked_too(town: Market, deps: Deps) -> None:
    link = merchants.create_link(
        deps, town.shop.merchant_id, title="Table", amount=usd("20.00"), escrow=Plan(town.ann)
    )
    view = pay_checkout(deps, checkout.open_from_link(deps, link))

    payment = payments.load(town.shop.merchant_id, str(view.payment_id))
    assert payment.escrow == {"destination": town.ann}
    assert town.hold(payment)[0] == "held"


def test_a_released_part_is_the_sellers_and_the_commission_the_platforms(town: Market) -> None:
    payment = town.sell()
    made = town.release(payment, "20.00", commission="2.50")

    assert town.hold(payment) == ("partly_released", 4824, 2000, 0)
    assert owned(town.ann) == usd("17.50")
    assert owned(town.shop.merchant_id) == usd("2.50")
    assert balance(town.shop.merchant_id, "escrow_held") == usd("28.24")
    assert len(made.transfer_ids) == 1


def test_money_arrives_pending_until_the_processor_has_settled(
    town: Market, queue: FakeQueue, clock: TestClock
) -> None:
    payment = town.sell()
    town.release(payment, "10.00", key="early")
    queue.drain()
    [early] = rows("SELECT available_on FROM transfers")
    assert early["available_on"] == payment.available_on
    assert balance(town.ann, "merchant_available") == usd("0.00")

    clock.advance(timedelta(days=8))
    town.release(payment, "10.00", key="late")
    queue.drain()
    assert balance(town.ann, "merchant_available") == usd("20.00")
    assert balance(town.ann) == usd("0.00")


def test_a_sellers_own_rate_decides_the_commission_that_nobody_said(deps: Deps, shop: Shop) -> None:
    town = market(deps, shop, basis_points=250)
    town.release(town.sell(), "10.30")

    assert owned(town.shop.merchant_id) == usd("0.26")
    assert owned(town.ann) == usd("10.04")


def test_one_release_goes_to_several_sellers_and_adds_up(town: Market) -> None:
    payment = town.sell()
    parts = (Part(town.ann, usd("20.00"), usd("1.00")), Part(town.ben, usd("28.24"), usd("0.01")))
    command = ReleaseEscrow(town.shop.merchant_id, hold_id(payment), "user:robin", "k", parts=parts)
    escrow.release(town.deps, command)

    assert town.hold(payment) == ("released", 4824, 4824, 0)
    assert (owned(town.ann), owned(town.ben)) == (usd("19.00"), usd("28.23"))
    assert owned(town.shop.merchant_id) == usd("1.01")


def test_milestones_share_what_is_held_and_are_each_released_once(town: Market) -> None:
    plan = town.steps(
        ("Design", "10.00", town.ann), ("Print", "20.00", town.ben), ("Ship", "19.99", town.ben)
    )
    payment = town.sell("49.99", plan)
    town.release(payment, milestone="Design", key="1")
    assert owned(town.ann) == usd("9.65")
    with pytest.raises(EscrowStateUnexpected):
        town.release(payment, milestone="Design", key="2")
    with pytest.raises(InvalidRequest):
        town.release(payment, milestone="Paint", key="3")

    _refund(town, payment, "10.00")
    town.release(payment, milestone="Print", key="4")
    town.release(payment, milestone="Ship", key="5")
    assert town.hold(payment) == ("closed", 4824, 3824, 1000)
    assert owned(town.ben) == usd("28.59")


def test_all_is_released_as_planned(town: Market) -> None:
    plan = town.steps(("Design", "10.00", town.ann), ("Print", "39.99", town.ben))
    payment = town.sell("49.99", plan)
    made = town.release(payment)

    assert len(made.transfer_ids) == 2
    assert owned(town.ann) + owned(town.ben) == usd("48.24")
    with pytest.raises(EscrowStateUnexpected):
        town.release(payment, key="again")


def test_without_a_named_seller_all_cannot_be_released(town: Market) -> None:
    with pytest.raises(InvalidRequest, match="names no seller"):
        town.release(town.sell())


def test_the_same_key_releases_once_and_not_something_else(town: Market) -> None:
    payment = town.sell()
    first = town.release(payment, "12.00", key="a")
    again = town.release(payment, "12.00", key="a")

    assert (again.id, again.transfer_ids, again.is_new) == (first.id, first.transfer_ids, False)
    assert owned(town.ann) == usd("12.00")
    with pytest.raises(IdempotencyMismatch):
        town.release(payment, "13.00", key="a")


def test_no_more_is_released_than_is_held_and_only_to_sellers(town: Market, deps: Deps) -> None:
    payment = town.sell()
    with pytest.raises(ReleaseTooLarge, match=r"USD 48\.24 is held"):
        town.release(payment, "48.25")
    with pytest.raises(SellerNotConnected):
        town.release(payment, "1.00", to=open_shop(deps).merchant_id)
    with pytest.raises(InvalidRequest, match="leaves nothing"):
        town.release(payment, "1.00", commission="1.00")
    sellers.disconnect_seller(town.shop.merchant_id, town.ann)
    with pytest.raises(SellerNotConnected):
        town.release(payment, "1.00")
    assert town.hold(payment) == ("held", 4824, 0, 0)
    assert rows("SELECT id FROM transfers") == []


def test_another_merchants_hold_is_not_there(town: Market, deps: Deps) -> None:
    payment = town.sell()
    other = open_shop(deps)
    with pytest.raises(NotFound):
        escrow.release(deps, ReleaseEscrow(other.merchant_id, hold_id(payment), "user:x", "k"))
    with pytest.raises(NotFound):
        escrow.freeze(deps, FreezeEscrow(other.merchant_id, hold_id(payment), "user:x", "why"))


def test_twenty_releases_at_once_never_pay_out_more_than_is_held(town: Market) -> None:
    payment = town.sell("49.99")

    answers = at_once(
        [lambda n=n: town.release(payment, "12.00", key=f"k{n}") for n in range(20)]  # type: ignore[misc]
    )
    assert sum(isinstance(one, Released) for one in answers) == 4
    assert all(isinstance(one, Released | ReleaseTooLarge) for one in answers)
    assert town.hold(payment) == ("partly_released", 4824, 4800, 0)
    assert owned(town.ann) == usd("48.00")


def test_the_same_release_ten_times_at_once_is_one(town: Market) -> None:
    payment = town.sell("49.99")

    answers = at_once([lambda: town.release(payment, "12.00") for _ in range(10)])
    assert len({one.id for one in answers if isinstance(one, Released)}) == 1
    assert owned(town.ann) == usd("12.00")


def test_releases_across_platforms_that_sell_for_each_other_do_not_wait_in_a_ring(
    deps: Deps, shop: Shop
) -> None:
    other = open_shop(deps)
    for one, two in ((shop, other), (other, shop)):
        sellers.connect_seller(deps, sellers.ConnectSeller(one.merchant_id, two.merchant_id))
    mine = Market(deps, shop, other.merchant_id, other.merchant_id)
    theirs = Market(deps, other, shop.merchant_id, shop.merchant_id)
    holds = [(town, town.sell("30.00")) for town in (mine, theirs) * 4]

    answers = at_once([lambda t=t, p=p: t.release(p, "9.00") for t, p in holds])  # type: ignore[misc]
    assert all(isinstance(one, Released) for one in answers)


def test_a_refund_takes_from_escrow_first_and_the_rest_from_the_platform(
    town: Market, queue: FakeQueue, bank: Bank
) -> None:
    payment = town.sell()
    _refund(town, payment, "49.99")
    queue.drain()

    assert town.hold(payment) == ("refunded", 4824, 0, 4824)
    assert balance(town.shop.merchant_id, "escrow_held") == usd("0.00")
    assert owned(town.shop.merchant_id) == Money(-175, "USD")
    assert_books_equal_record(bank)


def test_a_failed_refund_is_held_again_and_released_by_a_person_only(
    town: Market, clock: TestClock
) -> None:
    merchants_days(town, 3)
    payment = town.sell("49.99", Plan(town.ann))
    town.release(payment, "8.24", key="part")
    refund_id = _refund(town, payment, "41.75")
    assert town.hold(payment) == ("closed", 4824, 824, 4000)
    refused = RefundUpdate(payment.merchant_id, refund_id, RefundRefused("not_processed"))
    refunds.apply_update(town.deps, refused)
    refunds.apply_update(town.deps, refused)

    assert town.hold(payment) == ("partly_released", 4824, 824, 0)
    clock.advance(timedelta(days=10))
    escrow.release_due(town.deps)
    assert town.hold(payment) == ("partly_released", 4824, 824, 0)


def merchants_days(town: Market, days: int | None) -> None:
    """Set after how many days money goes by itself."""
    sellers.set_release_days(town.shop.merchant_id, days)


def test_a_refund_that_a_bank_sends_back_is_held_again(town: Market, queue: FakeQueue) -> None:
    payment = town.sell()
    refund_id = _refund(town, payment, "49.99")
    queue.drain()
    assert town.hold(payment)[0] == "refunded"

    returned = RefundUpdate(payment.merchant_id, refund_id, RefundRefused("card_closed"))
    refunds.apply_update(town.deps, returned)
    assert town.hold(payment) == ("held", 4824, 0, 0)
    assert balance(town.shop.merchant_id, "escrow_held") == usd("48.24")
    assert owned(town.shop.merchant_id) == usd("0.00")


def test_a_refund_and_a_release_at_once_leave_one_of_them_refused(town: Market) -> None:
    for _ in range(5):
        payment = town.sell()
        answers = at_once(
            [
                lambda p=payment: town.release(p, "48.24"),  # type: ignore[misc]
                lambda p=payment: _refund(town, p, "49.99", "48.24"),  # type: ignore[misc]
            ]
        )
        refused = [one for one in answers if isinstance(one, Exception)]
        assert len(refused) == 1
        assert isinstance(refused[0], StaleAmount | EscrowStateUnexpected)


def test_release_refund_and_the_day_itself_at_once_move_the_money_once(
    town: Market, clock: TestClock
) -> None:
    merchants_days(town, 7)
    for _ in range(4):
        payment = town.sell("49.99", Plan(town.ann))
        clock.advance(timedelta(days=8))
        answers = at_once(
            [
                lambda p=payment: town.release(p, "48.24", key="by hand"),  # type: ignore[misc]
                lambda p=payment: _refund(town, p, "48.24", "48.24"),  # type: ignore[misc]
                lambda: escrow.release_due(town.deps),  # type: ignore[list-item]
                lambda: escrow.release_due(town.deps),  # type: ignore[list-item]
            ]
        )
        assert not any(
            isinstance(one, Exception) and not isinstance(one, StaleAmount | EscrowStateUnexpected)
            for one in answers
        )
        status, held, released, refunded = town.hold(payment)
        assert (status, released + refunded) in {("released", held), ("refunded", held)}


def test_money_goes_by_itself_after_the_days_that_the_merchant_set(
    town: Market, clock: TestClock
) -> None:
    merchants_days(town, 14)
    planned = town.sell("49.99", Plan(town.ann))
    nameless = town.sell("10.00")
    merchants_days(town, None)
    never = town.sell("10.00", Plan(town.ann))

    clock.advance(timedelta(days=13))
    assert escrow.release_due(town.deps) == 0
    clock.advance(timedelta(days=2))
    assert escrow.release_due(town.deps) == 1
    assert escrow.release_due(town.deps) == 0
    assert town.hold(planned)[0] == "released"
    assert (town.hold(nameless)[0], town.hold(never)[0]) == ("held", "held")


def test_what_is_frozen_is_released_by_nobody_and_may_be_refunded(
    town: Market, clock: TestClock
) -> None:
    merchants_days(town, 5)
    payment = town.sell("49.99", Plan(town.ann))
    freeze = FreezeEscrow(payment.merchant_id, hold_id(payment), "user:robin", "Parcel is empty")
    escrow.freeze(town.deps, freeze)
    escrow.freeze(town.deps, freeze)

    clock.advance(timedelta(days=6))
    assert escrow.release_due(town.deps) == 0
    with pytest.raises(EscrowFrozen, match="Parcel is empty"):
        town.release(payment, "1.00")
    _refund(town, payment, "10.00")
    assert town.hold(payment) == ("frozen", 4824, 0, 1000)


def test_the_clock_of_a_frozen_hold_stands_still(town: Market, clock: TestClock) -> None:
    merchants_days(town, 5)
    payment = town.sell("49.99", Plan(town.ann))
    clock.advance(timedelta(days=3))
    freeze = FreezeEscrow(payment.merchant_id, hold_id(payment), "user:robin", "Asked for a photo")
    escrow.freeze(town.deps, freeze)
    clock.advance(timedelta(days=10))
    escrow.unfreeze(town.deps, payment.merchant_id, hold_id(payment), "user:robin")

    clock.advance(timedelta(days=1))
    assert escrow.release_due(town.deps) == 0
    clock.advance(timedelta(days=2))
    assert escrow.release_due(town.deps) == 1
    assert town.hold(payment)[0] == "released"


def test_a_release_by_itself_that_cannot_be_made_waits_and_holds_up_no_other(
    town: Market, clock: TestClock
) -> None:
    merchants_days(town, 1)
    first, second = town.sell("20.00", Plan(town.ann)), town.sell("20.00", Plan(town.ben))
    sellers.disconnect_seller(town.shop.merchant_id, town.ann)
    clock.advance(timedelta(days=2))

    assert escrow.release_due(town.deps) == 2
    assert (town.hold(first)[0], town.hold(second)[0]) == ("held", "released")
    assert escrow.release_due(town.deps) == 0
    sellers.connect_seller(town.deps, sellers.ConnectSeller(town.shop.merchant_id, town.ann))
    clock.advance(timedelta(hours=2))
    assert escrow.release_due(town.deps) == 1
    assert town.hold(first)[0] == "released"


def test_a_refund_at_the_processor_itself_takes_from_escrow_too(town: Market, bank: Bank) -> None:
    payment = town.sell()
    bank.client.v1.refunds.create(
        {"payment_intent": str(payment.processor_reference), "amount": 1000}
    )
    foreign.sync_refunds(town.deps, account_by_id(town.deps, town.shop.account_id), payment)
    assert town.hold(payment) == ("held", 4824, 0, 1000)
    assert_books_equal_record(bank)


def test_more_than_the_payment_is_not_refunded_however_much_is_held(town: Market) -> None:
    payment = town.sell()
    with pytest.raises(RefundTooLarge):
        _refund(town, payment, "50.00")
    assert town.hold(payment) == ("held", 4824, 0, 0)


def test_a_plan_that_cannot_be_carried_out_is_refused(town: Market, deps: Deps) -> None:
    def check(plan: Plan) -> None:
        sellers.check_plan_of(town.shop.merchant_id, plan, usd("10.00"))

    check(Plan(town.ann))
    with pytest.raises(SellerNotConnected):
        check(Plan(open_shop(deps).merchant_id))
    with pytest.raises(InvalidRequest, match="add up"):
        check(Plan(milestones=(Milestone("One", 999, town.ann),)))
    with pytest.raises(InvalidRequest, match="same name"):
        check(Plan(milestones=(Milestone("One", 500, town.ann), Milestone("One", 500, town.ann))))


def test_who_can_be_whose_seller(town: Market, deps: Deps) -> None:
    live = merchants.open_merchant(
        deps, merchants.OpenMerchant("Live", "live", "US", "USD", "UTC", "a@b.example")
    )
    platform = town.shop.merchant_id
    with pytest.raises(InvalidRequest, match="own seller"):
        sellers.connect_seller(deps, sellers.ConnectSeller(platform, platform))
    with pytest.raises(InvalidRequest, match="the seller live"):
        sellers.connect_seller(deps, sellers.ConnectSeller(platform, live))
    with pytest.raises(NotFound):
        sellers.connect_seller(deps, sellers.ConnectSeller(platform, "acct_none"))
    with pytest.raises(InvalidRequest):
        sellers.connect_seller(deps, sellers.ConnectSeller(platform, town.ann, 10_000))


def test_the_books_of_all_are_right_after_everything_was_released(
    town: Market, clock: TestClock, bank: Bank
) -> None:
    payment = town.sell()
    town.release(payment, "48.24", commission="4.82")
    clock.advance(timedelta(days=9))
    ledger.release_due(town.deps)

    assert balance(town.ann, "merchant_available") == usd("43.42")
    assert balance(town.shop.merchant_id, "merchant_available") == usd("4.82")
    assert_books_equal_record(bank)
