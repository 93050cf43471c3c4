"""One installation that tests may break: real processes, real servers, and the sandbox's true record.

Nothing here is told how things ought to end. `Merchant.settled` waits until nothing is left to do,
then holds our rows and the ledger against what the sandbox really charged and refunded.
"""

import base64
import json
import re
import secrets
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
import pytest
import redis
import requests
from flask import Flask
from psycopg import sql

from app.domain.money import Money
from app.services import accounts, checkout, keys, ledger, merchants, sellers
from app.services.deps import Deps
from tests.factories import VISA
from tests.funds import waiting_payout
from tests.sandbox.server import SandboxServer
from tests.servers import Running, web_server, worker_process

T = TypeVar("T")

PASSWORD = "correct horse battery staple"
PATIENCE_SECONDS = 90
UNFINISHED = {
    "payments": ("processing", "unknown"),
    "operations": ("requested", "unknown"),
    "refunds": ("requested", "pending", "unknown"),
    "inbox": ("received", "unmatched"),
}


def until(truth: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is true, and return it; patiently, for the asking costs the others."""
    deadline = time.monotonic() + seconds
    while not (found := truth()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.2)
    return found


@dataclass
class World:
    """The servers, the variables that our processes need, and our application in this process."""

    environ: dict[str, str]
    sandbox: SandboxServer
    app: Flask

    @property
    def deps(self) -> Deps:
        """The ports of the application in this process."""
        found: Deps = self.app.extensions["farthing"]
        return found

    @property
    def database_url(self) -> str:
        """Where all truth lives."""
        return self.environ["DATABASE_URL"]

    @contextmanager
    def web(self, port: int = 0, **more: str) -> Iterator[Running]:
        """A web process; `PAY_FAILPOINT="name:kill"` makes it die there."""
        with web_server({**self.environ, **more}, port) as running:
            yield running

    @contextmanager
    def dying_web(self, step: str) -> Iterator[Running]:
        """A web process that dies at a failpoint, before it answers what is sent to it."""
        with (
            self.web(PAY_FAILPOINT=f"{step}:kill") as doomed,
            pytest.raises(requests.ConnectionError),
        ):
            yield doomed

    @contextmanager
    def worker(self, **more: str) -> Iterator[Running]:
        """A worker, without anybody who wakes it periodically."""
        with worker_process({**self.environ, **more}) as running:
            yield running

    @contextmanager
    def background(self, pairs: int = 1) -> Iterator[list[Running]]:
        """Workers and schedulers."""
        with ExitStack() as stack:
            running = [
                stack.enter_context(worker_process(self.environ, *arguments))
                for _ in range(pairs)
                for arguments in ((), ("schedule",))
            ]
            yield running
            dead = [one.output()[-2000:] for one in running if one.process.poll() is not None]
            assert dead == [], "nobody killed it"

    def empty_queue(self) -> None:
        """FLUSHALL."""
        with redis.Redis.from_url(self.environ["REDIS_URL"]) as client:
            client.flushall()

    def merchant(self, web: Running) -> "Merchant":
        """A merchant with an account of its own in the sandbox, which sends webhooks to `web`."""
        tail = secrets.token_hex(6)
        email = f"owner-{tail}@example.com"
        with self.app.app_context():
            deps = self.deps
            merchant_id = merchants.open_merchant(
                deps,
                merchants.OpenMerchant("Breakable", "test", "US", "USD", "UTC", "a@b.example"),
            )
            user_id = merchants.add_user(deps, email=email, name="Olive", password=PASSWORD)
            merchants.add_member(deps, user_id=user_id, merchant_id=merchant_id, role="owner")
            account_id = accounts.connect_account(
                deps,
                accounts.ConnectAccount(
                    merchant_id=merchant_id,
                    processor="stripe",
                    external_account=f"acct_sbx_{tail}",
                    publishable_key=f"pk_test_{tail}",
                    secret_key=f"sk_test_{tail}",
                ),
            )
            key = keys.create_key(deps, keys.CreateKey(merchant_id, name="Tests")).text
            merchant = Merchant(self, merchant_id, account_id, tail, key, email)
            secret = merchant.listen(web)
            accounts.set_webhook_secrets(deps, account_id, (secret,))
        return merchant


@dataclass
class Merchant:
    """One merchant: as its software, its staff, its customers, and as an auditor sees it."""

    world: World
    merchant_id: str
    account_id: str
    tail: str
    key: str
    email: str
    _staff: dict[str, requests.Session] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The account's name in the sandbox."""
        return f"acct_sbx_{self.tail}"

    def listen(self, web: Running) -> str:
        """Have the sandbox send webhooks to a web process; gives the secret."""
        address = f"{web.url}/hooks/stripe/{self.account_id}"
        form = urllib.parse.urlencode({"url": address, "enabled_events[]": "*"})
        request = urllib.request.Request(
            f"{self.world.sandbox.url}/v1/webhook_endpoints", data=form.encode(), method="POST"
        )
        login = base64.b64encode(f"sk_test_{self.tail}:".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["secret"])

    def seller(self, *, basis_points: int = 0) -> str:
        """Another merchant, connected as a seller of this one."""
        with self.world.app.app_context():
            deps = self.world.deps
            seller = merchants.open_merchant(
                deps, merchants.OpenMerchant("Seller", "test", "US", "USD", "UTC", "s@b.example")
            )
            sellers.connect_seller(
                deps, sellers.ConnectSeller(self.merchant_id, seller, basis_points)
            )
        return seller

    def waiting_payout(self) -> str:
        """A payout that no bank was asked to carry, with money left for more."""
        with self.world.app.app_context():
            return waiting_payout(self.world.deps, self.merchant_id)

    def fault(self, kind: str, **options: Any) -> None:
        """Arm a fault for this merchant's account alone."""
        self.world.sandbox.fault(kind, account=self.account, **options)

    # As its software.

    def pay(self, web: Running, key: str, **changes: Any) -> requests.Response:
        """`POST /payments` over 49.99 dollars."""
        body = {"amount": 4999, "currency": "usd", "payment_method": VISA} | changes
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key}
        return requests.post(f"{web.url}/payments", json=body, headers=headers, timeout=60)

    def pay_until_answered(self, web: Running, key: str, **changes: Any) -> requests.Response:
        """Repeat the request, as an SDK does, until its answer is definite."""

        def definite() -> list[requests.Response]:
            answer = self.pay(web, key, **changes)
            return [answer] if answer.status_code in (200, 402) else []

        return until(definite)[0]

    # As its customers.

    def open_session(self, amount: Money = Money(4999, "USD"), **more: Any) -> str:  # noqa: B008
        """A checkout of one line."""
        line = checkout.LineItem("Walnut tray", 1, amount)
        command = checkout.OpenSession(
            merchant_id=self.merchant_id,
            line_items=(line,),
            currency=amount.currency,
            actor="api:test",
            **more,
        )
        with self.world.app.app_context():
            return checkout.open_session(self.world.deps, command)

    def press_pay(self, web: Running, session_id: str, *, times: int = 1) -> requests.Response:
        """Load the payment page and press Pay, impatiently; gives the last answer."""
        browser = requests.Session()
        address = f"{web.url}/pay/{session_id}"
        form = {
            "csrf_token": csrf_token(browser.get(address, timeout=30).text),
            "payment_method": VISA,
            "email": "ada@example.com",
            "name": "Ada Novak",
        }
        return [browser.post(address, data=form, timeout=30) for _ in range(times)][-1]

    def phase(self, web: Running, session_id: str) -> str:
        """What a reload of the payment page would show."""
        answer = requests.get(f"{web.url}/pay/{session_id}/state", timeout=30)
        return str(answer.json()["phase"])

    # As its staff.

    def staff(self, web: Running) -> requests.Session:
        """A browser that is signed in."""
        if web.url not in self._staff:
            browser = requests.Session()
            page = browser.get(f"{web.url}/login", timeout=30).text
            form = {
                "csrf_token": csrf_token(page),
                "email": self.email,
                "password": PASSWORD,
            }
            browser.post(f"{web.url}/login", data=form, timeout=30).raise_for_status()
            self._staff[web.url] = browser
        return self._staff[web.url]

    def command(self, web: Running, payment_id: str, verb: str, **fields: str) -> requests.Response:
        """Open a dialog of the payment's page, and send it: refund, capture or cancel."""
        browser = self.staff(web)
        address = f"{web.url}/dashboard/payments/{payment_id}/{verb}"
        page = browser.get(address, timeout=30).text
        form = {"csrf_token": csrf_token(page), "extent": "full", "token": secrets.token_hex(8)}
        form["reason"] = "requested_by_customer"
        if "amount" in fields:
            form["extent"] = "part"
        return browser.post(address, data=form | fields, timeout=60, allow_redirects=False)

    # As an auditor.

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Our rows, oldest first."""
        names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
        age = sql.Identifier("received_at" if table == "inbox" else "created_at")
        query = sql.SQL("SELECT {} FROM {} WHERE merchant_id = %s ORDER BY {}").format(
            names, sql.Identifier(table), age
        )
        with psycopg.connect(self.world.database_url, connect_timeout=5) as connection:
            return connection.execute(query, (self.merchant_id,)).fetchall()

    def payment_id(self) -> str:
        """The id of the only payment."""
        [(found,)] = self.rows("payments", "id")
        return str(found)

    def record(self) -> dict[str, Any]:
        """What really happened."""
        return self.world.sandbox.record(self.account)

    def facts(self, fact: str) -> list[int]:
        """The amounts of everything of one kind that really happened."""
        return [row["amount_minor"] for row in self.record()["facts"] if row["fact"] == fact]

    def unfinished(self) -> list[tuple[Any, ...]]:
        """Whatever still waits for an outcome: table, id and status."""
        query = sql.SQL(" UNION ALL ").join(
            sql.SQL(
                "SELECT {}, id, status FROM {} WHERE merchant_id = {} AND status IN ({})"
            ).format(
                sql.Literal(table),
                sql.Identifier(table),
                sql.Literal(self.merchant_id),
                sql.SQL(", ").join(sql.Literal(status) for status in states),
            )
            for table, states in UNFINISHED.items()
        )
        with psycopg.connect(self.world.database_url, connect_timeout=5) as connection:
            return connection.execute(query).fetchall()

    def differences(self) -> list[str]:
        """Where our rows differ from the sandbox's record, payment by payment and currency."""
        truth = {
            (reference, currency.upper()): (
                sums["captured"],
                sums["refunded"] - sums["refund_failed"],
            )
            for reference, sums_by_currency in self.record()["payments"].items()
            for currency, sums in sums_by_currency.items()
        }
        ours = {
            (row[0], row[1]): (row[2], row[3])
            for row in self.rows(
                *("payments", "processor_reference", "currency", "captured_minor", "refunded_minor")
            )
            if row[2] or (row[0], row[1]) in truth
        }
        every = truth.keys() | ours.keys()
        return [f"{k}: {truth.get(k)} {ours.get(k)}" for k in every if truth.get(k) != ours.get(k)]

    def settled(self, *, charges: int, seconds: float = PATIENCE_SECONDS) -> None:
        """Without a human: nothing is unfinished, rows and record agree, the books are right."""
        try:
            until(lambda: not self.unfinished() and not self.differences(), seconds)
        except AssertionError:
            raise AssertionError(f"{self.unfinished()} {self.differences()}") from None
        with self.world.app.app_context():
            assert ledger.verify() == []
        assert len(self.facts("captured")) == charges


def csrf_token(page: str) -> str:
    """The token of a page's form."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None, page[:2000]
    return found.group(1)
