"""The payments list: what its tabs, filters, search box and pages show."""

import re
from datetime import timedelta

from app.domain.ids import new_id
from app.domain.money import Money
from app.reports.paging import first_id
from app.services.deps import Deps
from app.services.payments import CancelPayment, cancel_payment
from app.services.refunds import RequestRefund, request_refund
from tests.debits import make_debit
from tests.factories import (
    DECLINED,
    FakeQueue,
    Shop,
    make_payment,
    open_checkout,
    pay_checkout,
    usd,
)
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank
from tests.transfers import make_transfer, news
from tests.web.visitor import Visitor

# What the address asks for, and whether a payment of 50 dollars by Ada's Visa of today is in the answer.
FILTERS = (
    ("q={id}", True),
    ("q={reference}", True),
    ("q=ADA@example.com", True),
    ("q=ada", True),
    ("q=4242", True),
    ("q=50.00", True),
    ("q=$50", True),
    ("q=1,234", False),
    ("q=%25", False),
    ("q=eva@example.com", False),
    ("q=' OR 1=1 --", False),
    ("currency=USD", True),
    ("currency=EUR", False),
    ("status=succeeded", True),
    ("status=failed", False),
    ("status=nonsense", True),
    ("brand=visa&last4=4242", True),
    ("brand=amex", False),
    ("email=Ada@Example.com", True),
    ("amount=50&op=eq", True),
    ("amount=50.001&op=eq", False),
    ("amount=50&op=lt", False),
    ("amount=49.99&op=gt", True),
    ("amount=10&amount_to=60&op=between", True),
    ("amount=51&amount_to=60&op=between", False),
    ("amount=DROP", True),
    ("from=2000-01-01&to=2000-01-02", False),
    ("from=2000-01-01", True),
    ("dated=captured&from=2000-01-01", True),
    ("dated=captured&to=2000-01-01", False),
    ("from=tomorrow", True),
    ("tab=everything", True),
    ("after=pi_'; DELETE FROM payments", True),
)


def listed(owner: Visitor, query: str = "") -> list[str]:
    """The ids of the payments that a list shows, in its order."""
    text = owner.get(f"/dashboard/payments/?{query}").text
    return re.findall(r'class="whole"\s+href="/dashboard/payments/([^"]+)"', text)


def counted(owner: Visitor, query: str = "") -> dict[str, int]:
    """What the tabs say."""
    text = owner.get(f"/dashboard/payments/?{query}").text
    tabs = re.findall(r'<a class="tab[^>]*>\s*([^<]+?)\s*<span class="count">(\d+)', text)
    return {name: int(number) for name, number in tabs}


def test_an_empty_account_is_told_what_to_do_next(owner: Visitor) -> None:
    text = owner.get("/dashboard/payments/").text

    assert "No payments yet" in text
    assert "Make a payment link" in text


def test_a_search_without_a_match_is_not_an_empty_account(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    make_payment(deps, shop)

    text = owner.get("/dashboard/payments/?q=nobody").text

    assert "No payments match" in text
    assert "No payments yet" not in text


def test_tabs_count_by_what_became_of_the_money(
    owner: Visitor, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    make_payment(deps, shop)
    make_payment(deps, shop, token=DECLINED)
    make_payment(deps, shop, capture_method="manual")
    partly = make_payment(deps, shop)
    request_refund(deps, RequestRefund(shop.merchant_id, partly.id, usd("20.00"), "user:me"))
    wholly = make_payment(deps, shop)
    request_refund(deps, RequestRefund(shop.merchant_id, wholly.id, usd("50.00"), "user:me"))
    queue.drain()

    assert counted(owner) == {
        "All": 5,
        "Succeeded": 1,
        "Uncaptured": 1,
        "Refunded": 2,
        "Failed": 1,
        "Needs attention": 0,
    }
    text = owner.get("/dashboard/payments/").text
    for label in ("Succeeded", "Failed", "Uncaptured", "Partial refund", "Refunded"):
        assert re.search(rf"</span>{label}</span>", text), label


def test_each_payment_is_in_one_tab_and_found_by_the_words_it_has(
    owner: Visitor, deps: Deps, shop: Shop, sandbox: SandboxServer, queue: FakeQueue
) -> None:
    make_payment(deps, shop)
    make_payment(deps, shop, token=DECLINED)
    make_payment(deps, shop, capture_method="manual")
    for amount in ("20.00", "50.00"):
        refunded = make_payment(deps, shop)
        command = RequestRefund(shop.merchant_id, refunded.id, usd(amount), "user:me")
        request_refund(deps, command)
        queue.drain()
    pending = make_payment(deps, shop)
    request_refund(deps, RequestRefund(shop.merchant_id, pending.id, usd("5.00"), "user:me"))
    let_go = make_payment(deps, shop, capture_method="manual")
    cancel_payment(deps, CancelPayment(shop.merchant_id, let_go.id, "user:me"))
    make_debit(deps, shop)
    taken_back = make_debit(deps, shop)
    for answer in ("accept", "return"):
        Bank(sandbox, shop).debit(taken_back, answer)
    news(deps, shop, taken_back)
    make_transfer(deps, shop)

    told = {
        words: listed(owner, f"status={name}")
        for name, words in re.findall(
            r'<option value="(\w+)"\s*>([^<]+)</option>',
            owner.get("/dashboard/payments/")
            .text.partition('name="status"')[2]
            .partition("</select>")[0],
        )
    }
    assert {words: len(ids) for words, ids in told.items() if ids} == {
        "Succeeded": 1,
        "Refund pending": 1,
        "Partial refund": 1,
        "Refunded": 1,
        "Uncaptured": 1,
        "Waiting for transfer": 1,
        "Waiting for bank": 1,
        "Taken back": 1,
        "Failed": 1,
        "Canceled": 1,
    }
    for words, ids in told.items():
        for payment_id in ids:
            row = owner.get(f"/dashboard/payments/?q={payment_id}").text
            assert re.search(rf"</span>{words}</span>", row), words
    tabs = counted(owner)
    assert tabs.pop("Needs attention") == 0
    assert tabs == {
        "All": 10,
        "Succeeded": 1,
        "Waiting": 2,
        "Uncaptured": 1,
        "Refunded": 3,
        "Taken back": 1,
        "Failed": 1,
        "Canceled": 1,
    }


def test_a_refused_payment_that_was_then_canceled_stays_a_failed_one(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop, token=DECLINED)
    cancel_payment(deps, CancelPayment(shop.merchant_id, payment.id, "user:me"))

    assert counted(owner)["Failed"] == 1
    assert listed(owner, "tab=failed") == [payment.id]


def test_the_address_filters_and_nonsense_in_it_is_left_out(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop, amount=usd("50.00"))

    found = {
        query: listed(owner, query.format(id=payment.id, reference=payment.processor_reference))
        for query, _ in FILTERS
    }

    assert found == {query: [payment.id] if is_found else [] for query, is_found in FILTERS}


def test_a_refunds_or_a_checkouts_id_finds_its_payment(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    session_id = open_checkout(deps, shop)
    payment_id = pay_checkout(deps, session_id).payment_id
    assert payment_id is not None
    command = RequestRefund(shop.merchant_id, payment_id, usd("1.00"), "user:me")
    refund_id = request_refund(deps, command)

    assert listed(owner, f"q={session_id}") == [payment_id]
    assert listed(owner, f"q={refund_id}") == [payment_id]


def test_an_amount_is_looked_for_in_each_currencys_own_units(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    yen = make_payment(deps, shop, amount=Money(1500, "JPY"))
    dollars = make_payment(deps, shop, amount=usd("1500.00"))
    make_payment(deps, shop, amount=usd("15.00"))

    assert listed(owner, "q=1500") == [dollars.id, yen.id]
    assert listed(owner, "amount=1500&op=eq&currency=JPY") == [yen.id]


def test_pages_go_back_and_forth_without_losing_or_repeating_a_row(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    made = [make_payment(deps, shop, token=DECLINED).id for _ in range(45)][::-1]

    first = listed(owner, "tab=failed")
    second = listed(owner, f"tab=failed&after={first[-1]}")
    third = listed(owner, f"tab=failed&after={second[-1]}")
    newest = make_payment(deps, shop, token=DECLINED).id  # What arrives meanwhile shifts nothing.
    back = listed(owner, f"tab=failed&before={third[0]}")

    assert first + second + third == made
    assert back == second
    text = owner.get(f"/dashboard/payments/?tab=failed&before={made[19]}").text
    assert newest in text
    assert f"tab=failed&amp;after={made[18]}" in text


def test_filters_stay_in_the_links_of_tabs_and_pages(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    make_payment(deps, shop)

    text = owner.get("/dashboard/payments/?currency=USD&q=ada").text

    assert "/dashboard/payments/?currency=USD&amp;q=ada&amp;tab=failed" in text


def test_htmx_gets_the_list_and_a_browser_the_page(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)

    part, whole = owner.htmx("/dashboard/payments/"), owner.get("/dashboard/payments/")

    assert part.text.strip().startswith('<div id="results"')
    assert payment.id in part.text
    assert "<html" in whole.text
    assert "HX-Request" in whole.headers["Vary"]


def test_what_customers_typed_is_shown_as_text(owner: Visitor, deps: Deps, shop: Shop) -> None:
    session_id = open_checkout(deps, shop)
    view = pay_checkout(deps, session_id)

    text = owner.get("/dashboard/payments/?q=<script>alert(1)</script>").text

    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert view.payment_id


def test_the_first_id_of_a_moment_is_below_all_ids_of_that_moment(deps: Deps) -> None:
    now = deps.clock.now()

    assert first_id("pi", now) <= new_id("pi", now)
    assert new_id("pi", now - timedelta(milliseconds=1)) < first_id("pi", now)
