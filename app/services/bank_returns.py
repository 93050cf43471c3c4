"""Sending back what a customer has too much with us: the intent first, sent by the worker, told by facts.

Nothing is booked here: that money left a balance, or came back to it, is a fact that the processor tells. The
payer's row is locked while it is judged how much may go, so two clicks never send more than there is.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.bank_facts import ReturnRequest
from app.domain.errors import FarthingError, NotFound, RefundTooLarge
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    ProcessorAccount,
    RefundOutcome,
    RefundRefused,
    Unknown,
)
from app.domain.refunds import checked, target_of
from app.domain.states import BANK_RETURN, RefundStatus
from app.services import bank_money
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.resolver import BACKOFF
from app.store.bank_money import BankPayer, BankReturn, free_of
from app.store.customers import Customer
from app.store.db import transaction
from app.store.outbox import emit
from app.store.payments import Event, PaymentRow

log = logging.getLogger(__name__)

_R = RefundStatus


@dataclass(frozen=True)
class RequestReturn:
    """Send `amount` of a payer's balance to their bank; a `client_key` makes it safe to repeat."""

    merchant_id: str
    payer_id: str
    amount: Money
    actor: str
    client_key: str | None = None


def request_return(deps: Deps, command: RequestReturn) -> str:
    """Record the intent and leave the sending to the worker; gives the return's id.

    Raises NotFound, or RefundTooLarge for more than is free. With a client key it is safe to repeat.
    """
    now = deps.clock.now()
    with transaction() as session:
        payer = _locked(session, command)
        known = _made_before(session, command)
        if known is not None:
            return known
        _check(session, payer, command.amount)
        made = BankReturn(
            merchant_id=command.merchant_id,
            id=new_id("br", now),
            payer_id=payer.id,
            status=_R.REQUESTED,
            amount_minor=command.amount.amount_minor,
            currency=command.amount.currency,
            requested_by=command.actor,
            client_key=command.client_key,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(made)
        _tell(session, deps, payer, made, BANK_RETURN.created, command.actor)
        return_id = made.id
    deps.queue.wake("refunds")
    return return_id


def _locked(session: Session, command: RequestReturn) -> BankPayer:
    payer = session.get(BankPayer, (command.merchant_id, command.payer_id), with_for_update=True)
    if payer is None:
        raise NotFound("payer", command.payer_id)
    return payer


def _made_before(session: Session, command: RequestReturn) -> str | None:
    if command.client_key is None:
        return None
    return session.execute(
        select(BankReturn.id).where(
            BankReturn.merchant_id == command.merchant_id,
            BankReturn.client_key == command.client_key,
        )
    ).scalar()


def _check(session: Session, payer: BankPayer, amount: Money) -> None:
    free = Money(free_of(session, payer).get(amount.currency, 0), amount.currency)
    if amount.amount_minor <= 0 or amount > free:
        raise RefundTooLarge(f"You asked to send back {amount}; {free} is free.", param="amount")


def submit_due(deps: Deps, limit: int = 50) -> int:
    """Send what was requested, and ask after what has no end yet; gives how many were looked at."""
    now = deps.clock.now()
    with transaction() as session:
        due = session.execute(
            select(BankReturn)
            .where(
                BankReturn.status.in_([_R.REQUESTED, _R.UNKNOWN, _R.PENDING]),
                BankReturn.next_attempt_at <= now,
            )
            .order_by(BankReturn.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
        work = []
        for one in due:
            step = BACKOFF[min(one.attempts, len(BACKOFF) - 1)]
            one.attempts += 1
            one.sent_at = one.sent_at or now
            one.next_attempt_at = now + max(step, timedelta(seconds=deps.lease_seconds // 2))
            work.append((one.merchant_id, one.id))
    for merchant_id, return_id in work:
        try:
            submit_return(deps, merchant_id, return_id)
        except (FarthingError, ConnectionError) as error:
            log.warning("bank_return.postponed", extra={"return": return_id, "why": str(error)})
        except Exception:
            # One poisonous return must not hold up the others; it is due again later.
            log.exception("bank_return.failed_to_send", extra={"return": return_id})
    return len(work)


def submit_return(deps: Deps, merchant_id: str, return_id: str) -> None:
    """Ask the processor to send it. Safe to repeat: it sees one key per return, and is asked first."""
    with transaction() as session:
        one, payer = _load(session, merchant_id, return_id)
        email = _email(session, payer)
    status = _R(one.status)
    if status in (_R.SUCCEEDED, _R.FAILED):
        return
    account = account_by_id(deps, payer.processor_account_id)
    processor = deps.processors[payer.processor]
    was_tried = status is not _R.REQUESTED or one.attempts > 1
    outcome: RefundOutcome = Absent()
    if was_tried:
        outcome = processor.query_return(account, one.id, one.processor_reference, one.created_at)
    if isinstance(outcome, Absent):
        outcome = _send(deps, account, payer, one, email)
    # What left the balance is told there, and recorded first: what is free is never thought to be more.
    bank_money.hear(deps, account, payer.processor_reference)
    _apply(deps, merchant_id, return_id, outcome)


def _send(
    deps: Deps, account: ProcessorAccount, payer: BankPayer, one: BankReturn, email: str | None
) -> RefundOutcome:
    """Make the call, unless the processor had it before or its key may be forgotten."""
    if one.processor_reference is not None:
        return Unknown("the processor does not list a return that it told us of")
    processor = deps.processors[payer.processor]
    if deps.clock.now() - (one.sent_at or one.created_at) > processor.key_life:
        return RefundRefused("not_processed", refund_id=one.id)
    request = ReturnRequest(
        merchant_id=one.merchant_id,
        return_id=one.id,
        payer_reference=payer.processor_reference,
        amount=one.amount,
        idempotency_key=f"{one.id}:return",
        email=email,
    )
    return processor.return_bank_money(account, request)


def _apply(deps: Deps, merchant_id: str, return_id: str, outcome: RefundOutcome) -> None:
    now = deps.clock.now()
    with transaction() as session:
        one, payer = _load(session, merchant_id, return_id, lock=True)
        found = checked(outcome, refund_id=one.id, amount=one.amount, payment_reference=None)
        target, data = target_of(found)
        reference = getattr(found, "reference", None)
        one.processor_reference = one.processor_reference or reference
        current = _R(one.status)
        if target is None or target is current or not BANK_RETURN.allows(current, target):
            return
        event = move_return(one, target)
        one.failure_reason = data.get("failure_reason")
        one.updated_at = now
        _tell(session, deps, payer, one, event, "system")


def move_return(one: BankReturn, target: RefundStatus) -> str:
    """Move along an edge of the table; gives the edge's event, raises InvalidTransition without one."""
    event = BANK_RETURN.event(_R(one.status), target)
    one.status = target
    return event


def _load(
    session: Session, merchant_id: str, return_id: str, *, lock: bool = False
) -> tuple[BankReturn, BankPayer]:
    one = session.get(
        BankReturn, (merchant_id, return_id), with_for_update=lock, populate_existing=True
    )
    if one is None:
        raise NotFound("return", return_id)
    return one, session.get_one(BankPayer, (merchant_id, one.payer_id))


def _email(session: Session, payer: BankPayer) -> str | None:
    """Where the payer can be asked for their bank account, if it is not known."""
    if payer.customer_id is not None:
        return session.get_one(Customer, (payer.merchant_id, payer.customer_id)).email
    if payer.payment_id is not None:
        return session.get_one(PaymentRow, (payer.merchant_id, payer.payment_id)).customer_email
    return None


def _tell(
    session: Session, deps: Deps, payer: BankPayer, one: BankReturn, name: str, actor: str
) -> None:
    now = deps.clock.now()
    emit(
        session,
        Event(
            merchant_id=one.merchant_id,
            id=new_id("evt", now),
            name=name,
            subject_type="bank_return",
            subject_id=one.id,
            payment_id=payer.payment_id,
            actor=actor,
            data={
                "amount_minor": one.amount_minor,
                "currency": one.currency,
                "payer_id": payer.id,
                "failure_reason": one.failure_reason,
            },
            event_at=now,
            created_at=now,
        ),
    )
