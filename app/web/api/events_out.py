"""From what happened to what merchants are told: our events in Stripe's names and shapes.

An event shows its object as it stood then: the row of now, with what the event says put over it. So
a payment's creation never shows it paid, however late it is published.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from app.domain.bank_money import is_transfer
from app.domain.declines import DeclineReason
from app.domain.methods.facts import ActionKind
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.reports.objects import payments as reads
from app.services.publishing import PublicDraft, SourceEvent
from app.web.api.call import Json
from app.web.api.event_types import SENT
from app.web.api.events_more import MAKERS, Told, account_of
from app.web.api.objects import lookup
from app.web.api.objects.ids import attempt_id, latest_charge, refused_charge, timestamp
from app.web.api.objects.payment_intent import payment_intent
from app.web.api.version import API_VERSION

_P = PaymentStatus
_SUFFIXES = ("", "b", "c", "d")


def render(events: Sequence[SourceEvent]) -> list[PublicDraft]:
    """The public events of these, in order: none, one or several of each."""
    drafts = []
    for event in events:
        maker = _MAKERS.get(event.name)
        told = maker(event) if maker else ()
        drafts += [_draft(event, one, _SUFFIXES[place]) for place, one in enumerate(told)]
    return drafts


def _draft(event: SourceEvent, told: Told, suffix: str) -> PublicDraft:
    if told.type not in SENT:
        raise AssertionError(f"{told.type} is not in the table of event types")
    data: Json = {"object": told.object}
    if told.previous:
        data["previous_attributes"] = told.previous
    body = {
        "id": event.id + suffix,
        "object": "event",
        "api_version": API_VERSION,
        "created": timestamp(event.event_at),
        "data": data,
        "livemode": event.is_live,
        "pending_webhooks": 1,
        "request": {"id": event.request_id, "idempotency_key": event.idempotency_key},
        "type": told.type,
    }
    return PublicDraft(
        id=event.id + suffix,
        type=told.type,
        object_id=str(told.object["id"]),
        body=orjson.dumps(body),
        created_at=event.event_at,
    )


def _payment(event: SourceEvent) -> Payment:
    payment = reads.payment(event.merchant_id, event.payment_id or event.subject_id)
    if payment is None:
        raise LookupError(f"event {event.id} is about a payment that is not there")
    return payment


# What the payment was when each event was written; amounts come from the event itself.
_STATUS = {
    "payment.created": _P.OPEN,
    "payment.processing_started": _P.PROCESSING,
    "payment.processing_confirmed": _P.PROCESSING,
    "payment.outcome_unknown": _P.PROCESSING,
    "payment.action_required": _P.REQUIRES_ACTION,
    "payment.partially_funded": _P.REQUIRES_ACTION,
    "payment.authorized": _P.AUTHORIZED,
    "payment.authorized_late": _P.AUTHORIZED,
    "payment.captured": _P.CAPTURED,
    "payment.captured_late": _P.CAPTURED,
    "payment.submitted": _P.PROCESSING,
    "payment.returned": _P.RETURNED,
    "payment.failed": _P.FAILED,
    "payment.canceled": _P.CANCELED,
    "payment.expired": _P.EXPIRED,
}
# Before a try has an outcome nothing is told of a charge.
_WITHOUT_CHARGE = (_P.OPEN, _P.PROCESSING, _P.REQUIRES_ACTION)


def as_it_was(payment: Payment, event: SourceEvent) -> Payment:
    """The payment as it stood when the event was written."""
    status, data = _STATUS[event.name], event.data
    amount = int(data.get("amount_minor") or 0)
    was: dict[str, Any] = {
        "status": status,
        "captured_minor": amount if status in (_P.CAPTURED, _P.RETURNED) else 0,
        "refunded_minor": 0,
        "refund_reserved_minor": 0,
        "decline_reason": None,
        "decline_code": None,
        "canceled_at": event.event_at if status in (_P.CANCELED, _P.EXPIRED) else None,
    }
    if status is _P.AUTHORIZED:
        was["authorized_minor"] = amount
    elif status not in (_P.CAPTURED, _P.RETURNED, _P.CANCELED, _P.EXPIRED):
        was["authorized_minor"] = 0
    if status in (_P.OPEN, _P.PROCESSING) and amount:
        was["amount"] = Money(amount, str(data.get("currency") or payment.currency))
    if status in _WITHOUT_CHARGE and event.name != "payment.submitted":
        was["charge_attempt_id"] = None
    if status is _P.OPEN:
        was["attempt_id"] = None
    if status is _P.FAILED:
        was |= _refusal(payment, data)
    if status is _P.REQUIRES_ACTION and is_transfer(payment.method):
        # What was asked for is forgotten when it has come; where to send it is not.
        left = data.get("remaining_minor", payment.amount.amount_minor)
        was["action"] = {"kind": ActionKind.TRANSFER, "remaining_minor": left}
    return replace(payment, **was)


def _refusal(payment: Payment, data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a refused try, from its event; older ones do not say whether a bank was asked."""
    reason = DeclineReason(data.get("reason") or DeclineReason.GENERIC)
    attempt = data.get("attempt_id") or payment.attempt_id
    by_reason = None if reason is DeclineReason.AUTHENTICATE else attempt
    return {
        "decline_reason": reason,
        "decline_code": data.get("code"),
        "attempt_id": attempt,
        "charge_attempt_id": data.get("charge_attempt_id", by_reason),
    }


def _intent(event: SourceEvent, type_: str) -> Told:
    payment = as_it_was(_payment(event), event)
    return Told(type_, payment_intent(payment, is_live=event.is_live))


def _charge(event: SourceEvent, type_: str, **over: Any) -> tuple[Told, ...]:
    """The payment's charge as it was; nothing where no bank was asked."""
    payment = as_it_was(_payment(event), event)
    charge_id = latest_charge(payment)
    if charge_id is None:
        return ()
    found = reads.attempts_by_ids(event.merchant_id, [attempt_id(charge_id)])
    attempts = [replace(row, payment=payment) for row in found]
    return tuple(
        Told(type_, {**body, **over}) for body in lookup.charges_of(account_of(event), attempts)
    )


def _created(event: SourceEvent) -> tuple[Told, ...]:
    return (_intent(event, "payment_intent.created"),)


def _processing(event: SourceEvent) -> tuple[Told, ...]:
    return (_intent(event, "payment_intent.processing"),)


def _action(event: SourceEvent) -> tuple[Told, ...]:
    return (_intent(event, "payment_intent.requires_action"),)


def _partly_funded(event: SourceEvent) -> tuple[Told, ...]:
    return (_intent(event, "payment_intent.partially_funded"),)


def _authorized(event: SourceEvent) -> tuple[Told, ...]:
    held = _intent(event, "payment_intent.amount_capturable_updated")
    return (*_charge(event, "charge.succeeded"), held)


def _captured(event: SourceEvent) -> tuple[Told, ...]:
    is_later = _payment(event).capture_method == "manual"
    charged = _charge(event, "charge.captured" if is_later else "charge.succeeded")
    return (*charged, _intent(event, "payment_intent.succeeded"))


def _submitted(event: SourceEvent) -> tuple[Told, ...]:
    return (*_charge(event, "charge.pending"), *_processing(event))


def _returned(event: SourceEvent) -> tuple[Told, ...]:
    before = {"disputed": False}
    return tuple(replace(told, previous=before) for told in _charge(event, "charge.updated"))


def _failed(event: SourceEvent) -> tuple[Told, ...]:
    was = as_it_was(_payment(event), event)
    if was.decline_reason is DeclineReason.ABSENT and event.data.get("was") != _P.UNKNOWN:
        # The answer says it, and nothing else was told of the try before.
        return ()
    charged = _charge(event, "charge.failed") if refused_charge(was) else ()
    return (*charged, _intent(event, "payment_intent.payment_failed"))


def _canceled(event: SourceEvent) -> tuple[Told, ...]:
    is_expired = event.name == "payment.expired"
    held = _payment(event).authorized_minor > 0
    let_go = _charge(event, "charge.expired" if is_expired else "charge.refunded") if held else ()
    return (*let_go, _intent(event, "payment_intent.canceled"))


_REFUND_STATUS = {
    "refund.requested": "requested",
    "refund.sent": "pending",
    "refund.succeeded": "succeeded",
    "refund.failed": "failed",
    "refund.returned": "failed",
}


def _refund(event: SourceEvent) -> Json | None:
    """The refund as it was."""
    found = reads.refunds_by_ids(event.merchant_id, [event.subject_id])
    if not found:
        return None
    failure = event.data.get("failure_reason")
    # A refund that was made at the processor is told as it stands: it had no life here before.
    status = _REFUND_STATUS.get(event.name, found[0].status)
    was = replace(found[0], status=status, failure_reason=failure)
    return lookup.refunds_of(account_of(event), [was])[0]


def _refunded_charge(event: SourceEvent) -> tuple[Told, ...]:
    payment = _payment(event)
    if "refunded_minor" in event.data:
        payment = replace(
            payment, refunded_minor=event.data["refunded_minor"], refund_reserved_minor=0
        )
    found = reads.attempts_by_ids(event.merchant_id, [payment.attempt_id or ""])
    attempts = [replace(row, payment=payment) for row in found]
    bodies = lookup.charges_of(account_of(event), attempts)
    return tuple(Told("charge.refunded", body) for body in bodies)


def _refund_requested(event: SourceEvent) -> tuple[Told, ...]:
    body = _refund(event)
    return (Told("refund.created", body), *_refunded_charge(event)) if body else ()


def _refund_moved(event: SourceEvent) -> tuple[Told, ...]:
    body = _refund(event)
    if body is None:
        return ()
    before = {"status": "succeeded" if event.name == "refund.returned" else "pending"}
    is_failed = body["status"] == "failed"
    first = Told("refund.failed" if is_failed else "refund.updated", body, before)
    return (first, Told("charge.refund.updated", body, before))


_MAKERS: dict[str, Callable[[SourceEvent], tuple[Told, ...]]] = {
    "payment.created": _created,
    "payment.outcome_unknown": _processing,
    "payment.processing_confirmed": _processing,
    "payment.action_required": _action,
    "payment.partially_funded": _partly_funded,
    "payment.authorized": _authorized,
    "payment.authorized_late": _authorized,
    "payment.submitted": _submitted,
    "payment.returned": _returned,
    "payment.captured": _captured,
    "payment.captured_late": _captured,
    "payment.failed": _failed,
    "payment.canceled": _canceled,
    "payment.expired": _canceled,
    "refund.requested": _refund_requested,
    "refund.found_at_processor": _refund_requested,
    "refund.sent": _refund_moved,
    "refund.succeeded": _refund_moved,
    "refund.failed": _refund_moved,
    "refund.returned": _refund_moved,
    **MAKERS,
}
