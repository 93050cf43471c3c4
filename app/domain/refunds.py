"""What a processor's word means for a refund: pure, as `payments.decide` is for payments."""

from datetime import date
from typing import Any

from app.domain.methods import Method
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    Unknown,
)
from app.domain.states import RefundStatus


def checked(
    outcome: RefundOutcome, *, refund_id: str, amount: Money, payment_reference: str | None
) -> RefundOutcome:
    """The outcome if it is about this refund; an answer about another amount, payment or refund is
    unknown.
    """
    if isinstance(outcome, Absent | Unknown):
        return outcome
    differences = []
    if outcome.amount not in (None, amount):
        differences.append(f"amount is {outcome.amount}, ours is {amount}")
    if outcome.payment_reference not in ("", payment_reference):
        differences.append("it names another payment")
    if outcome.refund_id not in (None, refund_id):
        differences.append("it names another refund")
    return Unknown("; ".join(differences)) if differences else outcome


def rule_problem(method: Method, paid: date, today: date, *, is_whole: bool) -> str | None:
    """Why a method takes no such refund any more, or never did; None if it does."""
    until = method.refund.until(paid)
    if until is not None and today > until:
        return (
            f"{method.title} takes refunds for {method.refund.window_days} days; this payment could be"
            f" refunded until {until.isoformat()}. Send the money back in another way."
        )
    if not is_whole and not method.refund.is_partial:
        return f"{method.title} takes refunds of the whole payment only."
    return None


def target_of(outcome: RefundOutcome) -> tuple[RefundStatus | None, dict[str, Any]]:
    """Where the outcome leads, and what the event tells of it; nowhere if it says nothing."""
    match outcome:
        case RefundAccepted(is_settled=True):
            return RefundStatus.SUCCEEDED, {}
        case RefundAccepted():
            return RefundStatus.PENDING, {}
        case RefundRefused():
            return RefundStatus.FAILED, {"failure_reason": outcome.reason}
        case Unknown():
            return RefundStatus.UNKNOWN, {"detail": outcome.detail[:200]}
        case Absent():
            return None, {}
