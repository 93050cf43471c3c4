"""What happened to a payment, told in sentences: one event, one line, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.domain.declines import DeclineReason, customer_text
from app.domain.money import Money
from app.store.db import db
from app.store.payments import Event


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. `amount` stands where the sentence says {}."""

    id: str
    sentence: str
    amount: Money | None
    note: str
    tone: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """How an event is told."""

    sentence: str
    tone: str = "grey"
    note: Callable[[dict[str, Any]], str] | None = None


def decline_sentence(reason: str | None, method: str = "card") -> str:
    """Why a bank said no, for a merchant's eyes."""
    if reason not in set(DeclineReason):
        return ""
    return customer_text(DeclineReason(reason), method).title


def _declined(data: dict[str, Any]) -> str:
    code = data.get("code")
    reason = decline_sentence(data.get("reason"), str(data.get("method") or "card"))
    return f"{reason} ({code})" if reason and code else reason


def _reason(data: dict[str, Any]) -> str:
    reason = str(data.get("reason") or "")
    return f"Reason: {reason.replace('_', ' ')}" if reason else ""


def _failure(data: dict[str, Any]) -> str:
    reason = str(data.get("failure_reason") or "")
    return f"The processor says: {reason.replace('_', ' ')}" if reason else ""


def _milestone(data: dict[str, Any]) -> str:
    name = str(data.get("milestone") or "")
    return f"Milestone: {name}" if name else ""


def _asked(data: dict[str, Any]) -> str:
    asked = {
        "authenticate": "By their bank",
        "redirect": "On the provider's own page",
        "transfer": "They were told the account and the reference to send it to",
        "microdeposits": "Two small deposits are on their way; the customer tells us their amounts",
    }
    return asked.get(str(data.get("kind")), "")


def _returned(data: dict[str, Any]) -> str:
    return f"The bank's code: {data.get('code')}. Nothing can be said against it."


def _still_due(data: dict[str, Any]) -> str:
    left = Money(int(data["remaining_minor"]), str(data["currency"]))
    return f"Still due: {left}"


def _asking(_data: dict[str, Any]) -> str:
    return "The processor gave no clear answer. We keep asking; nothing is charged twice."


# In the order of a payment's life: what is written at one moment is told in this order.
TELLINGS: dict[str, Telling] = {
    "checkout.opened": Telling("The checkout was opened"),
    "payment.created": Telling("A payment of {} was started"),
    "payment.processing_started": Telling("The payment was sent to the processor", "blue"),
    "payment.processing_confirmed": Telling("The processor is working on the payment", "blue"),
    "payment.outcome_unknown": Telling("The outcome is not known yet", "orange", _asking),
    "payment.action_required": Telling("The customer was asked to confirm", "blue", _asked),
    "payment.partially_funded": Telling("{} of it came by bank transfer", "blue", _still_due),
    "payment.submitted": Telling("The bank was told to pay {}", "blue"),
    "payment.capture_requested": Telling("Capture of {} was requested"),
    "payment.cancel_requested": Telling("Cancellation was requested"),
    "payment.authorized": Telling("{} was authorized", "blue"),
    "payment.authorized_late": Telling("{} was authorized after the payment had ended", "orange"),
    "payment.captured": Telling("{} was captured", "green"),
    "payment.returned": Telling("{} was taken back by the customer's bank", "red", _returned),
    "payment.captured_late": Telling("{} was captured after the payment had ended", "orange"),
    "checkout.payment_succeeded": Telling("The bank paid for the completed checkout", "green"),
    "checkout.payment_failed": Telling("The bank did not pay for the completed checkout", "red"),
    "checkout.completed": Telling("The checkout was completed"),
    "checkout.completed_late": Telling("The checkout was completed after it had expired", "orange"),
    "payment.failed": Telling("The payment was declined", "red", _declined),
    "payment.canceled": Telling("The payment was canceled", "grey", _reason),
    "payment.expired": Telling("The payment expired", "grey"),
    "payment.capture_refused": Telling("The processor refused the capture", "red", _declined),
    "payment.capture_unknown": Telling("The capture's outcome is not known yet", "orange", _asking),
    "payment.cancel_refused": Telling("The processor refused the cancellation", "red", _declined),
    "payment.cancel_unknown": Telling(
        "The cancellation's outcome is not known yet", "orange", _asking
    ),
    "payment.reversal_requested": Telling("Money that came too late is sent back", "orange"),
    "refund.requested": Telling("A refund of {} was requested", "blue", _reason),
    "refund.sent": Telling("The refund of {} is on its way to the customer", "blue"),
    "refund.outcome_unknown": Telling("The refund's outcome is not known yet", "orange", _asking),
    "refund.succeeded": Telling("{} was refunded", "green"),
    "refund.failed": Telling("The refund of {} failed", "red", _failure),
    "refund.returned": Telling("The refund of {} came back from the customer's bank", "red"),
    "bank_return.requested": Telling(
        "Sending {} back to the customer's bank was requested", "blue"
    ),
    "bank_return.sent": Telling("{} is on its way back to the customer's bank", "blue"),
    "bank_return.outcome_unknown": Telling(
        "Whether it was sent back is not known yet", "orange", _asking
    ),
    "bank_return.succeeded": Telling("{} was sent back to the customer's bank", "green"),
    "bank_return.failed": Telling("Sending {} back failed", "red", _failure),
    "bank_return.returned": Telling("{} came back from the customer's bank", "orange", _failure),
    "escrow.released_in_part": Telling("{} was released from escrow", "green", _milestone),
    "escrow.released": Telling("{} was released from escrow, the last of it", "green", _milestone),
    "escrow.closed": Telling("{} left escrow, the last of it", "green", _milestone),
    "escrow.refunded": Telling("{} left escrow for a refund, all that was held"),
    "escrow.refund_returned": Telling("{} is held in escrow again", "orange"),
    "escrow.frozen": Telling("The money in escrow was frozen", "orange", _reason),
    "escrow.unfrozen": Telling("The money in escrow is no longer frozen"),
    "transfer.created": Telling("{} went to a seller", "green"),
    "transfer.updated": Telling("The words of a transfer were changed"),
    "transfer.reversed": Telling("A seller gave {} back", "orange"),
    "checkout.expired": Telling("The checkout expired"),
}

_RANKS = {name: rank for rank, name in enumerate(TELLINGS)}


def of_payment(merchant_id: str, payment_id: str) -> list[Moment]:
    """All that happened to one payment, newest first."""
    query = (
        select(Event)
        .where(Event.merchant_id == merchant_id, Event.payment_id == payment_id)
        .order_by(Event.event_at.desc(), Event.id.desc())
    )
    events = sorted(
        db.session.execute(query).scalars(),
        key=lambda event: (event.event_at, _RANKS.get(event.name, 0)),
        reverse=True,
    )
    return [tell(event) for event in events]


def tell(event: Event) -> Moment:
    """One event as a line; an event without a sentence is told by its name."""
    fallback = Telling(event.name.replace(".", " ").replace("_", " ").capitalize())
    telling = TELLINGS.get(event.name, fallback)
    amount = _amount(event.data)
    sentence = telling.sentence
    if amount is None:
        sentence = sentence.replace(" of {}", "").replace("{}", "The amount")
    return Moment(
        id=event.id,
        sentence=sentence,
        amount=amount if "{}" in sentence else None,
        note=telling.note(event.data) if telling.note else "",
        tone=telling.tone,
        actor=actor_words(event.actor),
        at=event.event_at,
    )


def _amount(data: dict[str, Any]) -> Money | None:
    minor, currency = data.get("amount_minor"), data.get("currency")
    if isinstance(minor, int) and isinstance(currency, str):
        return Money(minor, currency)
    return None


def actor_words(actor: str) -> str:
    """Who did it, as a merchant calls them."""
    kind, _, name = actor.partition(":")
    return {
        "user": name,
        "api": "API",
        "customer": "Customer",
        "processor": "Processor",
        "system": "Farthing",
    }.get(kind, actor)
