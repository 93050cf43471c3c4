"""The hosted checkout of a shop at Adyen over HTTP: sealed cards, the bank's question, what is refused."""

import html
import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.methods import METHODS
from app.services import merchants
from app.services.deps import Deps
from tests.factories import Shop, open_checkout, open_shop
from tests.sandbox.server import SandboxServer
from tests.services.adyen_side import BROWSER
from tests.services.bank import rows

GOOD, ASKS = "4111111111111111", "4212345678910006"


@pytest.fixture
def shop(deps: Deps) -> Shop:
    """A merchant with an account at Adyen."""
    return open_shop(deps, processor="adyen")


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A customer's browser."""
    return app.test_client()


def sealed(sandbox: SandboxServer, number: str = GOOD, holder: str = "Ada Lovelace") -> str:
    """What the secure fields make of a card, as our script sends it."""
    typed = {
        "encryptedCardNumber": number,
        "encryptedExpiryMonth": "03",
        "encryptedExpiryYear": "2030",
        "encryptedSecurityCode": "737",
    }
    blobs = sandbox.call("POST", "/adyen/sdk/fields", typed)
    card = {"type": "scheme", "holderName": holder, **blobs, "browserInfo": BROWSER}
    return f"scheme:{json.dumps(card)}"


def send(browser: FlaskClient, address: str, **fields: str) -> TestResponse:
    """Open the page and send a form of it."""
    page = browser.get(address.removesuffix("/authenticated")).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    return browser.post(address, data={"csrf_token": token.group(1), **fields})


def pay(browser: FlaskClient, session_id: str, token: str) -> TestResponse:
    who = {"email": "ada@example.com", "name": "Ada Lovelace"}
    return send(browser, f"/pay/{session_id}", payment_method=token, **who)


def captured(sandbox: SandboxServer, shop: Shop) -> list[int]:
    facts = sandbox.record(shop.tail)["facts"]
    return [fact["amount_minor"] for fact in facts if fact["fact"] == "captured"]


def test_the_page_offers_what_the_processor_takes_and_names_its_script(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """Though the merchant switched everything on, and a card would bring its wallets along."""
    merchants.set_methods(deps, shop.merchant_id, tuple(METHODS))
    session_id = open_checkout(deps, shop)
    page = browser.get(f"/pay/{session_id}")

    assert 'data-script="adyen"' in page.text
    assert f'data-processor="{sandbox.url}/adyen/sdk/adyen.js"' in page.text
    assert f'data-key="test_{shop.tail}"' in page.text
    assert 'data-country="US"' in page.text
    assert re.findall(r'name="method"\s+value="([^"]+)"', page.text) == ["card"]
    assert "data-express" not in page.text
    assert " https:" not in page.headers["Content-Security-Policy"]
    who = {"email": "ada@example.com", "name": "Ada", "method": "paypal", "payment_method": "none"}
    assert send(browser, f"/pay/{session_id}", **who).status_code == 400
    assert captured(sandbox, shop) == []


def test_a_sealed_card_pays_and_one_that_is_none_is_asked_for_again(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """A number that a script of somebody else's put there goes no further than the form."""
    session_id = open_checkout(deps, shop)
    good = sealed(sandbox)
    bare = re.sub(r"adyenjs_0_1_25\$\w+", f"test_{GOOD}", good, count=1)
    for wrong in (bare, good.replace('"holderName"', '"number"'), "scheme:{}"):
        answer = pay(browser, session_id, wrong)
        assert answer.status_code == 422
        assert "Enter your payment details again" in answer.text
        assert GOOD not in answer.text
    assert rows("SELECT id FROM payments WHERE merchant_id = :m", m=shop.merchant_id) == []

    assert pay(browser, session_id, good).status_code == 303
    assert "Payment complete" in browser.get(f"/pay/{session_id}").text
    assert captured(sandbox, shop) == [4999]


def test_the_banks_question_is_put_and_its_answer_is_taken_once(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """In a document of its own; what is not an answer changes nothing."""
    session_id = open_checkout(deps, shop)
    pay(browser, session_id, sealed(sandbox, ASKS))
    page = browser.get(f"/pay/{session_id}")
    assert 'data-frames="any"' in page.text
    assert " https:" in page.headers["Content-Security-Policy"]
    form = browser.get(f"/pay/{session_id}?another=1")
    assert 'id="pay-form"' in form.text
    assert 'data-frames="processor"' in form.text
    assert " https:" not in form.headers["Content-Security-Policy"]

    address = f"/pay/{session_id}/authenticated"
    for nothing in ("", "{}", '{"details": "x"}', "[]"):
        send(browser, address, details=nothing)
        assert captured(sandbox, shop) == []
    asked = re.search(r'data-asked="([^"]+)"', browser.get(f"/pay/{session_id}").text)
    assert asked
    action = json.loads(html.unescape(asked.group(1)))
    told = {"pending": action["paymentData"], "password": "password"}
    proof = {"details": sandbox.call("POST", "/adyen/3ds/challenge", told)}
    send(browser, address, details=json.dumps(proof))
    assert "Payment complete" in browser.get(f"/pay/{session_id}").text
    assert captured(sandbox, shop) == [4999]


def test_an_answer_that_no_bank_gave_takes_nothing(
    deps: Deps, shop: Shop, browser: FlaskClient, sandbox: SandboxServer
) -> None:
    """In the form, or in the address; the customer may take another card."""
    made_up = json.dumps({"details": {"threeDSResult": "made-up"}})
    for brings in (
        lambda address: send(browser, f"{address}/authenticated", details=made_up),
        lambda address: browser.get(f"{address}?redirectResult=made-up"),
    ):
        session_id = open_checkout(deps, shop)
        pay(browser, session_id, sealed(sandbox, ASKS))
        brings(f"/pay/{session_id}")
        page = browser.get(f"/pay/{session_id}").text
        assert "You have not been charged." in page
        assert 'id="pay-form"' in page
        assert captured(sandbox, shop) == []
