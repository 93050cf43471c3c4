"""The rows of a bank account: moved along its lifecycle, told of in events, the diary and mails.

Only the last four characters of a number are in any of them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.ids import new_id
from app.domain.rails import FAILURE_ADVICE, Advice, FailureCode
from app.domain.states import BANK_ACCOUNT, BankAccountStatus
from app.services import audit
from app.services.audit import By
from app.services.deps import Deps
from app.services.notifications import queue_mail, recipients
from app.store.bank_accounts import BankAccount, MicroDeposit
from app.store.merchants import Merchant
from app.store.payments import Event

TOLD = ("owner",)


def move_account(
    session: Session,
    deps: Deps,
    account: BankAccount,
    target: BankAccountStatus,
    by: By,
    **data: Any,
) -> None:
    """Move a locked account along its lifecycle, in the caller's unit; raises InvalidTransition."""
    event = BANK_ACCOUNT.event(BankAccountStatus(account.status), target)
    account.status = target
    account.updated_at = deps.clock.now()
    note(session, deps, account, event, by, data)


def note(
    session: Session,
    deps: Deps,
    account: BankAccount,
    name: str,
    by: By,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write what happened to an account: an event, and an entry of the account's diary."""
    now = deps.clock.now()
    facts = {"currency": account.currency, "last4": account.last4, **(data or {})}
    write_event(session, account.merchant_id, name, ("bank_account", account.id), by, now, facts)
    audit.write(
        session,
        by,
        name,
        merchant_id=account.merchant_id,
        subject_id=account.id,
        at=now,
        data=facts,
    )


def note_deposit(session: Session, deps: Deps, deposit: MicroDeposit, name: str, by: By) -> None:
    """Write what happened to a micro-deposit; how much it was is for the holder to say."""
    now = deps.clock.now()
    facts = {"bank_account": deposit.bank_account_id}
    write_event(session, deposit.merchant_id, name, ("micro_deposit", deposit.id), by, now, facts)


def write_event(
    session: Session,
    merchant_id: str,
    name: str,
    subject: tuple[str, str],
    by: By,
    now: datetime,
    data: dict[str, Any],
) -> None:
    """Write an event of ours about a `(kind, id)`; there is no public type for it."""
    session.add(
        Event(
            merchant_id=merchant_id,
            id=new_id("evt", now),
            name=name,
            subject_type=subject[0],
            subject_id=subject[1],
            payment_id=None,
            actor=by.actor,
            data=data,
            event_at=now,
            created_at=now,
        )
    )


def fail_account(
    session: Session,
    deps: Deps,
    account: BankAccount,
    code: FailureCode,
    advice: Advice | None = None,
) -> None:
    """Take a locked account out of use because of what its bank said, and tell the owner."""
    if not BANK_ACCOUNT.allows(BankAccountStatus(account.status), BankAccountStatus.ERRORED):
        return
    account.failure_code = code
    move_account(session, deps, account, BankAccountStatus.ERRORED, audit.SYSTEM, code=code.value)
    advice = advice or FAILURE_ADVICE[code]
    tell_owner(
        session,
        deps,
        account,
        subject="A bank account does not work",
        text=f"{advice.happened} {advice.what_to_do}",
    )


def tell_owner(
    session: Session, deps: Deps, account: BankAccount, *, subject: str, text: str
) -> None:
    """A mail to each owner about this account; wake "mails" when the unit has ended."""
    merchant = session.get_one(Merchant, account.merchant_id)
    body = (
        f"{text}\n\n"
        f"Account: {account.label}, {account.currency}, held by {account.holder_name}\n"
        f"Merchant: {merchant.name}\n\n"
        f"If this was not you or somebody of your team, change your password and tell us at once.\n"
        f"{deps.base_url}/dashboard/bank-accounts/\n"
    )
    for address in recipients(session, account.merchant_id, TOLD):
        queue_mail(
            session,
            deps,
            account.merchant_id,
            kind="bank_account",
            recipient=address,
            subject=f"{subject}: {account.label}",
            body=body,
        )
