"""Balance transactions: the journals that change what a merchant owns, read from the books.

A journal `jr_X` is the transaction `txn_X`. Lines within the balance (pending money that becomes
available) and lines between the platform's own accounts are none of the merchant's transactions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from app.domain.fees import Part, parts_of
from app.reports import balances
from app.reports.balances import Balance, book_currencies
from app.reports.objects.balance_events import (
    CAPTURED,
    CONVERSIONS,
    EVENTS,
    FAILED,
    FEE_ACCOUNTS,
    OWN,
    PAID_OUT,
    REQUESTED,
    RETURNED,
)
from app.reports.objects.paging import Between, Slice, page
from app.reports.objects.payments import window
from app.store.db import db, end_read
from app.store.fx import FxRate
from app.store.ledger import JournalRow, PostingRow
from app.store.payments import Operation, PaymentRow, Refund
from app.store.payouts import PayoutLine

J = JournalRow


@dataclass(frozen=True, slots=True)
class Transaction:
    """One change of the balance: `gross` with its sign, of which `fee` is kept, or given back below zero."""

    id: str
    event: str
    source_id: str
    attempt_id: str | None
    gross_minor: int
    fee_minor: int
    currency: str
    available_on: date
    created_at: datetime
    description: str | None
    fee_parts: tuple[Part, ...] = ()
    exchange_rate: Decimal | None = None
    rate_id: str | None = None

    @property
    def is_conversion(self) -> bool:
        """Whether it is one side of a conversion."""
        return self.event in CONVERSIONS


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which transactions: empty fields leave nothing out. `events` are among EVENTS."""

    events: tuple[str, ...] = EVENTS
    currency: str | None = None
    created: Between | None = None
    attempt_id: str | None = None
    source_id: str | None = None
    payout_id: str | None = None


def balance(merchant_id: str) -> Sequence[Balance]:
    """What the merchant owns, a row for each currency in which money ever moved."""
    found = balances.balances(merchant_id)
    end_read()
    return found


def transaction_id(journal_id: str) -> str:
    """`jr_X` to `txn_X`."""
    return "txn_" + journal_id.removeprefix("jr_")


def _journal_id(transaction: str) -> str:
    return "jr_" + transaction.removeprefix("txn_") if transaction.startswith("txn_") else ""


def transaction_ids(
    merchant_id: str, facts: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """The transactions that booked these facts (event, source id), as far as they are booked."""
    wanted = set(facts)
    if not wanted:
        return {}
    # Two arrays, paired here: planning a list of three hundred pairs takes longer than reading them.
    query = select(J.event, J.source_id, J.id).where(
        J.merchant_id == merchant_id,
        J.event == any_(_texts({event for event, _ in wanted})),
        J.source_id == any_(_texts({source for _, source in wanted})),
    )
    rows = db.session.execute(query).all()
    end_read()
    return {
        (event, source): transaction_id(journal)
        for event, source, journal in rows
        if (event, source) in wanted
    }


def _texts(values: set[str]) -> ColumnElement[Any]:
    """The values as one parameter."""
    return cast(sorted(values), ARRAY(Text))


def transactions(merchant_id: str, ids: Sequence[str]) -> dict[str, Transaction]:
    """The merchant's transactions among these, by id."""
    query = _query(merchant_id, EVENTS).where(J.id.in_([_journal_id(one) for one in ids]))
    rows = db.session.execute(query).all()
    end_read()
    return {found.id: found for found in map(_transaction, rows)}


def is_there(merchant_id: str, transaction: str) -> bool:
    """Whether the merchant has this transaction."""
    query = select(J.id).where(
        J.merchant_id == merchant_id, J.id == _journal_id(transaction), J.event.in_(EVENTS)
    )
    found = db.session.execute(query).scalar()
    end_read()
    return found is not None


def listed(merchant_id: str, cut: Slice, wanted: Wanted) -> tuple[Sequence[Transaction], bool]:
    """A page of transactions, newest first, and whether there are more in its direction."""
    query = _query(merchant_id, wanted.events)
    if wanted.currency is not None:
        currencies = book_currencies(merchant_id)
        end_read()
        if wanted.currency not in currencies:
            return [], False
        if len(currencies) > 1:
            query = _in_currency(query, merchant_id, wanted.currency)
    query = _narrowed(query, merchant_id, wanted)
    limits = window("jr", Slice(), wanted.created)
    if limits.from_id is not None:
        query = query.where(J.id >= limits.from_id)
    if limits.until_id is not None:
        query = query.where(J.id < limits.until_id)
    after = _journal_id(cut.after) if cut.after else None
    before = _journal_id(cut.before) if cut.before else None
    rows, has_more = page(query, J.id, Slice(cut.limit, after, before))
    return [_transaction(row) for row in rows], has_more


def _lines() -> Any:
    """What a journal does to the merchant's own money: what came, what went, and when it counts."""
    line = PostingRow
    came = case((line.credit.in_(OWN), line.amount_minor), else_=0)
    went = case((line.debit.in_(OWN), line.amount_minor), else_=0)
    # Below zero where a fee goes back with a refund.
    fee = case(
        (line.debit.in_(OWN) & line.credit.in_(FEE_ACCOUNTS), line.amount_minor),
        (line.credit.in_(OWN) & line.debit.in_(FEE_ACCOUNTS), -line.amount_minor),
        else_=0,
    )
    return (
        select(
            line.currency,
            (func.sum(came) - func.sum(went) + func.sum(fee)).label("gross_minor"),
            func.sum(fee).label("fee_minor"),
            func.max(line.available_on).label("available_on"),
        )
        .where(
            line.merchant_id == J.merchant_id,
            line.journal_id == J.id,
            or_(line.credit.in_(OWN), line.debit.in_(OWN)),
        )
        .group_by(line.currency)
        .lateral("lines")
    )


LINES = _lines()


def _query(merchant_id: str, events: Sequence[str]) -> Select[*tuple[Any, ...]]:
    # The names stand in the statement itself, so that the planner knows which index has them.
    named: Any = bindparam("events", list(events), expanding=True, literal_execute=True)
    return (
        select(
            J.id,
            J.event,
            J.source_id,
            J.created_at,
            LINES.c.currency,
            LINES.c.gross_minor,
            LINES.c.fee_minor,
            LINES.c.available_on,
            PaymentRow.attempt_id,
            PaymentRow.description,
            PaymentRow.fee_parts,
            FxRate.id.label("rate_id"),
            FxRate.value.label("rate"),
        )
        .select_from(J)
        .join(LINES, true())
        .outerjoin(
            PaymentRow,
            (PaymentRow.merchant_id == J.merchant_id) & (PaymentRow.id == J.payment_id),
        )
        .outerjoin(
            Refund,
            J.event.in_(CONVERSIONS)
            & (Refund.merchant_id == J.merchant_id)
            & (Refund.id == J.source_id),
        )
        # The rate tells what the currency of settlement was worth: the other side has none.
        .outerjoin(
            FxRate,
            J.event.in_(CONVERSIONS)
            & (FxRate.id == func.coalesce(Refund.fx_rate_id, PaymentRow.fx_rate_id))
            & (FxRate.quote == LINES.c.currency),
        )
        .where(J.merchant_id == merchant_id, J.event.in_(named))
    )


def _in_currency(
    query: Select[*tuple[Any, ...]], merchant_id: str, currency: str
) -> Select[*tuple[Any, ...]]:
    """Only journals of one currency, by the index on first lines that touch the merchant's money."""
    first = aliased(PostingRow)
    own: Any = [literal_column(f"'{code}'") for code in OWN]
    return query.join(
        first, (first.merchant_id == J.merchant_id) & (first.journal_id == J.id)
    ).where(
        first.merchant_id == merchant_id,
        first.currency == currency,
        first.line == literal_column("1"),
        or_(first.credit.in_(own), first.debit.in_(own)),
    )


def _narrowed(
    query: Select[*tuple[Any, ...]], merchant_id: str, wanted: Wanted
) -> Select[*tuple[Any, ...]]:
    """Only what one object changed, or what one payout pays for."""
    if wanted.attempt_id is not None:
        query = query.where(J.source_id == _paid_by(merchant_id, wanted.attempt_id))
    if wanted.source_id is not None:
        query = query.where(J.source_id == wanted.source_id)
    if wanted.payout_id is not None:
        query = query.where(J.id.in_(_of_payout(merchant_id, wanted.payout_id)))
    return query


def _of_payout(merchant_id: str, payout_id: str) -> Any:
    """The journals that a payout pays for, and its own."""
    lines = select(PayoutLine.journal_id).where(
        PayoutLine.merchant_id == merchant_id, PayoutLine.payout_id == payout_id
    )
    own = select(J.id).where(
        J.merchant_id == merchant_id, J.event == PAID_OUT, J.source_id == payout_id
    )
    return lines.union_all(own)


def _paid_by(merchant_id: str, attempt_id: str) -> Any:
    """The payment that was paid by this try, as a value within a statement."""
    return (
        select(PaymentRow.id)
        .join(
            Operation,
            (Operation.merchant_id == PaymentRow.merchant_id)
            & (Operation.payment_id == PaymentRow.id),
        )
        .where(
            Operation.merchant_id == merchant_id,
            Operation.id == attempt_id,
            PaymentRow.attempt_id == attempt_id,
        )
        .scalar_subquery()
    )


def _transaction(row: Any) -> Transaction:
    return Transaction(
        id=transaction_id(row.id),
        event=row.event,
        source_id=row.source_id,
        attempt_id=row.attempt_id,
        gross_minor=int(row.gross_minor),
        fee_minor=int(row.fee_minor),
        currency=row.currency,
        available_on=row.available_on,
        created_at=row.created_at,
        description=row.description,
        fee_parts=_parts(row),
        exchange_rate=row.rate,
        rate_id=row.rate_id,
    )


def _parts(row: Any) -> tuple[Part, ...]:
    """The lines of the fee: a payment keeps its own, what a refund returned or a conversion cost is one."""
    if row.event == CAPTURED:
        return parts_of(row.fee_parts, int(row.fee_minor))
    name = {REQUESTED: "returned", FAILED: "kept", RETURNED: "kept"}.get(row.event, "conversion")
    return (Part(name, int(row.fee_minor)),) if row.fee_minor else ()
