"""Merchants' bank accounts: proven, chosen, paid to and removed.

An account is used once it is proven: two micro-deposits are sent there, and whoever can read its
statement types their amounts back. When the account of a currency changes, payouts wait for a while
and the owner is told, so that whoever stole a password does not steal the money. Numbers are sealed
and opened only for a rail; nothing else ever sees more than the last four characters.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.domain.bank_accounts import MOST_TRIES, Reason, Unpayable
from app.domain.errors import Conflict, InvalidRequest
from app.domain.money import Money
from app.domain.rails import FAILURE_ADVICE, BankDestination, FailureCode
from app.domain.states import BankAccountStatus, MicroDepositStatus
from app.services.audit import By
from app.services.bank_account_rows import fail_account, move_account, note, tell_owner
from app.services.bank_deposits import open_account
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount, deposits_of, find_account
from app.store.db import db, end_read, transaction
from app.store.merchants import Merchant
from app.store.payouts import on_its_way

# Reasons that speak of the account itself, and not of one payment to it.
ABOUT_THE_ACCOUNT = frozenset(FailureCode) - {
    FailureCode.COULD_NOT_PROCESS,
    FailureCode.DECLINED,
    FailureCode.INSUFFICIENT_FUNDS,
}
_B = BankAccountStatus
_ARRIVED = (MicroDepositStatus.SENT, MicroDepositStatus.PAID)


@dataclass(frozen=True)
class VerifyAccount:
    """The amounts that a person found on the account's statement, in any order."""

    merchant_id: str
    account_id: str
    amounts: tuple[Money, Money]
    by: By


def verify_account(deps: Deps, command: VerifyAccount) -> None:
    """Take the amounts as proof. Raises Conflict where none is due and InvalidRequest for wrong ones.

    Three wrong answers end the account: two amounts under a unit could else be guessed. The first
    proven account of a currency becomes its default one.
    """
    with transaction() as session:
        _take_turns(session, command.merchant_id)
        account = find_account(session, command.merchant_id, command.account_id, lock=True)
        deposits = deposits_of(session, account.merchant_id, account.id)
        _refuse_verification(account, [row.status in _ARRIVED for row in deposits])
        told = sorted(amount.amount_minor for amount in command.amounts)
        is_right = told == sorted(row.amount_minor for row in deposits)
        if is_right:
            account.verified_at = deps.clock.now()
            move_account(session, deps, account, _B.VERIFIED, command.by)
            if _default_of(session, account) is None:
                _choose(session, deps, account, command.by)
        else:
            _count_wrong(session, deps, account, command.by)
    deps.queue.wake("mails")
    if not is_right:
        left = MOST_TRIES - account.wrong_tries
        tries = "1 try is" if left == 1 else f"{left} tries are"
        more = f"{tries} left." if left else "Remove the account and add it again."
        raise InvalidRequest(f"Those are not the two amounts. {more}", param="amounts")


def _refuse_verification(account: BankAccount, arrived: list[bool]) -> None:
    if account.status != _B.NEW:
        raise Conflict("This account is not waiting to be verified.")
    if not arrived or not all(arrived):
        raise Conflict("The two deposits are still on their way.")


def _count_wrong(session: Session, deps: Deps, account: BankAccount, by: By) -> None:
    account.wrong_tries += 1
    if account.wrong_tries < MOST_TRIES:
        note(session, deps, account, "bank_account.wrong_amounts", by)
        return
    move_account(session, deps, account, _B.ERRORED, by, why="wrong amounts")
    tell_owner(
        session,
        deps,
        account,
        subject="A bank account could not be verified",
        text=f"Wrong amounts were given {MOST_TRIES} times, so the account cannot be used.",
    )


def make_default(deps: Deps, merchant_id: str, account_id: str, by: By) -> None:
    """Pay out this currency to that account from now on, after the cooling-off. Raises Conflict for
    an account that is not verified; safe to repeat.
    """
    with transaction() as session:
        _take_turns(session, merchant_id)
        account = find_account(session, merchant_id, account_id, lock=True)
        if account.status != _B.VERIFIED:
            raise Conflict("Only a verified account can be the default one.")
        if not account.is_default:
            _choose(session, deps, account, by)
    deps.queue.wake("mails")


def _take_turns(session: Session, merchant_id: str) -> None:
    """Two choices of a default account follow each other, whatever accounts they are about; payments
    of the merchant go on meanwhile.
    """
    session.execute(
        select(Merchant.id).where(Merchant.id == merchant_id).with_for_update(key_share=True)
    ).scalar_one()


def _default_of(session: Session, account: BankAccount) -> BankAccount | None:
    return session.execute(
        select(BankAccount).where(_same_currency(account), BankAccount.is_default).with_for_update()
    ).scalar_one_or_none()


def _same_currency(account: BankAccount) -> ColumnElement[bool]:
    return (BankAccount.merchant_id == account.merchant_id) & (
        BankAccount.currency == account.currency
    )


def _choose(session: Session, deps: Deps, account: BankAccount, by: By) -> None:
    """Make a locked, verified account the default one; payouts wait unless it is the very first."""
    now = deps.clock.now()
    before = _default_of(session, account)
    is_first = (
        before is None
        and not session.execute(
            select(BankAccount.id)
            .where(
                _same_currency(account),
                BankAccount.id != account.id,
                BankAccount.verified_at.is_not(None),
            )
            .limit(1)
        ).first()
    )
    if before is not None:
        before.is_default = False
        before.updated_at = now
        session.flush()  # One default at a time: the index would refuse two.
    account.is_default = True
    account.updated_at = now
    wait = timedelta() if is_first else timedelta(hours=deps.cooling_off_hours)
    account.cooling_off_until = now + wait if wait else None
    note(session, deps, account, "bank_account.made_default", by)
    until = account.cooling_off_until
    zone = session.get_one(Merchant, account.merchant_id).timezone
    delay = f" The first one waits until {_local(until, zone)}." if until else ""
    tell_owner(
        session,
        deps,
        account,
        subject="Payouts go to another account" if before or not is_first else "Payouts are set up",
        text=f"Payouts in {account.currency} now go to this account.{delay}",
    )


def remove_account(deps: Deps, merchant_id: str, account_id: str, by: By) -> None:
    """Use an account no more; its row stays, for what was sent there. Safe to repeat."""
    with transaction() as session:
        account = find_account(session, merchant_id, account_id, lock=True)
        if account.status == _B.REMOVED:
            return
        if on_its_way(session, merchant_id, account_id):
            raise Conflict("A payout to this account is still on its way. Remove it afterwards.")
        account.is_default = False
        account.removed_at = deps.clock.now()
        move_account(session, deps, account, _B.REMOVED, by)
        tell_owner(
            session,
            deps,
            account,
            subject="A bank account was removed",
            text="Payouts no longer go to this account.",
        )
    deps.queue.wake("mails")


def payable(deps: Deps, merchant_id: str, currency: str) -> BankDestination | Reason:
    """Where this currency may be paid out to now, or why it may not, in the merchant's words."""
    account, reason = _chosen(deps, merchant_id, currency)
    if reason is not None or account is None:
        return reason or Reason(Unpayable.NO_ACCOUNT, "")
    return open_account(deps, account)


def unpayable(deps: Deps, merchant_id: str, currency: str) -> Reason | None:
    """Why this currency may not be paid out now, in the merchant's words; opens no number."""
    return _chosen(deps, merchant_id, currency)[1]


def _chosen(
    deps: Deps, merchant_id: str, currency: str
) -> tuple[BankAccount | None, Reason | None]:
    account = db.session.execute(
        select(BankAccount)
        .where(
            BankAccount.merchant_id == merchant_id,
            BankAccount.currency == currency,
            BankAccount.status != _B.REMOVED,
        )
        .order_by(BankAccount.is_default.desc(), BankAccount.verified_at.desc().nulls_last())
        .limit(1)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    zone = db.session.get_one(Merchant, merchant_id).timezone
    end_read()
    return account, _reason(deps, account, currency, zone)


def _reason(deps: Deps, account: BankAccount | None, currency: str, zone: str) -> Reason | None:
    if account is None:
        return Reason(Unpayable.NO_ACCOUNT, f"Add a bank account for {currency} first.")
    if account.status == _B.ERRORED:
        code = account.failure_code
        why = FAILURE_ADVICE[FailureCode(code)].happened if code else "It could not be verified."
        return Reason(
            Unpayable.ERRORED, f"Your bank account •••• {account.last4} does not work. {why}"
        )
    if account.status == _B.NEW:
        return Reason(
            Unpayable.NOT_VERIFIED, f"Verify your bank account •••• {account.last4} first."
        )
    if not account.is_default:
        return Reason(
            Unpayable.NO_ACCOUNT, f"Choose the bank account that {currency} is paid out to."
        )
    until = account.cooling_off_until
    if until is not None and until > deps.clock.now():
        return Reason(
            Unpayable.COOLING_OFF,
            f"The bank account for {currency} was changed: payouts wait until"
            f" {_local(until, zone)}.",
            until,
        )
    return None


def _local(at: datetime, zone: str) -> str:
    """A moment as the merchant's own clock shows it."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %B %Y, %H:%M %Z}"


def destination(deps: Deps, merchant_id: str, account_id: str) -> BankDestination:
    """The account that a payout was made for, whatever became of it since. Raises NotFound."""
    account = find_account(db.session(), merchant_id, account_id)
    end_read()
    return open_account(deps, account)


def report_failure(deps: Deps, merchant_id: str, account_id: str, code: FailureCode) -> None:
    """A payout to this account failed: take it out of use if the fault is the account's. Safe to
    repeat; calls for a unit of its own.
    """
    if code not in ABOUT_THE_ACCOUNT:
        return
    with transaction() as session:
        fail_account(session, deps, find_account(session, merchant_id, account_id, lock=True), code)
    deps.queue.wake("mails")
