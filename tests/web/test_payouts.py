"""Payouts, balances and statements in the dashboard: what a merchant sees adds up, and is theirs alone."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.errors import NotPayable
from app.domain.escrow import Plan
from app.domain.rails import Accepted, Paid
from app.services import ledger, payout_sending
from app.services.audit import By
from app.services.bank_accounts import make_default
from app.services.deps import Deps
from app.services.payout_terms import begin_schedules
from app.services.payouts import CreatePayout, create_payout
from app.services.refunds import RequestRefund, request_refund
from app.store.db import transaction
from app.store.merchants import Merchant
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    open_shop,
    usd,
    verified_bank_account,
)
from tests.services.bank import rows
from tests.web.visitor import Visitor


@pytest.fixture
def paid_out(deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue) -> str:
    """A payout of 76.80 dollars: one payment, its fee, and a refund of 20.00."""
    verified_bank_account(deps, shop)
    paid = make_payment(deps, shop, amount=usd("100.00"))
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("20.00"), "user:robin"))
    queue.drain()
    clock.advance(timedelta(days=10))
    made = create_payout(deps, CreatePayout(shop.merchant_id, "USD", "user:robin"))
    assert made is not None
    return made


def test_a_payout_tells_why_it_is_what_it_is(visitor: Visitor, shop: Shop, paid_out: str) -> None:
    visitor.sign_in(shop.email)
    page = visitor.get(f"/dashboard/payouts/{paid_out}").text

    for text in ("$76.80", "Carried in", "Payments", "Fees", "Refunds", "To your bank"):
        assert text in page
    assert re.search(r"[•·]{4}(?:&nbsp;|\s|<[^>]+>)*6789", page), page[page.find("6789") - 200 :][
        :260
    ]
    assert "000123456789" not in page
    figure = visitor.get(f"/dashboard/payouts/{paid_out}/waterfall.json").json
    steps = {x: y for trace in figure["data"] for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert steps == {
        "Carried in": 0.0, "Payments": 100.0, "Fees": -3.2, "Refunds": -20.0, "To your bank": 76.8,
    }  # fmt: skip


def test_a_payout_that_is_paid_did_not_arrive_in_the_future(
    visitor: Visitor, deps: Deps, shop: Shop, clock: TestClock, paid_out: str
) -> None:
    now = clock.now()
    expected = (now + timedelta(days=3)).date()
    visitor.sign_in(shop.email)

    told = []
    for outcome in (Accepted("bank_1", "trace_1", expected), Paid("bank_1", "trace_1", now)):
        payout_sending.apply_update(deps, shop.merchant_id, paid_out, outcome)
        page = visitor.get(f"/dashboard/payouts/{paid_out}").text
        told += re.findall(r"<dt>(Expected|Arrived)</dt>\s*<dd>\s*(.*?)\s*</dd>", page)

    assert told == [
        ("Expected", f"{expected:%b} {expected.day}, {expected.year}"),
        ("Arrived", f"{now:%b} {now.day}, {now.year}"),
    ]


def test_what_is_carried_on_is_drawn_as_no_loss(
    visitor: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    verified_bank_account(deps, shop)
    make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    made = create_payout(deps, CreatePayout(shop.merchant_id, "USD", "user:robin", usd("50.00")))
    visitor.sign_in(shop.email)

    figure = visitor.get(f"/dashboard/payouts/{made}/waterfall.json").json
    colours = {name: trace["meta"] for trace in figure["data"] for name in trace["x"]}
    assert (colours["Carried on"], colours["Fees"]) == ("end", "down")


def test_a_bar_opens_its_lines_and_a_line_its_payment(
    visitor: Visitor, shop: Shop, paid_out: str
) -> None:
    visitor.sign_in(shop.email)
    page = visitor.get(f"/dashboard/payouts/{paid_out}?bar=refunds").text
    payment = rows("SELECT id FROM payments")[0]["id"]

    lines = page.partition('id="lines"')[2]
    assert f"/dashboard/payments/{payment}" in lines
    assert "Refund set aside" in lines
    assert "Payment captured" not in lines


def test_paying_out_by_hand_is_done_once_and_says_what_left(
    visitor: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    verified_bank_account(deps, shop)
    make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    visitor.sign_in(shop.email)
    dialog = visitor.get("/dashboard/payouts/new?currency=USD").text
    token = re.search(r'name="token" value="(\w+)"', dialog)
    assert token is not None
    fields = {"extent": "part", "amount": "50.00", "token": token[1]}

    answers = [visitor.post("/dashboard/payouts/new?currency=USD", fields) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {303}
    assert "Payout of $50.00 requested" in visitor.get("/dashboard/payouts/").text
    assert [row["amount_minor"] for row in rows("SELECT amount_minor FROM payouts")] == [5000]
    too_much = visitor.post(
        "/dashboard/payouts/new?currency=USD", fields | {"amount": "46.81", "token": "other"}
    )
    assert too_much.status_code == 422
    assert "At most $46.80" in too_much.text


def test_without_a_bank_account_the_dialog_says_what_to_do(
    visitor: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    visitor.sign_in(shop.email)

    answer = visitor.post("/dashboard/payouts/new?currency=USD", {"extent": "full"})
    assert answer.status_code == 400
    for text in (answer.text, visitor.get("/dashboard/payouts/new?currency=USD").text):
        dialog = text.partition('id="dialog-title"')[2]
        assert "Add a bank account for USD first." in dialog
        assert 'href="/dashboard/bank-accounts/"' in dialog
        assert 'name="amount"' not in dialog
    for path in ("payouts", "balances"):
        assert "Add a bank account for USD first." in visitor.get(f"/dashboard/{path}/").text


def test_while_a_changed_account_cools_off_no_page_promises_an_earlier_payout(
    visitor: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    verified_bank_account(deps, shop)
    other = verified_bank_account(deps, shop, "000999999991")
    make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    begin_schedules(deps)
    make_default(deps, shop.merchant_id, other, By("user:robin", None))
    until = clock.now() + timedelta(hours=deps.cooling_off_hours)
    visitor.sign_in(shop.email)

    pages = [visitor.get(f"/dashboard/{path}").text for path in ("payouts/", "balances/")]
    pages.append(visitor.get("/dashboard/payouts/new?currency=USD").text)

    for text in pages:
        assert f"Payouts wait until {until:%b} {until.day}, {until.year}" in text
    assert "/dashboard/payouts/new?currency=USD" not in pages[0]
    clock.advance(timedelta(hours=deps.cooling_off_hours))
    visitor.sign_in(shop.email)
    assert "Payouts wait" not in visitor.get("/dashboard/payouts/").text
    assert 'name="amount"' in visitor.get("/dashboard/payouts/new?currency=USD").text


def test_what_a_payout_waits_for_is_told_by_the_merchants_clock(deps: Deps, shop: Shop) -> None:
    verified_bank_account(deps, shop)
    make_default(
        deps,
        shop.merchant_id,
        verified_bank_account(deps, shop, "000999999991"),
        By("user:robin", None),
    )
    with transaction() as session:
        session.get_one(Merchant, shop.merchant_id).timezone = "Asia/Tokyo"

    with pytest.raises(NotPayable, match=r"\d\d:\d\d JST\."):
        create_payout(deps, CreatePayout(shop.merchant_id, "USD", "user:robin"))


def test_nothing_is_offered_where_nothing_is_available(
    visitor: Visitor, shop: Shop, paid_out: str
) -> None:
    visitor.sign_in(shop.email)

    dialog = visitor.get("/dashboard/payouts/new?currency=USD").text
    assert "Nothing is available in USD now." in dialog
    assert "Pay out $0.00" not in dialog


def test_the_schedule_is_changed_and_read_back(visitor: Visitor, shop: Shop, paid_out: str) -> None:
    visitor.sign_in(shop.email)
    address = "/dashboard/payouts/schedule/USD"
    fields = {
        "schedule": "weekly",
        "weekday": "Friday",
        "monthday": "1",
        "delay_days": "2",
        "minimum": "25.00",
    }

    assert visitor.post(address, fields).status_code == 303
    page = visitor.get(address).text
    assert re.search(r'value="weekly"\s+checked', page)
    assert re.search(r'value="Friday"\s+selected', page)
    assert 'value="25.00"' in page
    wrong = visitor.post(address, fields | {"minimum": "lots", "delay_days": "91"})
    assert wrong.status_code == 422
    for days in ("two", "1.5", "91", ""):
        wrong = visitor.post(address, fields | {"delay_days": days})
        assert wrong.text.count("Enter a whole number of days, from 0 to 90.") == 2
    assert rows("SELECT minimum_minor, delay_days FROM payout_settings WHERE currency = 'USD'") == [
        {"minimum_minor": 2500, "delay_days": 2}
    ]


def test_another_merchants_payouts_are_not_there(
    visitor: Visitor, deps: Deps, app: Flask, paid_out: str
) -> None:
    visitor.sign_in(open_shop(deps, name="Another Shop").email)

    assert visitor.get(f"/dashboard/payouts/{paid_out}").status_code == 404
    assert visitor.get(f"/dashboard/payouts/{paid_out}/waterfall.json").status_code == 404
    assert visitor.post(f"/dashboard/payouts/{paid_out}/cancel", {}).status_code == 404


def test_a_month_adds_up_and_its_export_has_every_movement(
    visitor: Visitor, shop: Shop, clock: TestClock, paid_out: str
) -> None:
    visitor.sign_in(shop.email)
    first = datetime.now(UTC).strftime("%Y-%m")
    second = clock.now().strftime("%Y-%m")
    for month in {first, second}:
        page = visitor.get(f"/dashboard/balances/statement?month={month}&currency=USD").text
        assert "Adds up to the books" in page
        about = set(re.findall(r'<td class="clip full">(.*?)</td>', page))
        assert about <= {"ada@example.com", "\N{EN DASH}"}, about
    told = []
    for month in sorted({first, second}):
        answer = visitor.get(f"/dashboard/balances/statement.csv?month={month}&currency=USD")
        assert answer.headers["Content-Disposition"].endswith(f'statement-{month}-USD.csv"')
        told += list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["kind"], row["net"], row["balance"]) for row in told] == [
        ("payment_captured", "96.80", "96.80"),
        ("refund_requested", "-20.00", "76.80"),
        ("payout_sent", "-76.80", "0.00"),
    ]


@pytest.mark.parametrize(
    "asked, words",
    [("2026-13", "That is no month."), ("9998-01", "That month is still to come."), ("", None)],
)
def test_a_month_that_is_none_is_told_and_not_exported(
    visitor: Visitor, shop: Shop, paid_out: str, asked: str, words: str | None
) -> None:
    visitor.sign_in(shop.email)
    address = f"/dashboard/balances/statement{{}}?month={asked}&currency=USD"

    page = visitor.get(address.format("")).text
    told = re.findall(r'id="month-problem">([^<]+)<', page)
    assert told == ([f"{words} This is the current one."] if words else [])
    export = visitor.get(address.format(".csv"))
    assert export.status_code == (303 if words else 200)


def test_what_is_held_in_escrow_stands_beside_the_balances(
    visitor: Visitor, deps: Deps, shop: Shop
) -> None:
    make_payment(deps, shop, amount=usd("20.00"))
    visitor.sign_in(shop.email)
    assert "Held in escrow" not in visitor.get("/dashboard/balances/").text

    make_payment(deps, shop, amount=usd("100.00"), escrow=Plan())
    balances = visitor.get("/dashboard/balances/").text.partition("Latest entries")[0]
    assert "Held in escrow" in balances
    assert "$96.80" in balances


def test_balances_are_told_as_they_stood(
    visitor: Visitor, shop: Shop, clock: TestClock, paid_out: str
) -> None:
    visitor.sign_in(shop.email)
    then = (clock.now() - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S")

    now = visitor.get("/dashboard/balances/").text
    past = visitor.get(f"/dashboard/balances/?at={then}").text
    assert "As your books stood at" in past
    assert "$76.80" in past.partition("Latest entries")[0]
    assert "Next payout" not in past
    assert "On its way to you" in now
    long_ago = visitor.get("/dashboard/balances/?at=2001-01-01T00:00").text
    assert "Nothing had moved by then." in long_ago


def test_a_balance_below_zero_says_why_and_what_happens_next(
    visitor: Visitor, deps: Deps, shop: Shop, queue: FakeQueue, paid_out: str
) -> None:
    paid = rows("SELECT id FROM payments")[0]["id"]
    request_refund(deps, RequestRefund(shop.merchant_id, paid, usd("50.00"), "user:robin"))
    queue.drain()
    ledger.release_due(deps)
    visitor.sign_in(shop.email)

    page = visitor.get("/dashboard/balances/").text
    assert "Your USD balance is \N{MINUS SIGN}$50.00." in page
    assert "$50.00 more is needed beyond what is pending." in " ".join(page.split())
    assert "Below zero" in visitor.get("/dashboard/payouts/").text
