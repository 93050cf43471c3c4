"""Which seals hold a period, and what accounts stood at a seal. Only read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.proof import Account
from app.store.books import SealRow
from app.store.ledger import JournalRow
from app.store.merchants import Merchant

# A journal's id is made with its time of writing; so much may lie between the two.
SLACK = timedelta(seconds=1)
# A moment, and the lowest id that a journal of that moment may have.
Bound = tuple[datetime, str] | None


def merchant_name(session: Session, merchant_id: str) -> str:
    """What the merchant is called."""
    return session.get_one(Merchant, merchant_id).name


def seals_of_period(
    session: Session, merchant_id: str, start: Bound, end: Bound, sealed_seq: int
) -> tuple[int, int] | None:
    """The first and the last seal that hold a journal written in the period; None if none does."""
    query = select(func.min(JournalRow.seq), func.max(JournalRow.seq)).where(
        JournalRow.merchant_id == merchant_id, JournalRow.seq <= sealed_seq
    )
    if start is not None:
        query = query.where(JournalRow.created_at >= start[0], JournalRow.id >= start[1])
    if end is not None:
        query = query.where(JournalRow.created_at < end[0], JournalRow.id < end[1])
    row = session.execute(query).one()
    low: int | None = row[0]
    high: int | None = row[1]
    if low is None or high is None:
        return None
    return _seal_over(session, merchant_id, low), _seal_over(session, merchant_id, high)


def _seal_over(session: Session, merchant_id: str, seq: int) -> int:
    query = (
        select(SealRow.number)
        .where(SealRow.merchant_id == merchant_id, SealRow.to_seq >= seq)
        .order_by(SealRow.to_seq)
        .limit(1)
    )
    return session.execute(query).scalar_one()


_SEALED = """
    SELECT code, currency, sum(credit_minor - debit_minor)::bigint FROM account_days
    WHERE merchant_id = :merchant_id GROUP BY code, currency
"""

_MOVED = """
    SELECT side.code, p.currency, sum(side.net)::bigint
    FROM journals j
    JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    CROSS JOIN LATERAL (VALUES (p.debit, -p.amount_minor), (p.credit, p.amount_minor))
        AS side (code, net)
    WHERE j.merchant_id = :merchant_id AND j.seq > :from_seq AND j.seq <= :to_seq
    GROUP BY side.code, p.currency
"""


_MOVED_BY = """
    SELECT side.code, p.currency, sum(side.net)::bigint
    FROM journals j
    JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    CROSS JOIN LATERAL (VALUES (p.debit, -p.amount_minor), (p.credit, p.amount_minor))
        AS side (code, net)
    WHERE j.merchant_id = :merchant_id AND j.event = ANY(:events) AND j.seq <= :to_seq
    GROUP BY side.code, p.currency
"""


def moved_by(
    session: Session, merchant_id: str, events: Sequence[str], to_seq: int
) -> dict[Account, int]:
    """What journals of these events did to accounts, credits less debits, up to a number."""
    values = {"merchant_id": merchant_id, "events": list(events), "to_seq": to_seq}
    rows = session.execute(text(_MOVED_BY), values)
    return {(code, currency): int(net) for code, currency, net in rows}


def sealed_balances(session: Session, merchant_id: str) -> dict[Account, int]:
    """Credits less debits of every account, through the last seal."""
    rows = session.execute(text(_SEALED), {"merchant_id": merchant_id})
    return {(code, currency): int(net) for code, currency, net in rows}


def moved_between(
    session: Session, merchant_id: str, from_seq: int, to_seq: int
) -> dict[Account, int]:
    """Credits less debits of every account, in journals numbered above `from_seq` up to `to_seq`."""
    values = {"merchant_id": merchant_id, "from_seq": from_seq, "to_seq": to_seq}
    rows = session.execute(text(_MOVED), values)
    return {(code, currency): int(net) for code, currency, net in rows}
