"""Ids that follow from others: a try to pay is a charge, and was made with a payment method.

So a charge and its method need no rows and no statements of their own.
"""

from datetime import datetime

from app.domain.declines import DeclineReason
from app.domain.payments import Payment, is_accepted
from app.domain.states import PaymentStatus

_P = PaymentStatus
_ENDED = (_P.FAILED, _P.CANCELED, _P.EXPIRED)


def timestamp(at: datetime) -> int:
    """Seconds since 1970, as Stripe tells times."""
    return int(at.timestamp())


def charge_id(attempt_id: str) -> str:
    """`op_X` to `ch_X`."""
    return "ch_" + attempt_id.removeprefix("op_")


def attempt_id(derived: str) -> str:
    """`ch_X` or `pm_X` to `op_X`."""
    return "op_" + derived.partition("_")[2]


def latest_charge(payment: Payment) -> str | None:
    """The charge of the last try, if that reached the bank."""
    if payment.attempt_id is None:
        return None
    was_refused = (
        payment.status in _ENDED
        and payment.decline_reason is not None
        and payment.decline_reason is not DeclineReason.AUTHENTICATE
    )
    is_sent = payment.status is _P.PROCESSING and is_accepted(payment)
    if payment.authorized_minor > 0 or was_refused or is_sent:
        return charge_id(payment.attempt_id)
    return None


def method_id(payment: Payment) -> str | None:
    """What the payment is, or is to be, paid with: a kept method's id, or one of this try alone."""
    if payment.payment_method is not None and payment.payment_method.startswith("pm_0"):
        return payment.payment_method
    if payment.attempt_id is not None:
        return "pm_" + payment.attempt_id.removeprefix("op_")
    return payment.payment_method
