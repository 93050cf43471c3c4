"""The states of the payments list: the words that a row shows, and which rows those are.

A row's words follow from its status, its amounts and its method, as `labels.label_of` finds them; every
payment has one state, and every state one tab.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, not_, or_

from app.domain.methods import DELAYED, METHODS
from app.domain.methods.contract import Flow
from app.store.payments import PaymentRow

P = PaymentRow


@dataclass(frozen=True, slots=True)
class State:
    """What the list calls it, and which payments are in it."""

    text: str
    rows: ColumnElement[bool]


_TRANSFERS = tuple(one.name for one in METHODS.values() if one.flow is Flow.TRANSFER)
_IS_WHOLE = and_(P.status == "captured", P.refund_reserved_minor == 0)
_IS_AT_THE_BANK = and_(P.method.in_(DELAYED), P.processor_reference.is_not(None))
_WAS_REFUSED = and_(P.status.in_(("canceled", "expired")), P.decline_reason.is_not(None))

STATES = {
    "succeeded": State("Succeeded", and_(_IS_WHOLE, P.refunded_minor == 0)),
    "refund_pending": State(
        "Refund pending", and_(P.status == "captured", P.refund_reserved_minor != 0)
    ),
    "partly_refunded": State(
        "Partial refund",
        and_(_IS_WHOLE, P.refunded_minor > 0, P.refunded_minor < P.captured_minor),
    ),
    "refunded": State(
        "Refunded", and_(_IS_WHOLE, P.refunded_minor > 0, P.refunded_minor >= P.captured_minor)
    ),
    "authorized": State("Uncaptured", P.status == "authorized"),
    "open": State("Not started", P.status == "open"),
    "requires_action": State(
        "Waiting for customer", and_(P.status == "requires_action", P.method.not_in(_TRANSFERS))
    ),
    "awaiting_transfer": State(
        "Waiting for transfer", and_(P.status == "requires_action", P.method.in_(_TRANSFERS))
    ),
    "processing": State("Processing", and_(P.status == "processing", not_(_IS_AT_THE_BANK))),
    "at_the_bank": State("Waiting for bank", and_(P.status == "processing", _IS_AT_THE_BANK)),
    "unknown": State("Checking…", P.status == "unknown"),
    "returned": State("Taken back", P.status == "returned"),
    "failed": State("Failed", or_(P.status == "failed", _WAS_REFUSED)),
    "canceled": State("Canceled", and_(P.status == "canceled", P.decline_reason.is_(None))),
    "expired": State("Expired", and_(P.status == "expired", P.decline_reason.is_(None))),
}

TABS = {
    "succeeded": ("succeeded",),
    "waiting": (
        "open", "requires_action", "awaiting_transfer", "processing", "at_the_bank", "unknown",
    ),
    "uncaptured": ("authorized",),
    "refunded": ("refund_pending", "partly_refunded", "refunded"),
    "returned": ("returned",),
    "failed": ("failed",),
    "canceled": ("canceled", "expired"),
}  # fmt: skip


def rows_of(tab: str) -> ColumnElement[bool]:
    """The payments of one of TABS."""
    return or_(*(STATES[name].rows for name in TABS[tab]))
