"""Sending on to sellers what was captured for them, and taking it back with refunds.

What is due stands in a row that the capture wrote. The transfer is one unit of work over both books, made
by a job right after; a refund makes it first if it was not made yet. Locks are taken in the order payment,
its row here, transfer, books by merchant id.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import InvalidRequest
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.onward import goes_on, share_of_refund
from app.domain.recipes import Journal
from app.domain.states import PaymentStatus
from app.services import ledger
from app.services.deps import Deps
from app.services.escrow_rows import transfer_event
from app.services.refund_rows import lock_payment
from app.services.transfers import Reversal, write_reversal
from app.store import onward as store
from app.store.db import db, end_read, transaction
from app.store.escrow import Transfer
from app.store.ledger import book
from app.store.onward import OnwardPayment
from app.store.payments import PaymentRow

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(minutes=5)


def transfer_due(deps: Deps, limit: int = 50) -> int:
    """Send on what was captured for sellers; gives how many payments were looked at. Safe to repeat and to
    run twice at once.
    """
    with transaction() as session:
        found = store.due(session, deps.clock.now(), limit)
    for merchant_id, payment_id in found:
        try:
            transfer(deps, merchant_id, payment_id)
        except Exception:
            # One payment that cannot be sent on is tried again later and holds up no other.
            log.exception("onward.failed", extra={"payment": payment_id})
            _postpone(deps, merchant_id, payment_id)
    return len(found)


def transfer(deps: Deps, merchant_id: str, payment_id: str) -> str | None:
    """Send on what is due of a payment, once; gives the transfer's id, None if nothing goes on."""
    with transaction() as session:
        payment = lock_payment(session, merchant_id, payment_id)
        row = store.lock_onward(session, merchant_id, payment_id)
        if row is None or not row.is_due:
            return row.transfer_id if row is not None else None
        # What goes back to the customer, or went, is nobody's to be sent on.
        if payment.needs_reversal or payment.status != PaymentStatus.CAPTURED:
            row.dropped_at = deps.clock.now()
            return None
        made = _write(session, deps, payment, row)
        row.transfer_id = made.id
    deps.queue.wake("release")
    deps.queue.wake("events")
    return made.id


def _postpone(deps: Deps, merchant_id: str, payment_id: str) -> None:
    with transaction() as session:
        row = store.lock_onward(session, merchant_id, payment_id)
        if row is not None:
            row.next_attempt_at = deps.clock.now() + TRY_AGAIN


def _write(session: Session, deps: Deps, payment: PaymentRow, row: OnwardPayment) -> Transfer:
    now = deps.clock.now()
    on = max(payment.available_on or now.date(), now.date())
    made = Transfer(
        merchant_id=payment.merchant_id,
        id=new_id("tr", now),
        release_id=None,
        hold_id=None,
        payment_id=payment.id,
        seller_merchant_id=row.seller_merchant_id,
        amount_minor=row.amount_minor,
        commission_minor=0,
        application_fee_minor=row.application_fee_minor,
        application_fee_refunded_minor=0,
        reversed_minor=0,
        currency=row.currency,
        available_on=on,
        transfer_group=row.transfer_group,
        description=None,
        metadata_={},
        created_at=now,
    )
    session.add(made)
    session.flush()
    data = {"amount_minor": made.amount_minor}
    transfer_event(session, deps, made, "transfer.created", "system", data)
    amount, fee = row.amount, row.application_fee
    _book(
        session,
        deps,
        made,
        platform=[
            recipes.transfer_sent(made.id, amount, on),
            recipes.application_fee_earned(made.id, fee, on),
        ],
        seller=[
            recipes.transfer_received(made.id, amount, on),
            recipes.application_fee_paid(made.id, fee, on),
        ],
    )
    return made


def _book(
    session: Session, deps: Deps, of: Transfer, *, platform: list[Journal], seller: list[Journal]
) -> None:
    """Both books, in the order of their merchants, so that two units never wait in a ring."""
    sides = [(of.merchant_id, of.payment_id, platform), (of.seller_merchant_id, None, seller)]
    for merchant_id, payment_id, journals in sorted(sides, key=lambda side: side[0]):
        for journal in journals:
            book(session, merchant_id, journal, payment_id=payment_id, at=deps.clock.now())


@dataclass(frozen=True)
class TakeBack:
    """What a refund takes back: of the transfer, and what it gives back of the application fee."""

    is_reversing: bool = False
    is_fee_refunded: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether it takes or gives anything."""
        return self.is_reversing or self.is_fee_refunded


NOTHING = TakeBack()


def prepare(deps: Deps, merchant_id: str, payment_id: str, wanted: TakeBack) -> None:
    """Make sure that there is a transfer to be taken back, and that the seller's settled money is where it
    is taken from. Not to be called inside a unit of work.
    """
    if not wanted.is_asked:
        return
    payment = db.session.get(PaymentRow, (merchant_id, payment_id), populate_existing=True)
    end_read()
    if payment is None or not goes_on(payment.escrow):
        return
    transfer(deps, merchant_id, payment_id)
    with transaction() as session:
        made = store.lock_transfer_of(session, merchant_id, payment_id)
    if made is not None and made.available_on <= deps.clock.now().date():
        ledger.release_book(deps, made.seller_merchant_id)


def take_back(
    session: Session,
    deps: Deps,
    payment: PaymentRow,
    refund_id: str,
    amount: Money,
    wanted: TakeBack,
    actor: str,
) -> dict[str, Any]:
    """Take the seller's part back, with the refund's own unit of work; gives the refund's columns.

    Raises InvalidRequest where nothing went on, BalanceInsufficient where the seller has too little.
    """
    columns: dict[str, Any] = {
        "reversal_id": None,
        "reversed_minor": None,
        "application_fee_minor": None,
    }
    if not wanted.is_asked:
        return columns
    made = store.lock_transfer_of(session, payment.merchant_id, payment.id)
    if made is None:
        param = "reverse_transfer" if wanted.is_reversing else "refund_application_fee"
        raise InvalidRequest(
            f"{param} needs a payment that was sent on to a seller: transfer_data[destination].",
            param=param,
        )
    if wanted.is_fee_refunded:
        columns["application_fee_minor"] = _give_fee(
            session, deps, payment, made, refund_id, amount
        )
    if wanted.is_reversing:
        part = _part(session, payment, made, amount)
        columns["reversed_minor"] = part.amount_minor
        if part:
            columns["reversal_id"] = new_id("trr", deps.clock.now())
            reversal = Reversal(columns["reversal_id"], part, actor)
            write_reversal(session, deps, made, reversal)
    return columns


def _part(session: Session, payment: PaymentRow, made: Transfer, amount: Money) -> Money:
    refunded, taken = store.taken_before(session, payment.merchant_id, payment.id)
    minor = share_of_refund(
        made.amount_minor,
        amount=amount.amount_minor,
        captured=payment.captured_minor,
        refunded=refunded,
        taken=taken,
        left=made.left.amount_minor,
    )
    return Money(minor, made.currency)


def _give_fee(
    session: Session,
    deps: Deps,
    payment: PaymentRow,
    made: Transfer,
    refund_id: str,
    amount: Money,
) -> int:
    if not made.application_fee_minor:
        raise InvalidRequest("This payment has no application fee.", param="refund_application_fee")
    refunded, given = store.fee_given_before(session, payment.merchant_id, payment.id)
    minor = share_of_refund(
        made.application_fee_minor,
        amount=amount.amount_minor,
        captured=payment.captured_minor,
        refunded=refunded,
        taken=given,
        left=made.application_fee_minor - made.application_fee_refunded_minor,
    )
    made.application_fee_refunded_minor += minor
    fee, today = Money(minor, made.currency), deps.clock.now().date()
    is_pending, on = made.available_on > today, max(made.available_on, today)
    _book(
        session,
        deps,
        made,
        platform=[recipes.application_fee_returned(refund_id, fee, on)],
        seller=[recipes.application_fee_refunded(refund_id, fee, on, is_pending=is_pending)],
    )
    return minor
