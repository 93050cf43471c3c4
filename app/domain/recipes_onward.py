"""How money that goes on to a seller when it is captured is booked, in both books.

As in `recipes`: one function per event, each line one debit and one credit. The seller's receipt is booked
as that of any transfer, `transfer_received`.
"""

from datetime import date

from app.domain.money import Money
from app.domain.postings import AVAILABLE, PENDING, TRANSFERS, Journal, dr, journal_of


# fmt: off
def transfer_sent(transfer_id: str, amount: Money, on: date) -> Journal:
    """The platform's side: what was captured for a seller is on its way to the seller's book."""
    return journal_of(
        "transfer_sent", transfer_id,
        dr(PENDING,               cr=TRANSFERS,             amount=amount, on=on),
    )


def application_fee_paid(transfer_id: str, fee: Money, on: date) -> Journal:
    """The seller's side of the application fee: the platform keeps it of what it has sent."""
    return journal_of(
        "application_fee_paid", transfer_id,
        dr(PENDING,               cr=TRANSFERS,             amount=fee,    on=on),
    )


def application_fee_earned(transfer_id: str, fee: Money, on: date) -> Journal:
    """The platform's side of it."""
    return journal_of(
        "application_fee_earned", transfer_id,
        dr(TRANSFERS,             cr=PENDING,               amount=fee,    on=on),
    )


def application_fee_returned(refund_id: str, fee: Money, on: date) -> Journal:
    """The platform gives the fee back with a refund."""
    return journal_of(
        "application_fee_returned", refund_id,
        dr(PENDING,               cr=TRANSFERS,             amount=fee,    on=on),
    )


def application_fee_refunded(refund_id: str, fee: Money, on: date, *, is_pending: bool) -> Journal:
    """The seller has it again: pending before the transfer's day has come, else available at once, to pay
    for what the refund takes back of the transfer.
    """
    given = dr(TRANSFERS,         cr=PENDING,               amount=fee,    on=on)
    if is_pending:
        return journal_of("application_fee_refunded", refund_id, given)
    return journal_of(
        "application_fee_refunded", refund_id,
        given,
        dr(PENDING,               cr=AVAILABLE,             amount=fee,    on=on),
    )
# fmt: on
