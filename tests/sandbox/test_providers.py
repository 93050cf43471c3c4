"""The providers' own pages in the sandbox: what each answer does, once, and what the shop is told."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

from tests.contracts import schema
from tests.sandbox.driver import Merchant

BUYER = {"email": "ada@example.com", "address": {"country": "US"}}
KINDS = ("paypal", "klarna")
BACK = "http://127.0.0.1:1/back?order=5"


def _send(merchant: Merchant, kind: str, **params: Any) -> Any:
    """A payment whose customer is sent to the provider's page."""
    return merchant.v1.payment_intents.create(
        {
            "amount": 4999,
            "currency": "usd",
            "capture_method": "automatic",
            "confirm": True,
            "allowed_payment_method_types": ["card", kind],
            "payment_method_data": {"type": kind, "billing_details": BUYER},
            "return_url": BACK,
            **params,
        }
    )


def _press(intent: Any, answer: str) -> requests.Response:
    url = urlsplit(intent.next_action.redirect_to_url.url)
    data = {"attempt": parse_qs(url.query)["attempt"], "answer": answer}
    return requests.post(
        url._replace(query="").geturl(), data=data, timeout=20, allow_redirects=False
    )


def _seen(merchant: Merchant, intent: Any) -> Any:
    expanded = {"expand[]": ["latest_charge.balance_transaction", "payment_method"]}
    return merchant.get(f"/v1/payment_intents/{intent.id}", **expanded)


@pytest.mark.parametrize("kind", KINDS)
def test_each_answer_has_its_end_and_is_true_in_the_record(merchant: Merchant, kind: str) -> None:
    ends = {}
    for answer in ("approve", "cancel", "decline"):
        sent = _send(merchant, kind)
        schema.check(_seen(merchant, sent))
        back = _press(sent, answer)
        seen = _seen(merchant, sent)
        error = seen["last_payment_error"]
        told = parse_qs(urlsplit(back.headers["Location"]).query)
        assert (told["order"], told["payment_intent"]) == (["5"], [sent.id])
        ends[answer] = (seen["status"], told["redirect_status"][0], error and error["code"])
    assert ends == {
        "approve": ("succeeded", "succeeded", None),
        "cancel": ("requires_payment_method", "failed", "payment_method_customer_decline"),
        "decline": ("requires_payment_method", "failed", "payment_method_provider_decline"),
    }
    assert merchant.totals()["captured"] == 4999
    assert merchant.totals()["charges"] == 1
    merchant.get("/v1/charges")


def test_a_page_takes_nothing_twice_nor_once_it_is_over(merchant: Merchant) -> None:
    """Approved twice; left for a card; canceled: what is pressed on an old page changes nothing."""
    paid, left, canceled = (_send(merchant, "paypal") for _ in range(3))
    assert [_press(paid, "approve").status_code for _ in range(2)] == [303, 303]
    merchant.v1.payment_intents.confirm(left.id, {"payment_method": "pm_card_visa"})
    merchant.v1.payment_intents.cancel(canceled.id)
    for sent, words in ((left, "It is not taken a second time."), (canceled, "nothing is taken")):
        _press(sent, "approve")
        assert words in requests.get(sent.next_action.redirect_to_url.url, timeout=20).text
    assert _seen(merchant, canceled)["status"] == "canceled"
    assert merchant.totals()["charges"] == 2


def test_a_provider_may_take_its_time_and_a_customer_may_never_come_back(
    merchant: Merchant,
) -> None:
    sent = _send(merchant, "klarna")
    back = _press(sent, "review")
    assert "redirect_status=pending" in back.headers["Location"]
    assert _seen(merchant, sent)["status"] == "processing"
    merchant.sandbox.control("clock", advance_seconds=5)
    assert _seen(merchant, sent)["status"] == "succeeded"
    forgotten = _send(merchant, "paypal")
    merchant.sandbox.control("clock", advance_seconds=3 * 3600)
    over = _seen(merchant, forgotten)
    assert over["last_payment_error"]["code"] == "payment_intent_payment_attempt_expired"
    closed = _press(_send(merchant, "paypal"), "approve:close")
    assert (closed.status_code, "You can close this page" in closed.text) == (200, True)
    assert merchant.totals()["captured"] == 2 * 4999


def test_what_a_provider_lacks_or_does_not_take_is_refused(merchant: Merchant) -> None:
    for params in (
        {"return_url": ""},
        {"currency": "eur"},
        {"payment_method_data": {"type": "klarna"}},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            _send(merchant, "klarna", **params)
    assert merchant.record()["facts"] == []
