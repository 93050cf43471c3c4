"""What the platform keeps: fees earned less what processors charged, from the postings and nothing else.

For the operator alone: it reads the books of all merchants, and no page of theirs shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select

from app.domain.money import Money
from app.domain.recipes import FEES, PROCESSOR_FEES
from app.store.db import db, end_read
from app.store.fees import FeeScheduleRow
from app.store.ledger import JournalRow, PostingRow
from app.store.payments import PaymentRow

J, P = JournalRow, PostingRow
BY = ("merchant", "method", "payment")
# What belongs to no payment.
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Margin:
    """What was earned and paid for one merchant, method or payment in one currency."""

    key: str
    payments: int
    earned: Money
    cost: Money

    @property
    def margin(self) -> Money:
        """What is left; below zero where a processor took more than the merchant paid."""
        return self.earned - self.cost

    @property
    def currency(self) -> str:
        """ISO code of all three."""
        return self.earned.currency


def margins(
    by: str,
    since: datetime,
    until: datetime | None = None,
    *,
    merchant_id: str | None = None,
) -> Sequence[Margin]:
    """A row for each key and currency, by the moment at which fees were earned and charged."""
    key = func.coalesce(_key(by), NONE)
    query = (
        select(
            key,
            P.currency,
            func.count(J.payment_id.distinct()),
            func.sum(_grown(P.credit, P.debit, FEES)),
            func.sum(_grown(P.debit, P.credit, PROCESSOR_FEES)),
        )
        .select_from(P)
        .join(J, (J.merchant_id == P.merchant_id) & (J.id == P.journal_id))
        .where(
            or_(P.debit.in_((FEES, PROCESSOR_FEES)), P.credit.in_((FEES, PROCESSOR_FEES))),
            P.event_at >= since,
        )
        .group_by(key, P.currency)
        .order_by(P.currency, key)
    )
    if by == "method":
        query = _with_method(query)
    if until is not None:
        query = query.where(P.event_at < until)
    if merchant_id is not None:
        query = query.where(P.merchant_id == merchant_id)
    rows = db.session.execute(query).all()
    end_read()
    return [
        Margin(name, count, Money(int(earned), currency), Money(int(cost), currency))
        for name, currency, count, earned, cost in rows
    ]


def totals(rows: Sequence[Margin]) -> Sequence[Margin]:
    """The sums by currency; currencies are never added up."""
    found: dict[str, Margin] = {}
    for row in rows:
        nothing = Margin("all", 0, Money.zero(row.currency), Money.zero(row.currency))
        sums = found.get(row.currency, nothing)
        found[row.currency] = Margin(
            "all", sums.payments + row.payments, sums.earned + row.earned, sums.cost + row.cost
        )
    return list(found.values())


def _key(by: str) -> Any:
    if by == "merchant":
        return P.merchant_id
    if by == "payment":
        return J.payment_id
    # The method by which it was priced: a standard schedule's id begins with it.
    standard = func.split_part(PaymentRow.fee_schedule, "-standard-", 1)
    return func.coalesce(FeeScheduleRow.method, standard)


def _with_method(query: Any) -> Any:
    return query.outerjoin(
        PaymentRow, (PaymentRow.merchant_id == J.merchant_id) & (PaymentRow.id == J.payment_id)
    ).outerjoin(
        FeeScheduleRow,
        (FeeScheduleRow.merchant_id == PaymentRow.merchant_id)
        & (FeeScheduleRow.id == PaymentRow.fee_schedule),
    )


def _grown(side: Any, other: Any, account: str) -> Any:
    """By how much a posting makes an account grow, given the side on which it does."""
    return case((side == account, P.amount_minor), (other == account, -P.amount_minor), else_=0)
