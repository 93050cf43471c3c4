"""Searches: from conditions in our words to ids, newest first.

Every field that can be asked for stands in a table here; a value is only ever a parameter of the
statement. What would take longer than two seconds is ended: see `bounded`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    not_,
    null,
    or_,
    select,
)

from app.domain.ids import lowest_id
from app.reports.objects.bounded import bounded
from app.store.customers import Customer
from app.store.payments import Operation, PaymentRow

P, A, C = PaymentRow, Operation, Customer

MOST_COUNTED = 10_000
LATEST = 99_999_999_999

IS, CONTAINS, IS_NULL = "is", "contains", "is_null"
MORE, LESS, AT_LEAST, AT_MOST = "more", "less", "at_least", "at_most"


@dataclass(frozen=True, slots=True)
class Condition:
    """`field` compared to any of `values`; `key` is that of a metadata entry."""

    field: str
    sign: str
    values: tuple[str | int | bool, ...] = ()
    key: str | None = None
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: conditions of which all must hold, or any."""

    kind: str
    conditions: tuple[Condition, ...]
    is_any: bool = False


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of one page; `total` only if it was to be counted, and then at most MOST_COUNTED."""

    ids: Sequence[str]
    has_more: bool
    total: int | None


@dataclass(frozen=True)
class _Table:
    """What is searched: the rows of a merchant, their ids and their fields."""

    prefix: str
    key: Any
    rows: Callable[[str], Select[Any]]
    fields: Mapping[str, Any]
    metadata: Any


def _payments(merchant_id: str) -> Select[Any]:
    return select(P.id).where(P.merchant_id == merchant_id)


def _customers(merchant_id: str) -> Select[Any]:
    return select(C.id).where(C.merchant_id == merchant_id, C.deleted_at.is_(None))


# As `payment_reads` tells the tries that reached a bank, and which of them took money.
_IS_PAID = and_(P.attempt_id == A.id, P.authorized_minor > 0)
_WAS_CHARGED = or_(A.reached_bank, P.charge_attempt_id == A.id)


def _charges(merchant_id: str) -> Select[Any]:
    return (
        select(A.id)
        .join(P, and_(P.merchant_id == A.merchant_id, P.id == A.payment_id))
        .where(A.merchant_id == merchant_id, A.kind == "authorize", _WAS_CHARGED)
    )


_IS_OVER = P.status.in_(("captured", "returned", "canceled", "expired"))
_GIVEN_BACK = (
    P.refunded_minor
    + P.refund_reserved_minor
    + case((_IS_OVER, P.authorized_minor - P.captured_minor), else_=0)
)


def _of_card(column: Any) -> Any:
    """A fact of the card, which the payment keeps for its last try only."""
    return case((P.attempt_id == A.id, column), else_=null())


TABLES: dict[str, _Table] = {
    "payments": _Table(
        prefix="pi",
        key=P.id,
        rows=_payments,
        fields={
            "amount": P.amount_minor,
            "currency": P.currency,
            "customer": P.customer_id,
            # An open payment that has its method is one step further.
            "status": case(
                (and_(P.status == "open", P.payment_method.is_not(None)), "open_with_method"),
                else_=P.status,
            ),
        },
        metadata=P.metadata_,
    ),
    "charges": _Table(
        prefix="op",
        key=A.id,
        rows=_charges,
        fields={
            "amount": case((_IS_PAID, P.authorized_minor), else_=P.amount_minor),
            "currency": P.currency,
            "customer": P.customer_id,
            "status": case((_IS_PAID, "paid"), else_="refused"),
            "is_refunded": and_(_IS_PAID, P.authorized_minor <= _GIVEN_BACK),
            "is_disputed": false(),
            "card_brand": _of_card(P.card_brand),
            "card_last4": _of_card(P.card_last4),
            "card_exp_month": _of_card(P.card_exp_month),
            "card_exp_year": _of_card(P.card_exp_year),
            "card_fingerprint": _of_card(P.card_fingerprint),
        },
        metadata=P.metadata_,
    ),
    "customers": _Table(
        prefix="cus",
        key=C.id,
        rows=_customers,
        fields={"email": C.email, "name": C.name, "phone": C.phone},
        metadata=C.metadata_,
    ),
}


def found(
    merchant_id: str, search: Search, *, limit: int, after: str | None, is_counted: bool
) -> Hits:
    """One page of what fits, newest first; raises TooWide."""
    table = TABLES[search.kind]
    conditions = [_condition(table, one) for one in search.conditions]
    joined = or_(*conditions) if search.is_any else and_(*conditions)
    query = table.rows(merchant_id).where(joined)
    newest = query if after is None else query.where(table.key < after)
    total = None
    with bounded("query") as session:
        ids = list(session.execute(newest.order_by(table.key.desc()).limit(limit + 1)).scalars())
        if is_counted:
            counted = query.limit(MOST_COUNTED).subquery()
            total = session.execute(select(func.count()).select_from(counted)).scalar_one()
    return Hits(ids[:limit], len(ids) > limit, total)


def _condition(table: _Table, one: Condition) -> ColumnElement[bool]:
    if one.field == "created":
        plain = _created(table, one)
    elif one.field == "metadata":
        plain = _compared(table.metadata[one.key].astext, one)
    else:
        plain = _compared(table.fields[one.field], one)
    # What is unknown does not fit; its opposite does.
    return not_(func.coalesce(plain, false())) if one.is_negated else plain


def _compared(column: Any, one: Condition) -> ColumnElement[bool]:
    value = one.values[0] if one.values else None
    compared: ColumnElement[bool]
    match one.sign:
        case "is_null":
            compared = column.is_(None)
        case "contains":
            compared = func.lower(column).contains(str(value).lower(), autoescape=True)
        case "more":
            compared = column > value
        case "less":
            compared = column < value
        case "at_least":
            compared = column >= value
        case "at_most":
            compared = column <= value
        case _ if isinstance(value, str):
            compared = func.lower(column).in_([str(each).lower() for each in one.values])
        case _:
            compared = column == value
    return compared


def _created(table: _Table, one: Condition) -> ColumnElement[bool]:
    """Ids sort by creation, so a second is a range of ids, and the index on them answers."""
    if one.sign == IS_NULL:
        return false()
    second = max(0, min(int(one.values[0]), LATEST))
    begins, ends = (
        lowest_id(table.prefix, datetime.fromtimestamp(at, UTC)) for at in (second, second + 1)
    )
    ranges: dict[str, ColumnElement[bool]] = {
        MORE: table.key >= ends,
        LESS: table.key < begins,
        AT_LEAST: table.key >= begins,
        AT_MOST: table.key < ends,
        IS: and_(table.key >= begins, table.key < ends),
    }
    return ranges[one.sign]
