"""Lifecycles of money that leaves: payouts, the bank accounts they go to, bank files, and escrow.

They belong to `states`, which names them all: whoever needs one takes it from there.
"""

from enum import StrEnum

from app.domain.machine import Machine


class PayoutStatus(StrEnum):
    """Where a payout stands. PAID may still come back from the merchant's bank."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class BankAccountStatus(StrEnum):
    """Where a merchant's bank account stands."""

    NEW = "new"
    VERIFIED = "verified"
    ERRORED = "errored"
    REMOVED = "removed"


class FiledOrderStatus(StrEnum):
    """Where an order that goes to a bank by file stands."""

    WAITING = "waiting"
    IN_FILE = "in_file"
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"


class MicroDepositStatus(StrEnum):
    """Where a micro-deposit stands."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


class EscrowStatus(StrEnum):
    """Where money held for a delivery stands; the amounts say it. CLOSED: part released, part
    refunded.
    """

    HELD = "held"
    PARTLY_RELEASED = "partly_released"
    FROZEN = "frozen"
    RELEASED = "released"
    REFUNDED = "refunded"
    CLOSED = "closed"


_PO = PayoutStatus

PAYOUT = Machine(
    name="payout",
    initial=_PO.PENDING,
    created="payout.created",
    moves={
        _PO.PENDING: {
            _PO.UNKNOWN: "payout.outcome_unknown",
            _PO.IN_TRANSIT: "payout.sent",
            _PO.PAID: "payout.paid",
            _PO.FAILED: "payout.failed",
            _PO.CANCELED: "payout.canceled",
        },
        _PO.UNKNOWN: {
            _PO.IN_TRANSIT: "payout.sent",
            _PO.PAID: "payout.paid",
            _PO.FAILED: "payout.failed",
        },
        _PO.IN_TRANSIT: {_PO.PAID: "payout.paid", _PO.FAILED: "payout.failed"},
        _PO.PAID: {_PO.FAILED: "payout.returned"},
        _PO.FAILED: {},
        _PO.CANCELED: {},
    },
)

_B = BankAccountStatus

BANK_ACCOUNT = Machine(
    name="bank account",
    initial=_B.NEW,
    created="bank_account.added",
    moves={
        _B.NEW: {
            _B.VERIFIED: "bank_account.verified",
            _B.ERRORED: "bank_account.errored",
            _B.REMOVED: "bank_account.removed",
        },
        _B.VERIFIED: {_B.ERRORED: "bank_account.errored", _B.REMOVED: "bank_account.removed"},
        _B.ERRORED: {_B.REMOVED: "bank_account.removed"},
        _B.REMOVED: {},
    },
)

_M = MicroDepositStatus

MICRO_DEPOSIT = Machine(
    name="micro-deposit",
    initial=_M.REQUESTED,
    created="micro_deposit.requested",
    moves={
        _M.REQUESTED: {
            _M.UNKNOWN: "micro_deposit.outcome_unknown",
            _M.SENT: "micro_deposit.sent",
            _M.PAID: "micro_deposit.paid",
            _M.FAILED: "micro_deposit.failed",
        },
        _M.UNKNOWN: {
            _M.SENT: "micro_deposit.sent",
            _M.PAID: "micro_deposit.paid",
            _M.FAILED: "micro_deposit.failed",
        },
        _M.SENT: {_M.PAID: "micro_deposit.paid", _M.RETURNED: "micro_deposit.returned"},
        _M.PAID: {_M.RETURNED: "micro_deposit.returned"},
        _M.FAILED: {},
        _M.RETURNED: {},
    },
)

_F = FiledOrderStatus

FILED_ORDER = Machine(
    name="filed order",
    initial=_F.WAITING,
    created="filed_order.entered",
    moves={
        _F.WAITING: {_F.IN_FILE: "filed_order.written"},
        _F.IN_FILE: {
            _F.PAID: "filed_order.paid",
            _F.REFUSED: "filed_order.refused",
            _F.RETURNED: "filed_order.returned",
        },
        _F.PAID: {_F.RETURNED: "filed_order.returned"},
        _F.REFUSED: {},
        _F.RETURNED: {},
    },
)

_E = EscrowStatus

ESCROW = Machine(
    name="escrow hold",
    initial=_E.HELD,
    created="escrow.held",
    moves={
        _E.HELD: {
            _E.PARTLY_RELEASED: "escrow.released_in_part",
            _E.RELEASED: "escrow.released",
            _E.REFUNDED: "escrow.refunded",
            _E.CLOSED: "escrow.closed",
            _E.FROZEN: "escrow.frozen",
        },
        _E.PARTLY_RELEASED: {
            _E.RELEASED: "escrow.released",
            _E.CLOSED: "escrow.closed",
            _E.FROZEN: "escrow.frozen",
        },
        _E.FROZEN: {
            _E.HELD: "escrow.unfrozen",
            _E.PARTLY_RELEASED: "escrow.unfrozen",
            _E.REFUNDED: "escrow.refunded",
            _E.CLOSED: "escrow.closed",
        },
        _E.RELEASED: {},
        # A refund that failed or came back is held again.
        _E.REFUNDED: {
            _E.HELD: "escrow.refund_returned",
            _E.FROZEN: "escrow.refund_returned",
        },
        _E.CLOSED: {
            _E.PARTLY_RELEASED: "escrow.refund_returned",
            _E.FROZEN: "escrow.refund_returned",
        },
    },
)
