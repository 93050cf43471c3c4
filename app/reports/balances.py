"""What the books say: balances by currency, when pending money arrives, and the latest entries.

Available money is a stored balance, because it authorises payouts; pending money is what the closed books
sum up, and the postings since.
Currencies are never added up.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.domain.accounts import account_of
from app.domain.money import Money
from app.domain.platform_costs import HIDDEN_EVENTS
from app.domain.recipes import AVAILABLE, PAYOUTS_IN_TRANSIT, PENDING, RESERVED
from app.reports.as_of import standing
from app.reports.paging import Cursor, Page, fetch
from app.store.books import pending_days
from app.store.db import db
from app.store.ledger import AccountBalance, AccountRow, JournalRow, LedgerEntry


@dataclass(frozen=True, slots=True)
class Balance:
    """A merchant's money in one currency."""

    currency: str
    available: Money
    pending: Money


@dataclass(frozen=True, slots=True)
class Position:
    """All of a merchant's money in one currency, at one moment."""

    currency: str
    available: Money
    pending: Money
    reserved: Money
    in_transit: Money
    in_escrow: Money

    @property
    def total(self) -> Money:
        """What is the merchant's, wherever it is; escrow is nobody's yet."""
        return self.available + self.pending + self.reserved + self.in_transit

    @property
    def payable(self) -> Money:
        """What refunds and the like have left of it, once all has arrived."""
        return self.available + self.pending


@dataclass(frozen=True, slots=True)
class Arrival:
    """Pending money that becomes available on a day."""

    on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting, as an accountant reads it."""

    journal_id: str
    event: str
    payment_id: str | None
    account: str
    counterpart: str
    side: str
    amount: Money
    available_on: date
    event_at: datetime


@dataclass(frozen=True, slots=True)
class Journal:
    """One business fact and its lines."""

    id: str
    title: str
    payment_id: str | None
    event_at: datetime
    lines: tuple[Entry, ...]


TITLES = {
    "payment_captured": "Payment captured",
    "processor_fee_charged": "Processor fee",
    "refund_requested": "Refund set aside",
    "refund_settled": "Refund sent to the customer",
    "refund_failed": "Refund failed, money returned to the balance",
    "refund_returned": "Refund came back from the customer's bank",
    "funds_released": "Pending money became available",
    "payout_sent": "Payout",
    "payout_paid": "Payout reached the bank",
    "payout_failed": "Payout failed, money returned to the balance",
    "payout_returned": "Payout came back from the bank",
    "payout_canceled": "Payout canceled",
    "reserve_held": "Kept back as a reserve",
    "reserve_released": "Reserve given back",
    "money_converted_out": "Converted: given",
    "money_converted_in": "Converted: received",
    "conversion_reversed_out": "Conversion undone: given back",
    "conversion_reversed_in": "Conversion undone: received back",
    "escrow_held": "Held in escrow",
    "escrow_released": "Released from escrow",
    "escrow_refunded": "Taken from escrow for a refund",
    "transfer_received": "Transfer received from a platform",
    "transfer_reversed": "Transfer given back to the platform",
    "transfer_returned": "Transfer given back by a seller",
    "transfer_sent": "Sent on to a seller",
    "application_fee_paid": "Application fee of the platform",
    "application_fee_earned": "Application fee",
    "application_fee_returned": "Application fee given back to a seller",
    "application_fee_refunded": "Application fee given back by the platform",
    "payment_returned": "Payment taken back by the bank",
    "micro_deposit_sent": "Test deposit sent",
    "micro_deposit_returned": "Test deposit returned",
    "bank_money_received": "Sent by a customer",
    "bank_money_applied": "Applied to a payment",
    "bank_money_returned": "Sent back to a customer",
    "unmatched_receipt": "Money that matches no payment",
    "unmatched_refund": "Refund that matches no payment",
}

ACCOUNT_NAMES = {
    "processor_receivable": "Processor owes",
    "merchant_pending": "Your pending balance",
    "merchant_available": "Your available balance",
    "merchant_reserved": "Your reserve",
    "payouts_in_transit": "Payouts in transit",
    "bank": "Our bank",
    "refunds_in_transit": "Refunds in transit",
    "customer_balance": "Customers' balances",
    "platform_fees": "Farthing fees",
    "processor_fees": "Processor fees",
    "fx_clearing": "Currency conversion",
    "fx_fees": "Conversion fees",
    "suspense": "To be explained",
    "escrow_held": "Held in escrow",
    "transfers": "To and from other accounts",
    "verification_costs": "Test deposits",
}


def title_of(event: str) -> str:
    """A journal's event in words."""
    return TITLES.get(event, event.replace("_", " ").capitalize())


def account_name(code: str) -> str:
    """An account in a merchant's words."""
    return ACCOUNT_NAMES.get(account_of(code).code, code)


def book_currencies(merchant_id: str) -> list[str]:
    """The currencies of the merchant's book: those in which money ever moved."""
    query = select(AccountRow.currency).where(AccountRow.merchant_id == merchant_id).distinct()
    return sorted(db.session.execute(query).scalars())


def balances(merchant_id: str) -> list[Balance]:
    """Available and pending money, a row for each currency of the book."""
    stored = select(AccountBalance.currency, AccountBalance.balance_minor).where(
        AccountBalance.merchant_id == merchant_id, AccountBalance.code == AVAILABLE
    )
    available: dict[str, int] = dict(db.session.execute(stored).all())
    pending: dict[str, int] = {}
    for currency, _, amount_minor in pending_days(db.session(), merchant_id):
        pending[currency] = pending.get(currency, 0) + amount_minor
    return [
        Balance(
            currency,
            Money(available.get(currency, 0), currency),
            Money(pending.get(currency, 0), currency),
        )
        for currency in book_currencies(merchant_id)
    ]


def positions(merchant_id: str, at: datetime | None = None) -> list[Position]:
    """Where the merchant's money is, by currency, at a moment or now."""
    found = standing(merchant_id, at)
    return [
        Position(
            currency=currency,
            available=found.of(AVAILABLE, currency),
            pending=found.of(PENDING, currency),
            reserved=found.of(RESERVED, currency),
            in_transit=found.of(PAYOUTS_IN_TRANSIT, currency),
            in_escrow=found.of("escrow_held", currency),
        )
        for currency in found.currencies
    ]


def arrivals(merchant_id: str) -> list[Arrival]:
    """When pending money becomes available, by day and currency."""
    return [
        Arrival(on, Money(net, currency))
        for currency, on, net in pending_days(db.session(), merchant_id)
    ]


def journals(merchant_id: str, cursor: Cursor, size: int = 20) -> Page[Journal]:
    """The latest journals that merchants see, newest first, with their lines."""
    query = select(JournalRow).where(
        JournalRow.merchant_id == merchant_id, JournalRow.event.not_in(HIDDEN_EVENTS)
    )
    page = fetch(query, JournalRow.id, cursor, lambda record: record[0], size)
    lines = _lines(merchant_id, LedgerEntry.journal_id.in_([row.id for row in page.rows]))
    return Page([_journal(row, lines) for row in page.rows], page.older, page.newer)


def journals_of_payment(merchant_id: str, payment_id: str) -> list[Journal]:
    """All journals that one payment caused and that merchants see, newest first."""
    query = (
        select(JournalRow)
        .where(
            JournalRow.merchant_id == merchant_id,
            JournalRow.payment_id == payment_id,
            JournalRow.event.not_in(HIDDEN_EVENTS),
        )
        .order_by(JournalRow.id.desc())
    )
    rows = db.session.execute(query).scalars().all()
    lines = _lines(merchant_id, LedgerEntry.payment_id == payment_id)
    return [_journal(row, lines) for row in rows]


def _lines(merchant_id: str, condition: Any) -> list[Entry]:
    query = (
        select(LedgerEntry)
        .where(LedgerEntry.merchant_id == merchant_id, condition)
        .order_by(LedgerEntry.journal_id, LedgerEntry.line, LedgerEntry.entry_type.desc())
    )
    return [_entry(row) for row in db.session.execute(query).scalars()]


def _entry(row: LedgerEntry) -> Entry:
    return Entry(
        journal_id=row.journal_id,
        event=row.event,
        payment_id=row.payment_id,
        account=account_name(row.account),
        counterpart=account_name(row.counterpart),
        side=row.entry_type.lower(),
        amount=Money(row.amount_minor, row.currency),
        available_on=row.available_on,
        event_at=row.event_at,
    )


def _journal(row: JournalRow, lines: list[Entry]) -> Journal:
    own = tuple(line for line in lines if line.journal_id == row.id)
    return Journal(row.id, title_of(row.event), row.payment_id, row.event_at, own)
