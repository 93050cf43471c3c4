"""What the API is asked in the bench, and the statements that an answer costs.

The addresses name objects of a history: any for a retrieval, and for a deep page one from its middle.
"""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from flask.testing import FlaskClient

from tests.bench import http_load
from tests.bench.stage import BenchMerchant, Stage

SAMPLED = 200
CREATE = "create and confirm"
BALANCE = "balance"
# Of each kind of object: its table, how a row's id is told, and which rows are in its list.
_OBJECTS = {
    "payment_intents": ("payments", "id", "true"),
    "charges": ("operations", "'ch_' || substr(id, 4)", "true"),
    "refunds": ("refunds", "id", "true"),
    "balance_transactions": (
        "journals",
        "'txn_' || substr(id, 4)",
        "event IN ('payment_captured', 'refund_requested')",
    ),
    "events": ("public_events", "id", "created_at > now() - interval '29 days'"),
    "customers": ("customers", "id", "deleted_at IS NULL"),
}
# Days before now in which a deep page begins; events are there for thirty days only.
_MIDDLE = {"events": (8, 12)}
_USUAL_MIDDLE = (40, 60)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of call, and how often a window makes it."""

    name: str
    count: int
    addresses: tuple[str, ...] = ()

    def requests(self, merchant: BenchMerchant) -> list[bytes]:
        """The requests of one window, ready to be sent."""
        headers = {"Authorization": f"Bearer {merchant.key}"}
        if not self.addresses:
            return [_payment(number, headers) for number in range(self.count)]
        return [
            http_load.get(self.addresses[number % len(self.addresses)], headers)
            for number in range(self.count)
        ]


def _payment(number: int, headers: dict[str, str]) -> bytes:
    body = orjson.dumps(payment_body(number))
    headers = {**headers, "Idempotency-Key": secrets.token_hex(16)}
    return http_load.request("/v1/payment_intents", headers, body)


def payment_body(number: int) -> dict[str, Any]:
    """What a payment is made from in one call."""
    return {
        "amount": 1_000 + number % 9_000,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "description": "Order of a walnut tray",
        "receipt_email": "ada@example.com",
        "metadata": {"order": f"A-{number}"},
    }


def kinds(stage: Stage, scale: float) -> list[Kind]:
    """Every kind of call to the stage's first merchant; `scale` says how many of each a window has."""
    made = [Kind(CREATE, int(400 * scale))]
    with psycopg.connect(stage.database_url) as connection:
        for name, (table, told, only) in _OBJECTS.items():
            any_of_them = _sample(connection, table, told, only)
            first, last = _MIDDLE.get(name, _USUAL_MIDDLE)
            middle = _sample(
                connection,
                table,
                told,
                f"{only} AND created_at BETWEEN now() - interval '{last} days'"
                f" AND now() - interval '{first} days'",
            )
            address = f"/v1/{name}"
            deep = tuple(f"{address}?limit=100&starting_after={one}" for one in middle)
            made += [
                Kind(
                    f"retrieve: {name}",
                    int(300 * scale),
                    tuple(f"{address}/{one}" for one in any_of_them),
                ),
                Kind(f"list of 100: {name}", int(48 * scale), (f"{address}?limit=100",)),
                Kind(f"list of 100, deep: {name}", int(48 * scale), deep),
            ]
    return [*made, Kind(BALANCE, http_load.CONNECTIONS, ("/v1/balance",))]


def _sample(
    connection: psycopg.Connection[Any], table: str, told: str, only: str
) -> tuple[str, ...]:
    if table == "operations":
        only = f"{only} AND kind = 'authorize'"
    query = f"SELECT {told} FROM {table} WHERE {only} ORDER BY random() LIMIT {SAMPLED}"
    return tuple(row[0] for row in connection.execute(query.encode()))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that an answer cost, as it was sent."""

    text: str | bytes
    parameters: Any
    is_raw: bool

    def run(self, connection: psycopg.Connection[Any]) -> None:
        """Send it again, prepared."""
        kind = psycopg.RawCursor if self.is_raw else psycopg.Cursor
        kind(connection).execute(self.text, self.parameters, prepare=True).fetchall()

    def pages(self, connection: psycopg.Connection[Any]) -> int:
        """How many pages of the database it touches."""
        kind = psycopg.RawCursor if self.is_raw else psycopg.Cursor
        text = self.text.encode() if isinstance(self.text, str) else self.text
        explained = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + text
        row = kind(connection).execute(explained, self.parameters).fetchone()
        plan = row[0][0]["Plan"] if row else {}
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@contextmanager
def _recorded() -> Iterator[list[Statement]]:
    found: list[Statement] = []
    execute, thread = psycopg.Cursor.execute, threading.get_ident()

    def listen(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        text = query if isinstance(query, str | bytes) else query.as_string(cursor)
        is_read = (text if isinstance(text, str) else text.decode()).lstrip().startswith("SELECT")
        if is_read and threading.get_ident() == thread:
            found.append(Statement(text, params, isinstance(cursor, psycopg.RawCursor)))
        return execute(cursor, query, params, **options)

    psycopg.Cursor.execute = listen
    try:
        yield found
    finally:
        psycopg.Cursor.execute = execute


def statements_of(
    client: FlaskClient, merchant: BenchMerchant, address: str
) -> tuple[Statement, ...]:
    """What reading statements one retrieval or list sends: warmed up, if it was asked before."""
    with _recorded() as found:
        ask(client, merchant, address)
    return tuple(found)


def ask(client: FlaskClient, merchant: BenchMerchant, address: str) -> bytes:
    """The answer to one retrieval or list."""
    answer = client.get(address, headers={"Authorization": f"Bearer {merchant.key}"})
    if answer.status_code != 200:
        raise RuntimeError(f"{address} was answered {answer.data[:300]!r}")
    return answer.data


def total_pages(connection: psycopg.Connection[Any], found: Sequence[Statement]) -> int:
    """How many pages all statements of an answer touch."""
    return sum(one.pages(connection) for one in found)
