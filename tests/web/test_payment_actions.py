"""Refund, capture and cancel from the dashboard, and the page they happen on."""

import json
import re

import pytest
from flask import Flask

from app.domain.onward import Onward
from app.services import fees, onward, payments
from app.services.deps import Deps
from app.services.refunds import RequestRefund, request_refund
from tests.factories import (
    DECLINED,
    FakeQueue,
    Shop,
    TestClock,
    connect_sellers,
    make_payment,
    open_shop,
    usd,
)
from tests.sandbox.server import SandboxServer
from tests.web.visitor import Visitor, toast_of


def page_of(payment_id: str, action: str = "") -> str:
    return f"/dashboard/payments/{payment_id}" + (f"/{action}" if action else "")


def test_the_dialog_offers_what_is_left_to_refund(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop, amount=usd("50.00"))
    request_refund(deps, RequestRefund(shop.merchant_id, payment.id, usd("12.50"), "user:me"))

    answer = owner.htmx(page_of(payment.id, "refund"))

    assert "Refund $37.50" in answer.text
    assert 'name="expected_refundable" value="3750"' in " ".join(answer.text.split())
    assert "<html" not in answer.text


def test_a_full_refund_reaches_the_customer(
    owner: Visitor, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    payment = make_payment(deps, shop, amount=usd("50.00"))

    answer = owner.post(
        page_of(payment.id, "refund"), {"extent": "full", "reason": "duplicate"}, htmx=True
    )

    assert answer.status_code == 200
    assert toast_of(answer) == "Refund of $50.00 requested"
    assert answer.headers["HX-Retarget"] == "#payment"
    assert "Refund pending" in answer.text
    queue.drain()
    text = owner.get(page_of(payment.id)).text
    assert re.search(r"</span>Refunded</span>", text)
    assert "A refund of" in text
    assert payments.load(shop.merchant_id, payment.id).refunded_minor == 5000


def seen(text: str) -> str:
    """What is read in the dialog, without tags and currency codes."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace(" USD", "")


def test_what_goes_back_of_the_fee_is_said_before_it_happens(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    kept = make_payment(deps, shop, amount=usd("100.00"))
    rules = {"basis_points": 290, "fixed": 30, "on_refund": "percentage"}
    fees.set_schedule(deps, fees.SetSchedule(shop.merchant_id, "card", rules))
    clock.advance(fees.NOTICE)
    payment = make_payment(deps, shop, amount=usd("100.00"))

    assert "The fee of $3.20 is kept." in seen(owner.htmx(page_of(kept.id, "refund")).text)
    whole = seen(owner.htmx(page_of(payment.id, "refund")).text)
    assert "Farthing returns of its fee $2.90 From your balance $97.10" in whole
    part = owner.htmx(page_of(payment.id, "refund/cost?extent=part&amount=50.00")).text
    assert "Farthing returns of its fee $1.45 From your balance $48.55" in seen(part)

    # What cannot be refunded costs nothing, and not what all of it would.
    too_much = {"extent": "part", "amount": "100.01", "reason": "other"}
    wrong = seen(owner.post(page_of(payment.id, "refund"), too_much, htmx=True).text)
    assert "Farthing returns of its fee \N{EN DASH} From your balance \N{EN DASH}" in wrong
    part = owner.htmx(page_of(payment.id, "refund/cost?extent=part&amount=100.01")).text
    assert "Farthing returns of its fee \N{EN DASH} From your balance \N{EN DASH}" in seen(part)

    owner.post(page_of(payment.id, "refund"), {"extent": "part", "amount": "50", "reason": "other"})
    text = seen(owner.get(page_of(payment.id)).text)
    assert "Fee returned $1.45 Net $48.25" in text
    assert "$1.45 of the fee returned" in text


def test_a_refund_of_what_was_sent_on_asks_what_comes_from_the_seller(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    [seller] = connect_sellers(deps, shop, "Ann's Pots")
    plan = Onward(seller, application_fee_minor=500)
    payment = make_payment(deps, shop, amount=usd("50.00"), escrow=plan)
    onward.transfer_due(deps)

    dialog = seen(owner.htmx(page_of(payment.id, "refund")).text)
    assert "$50.00 went on to Ann" in dialog
    form = {"extent": "part", "amount": "10.00", "reason": "other"}
    both = form | {"takes_back": "y", "gives_fee": "y"}
    owner.post(page_of(payment.id, "refund"), both)
    owner.post(page_of(payment.id, "refund"), form)

    text = seen(owner.get(page_of(payment.id)).text)
    assert "Application fee given back $1.00 Taken back" in text
    # 50.00 less the fee of 5.00, less 10.00 and its part of the fee: the second took nothing.
    assert "s $36.00" in text


def test_a_part_of_it_with_reason_and_note(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)
    form = {"extent": "part", "amount": "20.00", "reason": "other", "note": "Broken handle"}

    answer = owner.post(page_of(payment.id, "refund"), form)

    assert answer.status_code == 303
    text = owner.get(page_of(payment.id)).text
    assert "Broken handle" in text
    assert "Refund of $20.00 requested" in text
    assert payments.load(shop.merchant_id, payment.id).refund_reserved_minor == 2000


@pytest.mark.parametrize(
    "amount, words",
    [
        ("50.01", "At most $50.00"),
        ("0", "greater than zero"),
        ("", "Enter an amount"),
        ("-5", "Enter an amount"),
        ("1e3", "Enter an amount"),
        ("\N{ARABIC-INDIC DIGIT FIVE}", "Enter an amount"),
        ("1.234", "USD has 2 decimals"),
    ],
)
def test_an_amount_that_cannot_be_refunded_is_explained_at_its_field(
    owner: Visitor, deps: Deps, shop: Shop, amount: str, words: str
) -> None:
    payment = make_payment(deps, shop)
    form = {"extent": "part", "amount": amount, "reason": "duplicate"}

    answer = owner.post(page_of(payment.id, "refund"), form, htmx=True)

    assert answer.status_code == 422
    assert words in answer.text
    assert 'href="#amount"' in answer.text
    assert payments.load(shop.merchant_id, payment.id).refund_reserved_minor == 0


def test_an_amount_is_typed_as_the_reader_writes_it(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)
    address = page_of(payment.id, "refund")
    german = "de-DE,de;q=0.9"
    shown = owner.get(address, Accept_Language=german).text
    assert "50,00\N{NO-BREAK SPACE}$" in shown
    assert 'data-decimals=",,"' in shown

    form = {"extent": "part", "reason": "duplicate"}
    refused = owner.post(address, form | {"amount": "20.00"}, Accept_Language=german)
    taken = owner.post(address, form | {"amount": "20,50"}, Accept_Language=german)

    assert refused.status_code == 422
    assert "like 1.234,56." in refused.text
    assert taken.status_code == 303
    assert payments.load(shop.merchant_id, payment.id).refund_reserved_minor == 2050


def test_of_two_tabs_one_wins_and_the_other_is_told_what_changed(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop)
    address = page_of(payment.id, "refund")
    second_tab = owner.hidden_fields(address) | {"extent": "part", "amount": "10.00"}
    owner.post(address, {"extent": "part", "amount": "30.00", "reason": "duplicate"}, htmx=True)

    answer = owner.post_raw(address, second_tab | {"reason": "duplicate"}, HX_Request="true")

    assert answer.status_code == 412
    assert 'role="alert"' in answer.text
    assert 'name="expected_refundable" value="2000"' in " ".join(answer.text.split())
    assert payments.load(shop.merchant_id, payment.id).refund_reserved_minor == 3000


def test_a_double_click_refunds_once(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)
    address = page_of(payment.id, "refund")
    form = owner.hidden_fields(address) | {
        "extent": "part",
        "amount": "10.00",
        "reason": "duplicate",
    }

    answers = [owner.post_raw(address, form, HX_Request="true") for _ in range(2)]

    assert answers[0].status_code == 200
    assert payments.load(shop.merchant_id, payment.id).refund_reserved_minor == 1000


def test_capturing_a_part_lets_the_rest_go(
    owner: Visitor, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    payment = make_payment(deps, shop, capture_method="manual")
    form = {"extent": "part", "amount": "30.00"}

    answer = owner.post(page_of(payment.id, "capture"), form, htmx=True)

    assert toast_of(answer) == "$30.00 captured"
    after = payments.load(shop.merchant_id, payment.id)
    assert (after.status, after.captured_minor) == ("captured", 3000)


def test_canceling_takes_no_money(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop, capture_method="manual")

    answer = owner.post(page_of(payment.id, "cancel"), {"reason": "abandoned"}, htmx=True)

    assert toast_of(answer) == "Payment canceled"
    assert payments.load(shop.merchant_id, payment.id).captured_minor == 0
    assert "Canceled" in answer.text


@pytest.mark.parametrize("action", ["capture", "cancel"])
def test_what_is_no_longer_possible_is_said_in_the_dialog(
    owner: Visitor, deps: Deps, shop: Shop, action: str
) -> None:
    payment = make_payment(deps, shop, capture_method="manual")
    fields = owner.hidden_fields(page_of(payment.id, action))
    payments.capture_payment(
        deps, payments.CapturePayment(shop.merchant_id, payment.id, "user:someone")
    )

    form = fields | {"extent": "full", "reason": "abandoned"}
    answer = owner.post_raw(page_of(payment.id, action), form, HX_Request="true")

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "This payment is captured" in answer.text


def test_the_page_asks_again_only_while_something_may_change(
    owner: Visitor, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    payment = make_payment(deps, shop)
    polls = 'hx-trigger="every 2s"'
    assert polls not in owner.get(page_of(payment.id)).text

    owner.post(page_of(payment.id, "refund"), {"extent": "full", "reason": "duplicate"})
    assert polls in owner.htmx(page_of(payment.id)).text

    queue.drain()
    assert polls not in owner.htmx(page_of(payment.id)).text


def test_the_page_tells_the_whole_story(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)

    text = " ".join(owner.get(page_of(payment.id)).text.split())

    for words in (
        payment.id,
        "Gross",
        "Farthing fee",
        "Net",
        "was captured",
        "Visa",
        "4242",
        "Stripe payment intent",
        str(payment.processor_reference),
        "ada@example.com",
        "Payment captured",
        "Processor owes",
    ):
        assert words in text, words
    captured, started = text.index("was captured"), text.index("was started")
    assert captured < started, "the newest event comes first"


def test_a_refused_payment_says_why_and_that_nothing_was_taken(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop, token=DECLINED)

    text = " ".join(owner.get(page_of(payment.id)).text.split())

    assert "Your card was declined" in text
    assert "The customer was not charged" in text
    assert page_of(payment.id, "refund") not in text


def test_the_dialog_closes_before_the_toast_is_shown(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop, capture_method="manual")

    answer = owner.post(page_of(payment.id, "capture"), {"extent": "full"}, htmx=True)

    assert list(json.loads(answer.headers["HX-Trigger"])) == ["closeDialog", "toast"]


def test_a_capture_that_was_received_is_shown_as_such(app: Flask, deps: Deps) -> None:
    shop = open_shop(deps, processor="adyen")
    owner = Visitor(app)
    owner.sign_in(shop.email)
    payment = make_payment(deps, shop, capture_method="manual")

    answer = owner.post(page_of(payment.id, "capture"), {"amount": "50.00"}, htmx=True)

    assert toast_of(answer).startswith("The processor has received the capture.")
    assert "Being captured." in answer.text
