"""Micro-deposits: two small amounts to a new account, each sent once.

The row comes before the call and the outcome after it, so a deposit whose answer was lost is asked
after under its own id and sent again only where the bank does not know it. What leaves our bank is
booked when the bank has it, and booked back when it returns.
"""

import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.bank_accounts import WHOLE_UNITS
from app.domain.ids import new_id
from app.domain.rails import (
    Absent,
    Accepted,
    BankDestination,
    Paid,
    PayoutOrder,
    PayoutRail,
    RailOutcome,
    Refused,
    Returned,
    Unknown,
)
from app.domain.states import MICRO_DEPOSIT, MicroDepositStatus
from app.services.audit import SYSTEM
from app.services.bank_account_rows import fail_account, note_deposit
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount, MicroDeposit, find_deposit, lease_deposit
from app.store.db import transaction
from app.store.ledger import book
from app.store.merchants import Merchant

log = logging.getLogger(__name__)

LEAST_MINOR, MOST_MINOR = 10, 99
COUNT = 2
DESCRIPTOR = "FARTHING VERIFY"
# Seconds until the next look at a deposit without an answer, after the first try, the second, …
BACKOFF = [60, 60, 300, 900, 3600, 3 * 3600, 12 * 3600, 24 * 3600]
# A sent one is asked after until it arrived, an arrived one for as long as banks take to return it.
LOOKS = {
    MicroDepositStatus.SENT: (timedelta(hours=1), timedelta(days=14)),
    MicroDepositStatus.PAID: (timedelta(days=1), timedelta(days=7)),
}
_M = MicroDepositStatus
_OPEN = (_M.REQUESTED, _M.UNKNOWN)


def plan_deposits(session: Session, deps: Deps, account: BankAccount, rail: PayoutRail) -> None:
    """Write the two deposits of a new account, in the caller's unit; wake "deposits" afterwards."""
    now = deps.clock.now()
    unit = 100 if account.currency in WHOLE_UNITS else 1
    for _ in range(COUNT):
        deposit = MicroDeposit(
            merchant_id=account.merchant_id,
            id=new_id("md", now),
            bank_account_id=account.id,
            rail=rail.name,
            amount_minor=unit * (LEAST_MINOR + secrets.randbelow(MOST_MINOR - LEAST_MINOR + 1)),
            currency=account.currency,
            status=_M.REQUESTED,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(deposit)
        note_deposit(session, deps, deposit, MICRO_DEPOSIT.created, SYSTEM)


def send_due(deps: Deps, limit: int = 50) -> int:
    """Send what is due, or ask after it; gives how many were looked at. Safe to run twice at once."""
    for count in range(limit):
        with transaction() as session:
            leased = lease_deposit(session, deps.clock.now(), BACKOFF)
        if leased is None:
            return count
        merchant_id, deposit_id, was_tried = leased
        try:
            _submit(deps, merchant_id, deposit_id, was_tried=was_tried)
        except Exception:
            # One poisonous deposit must not hold up the others; it is due again later.
            log.exception("deposit.failed_to_send", extra={"deposit": deposit_id})
    return limit


def _submit(deps: Deps, merchant_id: str, deposit_id: str, *, was_tried: bool) -> None:
    with transaction() as session:
        deposit, account = find_deposit(session, merchant_id, deposit_id)
        is_live = session.get_one(Merchant, merchant_id).mode == "live"
    rail = deps.rails.get(deposit.rail)
    if rail is None:
        log.error("deposit.rail_is_off", extra={"deposit": deposit_id, "rail": deposit.rail})
        return
    order = _order(deps, deposit, account, is_live=is_live)
    outcome = rail.query(order) if was_tried else rail.send(order)
    if isinstance(outcome, Absent) and deposit.status in _OPEN:
        outcome = rail.send(order)
    deps.failpoint("deposit.bank_answered")
    _apply(deps, merchant_id, deposit_id, outcome)


def _order(
    deps: Deps, deposit: MicroDeposit, account: BankAccount, *, is_live: bool
) -> PayoutOrder:
    return PayoutOrder(
        merchant_id=deposit.merchant_id,
        payout_id=deposit.id,
        amount=deposit.amount,
        destination=open_account(deps, account),
        statement_descriptor=DESCRIPTOR,
        idempotency_key=f"{deposit.id}:deposit",
        is_live=is_live,
        created_at=deposit.created_at,
        is_verification=True,
    )


def open_account(deps: Deps, account: BankAccount) -> BankDestination:
    """The account with its number unsealed, for a rail."""
    return BankDestination(
        id=account.id,
        holder_name=account.holder_name,
        country=account.country,
        currency=account.currency,
        kind="iban" if account.kind == "iban" else "us_account",
        number=deps.sealer.open(account.number_sealed),
        routing=account.routing,
        bank_name=account.bank_name,
        last4=account.last4,
        holder_type="company" if account.holder_type == "company" else "individual",
        account_type="checking" if account.account_type == "checking" else "savings",
    )


def _apply(deps: Deps, merchant_id: str, deposit_id: str, outcome: RailOutcome) -> None:
    """Write what became of a deposit: row, journal and event together. Safe to repeat."""
    with transaction() as session:
        deposit, account = find_deposit(session, merchant_id, deposit_id, lock=True)
        if isinstance(outcome, Returned) and deposit.status in _OPEN:
            # It left before it came back, whatever we were told of it then.
            _move(session, deps, deposit, _M.SENT)
        target = _target(outcome, _M(deposit.status))
        if target is not None and MICRO_DEPOSIT.allows(_M(deposit.status), target):
            _remember(deposit, outcome)
            _move(session, deps, deposit, target)
        deposit.next_attempt_at = _next_look(deposit, deps.clock.now())
        if isinstance(outcome, Refused | Returned):
            fail_account(session, deps, account, outcome.code)
    deps.queue.wake("mails")


def _target(outcome: RailOutcome, current: MicroDepositStatus) -> MicroDepositStatus | None:
    match outcome:
        case Accepted():
            return _M.SENT
        case Paid():
            return _M.PAID
        case Refused():
            # An order by file counts as sent while it waits there; refused, its money is back.
            return _M.FAILED if current in _OPEN else _M.RETURNED
        case Returned():
            return _M.RETURNED
        case Unknown():
            return _M.UNKNOWN
        case Absent():
            return None


def _remember(deposit: MicroDeposit, outcome: RailOutcome) -> None:
    if isinstance(outcome, Accepted | Paid | Returned):
        deposit.rail_reference = outcome.reference
    if isinstance(outcome, Accepted | Paid):
        deposit.trace_id = outcome.trace_id or deposit.trace_id
    if isinstance(outcome, Accepted):
        deposit.arrival_date = outcome.arrival_date
    if isinstance(outcome, Refused | Returned):
        deposit.failure_code = outcome.code


def _move(session: Session, deps: Deps, deposit: MicroDeposit, target: MicroDepositStatus) -> None:
    """Along the lifecycle, with the journal that belongs to it."""
    now = deps.clock.now()
    current = _M(deposit.status)
    event = MICRO_DEPOSIT.event(current, target)
    deposit.status = target
    deposit.updated_at = now
    note_deposit(session, deps, deposit, event, SYSTEM)
    if current in _OPEN and target in (_M.SENT, _M.PAID):
        journal = recipes.micro_deposit_sent(deposit.id, deposit.amount, now.date())
        book(session, deposit.merchant_id, journal, payment_id=None, at=now)
    if target is _M.RETURNED:
        journal = recipes.micro_deposit_returned(deposit.id, deposit.amount, now.date())
        book(session, deposit.merchant_id, journal, payment_id=None, at=now)


def _next_look(deposit: MicroDeposit, now: datetime) -> datetime | None:
    """When to ask again; what has no answer keeps the time of its lease."""
    status = _M(deposit.status)
    due = deposit.next_attempt_at
    if status in _OPEN or (due is not None and due <= now):
        return due  # Open ones rest as leased; and somebody may have brought news meanwhile.
    step, until = LOOKS.get(status, (timedelta(), timedelta()))
    return now + step if step and now < deposit.created_at + until else None
