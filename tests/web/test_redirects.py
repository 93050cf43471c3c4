"""The checkout of a payment on a provider's own page, over HTTP: what it says, and whom it believes."""

import re

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.money import Money
from app.services.deps import Deps
from tests.factories import Shop
from tests.redirects import open_redirect, payment_of
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank


def _post(browser: FlaskClient, session_id: str, **fields: str) -> TestResponse:
    """The form as it is sent without a script, with `fields` of its own."""
    page = browser.get(f"/pay/{session_id}").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    values = {"csrf_token": found[1], "email": "ada@example.com", "name": "Ada Novak", **fields}
    return browser.post(f"/pay/{session_id}", data=values)


def test_without_a_script_a_customer_is_led_there_and_back_and_believed_nothing(
    app: Flask, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    browser, bank = app.test_client(), Bank(sandbox, shop)
    session_id = open_redirect(deps, shop)
    form = browser.get(f"/pay/{session_id}").text
    assert "You will be redirected to PayPal" in form
    assert "or pay with PayPal" in form

    assert _post(browser, session_id, method="paypal").status_code == 303
    page = browser.get(f"/pay/{session_id}").text
    assert "Continue to PayPal" in page
    assert f'href="{payment_of(shop, session_id).action["url"]}"' in page.replace("&amp;", "&")  # type: ignore[index]
    assert "You have not been charged" not in page

    forged = browser.get(f"/pay/{session_id}?redirect_status=succeeded&payment_intent=pi_1")
    assert (forged.status_code, forged.headers["Location"]) == (303, f"/pay/{session_id}")
    assert browser.get(f"/pay/{session_id}/state").json == {"phase": "redirect"}
    other = browser.get(f"/pay/{session_id}?another=1").text
    assert "PayPal has not told us of a confirmation" in other

    bank.provider(payment_of(shop, session_id), "approve")
    browser.get(f"/pay/{session_id}?redirect_status=failed")
    paid = browser.get(f"/pay/{session_id}").text
    assert "$49.99 was paid with PayPal." in paid


def test_the_country_is_asked_for_where_the_currency_leaves_it_open(
    app: Flask, deps: Deps, shop: Shop
) -> None:
    browser = app.test_client()
    euro = open_redirect(deps, shop, amount=Money(4999, "EUR"))
    form = browser.get(f"/pay/{euro}", headers={"Accept-Language": "de-AT"}).text
    assert 'value="AT" selected' in form
    assert 'value="US"' not in form
    refused = _post(browser, euro, method="klarna", country="US")
    assert refused.status_code == 400  # A country of Klarna's, and not of this currency.
    assert browser.get(f"/pay/{euro}/state").json == {"phase": "form"}
    missing = _post(browser, euro, method="klarna")
    assert missing.status_code == 422
    assert "Choose the country in which you live" in missing.text

    pounds = open_redirect(deps, shop, amount=Money(4999, "GBP"))
    assert '<input type="hidden" name="country" value="GB">' in browser.get(f"/pay/{pounds}").text
