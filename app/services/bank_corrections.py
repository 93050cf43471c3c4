"""An account's details that its bank corrected: the money arrived, and must not go there like that again.

The kind of account is put right by the bank's word, since the money goes to the same number. Another
number, bank or holder is not: whoever can have a bank say so would choose where the money goes. The
account is taken out of use until its holder adds it anew, and proves it.
"""

from sqlalchemy.orm import Session

from app.domain.bank_files import CORRECTIONS, Correction, Reported
from app.domain.states import BANK_ACCOUNT, BankAccountStatus
from app.services.audit import SYSTEM
from app.services.bank_account_rows import fail_account, note
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount, MicroDeposit, find_account
from app.store.payout_files import FileOrder
from app.store.payouts import PayoutRow


def correct_account(session: Session, deps: Deps, row: FileOrder, said: Reported) -> bool:
    """Act on a correction of the account that an order went to, in the caller's unit; gives whether
    anything changed. Safe to repeat. Wake "mails" afterwards.
    """
    account = _account(session, row)
    if account is None:
        return False
    if said.correction is Correction.ACCOUNT_TYPE and said.account_type is not None:
        return _set_type(session, deps, account, said.account_type)
    meant = CORRECTIONS.get(said.correction) if said.correction else None
    is_usable = BANK_ACCOUNT.allows(BankAccountStatus(account.status), BankAccountStatus.ERRORED)
    if meant is None or not is_usable:
        return False
    code, advice = meant
    fail_account(session, deps, account, code, advice)
    return True


def _account(session: Session, row: FileOrder) -> BankAccount | None:
    """The account that the order went to, locked."""
    key = (row.merchant_id, row.payout_id)
    sent = session.get(PayoutRow, key) or session.get(MicroDeposit, key)
    if sent is None:
        return None
    return find_account(session, row.merchant_id, sent.bank_account_id, lock=True)


def _set_type(session: Session, deps: Deps, account: BankAccount, account_type: str) -> bool:
    if account.account_type == account_type:
        return False
    account.account_type = account_type
    account.updated_at = deps.clock.now()
    note(session, deps, account, "bank_account.corrected", SYSTEM, {"account_type": account_type})
    return True
