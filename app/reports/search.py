"""The payments list: tabs, filters and one search box over a merchant's payments.

All of a filter stands in the address; whatever in it cannot be understood is left out, never guessed at.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true

from app.domain.currencies import CURRENCIES
from app.domain.money import Money
from app.reports import payment_states
from app.reports.labels import Label, label_of, title_of, wallet_of
from app.reports.paging import Count, Cursor, Page, count_each, fetch, first_id
from app.reports.periods import days
from app.store.payments import PaymentRow, Refund

P = PaymentRow

EXPIRES_SOON = timedelta(hours=48)
LONGEST_HOLD = timedelta(days=35)
TABS = ("all", *payment_states.TABS, "attention")


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What the person asked to see. `dated` says which date counts: created or captured."""

    tab: str = "all"
    q: str = ""
    dated: str = "created"
    first: date | None = None
    last: date | None = None
    status: str = ""
    currency: str = ""
    comparison: str = ""
    amount: Decimal | None = None
    amount_to: Decimal | None = None
    brand: str = ""
    wallet: str = ""
    last4: str = ""
    email: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything besides the tab leaves rows out."""
        return replace(self, tab="all") != PaymentFilter()


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment in a list."""

    id: str
    amount: Money
    refunded: Money
    label: Label
    description: str
    email: str
    card: str
    last4: str
    wallet: str
    method: str
    created_at: datetime


def payments(
    merchant_id: str, wanted: PaymentFilter, cursor: Cursor, *, timezone: str, now: datetime
) -> Page[PaymentLine]:
    """One page of the merchant's payments, newest first."""
    query = _base(merchant_id, wanted, timezone).where(_tab(wanted.tab, now))
    return fetch(query, P.id, cursor, lambda record: _line(record[0]))


def counts(
    merchant_id: str, wanted: PaymentFilter, *, timezone: str, now: datetime
) -> dict[str, Count]:
    """How many payments each tab would show with the other filters as they are."""
    narrowed = _base(merchant_id, wanted, timezone)
    return count_each({tab: narrowed.where(_tab(tab, now)).with_only_columns(P.id) for tab in TABS})


def _base(merchant_id: str, wanted: PaymentFilter, timezone: str) -> Select[Any]:
    conditions = [P.merchant_id == merchant_id, *_dates(wanted, timezone), *_plain(wanted)]
    if wanted.amount is not None:
        conditions.append(_amounts(wanted))
    if wanted.q:
        conditions.append(_search(merchant_id, wanted.q))
    return select(P).where(*conditions)


def _tab(tab: str, now: datetime) -> ColumnElement[bool]:
    if tab == "attention":
        return needs_attention(now)
    return payment_states.rows_of(tab) if tab in payment_states.TABS else true()


def came_late() -> ColumnElement[bool]:
    """Paid after the checkout had ended, and not yet given back."""
    return and_(
        P.needs_reversal,
        or_(P.status == "authorized", P.refunded_minor < P.captured_minor),
    )


def needs_attention(now: datetime) -> ColumnElement[bool]:
    """Outcome unknown, money that came too late, or a hold that ends soon."""
    return or_(
        P.status == "unknown",
        came_late(),
        and_(P.status == "authorized", P.capture_before < now + EXPIRES_SOON),
    )


def _dates(wanted: PaymentFilter, timezone: str) -> list[ColumnElement[bool]]:
    if wanted.first is None and wanted.last is None:
        return []
    period = days(wanted.first or date(2000, 1, 1), wanted.last or date(2999, 12, 30), timezone)
    if wanted.dated == "captured":
        # Ids bound the scan: what was captured then was created then, or a hold's length before.
        return [
            P.captured_at >= period.start,
            P.captured_at < period.end,
            P.id >= first_id("pi", period.start - LONGEST_HOLD),
            P.id < first_id("pi", period.end),
        ]
    return [P.id >= first_id("pi", period.start), P.id < first_id("pi", period.end)]


def _plain(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (P.currency, wanted.currency),
        (P.card_brand, wanted.brand),
        (P.card_wallet, wanted.wallet),
        (func.lower(P.customer_email), wanted.email.lower()),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in pairs if value]
    if wanted.status in payment_states.STATES:
        found.append(payment_states.STATES[wanted.status].rows)
    return [*found, _of_card(wanted.last4)] if wanted.last4 else found


def _of_card(last4: str) -> ColumnElement[bool]:
    """The digits as the merchant sees them, or as the customer's phone shows them."""
    return or_(P.card_last4 == last4, P.card_device_last4 == last4)


def _amounts(wanted: PaymentFilter) -> ColumnElement[bool]:
    """An amount in whole units means another number of minor units in each currency."""
    codes = [wanted.currency] if wanted.currency in CURRENCIES else list(CURRENCIES)
    by_exponent: dict[int, list[str]] = {}
    for code in codes:
        by_exponent.setdefault(CURRENCIES[code].exponent, []).append(code)
    return or_(
        false(),
        *(
            and_(P.currency.in_(same), _compare(wanted, exponent))
            for exponent, same in by_exponent.items()
        ),
    )


def _compare(wanted: PaymentFilter, exponent: int) -> ColumnElement[bool]:
    low = _minor(wanted.amount, exponent)
    if low is None:
        return false()
    match wanted.comparison:
        case "lt":
            return P.amount_minor < low
        case "gt":
            return P.amount_minor > low
        case "between":
            high = _minor(wanted.amount_to, exponent)
            return P.amount_minor >= low if high is None else P.amount_minor.between(low, high)
    return P.amount_minor == low


def _minor(amount: Decimal | None, exponent: int) -> int | None:
    if amount is None:
        return None
    scaled = amount.scaleb(exponent)
    return int(scaled) if scaled == scaled.to_integral_value() else None


def parse_number(text: str) -> Decimal | None:
    """An amount as somebody types it into a filter; None if it is none."""
    if not re.fullmatch(r"[0-9][0-9,]{0,15}(\.[0-9]{1,3})?", text.strip(), re.ASCII):
        return None
    try:
        return Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None


def _search(merchant_id: str, text: str) -> ColumnElement[bool]:
    """What one box finds: an id, ours or the processor's, an e-mail, last four digits, an amount, a name."""
    if re.fullmatch(r"re_[0-9a-z]+", text):
        of_refund = select(Refund.payment_id).where(
            Refund.merchant_id == merchant_id, Refund.id == text
        )
        return P.id.in_(of_refund)
    if re.fullmatch(r"[a-z]{2,5}_[0-9A-Za-z_]+", text):
        return or_(
            P.id == text,
            P.session_id == text,
            P.processor_reference == text,
            P.processor_charge_reference == text,
        )
    if re.fullmatch(r"(?:[0-9A-Za-z]{4}-){2}[0-9A-Za-z]{4}", text, re.ASCII):
        # What the customer reads from the receipt.
        return func.right(P.id, 12) == text.replace("-", "").lower()
    found = [
        _contains(func.lower(P.customer_email), text.lower()),
        _contains(func.lower(P.customer_name), text.lower()),
        _contains(func.lower(P.description), text.lower()),
    ]
    if "@" in text:
        return found[0]
    if re.fullmatch(r"[0-9]{4}", text, re.ASCII):
        found += [_of_card(text), P.method_details["last4"].astext == text]
    number = parse_number(text.lstrip("$€£¥"))
    if number is not None:
        found.append(_amounts(PaymentFilter(comparison="eq", amount=number)))
    return or_(*found)


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.contains(text, autoescape=True)
    return condition


def _line(row: PaymentRow) -> PaymentLine:
    return PaymentLine(
        id=row.id,
        amount=row.captured if row.captured_minor else row.amount,
        refunded=Money(row.refunded_minor, row.currency),
        label=label_of(row),
        description=row.description or "",
        email=row.customer_email or "",
        card=title_of(row),
        last4=row.card_last4 or row.method_details.get("last4") or "",
        wallet=wallet_of(row),
        method=row.method,
        created_at=row.created_at,
    )
