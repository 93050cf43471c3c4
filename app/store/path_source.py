"""How rows travel into a statement of the payment path.

The rows of one payment go as plain parameters: PostgreSQL then plans for single rows, and parses nothing.
Those of several go as one JSON document a table, which costs a fifth of dumping an array a column. Either
way the rest of the statement sees the same columns. All parameters are text, their types stand in the
statement: so every execution is the same prepared statement, however large an amount is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from app.store.path_rows import CHANGEABLE_COLUMNS

Row = tuple[Any, ...]
AS_JSON = -1


@dataclass(frozen=True, slots=True)
class Source:
    """Rows as a FROM item: its alias, and each column's type."""

    alias: str
    columns: dict[str, str]

    def item(self, first: int, count: int) -> str:
        """The FROM item for `count` rows (or AS_JSON), whose parameters begin with number `first`."""
        if count == AS_JSON:
            typed = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
            return f"json_to_recordset(${first}::json) AS {self.alias}({typed})"
        width = len(self.columns)
        rows = ", ".join(self._placeholders(first + row * width) for row in range(count))
        return f"(VALUES {rows}) AS {self.alias}({', '.join(self.columns)})"

    def width(self, count: int) -> int:
        """How many parameters the item takes."""
        return 1 if count == AS_JSON else count * len(self.columns)

    def parameters(self, rows: Sequence[Row], count: int) -> list[str | None]:
        """What to send for the item."""
        if count == AS_JSON:
            # What is missing is not said: half of a row's columns have nothing in them.
            named = [
                {
                    name: value
                    for name, value in zip(self.columns, row, strict=True)
                    if value is not None
                }
                for row in rows
            ]
            return [orjson.dumps(named).decode()]
        return [
            # Most are text or missing already, and a call costs more than the question.
            value if value is None or value.__class__ is str else _text(value)
            for row in rows
            for value in row
        ]

    def _placeholders(self, first: int) -> str:
        kinds = self.columns.values()
        return f"({', '.join(f'${number}::{kind}' for number, kind in enumerate(kinds, first))})"


def _text(value: Any) -> str:
    """A value as PostgreSQL reads it."""
    kind = type(value)
    if kind is dict or kind is tuple or kind is list:
        text = orjson.dumps(value).decode()
    elif kind is bool:
        text = "true" if value else "false"
    elif isinstance(value, datetime | date):
        text = value.isoformat()
    else:
        text = str(value)
    return text


INTENTS = Source(
    "i",
    {
        "ord": "int",
        "merchant_id": "text",
        "id": "text",
        "at": "timestamptz",
        "actor": "text",
        "session_id": "text",
        "session_must_be_open": "boolean",
        "client_key": "text",
        "status": "text",
        "amount_minor": "bigint",
        "currency": "text",
        "capture_method": "text",
        "fee_schedule": "text",
        "processor": "text",
        "processor_account_id": "text",
        "description": "text",
        "customer_email": "text",
        "customer_name": "text",
        "metadata": "jsonb",
        "created_at": "timestamptz",
        "customer_id": "text",
        "payment_method": "text",
        "escrow": "jsonb",
        "scope": "text",
        "key": "text",
        "request_id": "text",
        "request_hash": "bytea",
        "lease_token": "text",
        "lease_seconds": "int",
        "api_key_hash": "bytea",
        "client_address": "inet",
        "operation_id": "text",
        "operation_kind": "text",
        "operation_token": "text",
        "operation_return_url": "text",
        "operation_customer_reference": "text",
        "operation_is_off_session": "boolean",
        "operation_payment_method_id": "text",
        "operation_details": "jsonb",
        "method": "text",
        "method_types": "jsonb",
    },
)

_TYPES = {
    "authorized_minor": "bigint",
    "captured_minor": "bigint",
    "fee_minor": "bigint",
    "fee_parts": "jsonb",
    "processor_fee_minor": "bigint",
    "settled_minor": "bigint",
    "fx_fee_minor": "bigint",
    "needs_reversal": "boolean",
    "available_on": "date",
    "capture_before": "timestamptz",
    "captured_at": "timestamptz",
    "canceled_at": "timestamptz",
    "method_details": "jsonb",
    "action": "jsonb",
    "returned_at": "timestamptz",
    "card_exp_month": "smallint",
    "card_exp_year": "smallint",
}

OUTCOMES = Source(
    "i",
    {
        "ord": "int",
        "merchant_id": "text",
        "id": "text",
        "expected_version": "int",
        "at": "timestamptz",
        "actor": "text",
        "session_id": "text",
        "session_completed": "boolean",
        "operation_id": "text",
        "operation_status": "text",
        "operation_error": "text",
        "next_attempt_at": "timestamptz",
        "scope": "text",
        "key": "text",
        "lease_token": "text",
        "response_status": "smallint",
        "response_body": "text",
        "inbox_id": "text",
        **{name: _TYPES.get(name, "text") for name in CHANGEABLE_COLUMNS},
    },
)

EVENTS = Source(
    "e",
    {
        "ord": "int",
        "id": "text",
        "name": "text",
        "subject_type": "text",
        "subject_id": "text",
        "data": "jsonb",
        "request_id": "text",
        "idempotency_key": "text",
    },
)

JOURNALS = Source("j", {"ord": "int", "id": "text", "event": "text", "source_id": "text"})

POSTINGS = Source(
    "t",
    {
        "ord": "int",
        "journal_id": "text",
        "line": "smallint",
        "debit": "text",
        "credit": "text",
        "currency": "text",
        "amount_minor": "bigint",
        "available_on": "date",
    },
)


class IntentShape(NamedTuple):
    """How many rows there are of each kind (AS_JSON: any number), and what they touch."""

    intents: int
    events: int
    has_key: bool
    has_api_key: bool
    has_operation: bool
    has_session: bool


class OutcomeShape(NamedTuple):
    """The same of outcomes."""

    outcomes: int
    events: int
    journals: int
    postings: int
    has_operation: bool
    has_finish: bool
    has_session: bool
    has_answer: bool
    has_news: bool
    has_hold: bool
    has_onward: bool
