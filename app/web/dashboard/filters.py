"""Filters as they stand in the address: read from it, and written back with one thing changed."""

from datetime import date
from typing import Any

from flask import request, url_for

from app.reports.paging import Cursor
from app.reports.refunds import TABS as REFUND_TABS
from app.reports.refunds import RefundFilter
from app.reports.search import STATUSES, TABS, PaymentFilter, parse_number

COMPARISONS = ("eq", "lt", "gt", "between")
LONGEST_TEXT = 120


def _text(name: str) -> str:
    return request.args.get(name, "").strip()[:LONGEST_TEXT].replace("\x00", "")


def _one_of(name: str, allowed: tuple[str, ...], default: str = "") -> str:
    value = _text(name)
    return value if value in allowed else default


def _date(name: str) -> date | None:
    try:
        return date.fromisoformat(_text(name))
    except ValueError:
        return None


def _code(name: str) -> str:
    value = _text(name).upper()
    return value if len(value) == 3 and value.isalpha() and value.isascii() else ""


def payment_filter() -> PaymentFilter:
    """The payments that the address asks for."""
    return PaymentFilter(
        tab=_one_of("tab", TABS, "all"),
        q=_text("q"),
        dated=_one_of("dated", ("created", "captured"), "created"),
        first=_date("from"),
        last=_date("to"),
        status=_one_of("status", STATUSES),
        currency=_code("currency"),
        comparison=_one_of("op", COMPARISONS, "eq") if _text("amount") else "",
        amount=parse_number(_text("amount")),
        amount_to=parse_number(_text("amount_to")),
        brand=_text("brand").lower(),
        last4=_text("last4"),
        email=_text("email"),
    )


def refund_filter() -> RefundFilter:
    """The refunds that the address asks for."""
    return RefundFilter(
        tab=_one_of("tab", REFUND_TABS, "all"),
        currency=_code("currency"),
        first=_date("from"),
        last=_date("to"),
    )


def cursor() -> Cursor:
    """Which page of the list."""
    return Cursor.of(request.args.get("after"), request.args.get("before"))


def here(**changes: Any) -> str:
    """This address with some arguments changed; None or "" takes one out, and paging starts anew."""
    kept = {k: v for k, v in request.args.items() if v and k not in ("after", "before")}
    merged = {k: v for k, v in (kept | changes).items() if v not in (None, "")}
    return url_for(str(request.endpoint), **(request.view_args or {}), **merged)
