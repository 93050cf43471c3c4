"""The balance of an account right after one of its entries.

Entries are ordered by journal and line; the books of a moment by time of writing. The two orders differ only
among journals of the same instant, so the standing of that instant is taken and what stands on the other
side of the entry is set right: a second's worth of postings.
"""

from datetime import datetime

from sqlalchemy import text

from app.domain.accounts import account_of
from app.domain.ids import lowest_id
from app.domain.money import Money
from app.domain.platform_costs import cost_behind, without_costs
from app.reports.as_of import SLACK, standing
from app.store.db import db

_OTHER_SIDE = """
    SELECT coalesce(sum(
        CASE WHEN p.credit = :code THEN p.amount_minor ELSE -p.amount_minor END
        * CASE WHEN p.created_at <= :at THEN -1 ELSE 1 END), 0)::bigint
    FROM postings p
    WHERE p.merchant_id = :merchant_id AND p.journal_id >= :low AND p.journal_id < :high
      AND p.currency = :currency AND (p.debit = :code OR p.credit = :code)
      AND (p.created_at <= :at) = ((p.journal_id, p.line) > (:journal_id, :line))
"""


def balance_after(
    merchant_id: str, code: str, currency: str, entry: tuple[str, int], at: datetime
) -> Money:
    """What the account held, on its normal side, after the entry (journal, line) written at `at`."""
    journal_id, line = entry
    net: int = db.session.execute(
        text(_OTHER_SIDE),
        {
            "merchant_id": merchant_id,
            "code": code,
            "currency": currency,
            "journal_id": journal_id,
            "line": line,
            "at": at,
            "low": lowest_id("jr", at - SLACK),
            "high": lowest_id("jr", at + SLACK),
        },
    ).scalar_one()
    sign = 1 if account_of(code).normal == "credit" else -1
    return standing(merchant_id, at).of(code, currency) + Money(sign * net, currency)


def shown_after(
    merchant_id: str, code: str, currency: str, entry: tuple[str, int], at: datetime
) -> Money | None:
    """As `balance_after`, without the platform's costs; None where it cannot be told without them."""
    balance = balance_after(merchant_id, code, currency, entry, at)
    cost = cost_behind(code)
    if cost is None:
        return balance
    if (code, currency) in without_costs(standing(merchant_id).balances).untold:
        return None
    return balance + balance_after(merchant_id, cost, currency, entry, at)
