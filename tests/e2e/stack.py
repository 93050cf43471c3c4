"""The running product for browser tests: sandbox, web and worker, and merchants to sell with.

Every test gets a merchant of its own with an account of its own in the sandbox, so tests never meet
and the true record of one test is that account's record.
"""

import base64
import json
import secrets
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from flask import Flask

from app.domain.money import Money
from app.services import accounts, checkout, ledger, merchants
from app.services.deps import Deps
from tests.sandbox.server import SandboxServer, wait_until
from tests.servers import Running

PASSWORD = "correct horse battery staple"
PRICE = Money(4999, "USD")


@dataclass(frozen=True)
class AccountThere:
    """An account in the sandbox, which needs no registration: its name in the true record, and its keys."""

    name: str
    publishable_key: str
    secret_key: str


ACCOUNTS = {
    "stripe": lambda tail: AccountThere(f"acct_sbx_{tail}", f"pk_test_{tail}", f"sk_test_{tail}"),
    "adyen": lambda tail: AccountThere(
        f"Northwind_{tail}", f"test_{tail}", f"adyen_test_Northwind_{tail}"
    ),
}


@dataclass
class Stack:
    """What runs, and the same application in this process to set things up with."""

    web: Running
    worker: Running
    sandbox: SandboxServer
    app: Flask
    database_url: str

    @property
    def deps(self) -> Deps:
        """The ports of the application in this process."""
        found: Deps = self.app.extensions["farthing"]
        return found

    def merchant(self, processor: str = "stripe") -> "Shop":
        """A new merchant, connected to a new account of the sandbox, with one owner."""
        tail = secrets.token_hex(6)
        account = ACCOUNTS[processor](tail)
        email = f"owner-{tail}@example.com"
        with self.app.app_context():
            merchant_id = merchants.open_merchant(
                self.deps,
                merchants.OpenMerchant(
                    name="Northwind Coffee",
                    mode="test",
                    country="US",
                    default_currency="USD",
                    timezone="Europe/Amsterdam",
                    support_email="help@northwind.example",
                    brand={"accent": "#0f6b5c", "logo_text": "NC"},
                ),
            )
            user_id = merchants.add_user(
                self.deps, email=email, name="Olive Owner", password=PASSWORD
            )
            merchants.add_member(self.deps, user_id=user_id, merchant_id=merchant_id, role="owner")
            account_id = accounts.connect_account(
                self.deps,
                accounts.ConnectAccount(
                    merchant_id=merchant_id,
                    processor=processor,
                    external_account=account.name,
                    publishable_key=account.publishable_key,
                    secret_key=account.secret_key,
                ),
            )
            listen = {"stripe": self._stripe_webhook, "adyen": self._adyen_webhook}[processor]
            accounts.set_webhook_secrets(self.deps, account_id, (listen(account, account_id),))
        return Shop(self, merchant_id, account.name, email)

    def _adyen_webhook(self, account: "AccountThere", account_id: str) -> str:
        address = f"{self.web.url}/hooks/adyen/{account_id}"
        made = self.sandbox.control("adyen/webhooks", merchant_account=account.name, url=address)
        return str(made["hmac_key"])

    def _stripe_webhook(self, account: "AccountThere", account_id: str) -> str:
        form = urllib.parse.urlencode(
            {"url": f"{self.web.url}/hooks/stripe/{account_id}", "enabled_events[]": "*"}
        )
        request = urllib.request.Request(
            f"{self.sandbox.url}/v1/webhook_endpoints", data=form.encode(), method="POST"
        )
        login = base64.b64encode(f"{account.secret_key}:".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["secret"])


@dataclass
class Shop:
    """One merchant of one test."""

    stack: Stack
    merchant_id: str
    account: str
    email: str
    sessions: list[str] = field(default_factory=list)

    def open_session(
        self,
        amount: Money = PRICE,
        *,
        capture_method: str = "automatic",
        expires_at: datetime | None = None,
        **more: Any,
    ) -> str:
        """A checkout session; gives its id."""
        values = {
            "success_url": self.thanks_url,
            "cancel_url": f"{self.stack.web.url}/healthz",
        } | more
        with self.stack.app.app_context():
            session_id = checkout.open_session(
                self.stack.deps,
                checkout.OpenSession(
                    merchant_id=self.merchant_id,
                    line_items=(checkout.LineItem("House blend, whole bean", 1, amount),),
                    currency=amount.currency,
                    actor="api:test",
                    capture_method=capture_method,
                    expires_at=expires_at,
                    **values,
                ),
            )
        self.sessions.append(session_id)
        return session_id

    def expire(self, session_id: str) -> None:
        """Let the session's time be over, as if a day had passed."""
        with psycopg.connect(self.stack.database_url) as connection:
            connection.execute(
                "UPDATE checkout_sessions SET expires_at = now() - interval '1 second' WHERE id = %s",
                (session_id,),
            )

    @property
    def thanks_url(self) -> str:
        """A page of the shop that anybody can open; it proves nothing."""
        return f"{self.stack.sandbox.url}/healthz?paid={{CHECKOUT_SESSION_ID}}"

    def address(self, session_id: str) -> str:
        """Where a customer pays."""
        return f"{self.stack.web.url}/pay/{session_id}"

    def record(self) -> dict[str, Any]:
        """What really happened to this merchant's money."""
        return self.stack.sandbox.record(self.account)

    def charged(self, session_id: str) -> list[int]:
        """The captured amount of each charge that was really made for a session's payment."""
        references = {
            row["reference"] for row in self.payments() if row["session_id"] == session_id
        }
        return [
            fact["amount_minor"]
            for fact in self.record()["facts"]
            if fact["fact"] == "captured" and fact["payment_intent"] in references
        ]

    def payments(self) -> list[dict[str, Any]]:
        """Our rows."""
        names = ("id", "session_id", "status", "reference", "captured", "refunded", "reserved")
        with psycopg.connect(self.stack.database_url) as connection:
            rows = connection.execute(
                "SELECT id, session_id, status, processor_reference, captured_minor,"
                " refunded_minor, refund_reserved_minor"
                " FROM payments WHERE merchant_id = %s ORDER BY created_at",
                (self.merchant_id,),
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def check_the_books(self) -> None:
        """Every invariant of the ledger holds, and our rows equal the sandbox's true record."""
        wait_until(self._agrees_with_the_record, seconds=20)
        with self.stack.app.app_context():
            assert ledger.verify() == []

    def _agrees_with_the_record(self) -> bool:
        truth = {
            reference: (sums["captured"], sums["refunded"] - sums["refund_failed"])
            for reference, currencies in self.record()["payments"].items()
            for sums in currencies.values()
        }
        ours = {
            row["reference"]: (row["captured"], row["refunded"])
            for row in self.payments()
            if row["reference"] and (row["captured"] or row["reference"] in truth)
        }
        return truth == ours
