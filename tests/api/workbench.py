"""Where calls under a key are tried: two merchants' software, a processor that is watched, and eyes
on everything that a request could make.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import psycopg
from flask import Flask
from psycopg import sql
from werkzeug.test import TestResponse

from app.adapters.failpoints import failpoint
from app.services import idempotency
from app.services.deps import Deps
from tests.api.client import Api
from tests.api.keyed import Ask, Case, Json
from tests.digest import Digest, digest, grown
from tests.factories import Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank

# What the processor is asked to do, beside what it is only asked to tell.
DEEDS = ("authorize", "capture", "cancel", "refund", "open_customer", "keep_method", "drop_method")
# Rows that a case's `makes` tells of.
THINGS = (
    "payments", "operations", "refunds", "customers", "payment_methods", "checkout_sessions",
    "webhook_endpoints", "payouts", "transfers", "transfer_reversals",
)  # fmt: skip
_keys = count(1)


class Watched:
    """The real processor, and what it was asked to do."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.deeds: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in DEEDS:
            return found

        def call(*args: Any, **more: Any) -> Any:
            self.deeds.append(name)
            return found(*args, **more)

        return call


@dataclass(frozen=True)
class Seen:
    """Everything there was at one moment: our rows, what happened at the bank, what it was asked."""

    rows: Digest
    facts: Counter[str]
    deeds: Counter[str]


@dataclass(frozen=True)
class Made:
    """What came of something."""

    rows: dict[str, int]
    facts: Counter[str]
    deeds: Counter[str]

    @property
    def things(self) -> dict[str, int]:
        """The rows that a case tells of."""
        return {table: rows for table, rows in self.rows.items() if table in THINGS}


@dataclass
class Workbench:
    """One shop and one stranger, for all tests of a module."""

    app: Flask
    shop: Shop
    api: Api
    stranger: Api
    watched: Watched
    sandbox: SandboxServer
    database_url: str
    _alone: dict[str, Made] = field(default_factory=dict)

    @contextmanager
    def failing(self, point: str) -> Iterator[None]:
        """Requests die at a named place meanwhile."""
        known: Deps = self.app.extensions["farthing"]
        self.app.extensions["farthing"] = replace(known, failpoint=failpoint(f"{point}:raise"))
        try:
            yield
        finally:
            self.app.extensions["farthing"] = known

    @contextmanager
    def losing(self, table: str, event: str) -> Iterator[None]:
        """Requests die meanwhile when they come to write this."""
        names = {"table": sql.Identifier(table), "event": sql.SQL(event)}
        statement = sql.SQL("""
            CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the database went away'; END $$;
            CREATE TRIGGER lose BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION lose()
        """)
        self._owner(statement.format(**names))
        try:
            yield
        finally:
            self._owner(sql.SQL("DROP FUNCTION lose CASCADE"))

    @contextmanager
    def slow_processor(self) -> Iterator[None]:
        """The processor takes its time meanwhile, so that requests meet."""
        self.sandbox.fault(
            "delay_before",
            account=self.shop.sandbox_account,
            route="POST *",
            count=None,
            seconds=0.1,
        )
        try:
            yield
        finally:
            self.sandbox.clear_faults()

    def send(self, ask: Ask, key: str, body: Json | None = None) -> TestResponse:
        """The shop's request under a key."""
        return self.api.post(ask.path, ask.body if body is None else body, key=key)

    def lease(self, key: str, interval: str) -> bool:
        """As when the process that claimed the key died so long ago; whether one still has it."""
        return bool(
            self._owner(
                "UPDATE idempotency_keys SET leased_until = now() + %s::interval"
                " WHERE key = %s AND state = 'started'",
                (interval, key),
            )
        )

    def uses(self, key: str) -> int:
        """On how many routes of how many merchants the key was used."""
        return self._owner("SELECT 1 FROM idempotency_keys WHERE key = %s", (key,))

    def cards_at_processor(self, customer_id: str) -> int:
        """How many cards the processor keeps for a customer of ours."""
        with psycopg.connect(self.database_url) as connection:
            [(reference,)] = connection.execute(
                "SELECT processor_reference FROM customer_references WHERE customer_id = %s",
                (customer_id,),
            ).fetchall()
        client = Bank(self.sandbox, self.shop).client
        return len(client.v1.customers.payment_methods.list(reference).data)

    def _owner(self, statement: str | sql.Composable, values: tuple[str, ...] | None = None) -> int:
        with psycopg.connect(self.database_url) as connection:
            connection.execute("SET lock_timeout = '10s'")
            return connection.execute(statement, values).rowcount

    def reap(self) -> None:
        """Forget old answers, as the scheduler has it done."""
        idempotency.reap(self.app.extensions["farthing"])

    def see(self) -> Seen:
        """Look at everything."""
        record = self.sandbox.record(self.shop.sandbox_account)
        return Seen(
            digest(self.database_url),
            Counter(fact["fact"] for fact in record["facts"]),
            Counter(self.watched.deeds),
        )

    def since(self, before: Seen) -> Made:
        """What was made since then, keys apart."""
        now = self.see()
        rows = grown(before.rows, now.rows)
        rows.pop("idempotency_keys", None)
        return Made(rows, now.facts - before.facts, now.deeds - before.deeds)

    def alone(self, case: Case) -> Made:
        """What one request makes that nothing disturbs; the same for all tests of the case."""
        if case.name not in self._alone:
            ask = case.prepare(self.api)
            before = self.see()
            answer = self.send(ask, new_key())
            assert answer.status_code == case.status, answer.text
            made = self.since(before)
            assert (made.things, made.deeds) == (case.makes, Counter(case.calls)), case.name
            self._alone[case.name] = made
        return self._alone[case.name]


def new_key() -> str:
    """A key that nobody has used."""
    return f"key-{next(_keys)}"


def is_replay(answer: TestResponse) -> bool:
    """Whether the answer says that it was given before."""
    return answer.headers.get("Idempotent-Replayed") == "true"
