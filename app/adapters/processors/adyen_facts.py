"""A notification item of Adyen's, read: one fact about a payment. Which codes say something to us, and why
the others do not.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.adapters.processors.adyen_money import NotOnTheWire, from_wire
from app.adapters.processors.adyen_references import part_in, payment_in
from app.domain.money import Money

REFUNDS = frozenset(
    {
        "REFUND",
        "REFUND_FAILED",
        "REFUNDED_REVERSED",
        "VOID_PENDING_REFUND",
        "POSTPONED_REFUND",
        "CANCEL_OR_REFUND",
    }
)
CANCELS = frozenset({"CANCELLATION", "TECHNICAL_CANCEL", "CANCEL_OR_REFUND"})
MEANT = REFUNDS | CANCELS | {"AUTHORISATION", "CAPTURE", "CAPTURE_FAILED", "EXPIRE", "OFFER_CLOSED"}

_DISPUTE = "Disputes are not kept here yet: answer it at Adyen."
_PARTIAL = "Orders paid in parts are never asked for."
_REVIEW = "What follows from a review is told in events of its own."
IGNORED: dict[str, str] = {
    "AUTHORISATION_ADJUSTMENT": "The amount that is held is never changed by us.",
    "AUTORESCUE": "Failed payments are never left to Adyen to try again.",
    "CHARGEBACK": _DISPUTE,
    "CHARGEBACK_REVERSED": _DISPUTE,
    "DISPUTE_DEFENSE_PERIOD_ENDED": _DISPUTE,
    "DISPUTE_OPENED_WITH_CHARGEBACK": _DISPUTE,
    "INFORMATION_SUPPLIED": _DISPUTE,
    "ISSUER_COMMENTS": _DISPUTE,
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": _DISPUTE,
    "MANUAL_REVIEW_ACCEPT": _REVIEW,
    "MANUAL_REVIEW_REJECT": _REVIEW,
    "NOTIFICATION_OF_CHARGEBACK": _DISPUTE,
    "NOTIFICATION_OF_FRAUD": _DISPUTE,
    "ORDER_CLOSED": _PARTIAL,
    "ORDER_OPENED": _PARTIAL,
    "PAIDOUT_REVERSED": "Payouts are not made through Adyen.",
    "PREARBITRATION_ACCEPTED": _DISPUTE,
    "PREARBITRATION_LOST": _DISPUTE,
    "PREARBITRATION_OPEN": _DISPUTE,
    "PREARBITRATION_WON": _DISPUTE,
    "RECURRING_CONTRACT": "The answer to the call that kept the card told the same.",
    "REFUND_WITH_DATA": "It is of no payment: the settlement report will tell of it.",
    "REPORT_AVAILABLE": "Settlement reports are not read yet.",
    "REQUEST_FOR_INFORMATION": _DISPUTE,
    "SCHEME_ARBITRATION_LOST": _DISPUTE,
    "SCHEME_ARBITRATION_WON": _DISPUTE,
    "SECOND_CHARGEBACK": _DISPUTE,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One item. `about` is the payment's name there; `amount` is None where it cannot be said."""

    code: str
    is_success: bool
    psp: str
    about: str
    reference: str
    amount: Money | None
    at: datetime
    reason: str
    item: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> tuple[str, str, bool]:
        """What makes it the same fact when it is told again."""
        return (self.psp, self.code, self.is_success)

    @property
    def payment_id(self) -> str | None:
        """Our payment, where our reference came back."""
        return payment_in(self.reference)

    @property
    def part_id(self) -> str | None:
        """Our operation or refund, where our reference came back."""
        return part_in(self.reference)

    @property
    def is_unfound(self) -> bool:
        """Whether there was nothing of that name there: a modification that names no payment."""
        return not self.is_success and self.about == self.psp

    @property
    def is_refund(self) -> bool:
        """Whether it is about money that goes back. A reversal may turn out to be a cancellation."""
        if self.code != "CANCEL_OR_REFUND":
            return self.code in REFUNDS
        more = self.item.get("additionalData") or {}
        return more.get("modification.action") == "refund"


def read_fact(item: dict[str, Any]) -> Fact:
    """An item of a notification; raises KeyError, TypeError or ValueError if it is none."""
    psp, code, success = item["pspReference"], item["eventCode"], str(item["success"]).lower()
    if not (isinstance(psp, str) and isinstance(code, str) and psp and code):
        raise TypeError("a reference and an event code are texts")
    if success not in ("true", "false"):
        raise ValueError("success is neither true nor false")
    return Fact(
        code=code,
        is_success=success == "true",
        psp=psp,
        about=str(item.get("originalReference") or psp),
        reference=str(item.get("merchantReference") or ""),
        amount=_amount(item.get("amount")),
        at=_moment(item.get("eventDate")),
        reason=str(item.get("reason") or "")[:200],
        item=item,
    )


def facts_in(heard: tuple[bytes, ...]) -> list[Fact]:
    """All facts, each once, in an order that does not depend on when they were told."""
    found: dict[tuple[str, str, bool], Fact] = {}
    for body in sorted(heard):
        fact = read_fact(json.loads(body))
        found.setdefault(fact.key, fact)
    return sorted(found.values(), key=lambda fact: (fact.at, fact.key))


def _amount(amount: object) -> Money | None:
    try:
        return from_wire(amount)
    except NotOnTheWire:
        return None


def _moment(text: object) -> datetime:
    """When it happened. It is not signed: it orders what is equal otherwise, and decides nothing."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
