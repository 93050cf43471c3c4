"""Converting what waits for a rate: money captured while there was none, and its refunds."""

import logging
from collections.abc import Callable

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.fx import Rate, converted
from app.domain.money import Money
from app.domain.recipes import PENDING
from app.domain.states import RefundStatus
from app.services.deps import Deps
from app.services.fees import conversion_apart, schedule_of
from app.services.fx import fresh_rate
from app.services.refund_rows import load_refund, lock_payment
from app.services.settlement import CAPTURED, columns_of, refund_fx
from app.store.db import db, end_read, transaction
from app.store.ledger import JournalRow, PostingRow, book
from app.store.payments import PaymentRow, Refund

log = logging.getLogger(__name__)


def convert_due(deps: Deps, limit: int = 50) -> int:
    """Convert what waits for a rate; gives how much was converted. Safe to repeat, also at once.

    Payments go first: a refund is converted once its payment is.
    """
    return _each(deps, PaymentRow, _convert_payment, limit) + _each(
        deps, Refund, _convert_refund, limit
    )


def _each(
    deps: Deps,
    table: type[PaymentRow] | type[Refund],
    convert: Callable[[Deps, str, str, Rate], bool],
    limit: int,
) -> int:
    """Convert the waiting rows of those currencies that there is a rate for."""
    waits = (table.settlement_currency.is_not(None), table.fx_rate_id.is_(None))
    pairs = db.session.execute(
        select(table.currency, table.settlement_currency).where(*waits).distinct()
    ).all()
    end_read()
    done = 0
    for currency, target in pairs:
        rate = fresh_rate(deps, currency, target or "")
        if rate is None:
            continue
        pair = (table.currency == currency, table.settlement_currency == target)
        rows = db.session.execute(
            select(table.merchant_id, table.id)
            .where(*waits, *pair)
            .order_by(func.random())
            .limit(limit)
        ).all()
        end_read()
        done += sum(
            _tried(deps, convert, merchant_id, row_id, rate) for merchant_id, row_id in rows
        )
    return done


def _tried(
    deps: Deps,
    convert: Callable[[Deps, str, str, Rate], bool],
    merchant_id: str,
    row_id: str,
    rate: Rate,
) -> bool:
    try:
        return convert(deps, merchant_id, row_id, rate)
    except Exception:
        # One row that cannot be converted holds up no other; it is tried again.
        log.exception("conversion.failed", extra={"row": row_id})
        return False


def _convert_payment(deps: Deps, merchant_id: str, payment_id: str, rate: Rate) -> bool:
    now = deps.clock.now()
    with transaction() as session:
        payment = lock_payment(session, merchant_id, payment_id)
        if payment.fx_rate_id is not None or payment.settlement_currency != rate.quote:
            return False
        given = _captured_pending(session, payment)
        apart = conversion_apart(deps, schedule_of(session, payment))
        made = converted(given, rate, fee_basis_points=apart)
        payment.version += 1
        payment.updated_at = now
        if made is None:
            payment.settlement_currency = None
            return False
        for name, value in columns_of(made).items():
            setattr(payment, name, value)
        on = max(now.date(), payment.available_on or now.date())
        for journal in (
            recipes.money_converted_out(payment.id, made.given, on),
            recipes.money_converted_in(payment.id, made.gained, made.fee, on),
        ):
            book(session, merchant_id, journal, payment_id=payment.id, at=now)
    return True


def _captured_pending(session: Session, payment: PaymentRow) -> Money:
    """What the capture left to the merchant; its refunds are converted by themselves."""
    line = PostingRow
    signed = case((line.credit == PENDING, line.amount_minor), else_=-line.amount_minor)
    query = (
        select(func.sum(signed))
        .join(
            JournalRow,
            (JournalRow.merchant_id == line.merchant_id) & (JournalRow.id == line.journal_id),
        )
        .where(
            JournalRow.merchant_id == payment.merchant_id,
            JournalRow.event == CAPTURED,
            JournalRow.source_id == payment.id,
            or_(line.credit == PENDING, line.debit == PENDING),
        )
    )
    return Money(int(session.execute(query).scalar() or 0), payment.currency)


def _convert_refund(deps: Deps, merchant_id: str, refund_id: str, rate: Rate) -> bool:
    now = deps.clock.now()
    with transaction() as session:
        refund, payment = load_refund(session, merchant_id, refund_id, lock=True)
        if refund.status == RefundStatus.FAILED or payment.settlement_currency is None:
            # Nothing went back, or what was paid stays as it came: then nothing is to be bought for it.
            refund.settlement_currency = None
            return False
        if refund.fx_rate_id is not None or payment.fx_rate_id is None:
            return False
        if refund.settlement_currency != rate.quote:
            return False
        fx = refund_fx(payment, refund.net, rate)
        for name, value in fx.columns.items():
            setattr(refund, name, value)
        refund.updated_at = now
        for journal in fx.journals(refund.id, refund.net, deps.clock):
            book(session, merchant_id, journal, payment_id=payment.id, at=now)
    return True
