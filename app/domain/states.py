"""Lifecycles as tables: status → {target: event}.

A status changes along an edge of its table and nowhere else; the edge names the event that is
written in the same transaction. Facts reported late by a processor have edges of their own, because
they are always recorded.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from app.domain.errors import InvalidTransition


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


S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[S]):
    """One lifecycle. `moves[status][target]` is the name of the event that the move emits."""

    name: str
    initial: S
    created: str
    moves: dict[S, dict[S, str]]

    def event(self, current: S, target: S) -> str:
        """The event a move emits; raises InvalidTransition when there is no such move."""
        event = self.moves[current].get(target)
        if event is None:
            raise InvalidTransition(f"A {self.name} that is {current} cannot become {target}.")
        return event

    def allows(self, current: S, target: S) -> bool:
        """Whether the table has this move."""
        return target in self.moves[current]

    def is_final(self, status: S) -> bool:
        """Whether nothing follows."""
        return not self.moves[status]


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

MACHINES = (PAYMENT, REFUND, CHECKOUT, OPERATION)
