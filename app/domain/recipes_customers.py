"""How the money that customers send by bank is booked: theirs until it is applied to a payment.

As in `recipes`: one function per event, each line one debit and one credit.
"""

from datetime import date

from app.domain.money import Money
from app.domain.postings import CUSTOMER_BALANCE, Journal, dr, journal_of, receivable


# fmt: off
def bank_money_received(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """The processor holds it for the customer: sent by bank, given back by a refund, or come home."""
    return journal_of(
        "bank_money_received", source_id,
        dr(receivable(processor), cr=CUSTOMER_BALANCE,      amount=amount, on=on),
    )


def bank_money_applied(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """It pays for a payment, whose capture is booked beside it: from here on it is the merchant's."""
    return journal_of(
        "bank_money_applied", source_id,
        dr(CUSTOMER_BALANCE,      cr=receivable(processor), amount=amount, on=on),
    )


def bank_money_returned(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """It left for the customer's own bank account."""
    return journal_of(
        "bank_money_returned", source_id,
        dr(CUSTOMER_BALANCE,      cr=receivable(processor), amount=amount, on=on),
    )
# fmt: on
