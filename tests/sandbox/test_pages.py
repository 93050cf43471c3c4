"""The demo shop and the control page."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs

import pytest
import requests

from tests.sandbox.driver import Merchant
from tests.sandbox.server import SandboxServer


class Counter:
    """An API that opens checkout sessions, written down here to see what the shop asks of it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.session: dict[str, Any] = {"id": "cs_test_1", "status": "open"}
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def reply(self) -> None:
                if "Content-Length" in self.headers:
                    body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                    outer.asked.append({**parse_qs(body), "key": [self.headers["Authorization"]]})
                told = (
                    {"error": {"message": "no such key"}} if outer.status != 200 else outer.session
                )
                text = json.dumps(told).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = reply  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def counter(sandbox: SandboxServer) -> Iterator[Counter]:
    made = Counter()
    sandbox.control("shop", farthing_url=made.url, secret_key="sk_test_shop")
    yield made
    made.close()


def buy(sandbox: SandboxServer, **form: str) -> requests.Response:
    return requests.post(f"{sandbox.url}/shop/buy", data=form, timeout=20, allow_redirects=False)


def test_the_shop_opens_a_session_and_sends_the_customer_there(
    sandbox: SandboxServer, counter: Counter
) -> None:
    shelf = requests.get(f"{sandbox.url}/shop", timeout=20).text
    for price in ("$24.00", "€18.50", "¥1,800", "$49.99"):
        assert price in shelf
    counter.session["url"] = "http://127.0.0.1:1/pay/cs_test_1"
    reply = buy(sandbox, product="incense", quantity="3")
    assert (reply.status_code, reply.headers["Location"]) == (303, counter.session["url"])
    [asked] = counter.asked
    assert asked["key"] == ["Bearer sk_test_shop"]
    assert asked["mode"] == ["payment"]
    assert asked["line_items[0][price_data][currency]"] == ["jpy"]
    assert asked["line_items[0][price_data][unit_amount]"] == ["1800"]
    assert asked["line_items[0][price_data][product_data][name]"] == ["Hinoki incense"]
    assert asked["line_items[0][quantity]"] == ["3"]
    assert asked["success_url"][0].endswith("/shop/thanks?session_id={CHECKOUT_SESSION_ID}")


@pytest.mark.parametrize(
    "session,words",
    [
        ({"status": "complete", "payment_status": "paid"}, "Thank you"),
        ({"status": "open", "payment_status": "unpaid"}, "Not paid yet"),
        ({"status": "complete", "payment_status": "unpaid"}, "do not pay again"),
        ({"status": "expired", "payment_status": "unpaid"}, "This order has ended"),
    ],
)
def test_the_shop_believes_the_api_and_not_its_address_bar(
    sandbox: SandboxServer, counter: Counter, session: dict[str, str], words: str
) -> None:
    counter.session |= {**session, "amount_total": 1800, "currency": "jpy"}
    page = requests.get(f"{sandbox.url}/shop/thanks?session_id=cs_test_1", timeout=20)
    assert words in page.text
    assert ("¥1,800" in page.text) == (words == "Thank you")


def test_the_shop_says_when_it_cannot_sell(sandbox: SandboxServer, counter: Counter) -> None:
    assert buy(sandbox, product="yacht").status_code == 400
    assert buy(sandbox, product="mug", quantity="-1").status_code == 400
    counter.status = 401
    refused = buy(sandbox, product="mug", quantity="1")
    assert (refused.status_code, "no such key" in refused.text) == (502, True)
    counter.close()
    gone = buy(sandbox, product="mug", quantity="1")
    assert (gone.status_code, "Nothing was charged" in gone.text) == (502, True)
    assert "nothing was charged" in requests.get(f"{sandbox.url}/shop/cancelled", timeout=20).text
    with pytest.raises(HTTPError):
        sandbox.control("shop", farthing_url="javascript:1", secret_key="x")
    counter.server = Counter().server


def test_the_control_page_shows_and_arms(merchant: Merchant) -> None:
    merchant.pay()
    merchant.decline("pm_card_visa_chargeDeclined")
    base = merchant.sandbox.url
    page = requests.get(f"{base}/control", timeout=20)
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    for words in (merchant.account, "USD 49.99", "card declined", "4242 4242 4242 4242"):
        assert words in page.text
    form = {"kind": "decline", "account": merchant.account, "decline_code": "do_not_honor"}
    shown = requests.post(f"{base}/control/do/arm", data={**form, "count": "1"}, timeout=20)
    assert "Disarm" in shown.text
    assert merchant.decline("pm_card_visa").error.decline_code == "do_not_honor"
    for what in ("redeliver", "prune", "disarm"):
        assert requests.post(f"{base}/control/do/{what}", data={}, timeout=20).ok
    foreign = requests.post(
        f"{base}/control/do/arm", data=form, headers={"Origin": "http://evil.example"}, timeout=20
    )
    assert foreign.status_code == 400
    assert merchant.sandbox.call("GET", "/control/api/faults")["faults"] == []
