"""How each business event is booked: one function per event, readable as an accountant's manual.

Each line is one debit and one credit of the same amount, so a journal cannot fail to balance.
Nothing else builds a posting. `available_on` of a line is the day from which it counts as
available.
"""

from datetime import date

from app.domain.money import Money
from app.domain.postings import (
    AVAILABLE,
    BANK,
    ESCROW,
    FEES,
    FX_CLEARING,
    FX_FEES,
    IN_TRANSIT,
    PAYOUTS_IN_TRANSIT,
    PENDING,
    PROCESSOR_FEES,
    RESERVED,
    SUSPENSE,
    TRANSFERS,
    VERIFICATION,
    Journal,
    Posting,
    dr,
    receivable,
)
from app.domain.postings import journal_of as _journal
from app.domain.recipes_customers import (
    bank_money_applied,
    bank_money_received,
    bank_money_returned,
)
from app.domain.recipes_onward import (
    application_fee_earned,
    application_fee_paid,
    application_fee_refunded,
    application_fee_returned,
    transfer_sent,
)

__all__ = [
    "AVAILABLE", "FEES", "IN_TRANSIT", "PAYOUTS_IN_TRANSIT", "PENDING", "PROCESSOR_FEES", "RECIPES",
    "RESERVED", "Journal", "Posting", "application_fee_earned", "application_fee_paid",
    "application_fee_refunded", "application_fee_returned", "bank_money_applied", "bank_money_received",
    "bank_money_returned", "receivable", "transfer_sent",
]  # fmt: skip


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


def refund_requested(source_id: str, amount: Money, fee: Money, on: date) -> Journal:
    """The money is set aside before the processor is asked; what our fee gives back pays a part of it."""
    return _journal(
        "refund_requested", source_id,
        dr(PENDING,               cr=IN_TRANSIT,            amount=amount, on=on),
        dr(FEES,                  cr=PENDING,               amount=fee,    on=on),
    )


def refund_settled(processor: str, source_id: str, amount: Money, on: date) -> Journal:
    """The processor sent it to the customer from what it owed us."""
    return _journal(
        "refund_settled", source_id,
        dr(IN_TRANSIT,            cr=receivable(processor), amount=amount, on=on),
    )


def refund_failed(source_id: str, amount: Money, fee: Money, on: date) -> Journal:
    """Nothing was sent: what was set aside is the merchant's again, and the fee ours."""
    return _journal(
        "refund_failed", source_id,
        dr(IN_TRANSIT,            cr=PENDING,               amount=amount, on=on),
        dr(PENDING,               cr=FEES,                  amount=fee,    on=on),
    )


def refund_returned(processor: str, source_id: str, amount: Money, fee: Money, on: date) -> Journal:
    """The customer's bank sent a settled refund back: it is the merchant's again, and the fee ours."""
    return _journal(
        "refund_returned", source_id,
        dr(receivable(processor), cr=PENDING,               amount=amount, on=on),
        dr(PENDING,               cr=FEES,                  amount=fee,    on=on),
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


def payout_sent(source_id: str, amount: Money, on: date) -> Journal:
    """The money leaves the balance before the bank is asked to carry it."""
    return _journal(
        "payout_sent", source_id,
        dr(AVAILABLE,             cr=PAYOUTS_IN_TRANSIT,    amount=amount, on=on),
    )


def payout_paid(source_id: str, amount: Money, on: date) -> Journal:
    """It reached the merchant's bank, from what ours holds."""
    return _journal(
        "payout_paid", source_id,
        dr(PAYOUTS_IN_TRANSIT,    cr=BANK,                  amount=amount, on=on),
    )


def payout_failed(source_id: str, amount: Money, on: date) -> Journal:
    """Nothing reached the merchant's bank: the money is in the balance again."""
    return _journal(
        "payout_failed", source_id,
        dr(PAYOUTS_IN_TRANSIT,    cr=AVAILABLE,             amount=amount, on=on),
    )


def payout_canceled(source_id: str, amount: Money, on: date) -> Journal:
    """It was called back before the bank was asked."""
    return _journal(
        "payout_canceled", source_id,
        dr(PAYOUTS_IN_TRANSIT,    cr=AVAILABLE,             amount=amount, on=on),
    )


def payout_returned(source_id: str, amount: Money, on: date) -> Journal:
    """The merchant's bank sent back what it had received."""
    return _journal(
        "payout_returned", source_id,
        dr(BANK,                  cr=AVAILABLE,             amount=amount, on=on),
    )


def reserve_held(source_id: str, amount: Money, on: date) -> Journal:
    """A part of what was taken is kept back for a while."""
    return _journal(
        "reserve_held", source_id,
        dr(AVAILABLE,             cr=RESERVED,              amount=amount, on=on),
    )


def reserve_released(source_id: str, amount: Money, on: date) -> Journal:
    """The while is over."""
    return _journal(
        "reserve_released", source_id,
        dr(RESERVED,              cr=AVAILABLE,             amount=amount, on=on),
    )


def micro_deposit_sent(source_id: str, amount: Money, on: date) -> Journal:
    """A few coins leave our bank so that a merchant can say how many came: ours to bear."""
    return _journal(
        "micro_deposit_sent", source_id,
        dr(VERIFICATION,          cr=BANK,                  amount=amount, on=on),
    )


def micro_deposit_returned(source_id: str, amount: Money, on: date) -> Journal:
    """They came back: the account is not what it was said to be."""
    return _journal(
        "micro_deposit_returned", source_id,
        dr(BANK,                  cr=VERIFICATION,          amount=amount, on=on),
    )
# A conversion is two journals, one in each currency, under the same source: so each change of a
# balance is in one currency, and the clearing accounts tell what the platform holds of either.
def money_converted_out(source_id: str, given: Money, on: date) -> Journal:
    """Money that the merchant does not settle in is given away."""
    return _journal(
        "money_converted_out", source_id,
        dr(PENDING,               cr=FX_CLEARING,           amount=given,  on=on),
    )


def money_converted_in(source_id: str, gained: Money, fee: Money, on: date) -> Journal:
    """What it is worth in the other currency is the merchant's, less the fee for the conversion."""
    return _journal(
        "money_converted_in", source_id,
        dr(FX_CLEARING,           cr=PENDING,               amount=gained, on=on),
        dr(PENDING,               cr=FX_FEES,               amount=fee,    on=on),
    )


def conversion_reversed_out(source_id: str, given: Money, on: date) -> Journal:
    """A refund that came back is changed back: what had been bought for it is given away."""
    return _journal(
        "conversion_reversed_out", source_id,
        dr(PENDING,               cr=FX_CLEARING,           amount=given,  on=on),
    )


def conversion_reversed_in(source_id: str, gained: Money, on: date) -> Journal:
    """What had been paid for it is the merchant's again, to the last minor unit."""
    return _journal(
        "conversion_reversed_in", source_id,
        dr(FX_CLEARING,           cr=PENDING,               amount=gained, on=on),
    )


def escrow_held(source_id: str, amount: Money, on: date) -> Journal:
    """The merchant's part is held for a delivery: at capture, or when a refund out of it failed."""
    return _journal(
        "escrow_held", source_id,
        dr(PENDING,               cr=ESCROW,                amount=amount, on=on),
    )


def escrow_released(source_id: str, commission: Money, amounts: list[Money], on: date) -> Journal:
    """Delivered: the platform earns its commission, the rest is on its way to the sellers' books."""
    return _journal(
        "escrow_released", source_id,
        dr(ESCROW,                cr=PENDING,               amount=commission, on=on),
        *(dr(ESCROW,              cr=TRANSFERS,             amount=amount, on=on) for amount in amounts),
    )


def transfer_received(transfer_id: str, amount: Money, on: date) -> Journal:
    """The seller's side of a release: it counts from the day on which the processor has settled."""
    return _journal(
        "transfer_received", transfer_id,
        dr(TRANSFERS,             cr=PENDING,               amount=amount, on=on),
    )


def escrow_refunded(source_id: str, amount: Money, on: date) -> Journal:
    """Held money is the merchant's again, for the refund that takes it in the same unit of work."""
    return _journal(
        "escrow_refunded", source_id,
        dr(ESCROW,                cr=PENDING,               amount=amount, on=on),
    )


def transfer_reversed(reversal_id: str, amount: Money, on: date, *, is_pending: bool) -> Journal:
    """The seller gives back: from pending before its day has come, else out of what is available."""
    taken = dr(PENDING,           cr=TRANSFERS,             amount=amount, on=on)
    if is_pending:
        return _journal("transfer_reversed", reversal_id, taken)
    return _journal(
        "transfer_reversed", reversal_id,
        taken,
        dr(AVAILABLE,             cr=PENDING,               amount=amount, on=on),
    )


def transfer_returned(reversal_id: str, amount: Money, on: date) -> Journal:
    """The platform's side of a reversal: the money is its own, no longer held."""
    return _journal(
        "transfer_returned", reversal_id,
        dr(TRANSFERS,             cr=PENDING,               amount=amount, on=on),
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
    bank_money_received,
    bank_money_applied,
    bank_money_returned,
    payout_sent,
    payout_paid,
    payout_failed,
    payout_canceled,
    payout_returned,
    reserve_held,
    reserve_released,
    micro_deposit_sent,
    micro_deposit_returned,
    money_converted_out,
    money_converted_in,
    conversion_reversed_out,
    conversion_reversed_in,
    escrow_held,
    escrow_released,
    escrow_refunded,
    transfer_received,
    transfer_reversed,
    transfer_returned,
    transfer_sent,
    application_fee_paid,
    application_fee_earned,
    application_fee_returned,
    application_fee_refunded,
)
