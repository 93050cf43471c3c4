"""What happens outside: the processor's own view of a payment, and the events that it would send."""

import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Barrier
from typing import Any, TypeVar

import stripe
from flask import Flask, current_app
from sqlalchemy import text

from app.services.deps import Deps
from app.services.inbound import ReceiveNews, receive
from app.store.db import db, end_read
from tests.factories import Shop
from tests.sandbox.server import SandboxServer

SECRET = "whsec_test"

T = TypeVar("T")


@dataclass(frozen=True)
class Bank:
    """The processor's side of one shop: what the merchant could do in the processor's dashboard."""

    sandbox: SandboxServer
    shop: Shop

    @property
    def client(self) -> stripe.StripeClient:
        """The official SDK with the shop's key."""
        return stripe.StripeClient(
            self.shop.sandbox_key,
            base_addresses={"api": self.sandbox.url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=(3, 10)),
        )

    def intent(self, reference: str | None) -> dict[str, Any]:
        """A payment as the processor has it."""
        assert reference is not None
        return self.client.v1.payment_intents.retrieve(reference).to_dict()

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Every event of the account, oldest first; of some kinds if asked."""
        listed = self.client.v1.events.list({"limit": 100}).auto_paging_iter()
        found = [event.to_dict() for event in listed]
        return [event for event in reversed(found) if not kinds or event["type"] in kinds]

    def answer_challenge(self, payment: Any, answer: str = "complete") -> None:
        """What the customer does on the bank's page: `complete`, `fail` or `cancel`."""
        body = {
            "payment_intent": payment.processor_reference,
            "client_secret": payment.client_secret,
            "answer": answer,
        }
        self.sandbox.call("POST", "/3ds/answer", body)

    def debit(self, payment: Any, answer: str, **more: str) -> None:
        """The customer's bank answers a debit: `accept`, `refuse`, or takes it back: `return`."""
        body = {
            "account": self.shop.sandbox_account,
            "payment_intent": payment.processor_reference,
            "answer": answer,
        }
        self.sandbox.call("POST", "/control/api/banks", body | more)

    def provider(self, payment: Any, answer: str, **more: str) -> None:
        """What is pressed on a provider's page: `approve`, `cancel`, `decline`, or `review`."""
        body = {
            "account": self.shop.sandbox_account,
            "payment_intent": payment.processor_reference,
            "answer": answer,
        }
        self.sandbox.call("POST", "/control/api/providers", body | more)

    def facts(self, fact: str) -> list[int]:
        """The true movements of one kind, in minor units."""
        record = self.sandbox.record(self.shop.sandbox_account)
        return [row["amount_minor"] for row in record["facts"] if row["fact"] == fact]

    def totals(self, currency: str = "usd") -> dict[str, int]:
        """The true sums in one currency."""
        record = self.sandbox.record(self.shop.sandbox_account)
        found: dict[str, int] = record["totals"].get(currency, {})
        return found

    def fault(self, kind: str, route: str = "POST /v1/payment_intents*", **options: Any) -> None:
        """Something goes wrong with this shop's next matching call."""
        self.sandbox.fault(kind, account=self.shop.sandbox_account, route=route, **options)


def sign(body: bytes, at: datetime, secret: str = SECRET) -> str:
    """The signature header of a body, as the processor writes it."""
    stamp = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def deliver(deps: Deps, shop: Shop, event: dict[str, Any]) -> bool:
    """An event arrives, signed; gives whether it was new."""
    body = json.dumps(event, indent=2).encode()
    headers = {"Stripe-Signature": sign(body, deps.clock.now())}
    return receive(deps, ReceiveNews(shop.account_id, body, headers))


def rows(statement: str, **values: Any) -> list[dict[str, Any]]:
    """What the database holds."""
    found = db.session.execute(text(statement), values).mappings().all()
    end_read()
    return [dict(row) for row in found]


def assert_books_equal_record(bank: Bank) -> None:
    """Payments, refunds and what the processor owes us are what really happened, per currency."""
    record = bank.sandbox.record(bank.shop.sandbox_account)["totals"]
    ours = rows(
        """SELECT lower(currency) AS currency, sum(captured_minor)::bigint AS captured,
                  sum(refunded_minor)::bigint AS refunded
           FROM payments WHERE merchant_id = :m AND captured_minor > 0 GROUP BY 1""",
        m=bank.shop.merchant_id,
    )
    assert {row["currency"]: (row["captured"], row["refunded"]) for row in ours} == {
        currency: (total["captured"], total["refunded"] - total["refund_failed"])
        for currency, total in record.items()
        if total["captured"]
    }
    owed = rows(
        """SELECT lower(currency) AS currency, sum(signed_minor)::bigint AS total
           FROM ledger_entries WHERE merchant_id = :m AND account = 'processor_receivable:stripe'
           GROUP BY 1""",
        m=bank.shop.merchant_id,
    )
    assert {row["currency"]: row["total"] for row in owed} == {
        currency: total["net"] for currency, total in record.items() if total["captured"]
    }


def at_once(calls: list[Callable[[], T]]) -> list[T | Exception]:
    """Run the calls at the same moment, each in a thread and application context of its own."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    ready = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | Exception:
        with app.app_context():
            ready.wait(20)
            try:
                return call()
            except Exception as error:  # noqa: BLE001 - the test judges it
                return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
