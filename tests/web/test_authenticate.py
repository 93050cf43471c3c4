"""The bank's question about a payment of a merchant's software: whom its page lets in, where it leads."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.payments import Payment
from app.services import expiry
from app.services.creation import CreatePayment, create_payment
from app.services.deps import Deps
from app.services.payments import ConfirmPayment, confirm_payment, load
from app.web.client_secrets import bank_page, client_secret
from tests.factories import (
    DECLINED,
    NEEDS_3DS,
    VISA,
    Shop,
    TestClock,
    open_checkout,
    open_shop,
    pay_checkout,
    usd,
)
from tests.sandbox.server import SandboxServer

BACK = "https://shop.example/back?order=7#top"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A customer's browser."""
    return app.test_client()


def asked(
    deps: Deps, shop: Shop, *, back: str | None = BACK, token: str = NEEDS_3DS, **more: Any
) -> Payment:
    """A payment that the shop's software made and confirmed."""
    command = CreatePayment(
        merchant_id=shop.merchant_id,
        amount=usd("49.99"),
        actor="api:test",
        payment_method_token=token,
        customer_email="ada@example.com",
        return_url=back,
        **more,
    )
    made = create_payment(deps, command)
    assert isinstance(made, Payment)
    return made


def answer_bank(sandbox: SandboxServer, payment: Payment, word: str) -> None:
    """Press a button of the bank's page."""
    body = {
        "payment_intent": payment.processor_reference,
        "client_secret": payment.client_secret,
        "answer": word,
    }
    requests.post(f"{sandbox.url}/3ds/answer", json=body, timeout=30).raise_for_status()


def address(payment: Payment, name: str = "", **changes: str) -> str:
    """An address of the payment's page; `changes` spoil what opens it."""
    opened_by = {"account": payment.merchant_id, "client_secret": client_secret(payment.id)}
    return f"/pay/authenticate/{payment.id}{name}?{urlencode(opened_by | changes)}"


def done(
    browser: FlaskClient, payment: Payment, headers: dict[str, str] | None = None
) -> TestResponse:
    """Tell the page that the bank was answered."""
    page = browser.get(address(payment)).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    data = {"csrf_token": found.group(1)}
    return browser.post(address(payment, "/authenticated"), data=data, headers=headers)


def told(location: str | None) -> dict[str, str]:
    """What the merchant's address is told, when it is that address."""
    parts = urlsplit(location or "")
    assert (parts.netloc, parts.path, parts.fragment) == ("shop.example", "/back", "top"), location
    return dict(parse_qsl(parts.query))


def captured(sandbox: SandboxServer, shop: Shop) -> list[int]:
    """What was really taken."""
    facts = sandbox.record(shop.sandbox_account)["facts"]
    return [fact["amount_minor"] for fact in facts if fact["fact"] == "captured"]


def test_the_page_says_who_asks_for_how_much_and_that_nothing_is_taken_yet(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    payment = asked(deps, shop)

    page = browser.get(urlsplit(bank_page(payment)).path + "?" + urlsplit(bank_page(payment)).query)

    assert page.status_code == 200
    assert "Your bank wants to confirm this payment" in page.text
    assert "Corner Shop asks for $49.99" in page.text
    assert "You have not been charged yet." in page.text
    assert f'data-secret="{payment.client_secret}"' in page.text
    assert "ada@example.com" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"script-src 'self' {sandbox.url};" in policy
    assert f"frame-src {sandbox.url}" in policy
    assert "unsafe-inline" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize("name", ["", "/state"])
def test_only_the_right_secret_opens_it(
    deps: Deps, shop: Shop, browser: FlaskClient, name: str
) -> None:
    """Whoever guesses is told the same as of a payment that does not exist, by the same words."""
    payment, other = asked(deps, shop), asked(deps, shop, token=VISA)
    stranger = open_shop(deps, name="Another Shop")
    nowhere = browser.get(f"/pay/authenticate/pi_nothing{name}?client_secret=x&account=y")
    assert nowhere.status_code == 404
    assert "There is no payment page here" in nowhere.text

    for changes in (
        {"client_secret": client_secret(other.id)},
        {"client_secret": client_secret(payment.id)[:-1] + "x"},
        {"client_secret": str(payment.client_secret)},
        {"client_secret": ""},
        {"client_secret": "é"},
        {"account": stranger.merchant_id},
        {"account": ""},
    ):
        answer = browser.get(address(payment, name, **changes))
        assert (answer.status_code, answer.text) == (404, nowhere.text), changes
    assert browser.get(f"/pay/authenticate/{payment.id}{name}").text == nowhere.text


def test_the_secret_does_not_open_a_checkouts_payment(
    deps: Deps, shop: Shop, browser: FlaskClient
) -> None:
    """A checkout is opened by its own address."""
    view = pay_checkout(deps, open_checkout(deps, shop), NEEDS_3DS)
    payment = load(shop.merchant_id, str(view.payment_id))

    assert browser.get(address(payment)).status_code == 404


@pytest.mark.parametrize(
    "word, status, ours", [("complete", "succeeded", "captured"), ("fail", "failed", "failed")]
)
def test_the_answer_leads_back_to_the_shop(
    deps: Deps,
    shop: Shop,
    browser: FlaskClient,
    sandbox: SandboxServer,
    word: str,
    status: str,
    ours: str,
) -> None:
    """The processor is asked; the address keeps what the merchant put into it."""
    payment = asked(deps, shop)
    answer_bank(sandbox, payment, word)

    answer = done(browser, payment)

    assert answer.status_code == 303
    assert told(answer.location) == {
        "order": "7",
        "payment_intent": payment.id,
        "payment_intent_client_secret": client_secret(payment.id),
        "redirect_status": status,
    }
    assert load(shop.merchant_id, payment.id).status == ours
    assert captured(sandbox, shop) == ([4999] if status == "succeeded" else [])


def test_our_script_is_told_where_to_go_and_shows_the_outcome_meanwhile(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    payment = asked(deps, shop)
    still = done(browser, payment, HTMX)
    assert still.text.lstrip().startswith("<main")
    assert 'data-phase="action"' in still.text
    assert "data-onward" not in still.text

    answer_bank(sandbox, payment, "complete")
    first, second = done_twice(browser, payment)

    for answer in (first, second):
        assert 'data-phase="paid"' in answer.text
        assert 'data-onward="https://shop.example/back?order=7&amp;payment_intent=' in answer.text
    assert captured(sandbox, shop) == [4999]


def done_twice(browser: FlaskClient, payment: Payment) -> tuple[TestResponse, TestResponse]:
    """As somebody does who presses twice: one form, sent two times."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(address(payment)).text)
    assert found
    data = {"csrf_token": found.group(1)}
    url = address(payment, "/authenticated")
    return (
        browser.post(url, data=data, headers=HTMX),
        browser.post(url, data=data, headers=HTMX),
    )


def test_without_a_way_back_the_page_itself_tells_the_outcome(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    payment = asked(deps, shop, back=None)
    assert "Cancel and go back" not in browser.get(address(payment)).text
    answer_bank(sandbox, payment, "complete")

    answer = done(browser, payment)

    assert (answer.status_code, answer.location) == (303, address(payment))
    page = browser.get(answer.location).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "$49.99 was taken from Visa" in page
    assert "data-return" not in page


@pytest.mark.parametrize(
    "token, heading, money, status",
    [
        (VISA, "Payment complete", "$49.99 was taken from", "succeeded"),
        (DECLINED, "This payment was not made", "You have not been charged.", "failed"),
    ],
)
def test_a_finished_payment_shows_its_outcome_and_a_link_to_the_shop(
    deps: Deps,
    shop: Shop,
    browser: FlaskClient,
    token: str,
    heading: str,
    money: str,
    status: str,
) -> None:
    """Opened again later: nobody is sent anywhere unasked."""
    payment = asked(deps, shop, token=token)

    page = browser.get(address(payment))

    assert f'<h1 tabindex="-1" data-focus>{heading}</h1>' in page.text
    assert money in page.text
    assert f"redirect_status={status}" in page.text
    assert "data-onward" not in page.text
    assert "data-secret" not in page.text


def test_a_held_payment_says_that_nothing_was_taken(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    payment = asked(deps, shop, capture_method="manual")
    answer_bank(sandbox, payment, "complete")

    assert told(done(browser, payment).location)["redirect_status"] == "succeeded"
    assert "No money has been taken yet." in browser.get(address(payment)).text


def test_leaving_asks_the_bank_first_and_tells_the_shop(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """Whoever confirmed a moment ago and leaves has paid."""
    payment = asked(deps, shop)
    leave = address(payment, leave="1")
    assert told(browser.get(leave).location)["redirect_status"] == "failed"
    assert load(shop.merchant_id, payment.id).status == "requires_action"

    answer_bank(sandbox, payment, "complete")

    assert told(browser.get(leave).location)["redirect_status"] == "succeeded"


def test_while_the_outcome_is_unknown_the_shop_is_told_so(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    payment = asked(deps, shop)
    token = re.search(r'csrf_token" value="([^"]+)"', browser.get(address(payment)).text)
    assert token
    route = f"POST /v1/payment_intents/{payment.processor_reference}/confirm"
    sandbox.fault("drop_before", account=shop.sandbox_account, route=route)
    again = ConfirmPayment(shop.merchant_id, payment.id, NEEDS_3DS, "api:test", return_url=BACK)
    assert confirm_payment(deps, again).status == "unknown"

    answer = browser.post(address(payment, "/authenticated"), data={"csrf_token": token.group(1)})

    assert told(answer.location)["redirect_status"] == "pending"
    page = browser.get(address(payment)).text
    assert "Do not pay again" in page
    assert browser.get(address(payment, "/state")).json == {"phase": "checking"}


def test_a_processor_that_does_not_answer_leaves_the_question_open(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    payment = asked(deps, shop)
    answer_bank(sandbox, payment, "complete")
    sandbox.fault("drop_before", account=shop.sandbox_account, route="GET /v1/payment_intents*")

    assert done(browser, payment).location == address(payment)

    assert told(done(browser, payment).location)["redirect_status"] == "succeeded"


def test_a_form_without_its_token_changes_nothing_and_shows_the_page(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """A browser that lost its cookie is given a new token; another site's form gets nowhere."""
    payment = asked(deps, shop)
    answer_bank(sandbox, payment, "complete")
    url = address(payment, "/authenticated")

    lost = browser.post(url, data={"csrf_token": "old"})
    fragment = browser.post(url, data={"csrf_token": "old"}, headers=HTMX)
    foreign = browser.post(url, headers={"Sec-Fetch-Site": "cross-site"})

    assert (lost.status_code, lost.location) == (303, address(payment))
    assert 'data-phase="action"' in fragment.text
    assert foreign.status_code == 403
    assert load(shop.merchant_id, payment.id).status == "requires_action"
    wrong = browser.post(address(payment, "/authenticated", client_secret="x"))
    assert wrong.status_code == 400


def test_a_payment_left_with_the_bank_is_canceled_after_a_day(
    deps: Deps, shop: Shop, browser: FlaskClient, clock: TestClock, sandbox: SandboxServer
) -> None:
    """At the processor too: nobody can finish it later. A checkout's payment has a time of its own."""
    payment = asked(deps, shop)
    view = pay_checkout(deps, open_checkout(deps, shop), NEEDS_3DS)
    clock.advance(timedelta(hours=23, minutes=59))
    assert expiry.abandon_waiting(deps) == 0

    clock.advance(timedelta(minutes=2))
    assert expiry.abandon_waiting(deps) == 1

    left = load(shop.merchant_id, payment.id)
    assert (left.status, left.cancel_reason, left.operation) == ("canceled", "abandoned", None)
    answer_bank(sandbox, payment, "complete")
    assert captured(sandbox, shop) == []
    page = browser.get(address(payment))
    assert "This payment was cancelled" in page.text
    assert "You have not been charged." in page.text
    assert load(shop.merchant_id, str(view.payment_id)).status == "requires_action"
    assert expiry.abandon_waiting(deps) == 0
