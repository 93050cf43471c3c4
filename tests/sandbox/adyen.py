"""What a test does with the sandbox as a merchant of Adyen: the official SDK, raw requests, notifications."""

import itertools
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import Adyen
import requests

from tests.contracts import adyen as contract
from tests.sandbox.server import SandboxServer, wait_until

VISA = "4111111111111111"
FRICTIONLESS, FULL, CHALLENGE = "5201281505129736", "5000550000000029", "4212345678910006"
BROWSER = {
    "acceptHeader": "*/*", "colorDepth": 24, "javaEnabled": False, "language": "en-GB",
    "screenHeight": 900, "screenWidth": 1600, "timeZoneOffset": 0, "userAgent": "Tests/1",
}  # fmt: skip
NATIVE: dict[str, Any] = {
    "authenticationData": {"threeDSRequestData": {"nativeThreeDS": "preferred"}},
    "browserInfo": BROWSER, "channel": "Web", "origin": "http://127.0.0.1",
}  # fmt: skip
_numbers = itertools.count(1)


def card(number: str = VISA, **more: Any) -> dict[str, Any]:
    """A card as encrypted fields."""
    return {
        "type": "scheme",
        "encryptedCardNumber": f"test_{number}",
        "encryptedExpiryMonth": "test_03",
        "encryptedExpiryYear": "test_2030",
        "encryptedSecurityCode": "test_7373" if number.startswith("37") else "test_737",
        **more,
    }


class AdyenMerchant:
    """One merchant account of the sandbox."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox
        self.account = f"Shop_{os.getpid()}_{next(_numbers)}"
        self.key = f"adyen_test_{self.account}"
        self.sdk = Adyen.Adyen(xapikey=self.key, platform="test")
        self.base = f"{sandbox.url}/adyen/v71"
        for api in ("payments_api", "modifications_api", "recurring_api"):
            getattr(self.sdk.checkout, api).baseUrl = self.base

    def request(self, number: str = VISA, amount: int = 4999, **more: Any) -> dict[str, Any]:
        """The body of a payment."""
        holder = {"holderName": more.pop("holder")} if "holder" in more else {}
        return {
            "merchantAccount": self.account,
            "amount": {"currency": more.pop("currency", "EUR"), "value": amount},
            "reference": "pi_1.op_1",
            "returnUrl": "http://127.0.0.1/back?a=1",
            "paymentMethod": card(number, **holder),
            **more,
        }

    def post(
        self, path: str, body: Any, *, api_key: str | None = None, key: str | None = None
    ) -> requests.Response:
        """A request as it goes over the wire."""
        headers = {"X-API-Key": api_key or self.key}
        if key:
            headers["Idempotency-Key"] = key
        return requests.post(self.base + path, json=body, headers=headers, timeout=20)

    def pay(self, number: str = VISA, *, key: str | None = None, **more: Any) -> Any:
        """A payment through the official SDK; the answer, found right by the contract."""
        answer = self.sdk.checkout.payments_api.payments(
            self.request(number, **more), idempotency_key=key
        )
        return contract.check(answer.message, "PaymentResponse")

    def hold(self, **more: Any) -> str:
        """The pspReference of a payment that waits to be captured."""
        held = self.pay(**more, additionalData={"manualCapture": "true"})
        assert held["resultCode"] == "Authorised"
        return str(held["pspReference"])

    def details(self, **body: Any) -> Any:
        """What becomes of a payment by what the browser brought back."""
        answer = self.sdk.checkout.payments_api.payments_details(body)
        return contract.check(answer.message, "PaymentDetailsResponse")

    def modify(self, what: str, psp: str, amount: int | None = None, **more: Any) -> str:
        """Ask for a modification; the pspReference it is known by."""
        body: dict[str, Any] = {"merchantAccount": self.account, **more}
        if amount is not None:
            body["amount"] = {"currency": "EUR", "value": amount}
        reply = self.post(f"/payments/{psp}/{what}", body)
        assert reply.status_code == 201, reply.text
        kind = {"captures": "Capture", "cancels": "Cancel", "refunds": "Refund"}.get(
            what, "Reversal"
        )
        answer = contract.check(reply.json(), f"Payment{kind}Response")
        assert (answer["status"], answer["paymentPspReference"]) == ("received", psp)
        return str(answer["pspReference"])

    def refused(self, reply: requests.Response) -> tuple[int, str]:
        """The status and the code of a refusal, found right by the contract."""
        error = contract.check(reply.json(), "ServiceError")
        assert error["status"] == reply.status_code
        return reply.status_code, error["errorCode"]

    def authenticate(self, psp: str, answer: str) -> Any:
        """Answer the bank; what a browser would bring back."""
        told = {"merchant_account": self.account, "psp_reference": psp, "answer": answer}
        return self.sandbox.control("adyen/authenticate", **told)

    def pass_time(self, seconds: int = 1) -> None:
        """Let the sandbox's time pass."""
        self.sandbox.control("clock", advance_seconds=seconds)

    def fault(self, kind: str, **options: Any) -> Any:
        """Arm a fault for this account."""
        return self.sandbox.fault(kind, account=self.account, **options)

    def totals(self, currency: str = "eur") -> dict[str, int]:
        """The record's sums in one currency."""
        found: dict[str, int] = self.sandbox.record(self.account)["totals"].get(currency, {})
        return found


class Listener:
    """An endpoint of notifications: keeps what arrives and answers as it is told."""

    def __init__(self, merchant: AdyenMerchant) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answers: list[tuple[int, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(json.loads(body))
                status, text = outer.answers.pop(0) if outer.answers else (200, b"[accepted]")
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Tests read what was received, not a log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        told = {"merchant_account": merchant.account, "url": url}
        self.hmac_key = merchant.sandbox.control("adyen/webhooks", **told)["hmac_key"]

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def items(self) -> list[dict[str, Any]]:
        """Every item that arrived, in order."""
        return [
            item["NotificationRequestItem"]
            for body in list(self.bodies)
            for item in body["notificationItems"]
        ]

    def heard(self) -> list[tuple[str, str]]:
        """What they told: the code, and whether it succeeded."""
        return [(item["eventCode"], item["success"]) for item in self.items()]

    def wait(self, code: str, success: str = "true") -> dict[str, Any]:
        """The first item that tells so, once it is there."""
        wait_until(lambda: (code, success) in self.heard())
        return next(
            item for item in self.items() if (item["eventCode"], item["success"]) == (code, success)
        )
