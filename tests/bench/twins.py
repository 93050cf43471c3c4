"""The ledger's yardstick: twins of the tables with the same columns and indexes, and nothing that is checked.

A twin has no primary key, foreign key, CHECK or trigger; its indexes are the original's, not unique. Into
the twins go exactly the rows that an outcome wrote: read back from the original, as text, so that neither
side is paid for building them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg

# What one outcome writes: a new version of three rows, and new rows in four tables.
TABLES = {
    "payments": "id",
    "operations": "payment_id",
    "idempotency_keys": "subject_id",
    "events": "payment_id",
    "outbox": "",
    "journals": "payment_id",
    "postings": "",
}
Rows = dict[str, list[tuple[str | None, ...]]]


@dataclass(frozen=True, slots=True)
class Twin:
    """One table's twin: its columns, in order."""

    table: str
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """The twin's own name."""
        return f"raw_{self.table}"

    @property
    def placeholders(self) -> str:
        """One row of an INSERT."""
        return f"({', '.join(['%s'] * len(self.columns))})"


def make(connection: psycopg.Connection[Any]) -> None:
    """Create the twins beside their originals."""
    for table in TABLES:
        connection.execute(f"CREATE TABLE raw_{table} (LIKE {table})")
        options = connection.execute(
            "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %s::regclass",
            (table,),
        ).fetchone()
        if options and options[0]:
            connection.execute(f"ALTER TABLE raw_{table} SET ({options[0]})")
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND tablename = %s",
            (table,),
        ).fetchall()
        for name, definition in indexes:
            twin = definition.replace(" UNIQUE ", " ").replace(f" {name} ", f" raw_{name} ")
            connection.execute(twin.replace(f"public.{table} ", f"public.raw_{table} "))
    connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO CURRENT_USER")


def twins(connection: psycopg.Connection[Any]) -> tuple[Twin, ...]:
    """Describe the twins, in the order in which their rows are written."""
    query = """
        SELECT attname FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
    """
    return tuple(
        Twin(table, tuple(row[0] for row in connection.execute(query, (table,))))
        for table in TABLES
    )


def rows_of(
    connection: psycopg.Connection[Any], tables: Sequence[Twin], payment_ids: Sequence[str]
) -> list[Rows]:
    """The rows that each payment's outcome wrote, as text, one entry a payment."""
    found: dict[str, Rows] = {one: {twin.table: [] for twin in tables} for one in payment_ids}
    for twin in tables:
        for payment_id, row in _read(connection, twin, payment_ids):
            found[payment_id][twin.table].append(row)
    return [found[one] for one in payment_ids]


def _read(
    connection: psycopg.Connection[Any], twin: Twin, payment_ids: Sequence[str]
) -> Iterator[tuple[str, tuple[str | None, ...]]]:
    columns = ", ".join(f"t.{name}::text" for name in twin.columns)
    source, owner, only = f"{twin.table} t", f"t.{TABLES[twin.table]}", ""
    if twin.table == "postings":
        source += " JOIN journals j ON j.merchant_id = t.merchant_id AND j.id = t.journal_id"
        owner = "j.payment_id"
    if twin.table == "outbox":
        source += " JOIN events e ON e.merchant_id = t.merchant_id AND e.id = t.event_id"
        owner, only = "e.payment_id", " AND e.name = 'payment.captured'"
    if twin.table == "events":  # The other two were written with the intent.
        only = " AND t.name = 'payment.captured'"
    query = f"SELECT {owner}, {columns} FROM {source} WHERE {owner} = ANY(%s){only}"
    for row in connection.execute(query, (list(payment_ids),)):
        yield row[0], row[1:]


def insert_statement(tables: Sequence[Twin], rows: Rows) -> tuple[bytes, list[str | None]]:
    """One statement that inserts all rows of one payment, and its parameters."""
    parts, parameters = [], []
    for twin in tables:
        values = ", ".join([twin.placeholders] * len(rows[twin.table]))
        parts.append(f"INSERT INTO {twin.name} VALUES {values}")
        parameters += [value for row in rows[twin.table] for value in row]
    named = ", ".join(f"w{number} AS ({part})" for number, part in enumerate(parts[:-1]))
    return f"WITH {named} {parts[-1]}".encode(), parameters


def copy_all(connection: psycopg.Connection[Any], tables: Sequence[Twin], batch: Rows) -> None:
    """COPY the rows of a whole batch, table by table, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        for twin in tables:
            with cursor.copy(f"COPY {twin.name} FROM STDIN") as copy:
                for row in batch[twin.table]:
                    copy.write_row(row)


def merge(tables: Sequence[Twin], payments: Sequence[Rows]) -> Rows:
    """All rows of several payments, by table."""
    return {twin.table: [row for one in payments for row in one[twin.table]] for twin in tables}


def shapes(tables: Sequence[Twin], payments: Sequence[Rows]) -> list[tuple[int, ...]]:
    """The distinct row counts of payments: one each means that one prepared statement serves all."""
    counted = sorted(tuple(len(one[twin.table]) for twin in tables) for one in payments)
    return [shape for shape, _ in groupby(counted)]
