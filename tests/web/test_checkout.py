"""The hosted checkout over HTTP: what it takes, what it refuses, what it says in each phase."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.money import Money
from app.services import merchants
from app.services.deps import Deps
from app.services.payments import CancelPayment, cancel_payment
from tests.factories import (
    DECLINED,
    NEEDS_3DS,
    NO_FUNDS,
    VISA,
    FakeQueue,
    Shop,
    TestClock,
    open_checkout,
    pay_checkout,
    usd,
)
from tests.sandbox.server import SandboxServer


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A customer's browser."""
    return app.test_client()


def token_of(page: TestResponse) -> str:
    """The form token in a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found.group(1)


def post(
    browser: FlaskClient, session_id: str, *, headers: dict[str, str] | None = None, **fields: str
) -> TestResponse:
    """Open the page and send its form, with `fields` instead of its own."""
    values = {
        "csrf_token": token_of(browser.get(f"/pay/{session_id}")),
        "payment_method": VISA,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
    }
    return browser.post(f"/pay/{session_id}", data=values | fields, headers=headers)


def charges(sandbox: SandboxServer, shop: Shop) -> list[int]:
    """What was really captured."""
    facts = sandbox.record(shop.sandbox_account)["facts"]
    return [fact["amount_minor"] for fact in facts if fact["fact"] == "captured"]


def test_a_plain_form_pays_and_a_reload_posts_nothing(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """POST, then redirect, then GET: it works without any script of ours."""
    session_id = open_checkout(
        deps, shop, success_url="https://shop.example/ok?s={CHECKOUT_SESSION_ID}"
    )

    answer = post(browser, session_id)

    assert (answer.status_code, answer.location) == (303, f"/pay/{session_id}")
    page = browser.get(answer.location)
    assert "Payment complete" in page.text
    assert "$49.99 was taken from Visa •••• 4242." in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert f'href="https://shop.example/ok?s={session_id}"' in page.text
    assert charges(sandbox, shop) == [4999]


def test_paying_again_shows_the_first_payment(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """The same form sent twice, as an impatient browser does."""
    session_id = open_checkout(deps, shop)
    form = {
        "csrf_token": token_of(browser.get(f"/pay/{session_id}")),
        "payment_method": VISA,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
    }

    answers = [browser.post(f"/pay/{session_id}", data=form) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert charges(sandbox, shop) == [4999]


def test_our_script_gets_the_panel_alone(deps: Deps, shop: Shop, browser: FlaskClient) -> None:
    """With its phase and its title, so that it can show both."""
    session_id = open_checkout(deps, shop)

    answer = post(browser, session_id, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<main")
    assert 'data-phase="paid"' in answer.text
    assert 'data-title="Payment complete · Corner Shop"' in answer.text


@pytest.mark.parametrize(
    "surplus", [{"amount": "1"}, {"currency": "jpy"}, {"merchant_id": "acct_x"}, {"fee": "0"}]
)
def test_a_form_that_names_a_price_is_refused(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer, surplus: dict[str, str]
) -> None:
    """Amount, currency and merchant are the session's."""
    session_id = open_checkout(deps, shop)

    answer = post(browser, session_id, **surplus)

    assert answer.status_code == 400
    assert next(iter(surplus)) in answer.text
    assert charges(sandbox, shop) == []


def test_a_query_changes_nothing(deps: Deps, shop: Shop, browser: FlaskClient) -> None:
    """Whatever somebody appended to the address."""
    session_id = open_checkout(deps, shop)

    address = f"/pay/{session_id}?amount=1&phase=paid&redirect_status=succeeded"
    page = browser.get(address, follow_redirects=True)

    assert "Pay $49.99" in page.text
    assert "Payment complete" not in page.text


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("name", "4242 4242 4242 4242", "Enter the name as it appears on the card"),
        ("name", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "Enter the name as it appears on the card"),
        ("name", "123", "Enter the name as it appears on the card"),
        ("name", " ", "Enter the name on the card"),
        ("email", "4242424242424242@example.com", "Enter an e-mail address, not a card number"),
        ("email", "nobody", "Enter a valid e-mail address"),
        ("payment_method", "4242424242424242", "Enter your payment details again"),
        ("payment_method", "pm_4242424242424242", "Enter your payment details again"),
        ("payment_method", "", "Enter your payment details again"),
    ],
)
def test_what_cannot_be_right_is_refused_and_card_numbers_are_not_echoed(
    deps: Deps, shop: Shop, browser: FlaskClient, field: str, value: str, said: str
) -> None:
    """Before anything is stored; what was right is kept in the form."""
    session_id = open_checkout(deps, shop)

    answer = post(browser, session_id, **{field: value})

    assert answer.status_code == 422
    assert said in answer.text
    assert "You have not been charged." in answer.text
    assert "<title>" in answer.text
    assert "Error: Payment" in answer.text
    assert "4242424242" not in answer.text
    assert "٤٢٤٢" not in answer.text
    kept = "Ada Lovelace" if field != "name" else "ada@example.com"
    assert f'value="{kept}"' in answer.text


def test_a_lost_cookie_renews_the_form_with_what_was_typed(
    deps: Deps, shop: Shop, browser: FlaskClient, app: Flask, sandbox: SandboxServer
) -> None:
    """The customer presses once more; it is not an error page."""
    session_id = open_checkout(deps, shop)
    form = {
        "csrf_token": token_of(browser.get(f"/pay/{session_id}")),
        "payment_method": VISA,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
    }

    answer = app.test_client().post(f"/pay/{session_id}", data=form)

    assert answer.status_code == 422
    assert "Please press the button once more" in answer.text
    assert 'value="Ada Lovelace"' in answer.text
    assert charges(sandbox, shop) == []


def test_a_form_without_a_token_pays_nothing(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """Whether the session exists or not."""
    fields = {"payment_method": VISA, "email": "ada@example.com", "name": "Ada Lovelace"}

    assert browser.post(f"/pay/{open_checkout(deps, shop)}", data=fields).status_code == 422
    assert browser.post("/pay/cs_test_nothing", data=fields).status_code == 400
    assert charges(sandbox, shop) == []


def test_another_site_cannot_send_the_form(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """Neither by its own word nor by its origin."""
    session_id = open_checkout(deps, shop)

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = post(browser, session_id, headers=headers)
        assert answer.status_code == 403
        assert "Payment complete" not in answer.text
    assert charges(sandbox, shop) == []


@pytest.mark.parametrize(
    "card, title", [(DECLINED, "Your card was declined"), (NO_FUNDS, "There is not enough money")]
)
def test_a_decline_says_what_to_do(
    deps: Deps, shop: Shop, browser: FlaskClient, card: str, title: str
) -> None:
    """The form again, with the e-mail address in it."""
    session_id = open_checkout(deps, shop)

    page = browser.get(post(browser, session_id, payment_method=card).location or "")

    assert title in page.text
    assert "You have not been charged." in page.text
    assert 'data-phase="declined"' in page.text
    assert 'value="ada@example.com"' in page.text
    assert "insufficient_funds" not in page.text


def test_the_bank_is_asked_and_another_card_may_be_chosen(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """Coming back without having confirmed is no payment."""
    session_id = open_checkout(deps, shop)
    post(browser, session_id, payment_method=NEEDS_3DS)

    waiting = browser.get(f"/pay/{session_id}")
    assert 'data-phase="action"' in waiting.text
    assert "data-secret=" in waiting.text
    assert "You have not been charged yet." in waiting.text
    back = browser.post(f"/pay/{session_id}/authenticated", data={"csrf_token": token_of(waiting)})
    assert back.status_code == 303
    assert 'data-phase="action"' in browser.get(f"/pay/{session_id}").text
    assert charges(sandbox, shop) == []

    form = browser.get(f"/pay/{session_id}?another=1")
    assert "Choose another way to pay" in form.text
    assert "Pay $49.99" in form.text
    post(browser, session_id)
    assert charges(sandbox, shop) == [4999]


def test_an_unknown_outcome_is_checked_and_never_offered_again(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer, queue: FakeQueue,
    clock: TestClock,
) -> None:  # fmt: skip
    """The charge was made, the answer was lost: the state says so once the worker has asked."""
    session_id = open_checkout(deps, shop)
    sandbox.fault("drop_after", account=shop.sandbox_account, route="POST /v1/payment_intents*")

    page = browser.get(post(browser, session_id).location or "")

    assert "Do not pay again" in page.text
    assert "data-pay" not in page.text
    assert browser.get(f"/pay/{session_id}/state").json == {"phase": "checking"}
    clock.advance(timedelta(minutes=2))
    queue.wake("resolver")
    queue.drain()
    assert browser.get(f"/pay/{session_id}/state").json == {"phase": "paid"}
    assert charges(sandbox, shop) == [4999]


def test_an_authorised_card_is_told_that_nothing_was_taken_yet(
    deps: Deps, shop: Shop, browser: FlaskClient
) -> None:
    """And once it is let go, that nothing will be."""
    session_id = open_checkout(deps, shop, capture_method="manual")
    view = pay_checkout(deps, session_id)

    page = browser.get(f"/pay/{session_id}")
    assert "No money has been taken yet." in page.text
    assert "Receipt number" not in page.text

    assert view.payment_id
    cancel_payment(deps, CancelPayment(shop.merchant_id, view.payment_id, "user:test"))
    page = browser.get(f"/pay/{session_id}")
    assert "This payment was cancelled" in page.text
    assert "You have not been charged." in page.text


def test_an_expired_page_does_not_pay(
    deps: Deps, shop: Shop, browser: FlaskClient, clock: TestClock, sandbox: SandboxServer
) -> None:
    """Not even from a form that was open before."""
    session_id = open_checkout(deps, shop)
    form = {
        "csrf_token": token_of(browser.get(f"/pay/{session_id}")),
        "payment_method": VISA,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
    }
    clock.advance(timedelta(hours=25))

    page = browser.post(f"/pay/{session_id}", data=form, follow_redirects=True)

    assert "This payment page has expired" in page.text
    assert "You have not been charged." in page.text
    assert charges(sandbox, shop) == []


def test_an_unknown_session_is_a_page_of_the_checkout(deps: Deps, browser: FlaskClient) -> None:
    """With the one thing a customer wants to know."""
    assert deps
    for path in ("/pay/cs_test_nothing", "/pay/cs_test_nothing/state", "/buy/plink_nothing"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "You have not been charged on this page." in answer.text


def test_a_payment_link_opens_a_session_for_each_visit(
    deps: Deps, shop: Shop, browser: FlaskClient
) -> None:
    """A browser's guess at a visit opens none."""
    link = merchants.create_link(deps, shop.merchant_id, title="Walnut tray", amount=usd("49.99"))

    first, second = browser.get(f"/buy/{link}"), browser.get(f"/buy/{link}?locale=de")

    assert first.status_code == second.status_code == 303
    assert first.location != second.location
    page = browser.get(second.location or "")
    assert "49,99\N{NO-BREAK SPACE}$" in page.text
    assert "Walnut tray" in page.text
    guess = browser.get(f"/buy/{link}", headers={"Sec-Purpose": "prefetch;prerender"})
    assert (guess.status_code, browser.head(f"/buy/{link}").status_code) == (204, 204)


@pytest.mark.parametrize(
    "money, language, written",
    [
        (Money(4999, "USD"), "en-US", "$49.99"),
        (Money(4999, "EUR"), "de-DE,de;q=0.9", "49,99\N{NO-BREAK SPACE}€"),
        (Money(999, "JPY"), "en-US", "¥999"),
        (Money(12340, "TND"), "en-US", "12.340"),
        (Money(1250000, "IDR"), "en-US", "12,500.00"),
    ],
)
def test_amounts_are_written_as_the_reader_writes_them(
    deps: Deps, shop: Shop, browser: FlaskClient, money: Money, language: str, written: str
) -> None:
    """By CLDR, with the decimals of ISO 4217, on the button too."""
    session_id = open_checkout(deps, shop, amount=money)

    page = browser.get(f"/pay/{session_id}", headers={"Accept-Language": language})

    button = re.search(r"<span data-label>([^<]+)</span>", page.text)
    assert button
    assert written in button.group(1)


def test_the_page_is_private_and_its_policy_strict(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """No cache, no index, no inline script or style, no third party but the processor."""
    page = browser.get(f"/pay/{open_checkout(deps, shop)}")

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"script-src 'self' {sandbox.url}" in policy
    assert "unsafe" not in policy
    assert "style=" not in page.text
    assert re.search(r"<script(?![^>]*src=)", page.text) is None
    assert re.search(r"\son[a-z]+=", page.text) is None


def test_the_page_has_no_field_for_a_card_number_of_its_own(
    deps: Deps, shop: Shop, browser: FlaskClient
) -> None:
    """Card data is typed into the processor's frames and nowhere else."""
    page = browser.get(f"/pay/{open_checkout(deps, shop)}").text

    assert set(re.findall(r'<input[^>]*name="([^"]+)"', page)) == {
        "csrf_token",
        "email",
        "method",
        "name",
    }
    assert "cc-number" not in page
    assert "cc-csc" not in page


def test_wallets_stand_above_the_form_where_they_are_offered(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """Their frames may open a wallet; nothing else of the page's policy is any wider."""
    session_id = open_checkout(deps, shop)
    page = browser.get(f"/pay/{session_id}")
    assert "data-express" not in page.text
    strict = page.headers["Content-Security-Policy"]

    merchants.set_methods(deps, shop.merchant_id, ["card", "google_pay"])
    page = browser.get(f"/pay/{session_id}")

    assert 'data-express="google_pay"' in page.text
    assert "Or pay another way" in page.text
    assert f'payment=(self "{sandbox.url}")' in page.headers["Permissions-Policy"]
    assert page.headers["Content-Security-Policy"] == strict
    # A wallet tells no name where its owner lets it tell none.
    answer = post(
        browser, session_id, method="google_pay", payment_method="pm_card_visa_googlePay", name=""
    )
    assert answer.status_code == 303
    assert "Visa •••• 4242 · Google Pay" in browser.get(f"/pay/{session_id}").text.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert charges(sandbox, shop) == [4999]
