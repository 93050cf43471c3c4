"""Payouts: a period of a balance is closed, and what it comes to goes to the merchant's bank.

The rows, the lines and the journal are one unit of work; only then is the bank asked, by
`payout_sending`. Two at once take turns: the second finds an empty period. A payout that does not add up
to the stored balance, to the cent, is not made.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import (
    AmountInvalid,
    IdempotencyMismatch,
    NotFound,
    NotPayable,
    PayoutContradiction,
    UnexpectedState,
)
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.payouts import Category, Plan, Terms, plan
from app.domain.rails import BankDestination, rail_for
from app.domain.states import PAYOUT, BankAccountStatus, PayoutStatus
from app.services import bank_accounts
from app.services.deps import Deps
from app.services.ledger import release_book
from app.services.payout_rows import load_payout, move_payout, payout_event
from app.services.payout_terms import begin_schedules, due_terms, hold_back, load_terms, take_turn
from app.services.updates import changed
from app.store import payouts as store
from app.store.bank_accounts import find_account
from app.store.db import transaction
from app.store.ledger import book, stored_balance
from app.store.merchants import Merchant
from app.store.payouts import PayoutLine, PayoutRow, ReserveRow

log = logging.getLogger(__name__)

NOT_MADE = "Something is wrong on our side with this payout. We were told and look into it."


@dataclass(frozen=True)
class CreatePayout:
    """Pay out `amount`, or all that is available. `client_key` makes a repeat safe.

    `expected_available` is what the person saw; if it is no longer true, nothing is done.
    """

    merchant_id: str
    currency: str
    actor: str
    amount: Money | None = None
    payout_id: str | None = None
    client_key: str | None = None
    statement_descriptor: str | None = None
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class _Destination:
    bank: BankDestination
    rail: str


def create_payout(deps: Deps, command: CreatePayout) -> str | None:
    """Close the period and owe its amount to the bank; gives the payout's id, None if there is nothing.

    Raises NotPayable, BalanceInsufficient, AmountInvalid, or PayoutContradiction when the books do not
    agree with the balance.
    """
    if command.amount is not None and command.amount.amount_minor <= 0:
        raise AmountInvalid("Enter an amount greater than zero.", param="amount")
    known = _made_before(command)
    if known is not None:
        return known
    destination = _destination(deps, command)
    release_book(deps, command.merchant_id)
    try:
        payout_id = _close_period(deps, command, destination)
    except IntegrityError:
        known = _made_before(command)
        if known is None:
            raise
        return known
    except PayoutContradiction as error:
        log.critical(
            "payout.contradiction", extra={"merchant": command.merchant_id, "why": error.message}
        )
        raise
    if payout_id is not None:
        deps.failpoint("payout.intent_recorded")
        deps.queue.wake("payouts")
        deps.queue.wake("events")
    return payout_id


def _destination(deps: Deps, command: CreatePayout) -> _Destination:
    """The bank account and the rail that reaches it; raises NotPayable."""
    found = bank_accounts.payable(deps, command.merchant_id, command.currency)
    if not isinstance(found, BankDestination):
        raise NotPayable(found.message)
    with transaction() as session:
        is_live = session.get_one(Merchant, command.merchant_id).mode == "live"
    rail = rail_for(
        deps.rails.values(),
        currency=command.currency,
        kind=found.kind,
        is_live=is_live,
        country=found.country,
    )
    if rail is None:
        raise NotPayable(f"No bank connection of ours carries {command.currency} to this account.")
    return _Destination(found, rail.name)


def _close_period(deps: Deps, command: CreatePayout, destination: _Destination) -> str | None:
    now = deps.clock.now()
    merchant_id, currency = command.merchant_id, command.currency
    payout_id = command.payout_id or new_id("po", now)
    with transaction() as session:
        store.lock_period(session, merchant_id, currency)
        _keep_destination(session, merchant_id, destination)
        if command.is_automatic and take_turn(session, merchant_id, currency, now) is None:
            return None
        terms = load_terms(session, merchant_id, currency)
        available = stored_balance(session, merchant_id, recipes.AVAILABLE, currency)
        last = store.last_payout(session, merchant_id, currency)
        cut = now.date() - timedelta(days=0 if command.amount is not None else terms.delay_days)
        claimed = session.begin_nested()
        found, edge = store.claim_lines(
            session,
            merchant_id,
            currency,
            payout_id,
            last=last,
            cut=cut,
            today=now.date(),
            available_minor=available,
        )
        decided = plan(currency, last.carried_minor if last else 0, found, terms, command.amount)
        if decided is None:
            # The claims go; that the schedule's day is over stays.
            claimed.rollback()
            return None
        row = _row(command, decided, destination, now)
        row.id, row.number = payout_id, (last.number + 1 if last else 1)
        row.cut_on, row.cut_seq = cut, edge
        row.statement_descriptor = command.statement_descriptor or terms.statement_descriptor
        session.add(row)
        session.flush()
        _hold(session, row, decided, terms, now)
        journal = recipes.payout_sent(payout_id, decided.amount, now.date())
        book(session, merchant_id, journal, payment_id=None, at=now)
        payout_event(session, deps, row, PAYOUT.created, command.actor)
    return payout_id


def _keep_destination(session: Session, merchant_id: str, destination: _Destination) -> None:
    """Let nobody take the account out of use before its payout is written; raises NotPayable."""
    account = find_account(session, merchant_id, destination.bank.id, lock=True)
    if account.status != BankAccountStatus.VERIFIED or not account.is_default:
        raise NotPayable("Your bank account was changed just now. Look at it and try again.")


def _row(
    command: CreatePayout, decided: Plan, destination: _Destination, now: datetime
) -> PayoutRow:
    return PayoutRow(
        merchant_id=command.merchant_id,
        status=PayoutStatus.PENDING,
        currency=command.currency,
        amount_minor=decided.amount_minor,
        opening_minor=decided.opening_minor,
        **{f"{one.value}_minor": decided.sums[one] for one in Category},
        carried_minor=decided.carried_minor,
        line_count=decided.line_count,
        is_automatic=command.is_automatic,
        bank_account_id=destination.bank.id,
        description=command.description,
        metadata_=command.metadata,
        requested_by=command.actor,
        client_key=command.client_key,
        rail=destination.rail,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )


def _hold(session: Session, row: PayoutRow, decided: Plan, terms: Terms, now: datetime) -> None:
    """Keep the reserve back: a line of this very payout."""
    if not decided.held_minor:
        return
    amount = Money(decided.held_minor, row.currency)
    journal = recipes.reserve_held(row.id, amount, now.date())
    journal_id = book(session, row.merchant_id, journal, payment_id=None, at=now)
    session.add(
        ReserveRow(
            merchant_id=row.merchant_id,
            id=new_id("rsv", now),
            payout_id=row.id,
            currency=row.currency,
            amount_minor=amount.amount_minor,
            release_on=now.date() + timedelta(days=terms.reserve_days),
            released_at=None,
            created_at=now,
        )
    )
    session.add(
        PayoutLine(
            merchant_id=row.merchant_id,
            journal_id=journal_id,
            currency=row.currency,
            payout_id=row.id,
            event=journal.event,
            gross_minor=-amount.amount_minor,
            fee_minor=0,
        )
    )


def pay_scheduled(deps: Deps) -> int:
    """Make the payouts whose day has come; gives how many were made. Safe to repeat, also at once."""
    begin_schedules(deps)
    made = 0
    for merchant_id, currency in due_terms(deps):
        command = CreatePayout(merchant_id, currency, "system", is_automatic=True)
        try:
            made += create_payout(deps, command) is not None
        except NotPayable as error:
            hold_back(deps, merchant_id, currency, error.message)
        except Exception:
            # One balance that cannot be paid out must not hold up the others.
            log.exception("payout.not_made", extra={"merchant": merchant_id})
            hold_back(deps, merchant_id, currency, NOT_MADE)
    return made


def _made_before(command: CreatePayout) -> str | None:
    if command.payout_id is not None:
        same = PayoutRow.id == command.payout_id
    elif command.client_key is not None:
        same = PayoutRow.client_key == command.client_key
    else:
        return None
    with transaction() as session:
        known = session.execute(
            select(PayoutRow).where(PayoutRow.merchant_id == command.merchant_id, same)
        ).scalar_one_or_none()
    if known is None:
        return None
    is_other = command.amount is not None and known.amount != command.amount
    if known.currency != command.currency or is_other:
        raise IdempotencyMismatch("This key was used for another payout.")
    return known.id


def made_under(merchant_id: str, client_key: str | None) -> PayoutRow | None:
    """The payout that a caller's key made, if it made one."""
    if client_key is None:
        return None
    with transaction() as session:
        return session.execute(
            select(PayoutRow).where(
                PayoutRow.merchant_id == merchant_id, PayoutRow.client_key == client_key
            )
        ).scalar_one_or_none()


def cancel_payout(deps: Deps, merchant_id: str, payout_id: str, actor: str) -> PayoutRow:
    """Call a payout back before the bank was asked; raises NotFound or UnexpectedState."""
    now = deps.clock.now()
    with transaction() as session:
        row = load_payout(session, merchant_id, payout_id, lock=True)
        if row.status != PayoutStatus.PENDING or row.sent_at is not None or row.is_automatic:
            kind = "an automatic payout" if row.is_automatic else f"a payout that is {row.status}"
            asked = " and with the bank already" if row.sent_at is not None else ""
            raise UnexpectedState(
                f"This is {kind}{asked}; only a manual one that is still pending can be canceled."
            )
        event = move_payout(row, PayoutStatus.CANCELED)
        row.ended_at = row.updated_at = now
        row.next_attempt_at = None
        journal = recipes.payout_canceled(row.id, row.amount, now.date())
        book(session, merchant_id, journal, payment_id=None, at=now)
        payout_event(session, deps, row, event, actor)
    deps.queue.wake("events")
    return row


def update_payout(
    deps: Deps, merchant_id: str, payout_id: str, metadata: Mapping[str, str | None] | None
) -> None:
    """Change what the merchant wrote on a payout; raises NotFound or InvalidRequest."""
    with transaction() as session:
        row = load_payout(session, merchant_id, payout_id, lock=True)
        row.metadata_ = changed(row.metadata_, metadata)
        row.updated_at = deps.clock.now()


def load(merchant_id: str, payout_id: str) -> PayoutRow:
    """The payout as it stands; raises NotFound for another merchant's."""
    with transaction() as session:
        row = session.get(PayoutRow, (merchant_id, payout_id))
    if row is None:
        raise NotFound("payout", payout_id)
    return row
