"""Adyen's side of one shop: its sandbox, and the news that it posts, handed over when a test wants it."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from app.domain.payments import Payment
from app.services import inbound
from app.services.deps import Deps
from tests.adapters.wire import Wire, listening
from tests.factories import HMAC_KEY, Shop
from tests.sandbox.server import SandboxServer, wait_until
from tests.services.bank import rows

PAYMENTS = "POST /adyen/v71/payments"
BROWSER = {
    "acceptHeader": "*/*", "colorDepth": 24, "language": "en-US", "javaEnabled": False,
    "screenHeight": 900, "screenWidth": 1280, "userAgent": "Mozilla/5.0", "timeZoneOffset": 0,
}  # fmt: skip


def sealed_card(number: str = "4111111111111111", holder: str = "Ada Novak") -> str:
    """What the secure fields of a browser make of a card."""
    fields = {
        "type": "scheme",
        "holderName": holder,
        "encryptedCardNumber": f"test_{number}",
        "encryptedExpiryMonth": "test_03",
        "encryptedExpiryYear": "test_2030",
        "encryptedSecurityCode": "test_7373" if number.startswith("37") else "test_737",
        "browserInfo": BROWSER,
    }
    return f"scheme:{json.dumps(fields, separators=(',', ':'))}"


@dataclass
class AdyenSide:
    """What the merchant could do in Adyen's Customer Area, and what Adyen tells."""

    sandbox: SandboxServer
    shop: Shop
    wire: Wire
    _read: int = 0
    told: list[bytes] = field(default_factory=list)

    @property
    def account(self) -> str:
        """The merchant account's name."""
        return self.shop.tail

    def fault(self, kind: str, route: str = PAYMENTS, **options: Any) -> None:
        """Something goes wrong with this shop's next matching call."""
        self.sandbox.fault(kind, account=self.account, route=route, **options)

    def answer(self, payment: Payment, answer: str = "complete") -> str:
        """What the customer does on the bank's page; gives what the browser brings back."""
        assert payment.action is not None
        found = self.sandbox.control(
            "adyen/authenticate",
            merchant_account=self.account,
            psp_reference=payment.action["reference"],
            answer=answer,
        )
        return json.dumps(found)

    def give_back(self, payment: Payment, minor: int) -> None:
        """Somebody refunds a payment in Adyen's own pages."""
        body = {
            "merchantAccount": self.account,
            "amount": {"currency": "USD", "value": minor},
            "reference": "by hand",
        }
        reply = requests.post(
            f"{self.sandbox.url}/adyen/v71/payments/{payment.processor_reference}/refunds",
            json=body,
            headers={"x-api-key": f"adyen_test_{self.account}"},
            timeout=10,
        )
        assert reply.status_code == 201, reply.text

    def await_news(self, *codes: str) -> None:
        """Wait until these codes were posted since the last time; nobody here has heard them yet."""

        def are_there() -> bool:
            self.told += [one.body.encode() for one in self.wire.asked[self._read :]]
            self._read += len(self.wire.asked) - self._read
            found = [code for code, _ in map(_what, self._items())]
            return all(found.count(code) >= codes.count(code) for code in codes)

        wait_until(are_there, seconds=15)

    def _items(self) -> list[dict[str, Any]]:
        return [
            one["NotificationRequestItem"]
            for body in self.told
            for one in json.loads(body)["notificationItems"]
        ]

    def hand_over(self, deps: Deps, *, seed: int | None = None, copies: int = 1) -> None:
        """All that was told and not handed over arrives, perhaps mixed and several times, and is handled."""
        bodies = self.told * copies
        if seed is not None:
            random.Random(seed).shuffle(bodies)  # noqa: S311 - an order, not a secret
        for body in bodies:
            inbound.receive(deps, inbound.ReceiveNews(self.shop.account_id, body, {}))
            inbound.handle_due(deps)
        self.told = []

    def hear(self, deps: Deps, *codes: str) -> None:
        """Wait for these and hand over all that was told."""
        self.await_news(*codes)
        self.hand_over(deps)

    def totals(self) -> dict[str, int]:
        """The true sums in dollars."""
        found: dict[str, int] = self.sandbox.record(self.account)["totals"].get("usd", {})
        return found


def _what(item: dict[str, Any]) -> tuple[str, str]:
    return item["eventCode"], item["success"]


@contextmanager
def adyen_side(sandbox: SandboxServer, shop: Shop) -> Iterator[AdyenSide]:
    """Adyen's side, which posts its news to the test."""
    with listening() as wire:
        wire.answers(b"[accepted]")
        sandbox.control(
            "adyen/webhooks", merchant_account=shop.tail, url=wire.url, hmac_key=HMAC_KEY
        )
        yield AdyenSide(sandbox, shop, wire)
        sandbox.clear_faults()


def assert_books_equal_adyens_record(side: AdyenSide) -> None:
    """What we hold taken and given back, and what Adyen owes us, is what really happened."""
    record = side.totals()
    sums = rows(
        "SELECT coalesce(sum(captured_minor), 0)::bigint AS taken,"
        " coalesce(sum(refunded_minor), 0)::bigint AS given FROM payments WHERE merchant_id = :m",
        m=side.shop.merchant_id,
    )[0]
    owed = rows(
        "SELECT coalesce(sum(signed_minor), 0)::bigint AS total FROM ledger_entries"
        " WHERE merchant_id = :m AND account = 'processor_receivable:adyen'",
        m=side.shop.merchant_id,
    )[0]["total"]
    given = record.get("refunded", 0) - record.get("refund_failed", 0)
    assert (sums["taken"], sums["given"]) == (record.get("captured", 0), given)
    assert owed == record.get("net", 0)
