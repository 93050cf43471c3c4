"""The chart of accounts of a merchant's book.

Every book has the same accounts, each in as many currencies as it needs; the platform's own shares
live in each merchant's book, so a payment touches one book only and the platform's totals are sums
over books.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Whose money the account tells of."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"
    PLATFORM = "platform"
    ESCROW = "escrow"


class Side(StrEnum):
    """The side on which the account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Account:
    """`is_authorizing`: its balance decides whether something may happen, so it is stored and
    checked.
    """

    code: str
    kind: Kind
    normal: Side
    meaning: str
    is_authorizing: bool = False


CHART: dict[str, Account] = {
    account.code: account
    for account in (
        Account(
            "processor_receivable", Kind.PLATFORM, Side.DEBIT, "What a processor holds for us."
        ),
        Account(
            "merchant_pending", Kind.MERCHANT, Side.CREDIT, "The merchant's, not yet available."
        ),
        Account(
            "merchant_available", Kind.MERCHANT, Side.CREDIT, "The merchant's to be paid out.", True
        ),
        Account(
            "merchant_reserved",
            Kind.MERCHANT,
            Side.CREDIT,
            "Kept back from payouts for a while.",
            True,
        ),
        Account(
            "payouts_in_transit",
            Kind.MERCHANT,
            Side.CREDIT,
            "Left the balance, not yet at the merchant's bank.",
        ),
        Account("refunds_in_transit", Kind.CUSTOMER, Side.CREDIT, "On its way back to customers."),
        Account(
            "customer_balance",
            Kind.CUSTOMER,
            Side.CREDIT,
            "Sent by customers, not applied to a payment yet.",
        ),
        Account("platform_fees", Kind.PLATFORM, Side.CREDIT, "What the platform earned."),
        Account("processor_fees", Kind.PLATFORM, Side.DEBIT, "What processors charged us."),
        Account("bank", Kind.PLATFORM, Side.DEBIT, "What our own bank holds."),
        Account(
            "verification_costs", Kind.PLATFORM, Side.DEBIT, "Sent to prove whose accounts are."
        ),
        Account("suspense", Kind.PLATFORM, Side.CREDIT, "Real money that fits no row of ours yet."),
        Account("fx_clearing", Kind.PLATFORM, Side.CREDIT, "Both sides of conversions meet here."),
        Account("fx_fees", Kind.PLATFORM, Side.CREDIT, "What the platform earned on conversions."),
        # Each hold's own row decides what may leave it, so the sum over holds authorises nothing.
        Account("escrow_held", Kind.ESCROW, Side.CREDIT, "Held until delivery."),
        Account(
            "transfers", Kind.PLATFORM, Side.CREDIT, "Between two merchants' books: zero over all."
        ),
    )
}


def account_of(code: str) -> Account:
    """The chart's row for an account's full code: `processor_receivable:stripe` → its row."""
    return CHART[code.partition(":")[0]]
