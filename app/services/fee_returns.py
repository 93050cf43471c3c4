"""What a refund gives back of the payment's fee: decided under the payment's lock, like the refund itself."""

from sqlalchemy.orm import Session

from app.domain.fee_returns import returnable, returned_with
from app.domain.fees import OnRefund, parts_of
from app.domain.money import Money
from app.services.fees import schedule_of
from app.store.db import db, end_read
from app.store.payments import PaymentRow


def returned(session: Session, payment: PaymentRow, amount: Money) -> Money:
    """What of the fee goes back if `amount` is refunded next; nothing of an amount that cannot be."""
    rule = _rule(session, payment)
    gone = payment.refunded_minor + payment.refund_reserved_minor
    is_possible = amount.currency == payment.currency and amount <= payment.refundable
    if rule is OnRefund.KEPT or not payment.captured_minor or not is_possible:
        return Money.zero(amount.currency)
    minor = returned_with(
        amount.amount_minor,
        returnable=returnable(parts_of(payment.fee_parts, payment.fee_minor), rule),
        captured=payment.captured_minor,
        refunded=gone,
        returned=payment.fee_returned_minor,
    )
    return Money(minor, amount.currency)


def _rule(session: Session, payment: PaymentRow) -> OnRefund:
    """The rule of the version that the payment was priced by."""
    schedule = schedule_of(session, payment)
    return schedule.on_refund if schedule is not None else OnRefund.KEPT


def quote(merchant_id: str, payment_id: str, amount: Money) -> Money | None:
    """What of the fee would go back with a refund of `amount` now; None where the fee is kept.

    Not to be called inside a unit of work.
    """
    payment = db.session.get_one(PaymentRow, (merchant_id, payment_id), populate_existing=True)
    is_kept = _rule(db.session(), payment) is OnRefund.KEPT
    found = None if is_kept else returned(db.session(), payment, amount)
    end_read()
    return found
