"""What of a merchant's book is the platform's own affair: what it pays itself, which merchants are not shown.

A cost stands in a journal of its own, between the account of the cost and an account that merchants see:
what a processor keeps, what test deposits take from our bank. So a book without these journals still
balances, and an account that they touch is shown as it would stand without them. Whoever runs the
platform sees all of it: `flask margins`, `flask proof export`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.postings import BANK, PROCESSOR_FEES, RECEIVABLE, VERIFICATION

HIDDEN_EVENTS = ("processor_fee_charged", "micro_deposit_sent", "micro_deposit_returned")
# The account of each cost, and what it is paid from.
COSTS = {PROCESSOR_FEES: RECEIVABLE, VERIFICATION: BANK}
LEFT_OUT = {
    RECEIVABLE: "What the processor charges the platform is left out.",
    BANK: "What the platform pays for test deposits is left out.",
}
Account = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """Accounts as merchants see them. `untold` are those whose balance cannot be told without a cost."""

    balances: Mapping[Account, int]
    untold: frozenset[Account] = frozenset()


def is_hidden(code: str) -> bool:
    """Whether an account is one of costs."""
    return code in COSTS


def left_out(code: str) -> str:
    """What the shown balance of an account leaves out, as a sentence; empty if nothing."""
    return LEFT_OUT.get(code.partition(":")[0], "")


def cost_behind(code: str) -> str | None:
    """The account of the cost that is paid from this one."""
    host = code.partition(":")[0]
    return next((cost for cost, paid_from in COSTS.items() if paid_from == host), None)


def without_costs(balances: Mapping[Account, int]) -> Shown:
    """Balances without the platform's costs, all on their accounts' debit side or all as credits less debits.

    A cost and what it is paid from then add up to what merchants see. Where a book has several accounts of
    one kind in a currency, their sum alone would tell which of them paid, so none of them is told.
    """
    found = {account: net for account, net in balances.items() if not is_hidden(account[0])}
    untold: set[Account] = set()
    for (cost, currency), net in balances.items():
        if not is_hidden(cost):
            continue
        hosts = [one for one in found if _is_host(one, COSTS[cost], currency)]
        if len(hosts) == 1:
            found[hosts[0]] += net
        elif net:
            untold.update(hosts)
    return Shown(found, frozenset(untold))


def _is_host(account: Account, host: str, currency: str) -> bool:
    return account[0].partition(":")[0] == host and account[1] == currency
