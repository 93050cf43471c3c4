"""Settlement currencies: the choice, what a payment shows of its conversion, what a refund would cost."""

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import update

from app.domain.money import Money
from app.services import fx, payments
from app.services.deps import Deps
from app.store.db import transaction
from app.store.merchants import Merchant
from tests.factories import FakeQueue, Shop, TestClock, make_payment, open_shop
from tests.services.bank import rows
from tests.services.escrow_world import owned
from tests.web.visitor import Visitor

PAGE = "/dashboard/settlement/"
EUR_100 = Money(10000, "EUR")


def words(text: str) -> str:
    """What is read on the page, without tags."""
    bare = unescape(re.sub(r"<[^>]+>", " ", text)).replace("\N{MINUS SIGN}", "-")
    return " ".join(bare.split())


def settle_in_dollars(deps: Deps, owner: Visitor) -> None:
    assert owner.post(PAGE, {"mode": "some", "kept": ""}).status_code == 303
    fx.fetch_rates(deps)
    deps.rates.forget()


def test_the_choice_is_kept_and_counts_from_then_on(owner: Visitor, deps: Deps, shop: Shop) -> None:
    assert owner.post(PAGE, {"mode": "some", "kept": "gbp, chf JPY"}).status_code == 303

    shown = owner.get(PAGE).text
    assert 'value="CHF, GBP, JPY"' in shown
    assert fx.settlement_of(deps, shop.merchant_id).target("EUR") == "USD"
    assert owner.post(PAGE, {"mode": "all", "kept": "whatever"}).status_code == 303
    assert fx.settlement_of(deps, shop.merchant_id).target("EUR") is None


def test_a_code_that_nobody_can_be_paid_in_is_refused_at_its_field(owner: Visitor) -> None:
    answer = owner.post(PAGE, {"mode": "some", "kept": "GBP, XAU"})

    assert answer.status_code == 422
    assert "Nobody can pay in XAU: it is a metal" in answer.text
    assert rows("SELECT settlement_currencies FROM merchants")[0]["settlement_currencies"] is None


def test_only_owners_and_admins_may_choose(deps: Deps, visitor: Visitor) -> None:
    support = open_shop(deps, role="support")
    visitor.sign_in(support.email)

    assert "Owners and admins" in visitor.get(PAGE).text
    assert visitor.post(PAGE, {"mode": "some"}).status_code == 403


def test_a_converted_payment_shows_rate_id_fee_and_both_amounts(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    settle_in_dollars(deps, owner)
    payment = make_payment(deps, shop, amount=EUR_100)

    text = owner.get(f"/dashboard/payments/{payment.id}").text
    [row] = rows("SELECT * FROM payments")
    for shown in (
        "At 1.0842",
        "\N{MINUS SIGN}€4.20",  # The fee, with that for the conversion in it,
        "\N{MINUS SIGN}€1.00",  # which is told once.
        "€95.80",
        "$103.87",
        row["fx_rate_id"],
    ):
        assert re.search(
            re.escape(shown) if not shown.startswith("At") else r"At\s+1\.0842", text
        ), shown
    assert "invented rates of the demo" in text
    assert "Conversion fee" not in text


def test_a_payment_that_waits_for_a_rate_says_so(owner: Visitor, deps: Deps, shop: Shop) -> None:
    owner.post(PAGE, {"mode": "some", "kept": ""})
    payment = make_payment(deps, shop, amount=EUR_100)

    text = owner.get(f"/dashboard/payments/{payment.id}").text
    assert "waits in EUR for an exchange rate" in text


def test_the_refund_dialog_shows_cost_and_exchange_loss_before_it_is_confirmed(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    settle_in_dollars(deps, owner)
    payment = make_payment(deps, shop, amount=EUR_100)
    address = f"/dashboard/payments/{payment.id}/refund"

    dialog = owner.get(address).text
    assert "From your USD balance" in dialog
    assert "Exchange difference" in dialog
    part = owner.htmx(f"{address}/cost?extent=part&amount=50.00").text
    assert "$54.21" in part
    unknown = owner.htmx(f"{address}/cost?extent=part&amount=100.01").text
    assert "From your USD balance \N{EN DASH} At 1.0842" in words(unknown)
    [row] = rows("SELECT * FROM payments")
    assert row["fx_rate_id"] in part

    done = owner.post(address, {"extent": "part", "amount": "50.00", "reason": "duplicate"})
    assert done.status_code == 303
    assert payments.load(shop.merchant_id, payment.id).refund_reserved_minor == 5000
    told = words(owner.get(f"/dashboard/payments/{payment.id}").text)
    assert "cost $54.21 Requested" in told  # Of an exchange difference of nothing, nothing is said.
    # What is told as left is what the books say.
    assert "Cost of refunds -$54.21 USD Left in your balance $49.66 USD" in told
    assert owned(shop.merchant_id) == Money(4966, "USD")


def test_a_rate_is_of_its_sources_day_wherever_the_reader_is(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    settle_in_dollars(deps, owner)
    payment = make_payment(deps, shop, amount=EUR_100)
    with transaction() as session:
        session.execute(update(Merchant).values(timezone="America/New_York"))
    [row] = rows("SELECT observed_at FROM fx_rates LIMIT 1")
    assert row["observed_at"].hour == 0  # On the evening before, in New York.

    day = f"{row['observed_at']:%b} {row['observed_at'].day}, {row['observed_at'].year}"
    assert f"Those of {day}" in words(owner.get(PAGE).text)
    assert f"Rate of {day}" in words(owner.get(f"/dashboard/payments/{payment.id}").text)
    assert f"({day})" in words(owner.get(f"/dashboard/payments/{payment.id}/refund").text)


def test_without_a_fresh_rate_the_dialog_says_why_and_nothing_is_refunded(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    settle_in_dollars(deps, owner)
    payment = make_payment(deps, shop, amount=EUR_100)
    clock.advance(timedelta(days=6))
    owner.sign_in(shop.email)

    address = f"/dashboard/payments/{payment.id}/refund"
    assert "There is no exchange rate from EUR to USD" in owner.get(address).text
    answer = owner.post(address, {"extent": "full", "reason": "duplicate"})

    assert answer.status_code == 409
    assert rows("SELECT * FROM refunds") == []
