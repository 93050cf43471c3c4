"""What a test does with the sandbox: the unmodified SDK, raw requests, and a receiver of webhooks."""

import itertools
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
import stripe

from tests.contracts import schema
from tests.sandbox.server import SandboxServer

_numbers = itertools.count(1)


class Merchant:
    """One account of the sandbox."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox
        self.tail = f"t{os.getpid()}x{next(_numbers)}"
        self.account = f"acct_sbx_{self.tail}"
        self.key = f"sk_test_{self.tail}"
        self.publishable = f"pk_test_{self.tail}"
        self.http = stripe.RequestsClient(timeout=20)
        self.client = stripe.StripeClient(
            self.key,
            base_addresses={"api": sandbox.url},
            max_network_retries=0,
            http_client=self.http,
        )
        self.v1 = self.client.v1

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()

    def pay(self, method: str = "pm_card_visa", amount: int = 4999, **params: Any) -> Any:
        """Create and confirm a payment in one call."""
        options = params.pop("options", {})
        return self.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "payment_method": method,
                "allowed_payment_method_types": ["card"],
                "capture_method": "automatic",
                "confirm": True,
                **params,
            },
            options,
        )

    def decline(self, method: str, **params: Any) -> stripe.CardError:
        """Pay and be refused."""
        try:
            self.pay(method, **params)
        except stripe.CardError as error:
            return error
        raise AssertionError(f"{method} was not declined")

    def raw(
        self, method: str, path: str, data: Any = None, *, key: str | None = None, **headers: str
    ) -> requests.Response:
        """A request as it goes over the wire."""
        sent = {"Authorization": f"Bearer {key or self.key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        is_query = method == "GET"
        return requests.request(
            method,
            self.sandbox.url + path,
            params=data if is_query else None,
            data=None if is_query else data,
            headers=sent,
            timeout=20,
        )

    def get(self, path: str, **params: Any) -> Any:
        """An object as it goes over the wire, checked against Stripe's contract."""
        reply = self.raw("GET", path, params)
        assert reply.status_code == 200, reply.text
        return schema.check(reply.json())

    def record(self, **wanted: Any) -> Any:
        """What really happened to this account's money."""
        return self.sandbox.record(self.account, **wanted)

    def totals(self, currency: str = "usd") -> dict[str, int]:
        """The record's sums in one currency."""
        found: dict[str, int] = self.record()["totals"].get(currency, {})
        return found

    def fault(self, kind: str, **options: Any) -> Any:
        """Arm a fault for this account."""
        return self.sandbox.fault(kind, account=self.account, **options)


class Receiver:
    """A webhook endpoint: keeps what arrives and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append((body, self.headers["Stripe-Signature"]))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tests read what was received, not a log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def events(self) -> list[dict[str, Any]]:
        """The events that arrived, in order."""
        return [json.loads(body) for body, _ in self.received]

    def types(self) -> list[str]:
        """Their names."""
        return [event["type"] for event in self.events()]
