"""How each business event is booked: one function per event, readable as an accountant's manual.

Each line is one debit and one credit of the same amount, so a journal cannot fail to balance.
Nothing else builds a posting. `available_on` of a line is the day from which it counts as
available.
"""

from dataclasses import dataclass
from datetime import date

from app.domain.money import Money

PENDING = "merchant_pending"
AVAILABLE = "merchant_available"
IN_TRANSIT = "refunds_in_transit"
FEES = "platform_fees"
PROCESSOR_FEES = "processor_fees"
SUSPENSE = "suspense"


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
    return f"processor_receivable:{processor}"


def dr(debit: str, *, cr: str, amount: Money, on: date) -> Posting:
    """Debit one account, credit another."""
    return Posting(debit, cr, amount, on)


def _journal(event: str, source_id: str, *lines: Posting) -> Journal:
    return Journal(event, source_id, tuple(line for line in lines if line.amount.amount_minor > 0))


# fmt: off
def payment_captured(processor: str, source_id: str, amount: Money, fee: Money, on: date) -> Journal:
    """The processor owes us the money; the merchant is owed it, less our fee, when it settles."""
    return _journal(
        "payment_captured", source_id,
        dr(receivable(processor), cr=PENDING,               amount=amount, on=on),
        dr(PENDING,               cr=FEES,                  amount=fee,    on=on),
    )


def payment_returned(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """The customer's bank took a booked debit back: the processor owes us less, and the merchant has less."""
    return _journal(
        "payment_returned", source_id,
        dr(PENDING,               cr=receivable(processor), amount=amount, on=on),
    )


def processor_fee_charged(processor: str, source_id: str, fee: Money, on: date) -> Journal:
    """The processor keeps its fee from what it owes us."""
    return _journal(
        "processor_fee_charged", source_id,
        dr(PROCESSOR_FEES,        cr=receivable(processor), amount=fee,    on=on),
    )


def refund_requested(source_id: str, amount: Money, on: date) -> Journal:
    """The money is set aside before the processor is asked."""
    return _journal(
        "refund_requested", source_id,
        dr(PENDING,               cr=IN_TRANSIT,            amount=amount, on=on),
    )


def refund_settled(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """The processor sent it to the customer from what it owed us."""
    return _journal(
        "refund_settled", source_id,
        dr(IN_TRANSIT,            cr=receivable(processor), amount=amount, on=on),
    )


def refund_failed(source_id: str, amount: Money, on: date) -> Journal:
    """Nothing was sent: what was set aside is the merchant's again."""
    return _journal(
        "refund_failed", source_id,
        dr(IN_TRANSIT,            cr=PENDING,               amount=amount, on=on),
    )


def refund_returned(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """The customer's bank sent a settled refund back."""
    return _journal(
        "refund_returned", source_id,
        dr(receivable(processor), cr=PENDING,               amount=amount, on=on),
    )


def funds_released(source_id: str, net: Money, on: date) -> Journal:
    """Pending money became available; a negative net takes back what refunds used up."""
    if net.amount_minor >= 0:
        return _journal(
            "funds_released", source_id,
            dr(PENDING,           cr=AVAILABLE,             amount=net,    on=on),
        )
    return _journal(
        "funds_released", source_id,
        dr(AVAILABLE,             cr=PENDING,               amount=-net,   on=on),
    )


def unmatched_receipt(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """Real money at the processor that fits no payment of ours: booked, and for a human to explain."""
    return _journal(
        "unmatched_receipt", source_id,
        dr(receivable(processor), cr=SUSPENSE,              amount=amount, on=on),
    )


def unmatched_refund(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """Real money that left the processor beyond what our rows allow: booked, and for a human to
    explain.
    """
    return _journal(
        "unmatched_refund", source_id,
        dr(SUSPENSE,              cr=receivable(processor), amount=amount, on=on),
    )
# fmt: on


RECIPES = (
    payment_captured,
    payment_returned,
    processor_fee_charged,
    refund_requested,
    refund_settled,
    refund_failed,
    refund_returned,
    funds_released,
    unmatched_receipt,
    unmatched_refund,
)
