"""Those who pay by bank transfer: what each has with us, what came, and what a payment still waits for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from app.domain.bank_money import is_transfer
from app.domain.errors import NotFound
from app.domain.money import Money
from app.domain.states import PaymentStatus
from app.reports.labels import Label, refund_label
from app.reports.paging import Count, Cursor, Page, count_each, fetch
from app.reports.timeline import actor_words
from app.store.bank_money import BankPayer, BankReturn, PayerFact, free_of, set_aside
from app.store.customers import Customer
from app.store.db import db
from app.store.payments import PaymentRow

TABS = ("kept", "unmatched", "all")
MOST_FACTS = 100

_KINDS = {
    "received": "A transfer arrived",
    "refunded": "A payment was refunded",
    "applied": "Set aside for a payment",
    "unapplied": "No longer set aside",
    "returned": "Sent back",
    "return_failed": "Came back from their bank",
    "reversed": "Taken back by their bank",
    "other": "Changed by the processor",
}
# What an account's facts are called.
_LINES = (
    ("holder", "Recipient"),
    ("iban", "IBAN"),
    ("bic", "BIC"),
    ("routing", "Routing number"),
    ("number", "Account number"),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to a balance; `amount` is below zero for what left it."""

    what: str
    amount: Money
    reference: str
    sender: str
    payment_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays by transfer. `free` is for no payment; `aside` waits for the rest of one."""

    id: str
    who: str
    customer_id: str | None
    payment_id: str | None
    is_known: bool
    since: datetime
    free: tuple[Money, ...] = ()
    aside: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class Return:
    """Money on its way back to the payer's bank."""

    id: str
    amount: Money
    label: Label
    requested_by: str
    failure_reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PayerDetail:
    """All about one payer, the newest first."""

    payer: Payer
    facts: tuple[Fact, ...]
    returns: tuple[Return, ...]


@dataclass(frozen=True, slots=True)
class TransferDetail:
    """A payment that is made by transfer: where it is to be sent, what has come, and what is still due."""

    lines: tuple[tuple[str, str], ...]
    received: Money
    due: Money
    is_waiting: bool
    facts: tuple[Fact, ...]
    payer_id: str | None
    kept: Money


def payers(merchant_id: str, tab: str, cursor: Cursor) -> Page[Payer]:
    """One page of a merchant's payers, the newest first."""
    query = _base(merchant_id).where(_tab(merchant_id, tab))
    found = fetch(query, BankPayer.id, cursor, _payer)
    sums = _sums(merchant_id, [one.id for one in found.rows])
    return replace(found, rows=[_with_sums(one, sums) for one in found.rows])


def counts(merchant_id: str) -> dict[str, Count]:
    """How many payers each tab would show."""
    base = select(BankPayer.id).where(BankPayer.merchant_id == merchant_id)
    return count_each({tab: base.where(_tab(merchant_id, tab)) for tab in TABS})


def detail(merchant_id: str, payer_id: str) -> PayerDetail:
    """One payer; raises NotFound for an id that is not this merchant's."""
    record = db.session.execute(_base(merchant_id).where(BankPayer.id == payer_id)).first()
    if record is None:
        raise NotFound("payer", payer_id)
    returns = db.session.execute(
        select(BankReturn)
        .where(BankReturn.merchant_id == merchant_id, BankReturn.payer_id == payer_id)
        .order_by(BankReturn.id.desc())
        .limit(MOST_FACTS)
        .execution_options(populate_existing=True)
    ).scalars()
    payer = _with_sums(_payer(record), _sums(merchant_id, [payer_id]))
    free = free_of(db.session(), record[0])
    kept = tuple(Money(minor, code) for code, minor in sorted(free.items()) if minor > 0)
    return PayerDetail(
        payer=replace(payer, free=kept),
        facts=_facts(merchant_id, PayerFact.payer_id == payer_id),
        returns=tuple(_return(one) for one in returns),
    )


def of_payment(row: PaymentRow) -> TransferDetail | None:
    """What a payment's page tells of its transfer; None where it is made in another way."""
    if not is_transfer(row.method):
        return None
    payer = _payer_of(row)
    free = free_of(db.session(), payer) if payer is not None else {}
    is_waiting = row.status == PaymentStatus.REQUIRES_ACTION
    left = int((row.action or {}).get("remaining_minor", row.amount_minor)) if is_waiting else 0
    account = row.method_details.get("account") or {}
    lines = [(name, str(account[fact])) for fact, name in _LINES if account.get(fact)]
    if row.method_details.get("reference"):
        lines.append(("Reference", str(row.method_details["reference"])))
    received = row.amount_minor - left if is_waiting else row.captured_minor
    return TransferDetail(
        lines=tuple(lines),
        received=Money(received, row.currency),
        due=Money(left, row.currency),
        is_waiting=is_waiting,
        facts=_facts(row.merchant_id, PayerFact.payment_id == row.id),
        payer_id=payer.id if payer is not None else None,
        kept=Money(max(0, free.get(row.currency, 0)), row.currency),
    )


def _payer_of(row: PaymentRow) -> BankPayer | None:
    reference = row.method_details.get("payer")
    return db.session.execute(
        select(BankPayer).where(
            BankPayer.merchant_id == row.merchant_id,
            BankPayer.processor_account_id == row.processor_account_id,
            BankPayer.processor_reference == reference,
        )
    ).scalar_one_or_none()


def _base(merchant_id: str) -> Select[Any]:
    return (
        select(BankPayer, Customer.name, Customer.email, PaymentRow.customer_name)
        .add_columns(PaymentRow.customer_email)
        .outerjoin(
            Customer,
            (Customer.merchant_id == BankPayer.merchant_id)
            & (Customer.id == BankPayer.customer_id),
        )
        .outerjoin(
            PaymentRow,
            (PaymentRow.merchant_id == BankPayer.merchant_id)
            & (PaymentRow.id == BankPayer.payment_id),
        )
        .where(BankPayer.merchant_id == merchant_id)
    )


def _tab(merchant_id: str, tab: str) -> ColumnElement[bool]:
    if tab == "unmatched":
        return BankPayer.customer_id.is_(None) & BankPayer.payment_id.is_(None)
    if tab != "kept":
        return true()
    kept = (
        select(PayerFact.payer_id)
        .where(PayerFact.merchant_id == merchant_id)
        .group_by(PayerFact.payer_id, PayerFact.currency)
        .having(or_(func.sum(PayerFact.amount_minor) > 0, set_aside() > 0))
    )
    return BankPayer.id.in_(kept)


def _payer(record: Any) -> Payer:
    row, *names = record[:5]
    return Payer(
        id=row.id,
        who=next((str(name) for name in names if name), "" if row.is_known else "Nobody we know"),
        customer_id=row.customer_id,
        payment_id=row.payment_id,
        is_known=row.is_known,
        since=row.created_at,
    )


_Sums = dict[str, list[tuple[str, int, int]]]


def _sums(merchant_id: str, ids: Sequence[str]) -> _Sums:
    rows = db.session.execute(
        select(
            PayerFact.payer_id,
            PayerFact.currency,
            func.sum(PayerFact.amount_minor),
            set_aside(),
        )
        .where(PayerFact.merchant_id == merchant_id, PayerFact.payer_id.in_(ids))
        .group_by(PayerFact.payer_id, PayerFact.currency)
        .order_by(PayerFact.currency)
    ).all()
    found: _Sums = {}
    for payer_id, currency, free, aside in rows:
        found.setdefault(payer_id, []).append((currency, int(free), int(aside)))
    return found


def _with_sums(payer: Payer, sums: _Sums) -> Payer:
    mine = sums.get(payer.id, [])
    return replace(
        payer,
        free=tuple(Money(free, code) for code, free, _ in mine if free),
        aside=tuple(Money(aside, code) for code, _, aside in mine if aside),
    )


def _facts(merchant_id: str, where: ColumnElement[bool]) -> tuple[Fact, ...]:
    rows = db.session.execute(
        select(PayerFact)
        .where(PayerFact.merchant_id == merchant_id, where)
        .order_by(PayerFact.seq.desc())
        .limit(MOST_FACTS)
    ).scalars()
    return tuple(
        Fact(
            what=_KINDS[row.kind],
            amount=row.amount,
            reference=str(row.details.get("reference") or ""),
            sender=str(row.details.get("sender") or ""),
            payment_id=row.payment_id,
            at=row.event_at,
        )
        for row in rows
    )


def _return(row: BankReturn) -> Return:
    return Return(
        id=row.id,
        amount=row.amount,
        label=refund_label(row.status),
        requested_by=actor_words(row.requested_by),
        failure_reason=(row.failure_reason or "").replace("_", " "),
        created_at=row.created_at,
    )
