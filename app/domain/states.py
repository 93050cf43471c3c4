"""Lifecycles as tables: status → {target: event}.

A status changes along an edge of its table and nowhere else; the edge names the event that is
written in the same transaction. Facts reported late by a processor have edges of their own, because
they are always recorded.
"""

from enum import StrEnum

from app.domain.machine import Machine
from app.domain.states_funds import (
    BANK_ACCOUNT,
    ESCROW,
    FILED_ORDER,
    MICRO_DEPOSIT,
    PAYOUT,
    BankAccountStatus,
    EscrowStatus,
    FiledOrderStatus,
    MicroDepositStatus,
    PayoutStatus,
)

__all__ = [
    "BANK_ACCOUNT", "BANK_RETURN", "CHECKOUT", "ESCROW", "FILED_ORDER", "MACHINES", "MICRO_DEPOSIT",
    "OPERATION", "PAYMENT", "PAYOUT", "REFUND", "BankAccountStatus", "CheckoutStatus", "EscrowStatus",
    "FiledOrderStatus", "Machine", "MicroDepositStatus", "OperationStatus", "PaymentStatus",
    "PayoutStatus", "RefundStatus",
]  # fmt: skip


class PaymentStatus(StrEnum):
    """Where a payment stands. CAPTURED stays captured: refunds and disputes have rows of their own.
    RETURNED: a debit that the customer's bank took back; nothing can be said against it.
    """

    OPEN = "open"
    PROCESSING = "processing"
    UNKNOWN = "unknown"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    RETURNED = "returned"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class CheckoutStatus(StrEnum):
    """Where a hosted checkout stands."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class OperationStatus(StrEnum):
    """Where one call to the processor stands."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_P = PaymentStatus

_OUTCOMES = {
    _P.UNKNOWN: "payment.outcome_unknown",
    _P.REQUIRES_ACTION: "payment.action_required",
    _P.AUTHORIZED: "payment.authorized",
    _P.CAPTURED: "payment.captured",
    _P.FAILED: "payment.failed",
    _P.CANCELED: "payment.canceled",
    _P.EXPIRED: "payment.expired",
}

_LATE = {
    _P.AUTHORIZED: "payment.authorized_late",
    _P.CAPTURED: "payment.captured_late",
}

PAYMENT = Machine(
    name="payment",
    initial=_P.OPEN,
    created="payment.created",
    moves={
        _P.OPEN: {
            _P.PROCESSING: "payment.processing_started",
            _P.CANCELED: "payment.canceled",
            _P.EXPIRED: "payment.expired",
        },
        _P.PROCESSING: _OUTCOMES,
        _P.UNKNOWN: {
            **{target: event for target, event in _OUTCOMES.items() if target is not _P.UNKNOWN},
            _P.PROCESSING: "payment.processing_confirmed",
        },
        _P.REQUIRES_ACTION: {
            **{
                target: event
                for target, event in _OUTCOMES.items()
                if target is not _P.REQUIRES_ACTION
            },
            _P.PROCESSING: "payment.processing_started",
        },
        _P.AUTHORIZED: {
            _P.CAPTURED: "payment.captured",
            _P.CANCELED: "payment.canceled",
            _P.EXPIRED: "payment.expired",
        },
        _P.FAILED: {
            _P.PROCESSING: "payment.processing_started",
            _P.REQUIRES_ACTION: "payment.action_required",
            _P.CANCELED: "payment.canceled",
            _P.EXPIRED: "payment.expired",
            **_LATE,
        },
        _P.CAPTURED: {_P.RETURNED: "payment.returned"},
        _P.RETURNED: {},
        _P.CANCELED: _LATE,
        _P.EXPIRED: _LATE,
    },
)

_R = RefundStatus

REFUND = Machine(
    name="refund",
    initial=_R.REQUESTED,
    created="refund.requested",
    moves={
        _R.REQUESTED: {
            _R.PENDING: "refund.sent",
            _R.UNKNOWN: "refund.outcome_unknown",
            _R.SUCCEEDED: "refund.succeeded",
            _R.FAILED: "refund.failed",
        },
        _R.UNKNOWN: {
            _R.PENDING: "refund.sent",
            _R.SUCCEEDED: "refund.succeeded",
            _R.FAILED: "refund.failed",
        },
        _R.PENDING: {_R.SUCCEEDED: "refund.succeeded", _R.FAILED: "refund.failed"},
        _R.SUCCEEDED: {_R.FAILED: "refund.returned"},
        _R.FAILED: {},
    },
)

# What goes from a customer's balance to their bank; its facts are booked as they are told.
BANK_RETURN = Machine(
    name="bank return",
    initial=_R.REQUESTED,
    created="bank_return.requested",
    moves={
        _R.REQUESTED: {
            _R.PENDING: "bank_return.sent",
            _R.UNKNOWN: "bank_return.outcome_unknown",
            _R.SUCCEEDED: "bank_return.succeeded",
            _R.FAILED: "bank_return.failed",
        },
        _R.UNKNOWN: {
            _R.PENDING: "bank_return.sent",
            _R.SUCCEEDED: "bank_return.succeeded",
            _R.FAILED: "bank_return.failed",
        },
        _R.PENDING: {_R.SUCCEEDED: "bank_return.succeeded", _R.FAILED: "bank_return.failed"},
        _R.SUCCEEDED: {_R.FAILED: "bank_return.returned"},
        _R.FAILED: {},
    },
)

_C = CheckoutStatus

CHECKOUT = Machine(
    name="checkout session",
    initial=_C.OPEN,
    created="checkout.opened",
    moves={
        _C.OPEN: {_C.COMPLETE: "checkout.completed", _C.EXPIRED: "checkout.expired"},
        _C.COMPLETE: {},
        _C.EXPIRED: {_C.COMPLETE: "checkout.completed_late"},
    },
)

_O = OperationStatus

OPERATION = Machine(
    name="operation",
    initial=_O.REQUESTED,
    created="operation.requested",
    moves={
        _O.REQUESTED: {
            _O.UNKNOWN: "operation.outcome_unknown",
            _O.SUCCEEDED: "operation.succeeded",
            _O.FAILED: "operation.failed",
        },
        _O.UNKNOWN: {_O.SUCCEEDED: "operation.succeeded", _O.FAILED: "operation.failed"},
        _O.SUCCEEDED: {},
        _O.FAILED: {},
    },
)

MACHINES = (
    PAYMENT,
    REFUND,
    BANK_RETURN,
    CHECKOUT,
    OPERATION,
    PAYOUT,
    BANK_ACCOUNT,
    MICRO_DEPOSIT,
    FILED_ORDER,
    ESCROW,
)
