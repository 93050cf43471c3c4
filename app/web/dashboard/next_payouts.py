"""When the next payout of a currency is due, or why it waits: the words that Payouts and Balances share.

A day is promised only where money could go out on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.bank_accounts import Reason
from app.reports.balances import Position
from app.reports.payouts import Schedule, schedules
from app.services.bank_accounts import unpayable
from app.services.deps import Deps
from app.web.render import day, moment

BELOW_ZERO = "Below zero: nothing is paid out until payments have made it good."


@dataclass(frozen=True, slots=True)
class NextPayout:
    """Words for one currency. `is_about_account`: the bank account is what makes it wait."""

    text: str
    schedule: str = ""
    is_held: bool = False
    is_about_account: bool = False


def next_payouts(
    deps: Deps, merchant_id: str, positions: Iterable[Position]
) -> dict[str, NextPayout]:
    """What to say of each currency's next payout."""
    known = schedules(merchant_id)
    return {
        one.currency: _told(
            one, known.get(one.currency), unpayable(deps, merchant_id, one.currency)
        )
        for one in positions
    }


def why_not(reason: Reason) -> str:
    """Why no payout can be made now, on the reader's clock."""
    if reason.until is None:
        return reason.message
    return f"Payouts wait until {moment(reason.until)}, because the account was changed."


def _told(one: Position, schedule: Schedule | None, reason: Reason | None) -> NextPayout:
    if one.available.amount_minor < 0:
        return NextPayout(BELOW_ZERO, is_held=True)
    # Who never had money in a currency is not asked for an account in it.
    if reason is not None and (schedule is not None or one.total.amount_minor > 0):
        return NextPayout(why_not(reason), is_held=True, is_about_account=True)
    if schedule is None:
        return NextPayout("No schedule yet")
    if schedule.held_reason:
        return NextPayout(schedule.held_reason, is_held=True)
    if schedule.next_on is None:
        return NextPayout("By hand")
    return NextPayout(day(schedule.next_on), schedule.terms.schedule)
