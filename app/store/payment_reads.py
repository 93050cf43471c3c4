"""Payments and their attempts for the API's lists: the rows as the domain knows them, by key.

A page is one statement on a primary key, so it costs the same however many payments there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import tuple_row

from app.domain.attempts import Attempt
from app.domain.payments import Payment
from app.store.db import path
from app.store.path_rows import OPERATION_COLUMNS, READ_COLUMNS, payment_from_row

_NO_OPERATION = (None,) * len(OPERATION_COLUMNS)
_PAYMENT = ", ".join(f"p.{name}" for name in READ_COLUMNS)
_ATTEMPT = "o.id, o.status, o.amount_minor, o.reason, o.error, o.payment_method_id, o.created_at"

# A bank was asked and said yes, no or nothing yet; what ended before that was no charge.
_WAS_CHARGED = "o.kind = 'authorize' AND (o.reached_bank OR p.charge_attempt_id = o.id)"


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list: ids between bounds (exclusive), newest first unless `is_forward`."""

    limit: int
    above: str | None = None
    below: str | None = None
    from_id: str | None = None
    until_id: str | None = None
    is_forward: bool = False


def page(
    merchant_id: str, window: Window, *, customer_id: str | None = None
) -> tuple[list[Payment], bool]:
    """One page of payments, newest first, and whether there are more in its direction."""
    conditions, values = _window("p.id", window)
    if customer_id is not None:
        conditions.append("p.customer_id = %(customer)s")
        values["customer"] = customer_id
    rows = _rows(
        f"SELECT {_PAYMENT} FROM payments p WHERE p.merchant_id = %(merchant)s",
        conditions, "p.id", window, values | {"merchant": merchant_id},
    )  # fmt: skip
    found = [payment_from_row((*row, *_NO_OPERATION)) for row in rows]
    return _cut(found, window)


def by_ids(merchant_id: str, ids: Sequence[str]) -> list[Payment]:
    """The payments of these ids that the merchant has, newest first."""
    query = f"SELECT {_PAYMENT} FROM payments p WHERE p.merchant_id = %s AND p.id = ANY(%s)"
    with path() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(f"{query} ORDER BY p.id DESC", (merchant_id, list(ids))).fetchall()
    return [payment_from_row((*row, *_NO_OPERATION)) for row in rows]


def attempts(
    merchant_id: str,
    window: Window,
    *,
    payment_id: str | None = None,
    customer_id: str | None = None,
) -> tuple[list[Attempt], bool]:
    """One page of the tries that reached a bank, newest first."""
    conditions, values = _window("o.id", window)
    if payment_id is not None:
        conditions.append("o.payment_id = %(payment)s")
        values["payment"] = payment_id
    if customer_id is not None:
        conditions.append("p.customer_id = %(customer)s")
        values["customer"] = customer_id
    rows = _rows(
        f"SELECT {_ATTEMPT}, {_PAYMENT} FROM operations o"
        " JOIN payments p ON p.merchant_id = o.merchant_id AND p.id = o.payment_id"
        f" WHERE o.merchant_id = %(merchant)s AND {_WAS_CHARGED}",
        conditions, "o.id", window, values | {"merchant": merchant_id},
    )  # fmt: skip
    return _cut([_attempt(row) for row in rows], window)


def attempts_by_ids(merchant_id: str, ids: Sequence[str]) -> list[Attempt]:
    """The tries of these ids that reached a bank, newest first."""
    query = (
        f"SELECT {_ATTEMPT}, {_PAYMENT} FROM operations o"
        " JOIN payments p ON p.merchant_id = o.merchant_id AND p.id = o.payment_id"
        f" WHERE o.merchant_id = %s AND o.id = ANY(%s) AND {_WAS_CHARGED} ORDER BY o.id DESC"
    )
    with path() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(query, (merchant_id, list(ids))).fetchall()
    return [_attempt(row) for row in rows]


def payment_of_attempt(merchant_id: str, attempt_id: str) -> Payment | None:
    """The payment that a try of any outcome was for."""
    query = (
        f"SELECT {_PAYMENT} FROM operations o"
        " JOIN payments p ON p.merchant_id = o.merchant_id AND p.id = o.payment_id"
        " WHERE o.merchant_id = %s AND o.id = %s AND o.kind = 'authorize'"
    )
    with path() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query, (merchant_id, attempt_id)).fetchone()
    return None if row is None else payment_from_row((*row, *_NO_OPERATION))


def return_url(merchant_id: str, attempt_id: str | None) -> str | None:
    """Where the customer of a try wants to be after the bank's question, if the merchant said so."""
    query = "SELECT return_url FROM operations WHERE merchant_id = %s AND id = %s"
    with path() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query, (merchant_id, attempt_id)).fetchone()
    return None if row is None else row[0]


def _window(column: str, window: Window) -> tuple[list[str], dict[str, Any]]:
    bounds = {
        ">": ("above", window.above),
        "<": ("below", window.below),
        ">=": ("from_id", window.from_id),
        "< ": ("until_id", window.until_id),
    }
    conditions = [
        f"{column} {sign} %({name})s" for sign, (name, value) in bounds.items() if value is not None
    ]
    return conditions, {name: value for name, value in bounds.values() if value is not None}


def _rows(
    select: str, conditions: Sequence[str], key: str, window: Window, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Only names of columns and signs of this file stand in the text; what callers sent does not."""
    order = "ASC" if window.is_forward else "DESC"
    text = " AND ".join((select, *conditions)) + f" ORDER BY {key} {order} LIMIT %(most)s"
    with path() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        # Customers differ by orders of magnitude: each gets a plan of its own.
        is_prepared = "customer" not in values and None
        found = cursor.execute(
            sql.SQL(text), values | {"most": window.limit + 1}, prepare=is_prepared
        )
        return found.fetchall()


def _cut(rows: list[Any], window: Window) -> tuple[list[Any], bool]:
    has_more, rows = len(rows) > window.limit, rows[: window.limit]
    return (rows[::-1] if window.is_forward else rows), has_more


def _attempt(row: tuple[Any, ...]) -> Attempt:
    op_id, _status, _amount, reason, code, method_id, created_at = row[:7]
    payment = payment_from_row((*row[7:], *_NO_OPERATION))
    is_latest = payment.attempt_id == op_id
    is_paid = is_latest and payment.authorized_minor > 0
    if is_latest and reason is None and payment.decline_reason is not None:
        # Refused after the call itself had been accepted: by a bank that answers later.
        reason, code = payment.decline_reason, payment.decline_code
    return Attempt(op_id, payment, is_paid, reason, code, method_id, created_at)
