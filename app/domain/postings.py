"""What a booking is made of: a journal of postings, each one debit and one credit of the same amount.

Only recipes build them: `recipes`, those of customers' own money in `recipes_customers`, and those of money
that goes on to sellers in `recipes_onward`.
"""

from dataclasses import dataclass
from datetime import date

from app.domain.money import Money

RECEIVABLE = "processor_receivable"
PENDING = "merchant_pending"
AVAILABLE = "merchant_available"
IN_TRANSIT = "refunds_in_transit"
FEES = "platform_fees"
PROCESSOR_FEES = "processor_fees"
SUSPENSE = "suspense"
RESERVED = "merchant_reserved"
PAYOUTS_IN_TRANSIT = "payouts_in_transit"
BANK = "bank"
VERIFICATION = "verification_costs"
FX_CLEARING = "fx_clearing"
FX_FEES = "fx_fees"
CUSTOMER_BALANCE = "customer_balance"
ESCROW = "escrow_held"
TRANSFERS = "transfers"


@dataclass(frozen=True, slots=True)
class Posting:
    """One row of the ledger: `amount` (positive) from the credited account to the debited one."""

    debit: str
    credit: str
    amount: Money
    available_on: date


@dataclass(frozen=True, slots=True)
class Journal:
    """The postings of one business fact. `(event, source_id)` is booked at most once per book."""

    event: str
    source_id: str
    postings: tuple[Posting, ...]


def receivable(processor: str) -> str:
    """The account of what this processor holds for us."""
    return f"{RECEIVABLE}:{processor}"


def dr(debit: str, *, cr: str, amount: Money, on: date) -> Posting:
    """Debit one account, credit another."""
    return Posting(debit, cr, amount, on)


def journal_of(event: str, source_id: str, *lines: Posting) -> Journal:
    """The journal of one fact; a line of nothing is none."""
    return Journal(event, source_id, tuple(line for line in lines if line.amount.amount_minor > 0))
