"""Filters as they stand in the address: read from it, and written back with one thing changed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for

from app.domain.methods import WALLETS
from app.reports.paging import Cursor
from app.reports.payment_states import STATES
from app.reports.refunds import TABS as REFUND_TABS
from app.reports.refunds import RefundFilter
from app.reports.search import TABS, PaymentFilter, parse_number

COMPARISONS = ("eq", "lt", "gt", "between")
LONGEST_TEXT = 120
# Before it ids, which bound every look back, tell no time.
FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


def text(name: str, most: int = LONGEST_TEXT) -> str:
    """A short text of the address; empty where there is none."""
    return request.args.get(name, "").strip()[:most].replace("\x00", "")


def one_of(name: str, allowed: tuple[str, ...], default: str = "") -> str:
    """One of the words allowed, else the default."""
    value = text(name)
    return value if value in allowed else default


def date_of(name: str) -> date | None:
    """A day, if one was given."""
    try:
        return date.fromisoformat(text(name))
    except ValueError:
        return None


def date_of_month(name: str) -> date | None:
    """The first day of a month, if one was given as 2026-11."""
    try:
        return date.fromisoformat(f"{text(name, 7)}-01")
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment of a look back; `problem` says why there is none although one was asked for."""

    typed: str
    moment: datetime | None = None
    problem: str = ""


def as_of(zone: str, now: datetime) -> AsOf:
    """The moment that `at` asks for, in the account's zone."""
    typed = text("at")
    if not typed:
        return AsOf("")
    try:
        asked = datetime.fromisoformat(typed)
        local = asked if asked.tzinfo else asked.replace(tzinfo=ZoneInfo(zone))
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return AsOf(typed, problem="That is no date and time. These are the balances of now.")
    if moment > now:
        return AsOf(typed, problem="That is still to come. These are the balances of now.")
    if moment < FIRST_MOMENT:
        return AsOf(typed, problem="That is too long ago. These are the balances of now.")
    return AsOf(typed, moment)


def _code(name: str) -> str:
    value = text(name).upper()
    return value if len(value) == 3 and value.isalpha() and value.isascii() else ""


def payment_filter() -> PaymentFilter:
    """The payments that the address asks for."""
    return PaymentFilter(
        tab=one_of("tab", TABS, "all"),
        q=text("q"),
        dated=one_of("dated", ("created", "captured"), "created"),
        first=date_of("from"),
        last=date_of("to"),
        status=one_of("status", tuple(STATES)),
        currency=_code("currency"),
        comparison=one_of("op", COMPARISONS, "eq") if text("amount") else "",
        amount=parse_number(text("amount")),
        amount_to=parse_number(text("amount_to")),
        brand=text("brand").lower(),
        wallet=one_of("wallet", WALLETS),
        last4=text("last4"),
        email=text("email"),
    )


def refund_filter() -> RefundFilter:
    """The refunds that the address asks for."""
    return RefundFilter(
        tab=one_of("tab", REFUND_TABS, "all"),
        currency=_code("currency"),
        first=date_of("from"),
        last=date_of("to"),
    )


def cursor() -> Cursor:
    """Which page of the list."""
    return Cursor.of(request.args.get("after"), request.args.get("before"))


def here(**changes: Any) -> str:
    """This address with some arguments changed; None or "" takes one out, and paging starts anew."""
    kept = {k: v for k, v in request.args.items() if v and k not in ("after", "before")}
    merged = {k: v for k, v in (kept | changes).items() if v not in (None, "")}
    return url_for(str(request.endpoint), **(request.view_args or {}), **merged)
