"""Writing an outcome down: the one door from a processor's word to our rows.

Whoever has an outcome (the request that asked, a webhook, the resolver) comes here. The decision is
made on a snapshot and written under its version; if the payment moved meanwhile, it is read and
judged again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from psycopg.errors import UniqueViolation

from app.domain.errors import IntegrityFailure
from app.domain.fees import PriceList
from app.domain.integrity import check_integrity
from app.domain.onward import goes_on
from app.domain.payments import Decision, EventDraft, Payment, decide, is_accepted
from app.domain.processor import (
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Facts,
    Idle,
    Outcome,
    Pending,
    Returned,
    Unknown,
)
from app.domain.states import OPERATION, OperationStatus, PaymentStatus
from app.services.bank_money import with_receipts
from app.services.deps import Deps
from app.services.fees import prices_of
from app.services.settlement import with_conversion
from app.store import payment_path
from app.store.payment_path import Answer, Recording

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=5)
NEWS_LOOK = timedelta(minutes=10)
DEFINITE = frozenset(PaymentStatus) - {PaymentStatus.PROCESSING, PaymentStatus.UNKNOWN}
PAID = (PaymentStatus.CAPTURED, PaymentStatus.AUTHORIZED, PaymentStatus.RETURNED)
MOST_ROUNDS = 8


@dataclass(frozen=True)
class KeyedAnswer:
    """How to answer the request that owns an idempotency key: rendered once the outcome is known.

    With the outcome itself, unless the answer holds more than the payment (`is_deferred`).
    """

    scope: str
    key: str
    lease_token: str
    render: Callable[[Payment], tuple[int, bytes]]
    is_deferred: bool = False


def settle(  # noqa: PLR0913 - each says something else about the outcome
    deps: Deps,
    payment: Payment,
    outcome: Outcome,
    *,
    is_live: bool,
    is_answer: bool,
    actor: str = "system",
    answer: KeyedAnswer | None = None,
    inbox_id: str | None = None,
) -> Payment:
    """Write what `outcome` means; gives the payment as it stands afterwards. Safe to repeat.

    Raises IntegrityFailure for news about another object; an answer that fails the check is
    unknown.
    """
    outcome = with_receipts(deps, payment, outcome, is_answer=is_answer)
    current = payment
    prices = prices_of(deps, payment.merchant_id, payment.created_at)
    for _ in range(MOST_ROUNDS):
        # What answered one call is mere news once that call is closed or another is under way.
        answers = is_answer and _call_of(current) == _call_of(payment)
        checked = _checked(
            current, _of_this_try(payment, current, outcome), is_live=is_live, is_answer=is_answer
        )
        now = deps.clock.now()
        judge = partial(_judged, current, checked, now=now, is_answer=answers)
        decision = with_conversion(deps, prices, judge)
        stored = _answer(decision, answer)
        if decision.is_nothing and stored is None and inbox_id is None:
            return current
        recording = Recording(
            decision=decision,
            actor=actor,
            at=now,
            answer=stored,
            inbox_id=inbox_id,
            session_event=_session_event(decision),
            extra_events=_banks_word(decision),
            next_attempt_at=now + _first_look(checked) if _is_open(decision) else None,
        )
        try:
            if payment_path.record([recording])[0]:
                if goes_on(decision.after.escrow):
                    deps.queue.wake("onward")
                deps.queue.wake("events")
                return _written(decision)
        except UniqueViolation:
            log.warning("payment.journal_exists", extra={"payment": payment.id})
        fresh = payment_path.load(payment.merchant_id, payment.id)
        if fresh is None or fresh.version == current.version:
            raise IntegrityFailure(f"The books of payment {payment.id} contradict its row.")
        current = fresh
    raise IntegrityFailure(f"Payment {payment.id} keeps moving; its outcome was not written.")


def _judged(
    payment: Payment, outcome: Outcome, prices: PriceList, *, now: datetime, is_answer: bool
) -> Decision:
    return decide(payment, outcome, fees=prices, now=now, is_answer=is_answer)


def _of_this_try(judged: Payment, current: Payment, outcome: Outcome) -> Outcome:
    """A refusal that names no object is of the try it was judged for; of a later one it says nothing."""
    if isinstance(outcome, Declined) and outcome.facts is None:
        return outcome if current.attempt_id == judged.attempt_id else Unknown("of an earlier try")
    return outcome


def _call_of(payment: Payment) -> tuple[str | None, str | None]:
    """The call in flight, and the last try: two moments without a call may lie on either side of a try."""
    return payment.operation.id if payment.operation else None, payment.attempt_id


def facts_of(outcome: Outcome) -> Facts | None:
    """The identity of the processor's object, where the outcome names one."""
    if isinstance(
        outcome,
        Authorized | Captured | Returned | ActionRequired | Pending | Declined | Canceled | Idle,
    ):
        return outcome.facts
    return None


def _checked(payment: Payment, outcome: Outcome, *, is_live: bool, is_answer: bool) -> Outcome:
    facts = facts_of(outcome)
    if facts is None:
        return outcome
    try:
        check_integrity(payment, facts, is_live=is_live)
    except IntegrityFailure as error:
        log.error("payment.integrity_failed", extra={"payment": payment.id, "why": error.message})  # noqa: TRY400 - expected, and told in full
        if not is_answer:
            raise
        return Unknown(error.message)
    taken = outcome.captured if isinstance(outcome, Returned) else outcome
    if (
        isinstance(taken, Captured)
        and not 0 < taken.amount.amount_minor <= payment.amount.amount_minor
    ):
        why = f"captured {taken.amount} of {payment.amount}"
        if not is_answer:
            raise IntegrityFailure(f"Payment {payment.id}: {why}.")
        return Unknown(why)
    return outcome


def _answer(decision: Decision, answer: KeyedAnswer | None) -> Answer | None:
    after = _written(decision)
    if answer is None or answer.is_deferred or not is_definite(after):
        return None
    return written(after, answer)


def is_definite(payment: Payment) -> bool:
    """Whether the request that tried it can be answered: an accepted debit waits for days, and that is
    an answer.
    """
    return payment.status in DEFINITE or is_accepted(payment)


def written(payment: Payment, answer: KeyedAnswer) -> Answer:
    """The answer to be stored under the request's key."""
    status, body = answer.render(payment)
    return Answer(answer.scope, answer.key, answer.lease_token, status, body)


def _first_look(outcome: Outcome) -> timedelta:
    """What was received is told of by news; another question only makes up for news that never came."""
    return NEWS_LOOK if isinstance(outcome, Pending) else FIRST_LOOK


def _is_open(decision: Decision) -> bool:
    return decision.operation_status is OperationStatus.UNKNOWN


def _session_event(decision: Decision) -> EventDraft | None:
    """A checkout is over once its customer has done their part: paid, or told their bank to pay."""
    before, after = decision.before, _written(decision)
    is_over = after.status in PAID or is_accepted(after)
    was_over = before.status in PAID or is_accepted(before)
    if after.session_id is None or not is_over or was_over:
        return None
    late = before.status in (PaymentStatus.CANCELED, PaymentStatus.EXPIRED)
    return EventDraft("checkout.completed_late" if late else "checkout.completed")


def _banks_word(decision: Decision) -> tuple[EventDraft, ...]:
    """What became of a payment whose checkout was over before its bank had answered."""
    before, after = decision.before, decision.after
    if after.session_id is None or not is_accepted(before) or is_accepted(after):
        return ()
    if after.status in PAID:
        return (EventDraft("checkout.payment_succeeded"),)
    return (EventDraft("checkout.payment_failed"),) if after.status in DEFINITE else ()


def _written(decision: Decision) -> Payment:
    operation, status = decision.after.operation, decision.operation_status
    if operation is not None and status is not None:
        if operation.status is not status:
            OPERATION.event(operation.status, status)
        open_now = replace(operation, status=status, error=decision.operation_error)
        operation = None if OPERATION.is_final(status) else open_now
    return replace(decision.after, version=decision.before.version + 1, operation=operation)
