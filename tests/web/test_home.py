"""The overview and the other pages that only show."""

import re

from sqlalchemy import text

from app.domain.money import Money
from app.services import merchants
from app.services.deps import Deps
from app.services.refunds import RequestRefund, request_refund
from app.store.db import transaction
from tests.factories import DECLINED, FakeQueue, Shop, make_payment, usd
from tests.web.visitor import Visitor, toast_of


def squeezed(text: str) -> str:
    """A page's words without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_a_new_account_is_told_how_to_begin(owner: Visitor) -> None:
    assert "No payments yet" in owner.get("/dashboard/").text


def test_today_adds_up_and_each_figure_leads_to_what_it_counts(
    owner: Visitor, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    make_payment(deps, shop, amount=usd("100.00"))
    payment = make_payment(deps, shop, amount=usd("50.00"))
    make_payment(deps, shop, amount=usd("70.00"), token=DECLINED)
    make_payment(deps, shop, amount=usd("60.00"), capture_method="manual")
    request_refund(deps, RequestRefund(shop.merchant_id, payment.id, usd("20.00"), "user:me"))
    queue.drain()

    home = owner.get("/dashboard/").text
    words = squeezed(home)

    fees = 2 * 30 + round(15000 * 29 / 1000)
    net = Money(15000 - 2000 - fees, "USD").decimal
    assert "Gross volume $150.00 .00 USD" in words.replace("$150.00 USD", "$150.00 .00 USD")
    assert "Payments 2" in words
    assert "Refunds $20.00 USD" in words
    assert f"Net after fees ${net} USD" in words
    link = re.search(r'<a class="figure" href="([^"]+dated=captured[^"]+)"', home)
    assert link
    listed = owner.get(link.group(1).replace("&amp;", "&")).text
    assert len(re.findall(r'class="whole"', listed)) == 2


def test_currencies_are_shown_apart_and_never_added_up(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    make_payment(deps, shop, amount=usd("10.00"))
    make_payment(deps, shop, amount=Money(5000, "JPY"))

    dollars, yen = owner.get("/dashboard/").text, owner.get("/dashboard/?currency=JPY").text

    assert "Gross volume $10.00 USD" in squeezed(dollars)
    assert "Gross volume ¥5,000 JPY" in squeezed(yen)


def test_what_waits_for_somebody_stands_first(owner: Visitor, deps: Deps, shop: Shop) -> None:
    make_payment(deps, shop)
    assert "Needs attention" not in owner.get("/dashboard/").text

    with transaction() as session:
        session.execute(text("UPDATE payments SET needs_reversal = true"))

    words = squeezed(owner.get("/dashboard/").text)
    assert "Needs attention 1 payment came after the checkout had ended" in words
    with transaction() as session:
        session.execute(text("UPDATE payments SET needs_reversal = false"))


def test_the_chart_and_its_table_hold_the_same_figures(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    make_payment(deps, shop, amount=usd("40.00"))
    make_payment(deps, shop, token=DECLINED)

    figure = owner.get("/dashboard/chart.json?currency=USD").json
    words = squeezed(owner.get("/dashboard/").text)

    assert figure is not None
    bars, line = figure["data"]
    assert len(bars["x"]) == 30
    assert bars["y"][-1] == 40
    assert line["y"][-1] == 50
    assert "$40.00 USD 1 2 50 %" in words


def test_balances_say_what_is_there_and_when_the_rest_comes(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop, amount=usd("100.00"))

    words = squeezed(owner.get("/dashboard/balances/").text)

    net = Money(payment.captured_minor - payment.fee_minor, "USD").decimal
    assert f"USD $0.00 USD ${net} USD" in words
    assert "Payment captured" in words
    assert "Your pending balance" in words


def test_a_refund_is_listed_with_its_reason(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)
    request_refund(
        deps,
        RequestRefund(shop.merchant_id, payment.id, usd("5.00"), "user:me@x.example", "duplicate"),
    )

    words = squeezed(owner.get("/dashboard/refunds/").text)

    assert "Requested" in words
    assert "Duplicate" in words
    assert "me@x.example" in words
    assert "No refunds match" in owner.get("/dashboard/refunds/?tab=failed").text


def test_a_payment_link_is_made_and_opens_a_checkout(
    owner: Visitor, shop: Shop, visitor: Visitor
) -> None:
    form = {"title": "Walnut tray", "amount": "49.99", "currency": "USD"}

    answer = owner.post("/dashboard/links/new", form, htmx=True)

    assert toast_of(answer) == "Payment link created"
    address = re.search(r'data-copy="http://localhost(/buy/[^"]+)"', answer.text)
    assert address
    opened = visitor.get(address.group(1))
    assert opened.headers["Location"].startswith("/pay/cs_test_")


def test_a_payment_link_without_a_price_is_refused_at_its_fields(owner: Visitor) -> None:
    form = {"title": " ", "amount": "0.10", "currency": "USD"}

    answer = owner.post("/dashboard/links/new", form, htmx=True)

    assert answer.status_code == 422
    assert "Enter what the customer pays for." in answer.text
    assert "at least $0.50" in answer.text


def test_a_key_is_shown_only_by_its_ends(owner: Visitor, shop: Shop) -> None:
    text = owner.get("/dashboard/keys/").text

    assert f"sk_test_…{shop.secret_key[-4:]}" in text
    assert shop.secret_key not in text


def test_checkouts_of_links_are_listed_newest_first(
    owner: Visitor, deps: Deps, shop: Shop, visitor: Visitor
) -> None:
    for title in ("First", "Second", "Third"):
        link = merchants.create_link(deps, shop.merchant_id, title=title, amount=usd("5.00"))
        visitor.get(f"/buy/{link}")

    words = squeezed(owner.get("/dashboard/links/").text).partition("Checkouts")[2]

    assert words.index("Third") < words.index("Second") < words.index("First")
