"""The ledger explorer: from any payment to its postings and back, and every figure the books' own."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.domain import recipes
from app.domain.accounts import CHART
from app.domain.money import Money
from app.domain.platform_costs import HIDDEN_EVENTS
from app.reports import as_of, balances, explorer, explorer_entries, explorer_export
from app.reports.explorer_entries import EntryFilter, EntryPage, Position
from app.services import books
from app.services.deps import Deps
from app.services.refunds import RequestRefund, request_refund
from app.store.db import transaction
from app.store.ledger import book
from app.web.downloads import cell
from tests.factories import FakeQueue, Shop, make_payment, open_shop, usd
from tests.services.bank import rows
from tests.web.conftest import Colleague
from tests.web.visitor import Visitor

PENDING = "/dashboard/ledger/accounts/merchant_pending/USD"
RECEIVABLE = ("processor_receivable:stripe", "USD")


def test_every_account_and_every_journal_has_words_of_its_own() -> None:
    assert CHART.keys() == balances.ACCOUNT_NAMES.keys()
    assert {recipe.__name__ for recipe in recipes.RECIPES} == balances.TITLES.keys()


def receive(shop: Shop, number: int, at: datetime, source: str = "txn") -> None:
    """Money that fits no payment, on any day of the past."""
    amount = Money(100 + number, "USD")
    journal = recipes.unmatched_receipt("stripe", f"{source}_{number}", amount, at.date())
    with transaction() as session:
        book(session, shop.merchant_id, journal, payment_id=None, at=at)


def page_of(shop: Shop, account: tuple[str, str], **wanted: Any) -> EntryPage:
    return explorer_entries.entries(
        shop.merchant_id, *account, EntryFilter(**wanted), timezone="UTC"
    )


def walk(shop: Shop, account: tuple[str, str], **wanted: Any) -> list[EntryPage]:
    """Every page of an account, from the newest to the oldest."""
    pages = [page_of(shop, account, **wanted)]
    while pages[-1].older:
        assert len(pages) < 50
        after = Position.of(pages[-1].older)
        assert after is not None
        pages.append(page_of(shop, account, **(wanted | {"after": after})))
    return pages


@pytest.fixture
def history(deps: Deps, shop: Shop) -> list[datetime]:
    """Seventy entries, most in the last days, some alone in weeks; a part of them sealed; several at once."""
    now = datetime.now(UTC)
    moments = sorted(
        [now - timedelta(days=200 - 10 * n) for n in range(10)]
        + [now - timedelta(hours=n) for n in range(40)]
        + [now - timedelta(hours=3)] * 20
    )
    for number, at in enumerate(moments):
        receive(shop, number, at)
        if number == 60:
            books.close_books(deps)
    return moments


def test_pages_show_every_entry_once_with_the_balance_after_it(
    history: list[datetime], shop: Shop
) -> None:
    pages = walk(shop, ("suspense", "USD"))

    shown = [entry for page in pages for entry in page.rows]
    written = rows(
        "SELECT journal_id, line, amount_minor FROM postings WHERE merchant_id = :m"
        " ORDER BY journal_id DESC",
        m=shop.merchant_id,
    )
    assert [entry.position.journal_id for entry in shown] == [row["journal_id"] for row in written]
    left = sum(row["amount_minor"] for row in written)
    for entry, row in zip(shown, written, strict=True):
        assert entry.balance == Money(left, "USD")
        left -= row["amount_minor"]
    assert left == 0


def test_the_balance_of_a_debit_account_grows_by_debits(
    history: list[datetime], shop: Shop
) -> None:
    first = page_of(shop, RECEIVABLE).rows[0]

    assert (first.side, first.counterpart) == ("debit", "suspense")
    assert first.balance == as_of.standing(shop.merchant_id).of(*RECEIVABLE)


def test_going_forward_shows_the_pages_one_came_from(history: list[datetime], shop: Shop) -> None:
    back = walk(shop, RECEIVABLE)
    for earlier, later in zip(back[1:], back[:-1], strict=True):
        assert earlier.newer is not None
        forward = page_of(shop, RECEIVABLE, before=Position.of(earlier.newer))
        assert [e.position for e in forward.rows] == [e.position for e in later.rows]
        assert [e.balance for e in forward.rows] == [e.balance for e in later.rows]


def test_a_period_shows_its_entries_with_the_balances_they_had(
    history: list[datetime], shop: Shop
) -> None:
    everything = {e.position: e for p in walk(shop, RECEIVABLE) for e in p.rows}
    day = history[-5].date()

    found = [e for p in walk(shop, RECEIVABLE, first=day, last=day) for e in p.rows]

    assert len(found) == sum(at.date() == day for at in history)
    assert all(everything[entry.position] == entry for entry in found)
    old = history[3].date()
    [alone] = page_of(shop, RECEIVABLE, first=old, last=old).rows
    assert everything[alone.position] == alone


def test_a_search_for_an_event_ends_in_time_and_goes_on_where_it_ended(
    history: list[datetime], deps: Deps, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = recipes.unmatched_refund("stripe", "txn_back", usd("1.00"), history[2].date())
    with transaction() as session:
        book(session, shop.merchant_id, refund, payment_id=None, at=history[2])
    books.close_books(deps)
    monkeypatch.setattr(explorer_entries, "MOST_PASSED", 7)
    monkeypatch.setattr(explorer_entries, "MOST_STRETCHES", 2)

    pages = walk(shop, RECEIVABLE, event="unmatched_refund")

    assert [e.source_id for p in pages for e in p.rows] == ["txn_back"]
    assert len(pages) > 5
    assert pages[0].rows == []
    assert pages[0].searched_to is not None
    assert all(entry.balance is None for page in pages for entry in page.rows)


def test_accounts_stand_as_they_stood(history: list[datetime], deps: Deps, owner: Visitor) -> None:
    at = history[4] + timedelta(minutes=1)

    page = owner.get(f"/dashboard/ledger/?at={at:%Y-%m-%dT%H:%M}").text

    # 100 + 101 + 102 + 103 + 104 cents then, on both accounts.
    assert page.count("$5.10") == 2


@pytest.mark.parametrize("page", ["ledger", "balances"])
@pytest.mark.parametrize(
    "at, words",
    [
        ("yesterday", "That is no date and time."),
        ("9999-12-31T23:59", "That is still to come."),
        ("1969-07-20T20:17", "That is too long ago."),
        ("1999-12-31T23:59", ""),
        ("", ""),
    ],
)
def test_a_moment_that_cannot_be_looked_back_to_is_told(
    history: list[datetime], owner: Visitor, page: str, at: str, words: str
) -> None:
    text = owner.get(f"/dashboard/{page}/?at={at}").text

    told = re.findall(r'id="at-problem">([^<]+)<', text)
    assert told == ([f"{words} These are the balances of now."] if words else [])


def test_from_a_payment_to_its_postings_and_back(
    deps: Deps, shop: Shop, queue: FakeQueue, owner: Visitor
) -> None:
    payment = make_payment(deps, shop, amount=usd("100.00"))
    refund_id = request_refund(
        deps, RequestRefund(shop.merchant_id, payment.id, usd("10.00"), "user:robin")
    )
    queue.drain()
    books.close_books(deps)

    page = owner.get(f"/dashboard/payments/{payment.id}").text
    assert f"/dashboard/ledger/journals?of={payment.id}" in page
    assert f"/dashboard/ledger/journals?of={refund_id}" in page
    of_refund = owner.get(f"/dashboard/ledger/journals?of={refund_id}").text
    assert "Refund set aside" in of_refund
    assert "Payment captured" not in of_refund
    ids = set(re.findall(r"/dashboard/ledger/journals/(jr_\w+)", page))
    assert len(ids) == 3
    journals = [owner.get(f"/dashboard/ledger/journals/{one}").text for one in ids]
    assert all(f"/dashboard/payments/{payment.id}" in text for text in journals)
    assert all("Still what was sealed" in text for text in journals)
    assert (
        sum("/dashboard/ledger/accounts/refunds_in_transit/USD" in text for text in journals) == 2
    )
    account = owner.get(PENDING).text
    assert f"/dashboard/payments/{payment.id}" in account
    assert "$86.80" in account


def test_a_journal_that_waits_for_its_seal_says_so_and_has_neighbours(
    deps: Deps, shop: Shop, owner: Visitor
) -> None:
    make_payment(deps, shop)
    make_payment(deps, shop)
    older, newer = sorted(
        row["id"] for row in rows("SELECT id FROM journals WHERE event = 'payment_captured'")
    )

    page = owner.get(f"/dashboard/ledger/journals/{newer}").text

    assert "Not sealed yet" in page
    assert f"/dashboard/ledger/journals/{older}" in page
    assert owner.get(f"/dashboard/ledger/journals?of={older}").status_code == 302
    assert explorer.journal(shop.merchant_id, older).newer == newer
    assert explorer.journal(shop.merchant_id, older).older is None


def test_an_export_is_the_entries_of_the_period_with_running_balances(
    history: list[datetime], shop: Shop, owner: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_export, "AT_ONCE", 9)
    answer = owner.get("/dashboard/ledger/accounts/suspense/USD/entries.csv")

    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="suspense-USD.csv"'
    shown = [entry for page in walk(shop, ("suspense", "USD")) for entry in page.rows][::-1]
    assert [row["journal"] for row in table] == [entry.position.journal_id for entry in shown]
    assert [row["balance_after"] for row in table] == [
        str(entry.balance.decimal) for entry in shown if entry.balance
    ]
    day = history[-5].date()
    some = owner.get(f"/dashboard/ledger/accounts/suspense/USD/entries.csv?from={day}&to={day}")
    inside = [row for row in table if row["written_at"].startswith(day.isoformat())]
    assert list(csv.DictReader(io.StringIO(some.text))) == inside


def test_too_long_an_export_is_refused_with_what_to_do(
    history: list[datetime], owner: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_export, "MOST_EXPORTED", 69)

    answer = owner.get("/dashboard/ledger/accounts/suspense/USD/entries.csv?from=2020-01-01")

    assert answer.status_code == 303
    page = owner.get(answer.headers["Location"]).text
    assert "has more than 69 entries in this period. Choose a shorter" in page


def test_no_cell_runs_in_a_spreadsheet(deps: Deps, shop: Shop, owner: Visitor) -> None:
    receive(shop, 1, datetime.now(UTC), source='=HYPERLINK("http://evil.example")')

    text = owner.get("/dashboard/ledger/accounts/suspense/USD/entries.csv").text

    [row] = csv.DictReader(io.StringIO(text))
    assert row["source"].startswith("'=HYPERLINK")
    assert [cell(one) for one in ("+1", "-1", "@a", "\tb", "c")] == [
        "'+1",
        "'-1",
        "'@a",
        "'\tb",
        "c",
    ]
    assert cell(Money(-150, "USD").decimal) == "-1.50"


@pytest.mark.parametrize("role", ["developer", "support"])
def test_who_may_not_see_the_ledger_is_shown_no_way_there(
    colleague: Colleague, deps: Deps, shop: Shop, role: str
) -> None:
    payment = make_payment(deps, shop)
    person = colleague(role)

    assert person.get("/dashboard/ledger/journals").status_code == 403
    assert "/dashboard/ledger" not in person.get(f"/dashboard/payments/{payment.id}").text


def test_what_the_platform_pays_is_not_shown_and_cannot_be_worked_out(
    deps: Deps, shop: Shop, owner: Visitor, queue: FakeQueue
) -> None:
    make_payment(deps, shop, amount=usd("80.00"))
    payment = make_payment(deps, shop, amount=usd("100.00"))
    request_refund(deps, RequestRefund(shop.merchant_id, payment.id, usd("10.00"), "user:robin"))
    queue.drain()
    at = datetime.now(UTC)
    with transaction() as session:
        deposit = recipes.micro_deposit_sent("md_1", usd("0.32"), at.date())
        book(session, shop.merchant_id, deposit, payment_id=None, at=at)
    hidden = rows("SELECT id, source_id FROM journals WHERE event = ANY(:e)", e=list(HIDDEN_EVENTS))
    assert len(hidden) == 3
    books.close_books(deps)
    receivable = "/dashboard/ledger/accounts/processor_receivable:stripe/USD"
    pages = [
        owner.get(address).text
        for address in (
            "/dashboard/ledger/",
            f"/dashboard/ledger/?at={at:%Y-%m-%dT%H:%M}",
            "/dashboard/ledger/journals",
            f"/dashboard/ledger/journals?of={payment.id}",
            receivable,
            f"{receivable}?event=refund_settled",
            f"{receivable}/entries.csv",
            "/dashboard/ledger/accounts/bank/USD",
            "/dashboard/proof/",
            f"/dashboard/payments/{payment.id}",
            "/dashboard/balances/",
            "/dashboard/proof/download",
        )
    ]

    for text in pages:
        assert not re.search(
            "Processor fee|processor_fee|Test deposit sent|verification_cost", text
        )
        assert not any(one["id"] in text for one in hidden)
    for one in hidden:
        assert owner.get(f"/dashboard/ledger/journals/{one['id']}").status_code == 404
        assert "No journals" in owner.get(f"/dashboard/ledger/journals?of={one['source_id']}").text
    for code in ("processor_fees", "verification_costs"):
        assert owner.get(f"/dashboard/ledger/accounts/{code}/USD").status_code == 404
        assert owner.get(f"/dashboard/ledger/accounts/{code}/USD/entries.csv").status_code == 404
    # Captured less refunded, to the cent, wherever it is told.
    assert "$170.00" in pages[0]
    assert "What the processor charges the platform is left out" in pages[0]
    assert "$170.00" in pages[4]
    exported = list(csv.DictReader(io.StringIO(pages[6])))
    assert [row["balance_after"] for row in exported] == ["80.00", "180.00", "170.00"]
    amounts = [line.split(",")[10] for line in pages[6].splitlines()[1:]]
    assert amounts == ["80.00", "100.00", "10.00"]


def test_with_two_processors_no_balance_tells_what_one_of_them_takes(
    deps: Deps, shop: Shop, owner: Visitor
) -> None:
    make_payment(deps, shop, amount=usd("100.00"))
    receive(shop, 1, datetime.now(UTC))
    with transaction() as session:
        other = recipes.unmatched_receipt("adyen", "psp", usd("7.00"), datetime.now(UTC).date())
        book(session, shop.merchant_id, other, payment_id=None, at=datetime.now(UTC))

    assert owner.get("/dashboard/ledger/").text.count("not told") == 2
    page = owner.get("/dashboard/ledger/accounts/processor_receivable:stripe/USD").text
    assert "Balance after" not in page
    assert "$100.00" in page
    table = owner.get("/dashboard/ledger/accounts/processor_receivable:stripe/USD/entries.csv").text
    assert [row["balance_after"] for row in csv.DictReader(io.StringIO(table))] == ["", ""]


def test_another_merchants_ledger_does_not_exist(
    app: Flask, owner: Visitor, deps: Deps, shop: Shop
) -> None:
    foreign = open_shop(deps, name="Foreign Shop")
    payment = make_payment(deps, foreign)
    [journal_id, _] = (row["id"] for row in rows("SELECT id FROM journals ORDER BY id"))

    assert owner.get(f"/dashboard/ledger/journals/{journal_id}").status_code == 404
    assert owner.get(PENDING).status_code == 404
    assert owner.get(f"{PENDING}/entries.csv").status_code == 404
    assert "No journals" in owner.get(f"/dashboard/ledger/journals?of={payment.id}").text
    assert "Nothing is booked yet" in owner.get("/dashboard/ledger/").text
