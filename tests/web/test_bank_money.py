"""Bank transfers on the dashboard: what is due, what is kept for whom, and sending it back."""

import re

from app.services import bank_returns
from app.services.deps import Deps
from app.services.payments import CancelPayment, cancel_payment
from tests.factories import Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank, rows
from tests.transfers import arrive, make_customer, make_transfer, news
from tests.web.visitor import Visitor, toast_of

LIST = "/dashboard/bank-transfers/"


def _words(text: str) -> str:
    """What is read on the page, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def _payers() -> list[str]:
    return [str(row["id"]) for row in rows("SELECT id FROM bank_payers ORDER BY id")]


def test_a_payment_tells_where_to_send_it_what_came_and_what_is_due(
    owner: Visitor, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    payment = make_transfer(deps, shop, customer_id=make_customer(deps, shop, "Ada Novak"))
    page = f"/dashboard/payments/{payment.id}"
    text = owner.get(page).text
    assert payment.method_details["reference"] in text
    assert payment.method_details["account"]["iban"] in text
    assert "Waiting for transfer" in text
    assert "every 2s" not in text

    arrive(sandbox, shop, payment, 2000, reference="Order 7")
    news(deps, shop, payment)
    told = _words(owner.get(page).text)
    assert "30.00 EUR of it is still due" in told or "€30.00 of it is still due" in told
    assert "Still due: EUR 30.00" in told
    assert "Set aside for a payment" in told

    arrive(sandbox, shop, payment, 4500)
    news(deps, shop, payment)
    assert "Kept for the customer besides" in owner.get(page).text
    assert "balance at once" in owner.htmx(f"{page}/refund").text
    listed = _words(owner.get(LIST).text)
    assert "Ada Novak" in listed
    assert "15.00" in listed


def test_what_is_free_is_sent_back_once(
    owner: Visitor, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    payment = make_transfer(deps, shop)
    arrive(sandbox, shop, payment, 3000)
    news(deps, shop, payment)
    [payer] = _payers()
    dialog = f"{LIST}{payer}/return/EUR"
    assert owner.get(dialog).status_code == 400, "what is set aside is not free"
    cancel_payment(deps, CancelPayment(shop.merchant_id, payment.id, "user:ada"))
    news(deps, shop, payment)
    assert "A guest has no next payment" in owner.get(f"{LIST}{payer}").text
    assert "All that is free" in owner.htmx(dialog).text
    too_much = owner.post(dialog, {"extent": "part", "amount": "30.01"}, htmx=True)
    assert too_much.status_code == 422

    form = {"extent": "part", "amount": "12.50", "token": "once"}
    answers = [owner.post(dialog, form, htmx=True) for _ in range(2)]
    bank_returns.submit_due(deps)

    assert "is sent back" in toast_of(answers[0])
    assert Bank(sandbox, shop).facts("sent_back") == [1250]
    assert "17.50" in _words(owner.get(f"{LIST}{payer}").text)


def test_money_that_is_nobodys_is_shown_with_what_to_do_next(
    owner: Visitor, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    assert "Nothing here" in owner.get(LIST).text
    stranger = Bank(sandbox, shop).client.v1.customers.create({"name": "Nobody"})
    told = {"account": shop.sandbox_account, "customer": stranger.id, "amount": 700}
    sandbox.control("transfers", currency="eur", reference="??", **told)
    news(deps, shop, make_transfer(deps, shop))

    text = owner.get(f"{LIST}?tab=unmatched").text

    assert "belongs to no customer and no payment" in text
    assert "Nobody we know" in text
    [payer] = _payers()
    page = owner.get(f"{LIST}{payer}").text
    assert "??" in page
    assert "money to be explained" in page
