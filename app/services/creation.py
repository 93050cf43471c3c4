"""Making a payment: the first call for it, and the idempotency key that it is owned by.

The key is claimed in the statement that writes the payment. The same key with the same request
gives the same answer for ever; a request that died is finished by the next one with its key, or by
the resolver.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation

from app.domain.asked import said_of
from app.domain.errors import OperationInProgress, UnexpectedState
from app.domain.fees import Sale
from app.domain.ids import new_id
from app.domain.methods import CARD, method_of
from app.domain.money import Money
from app.domain.networks import plain_address
from app.domain.payments import EventDraft, OperationInFlight, Payment
from app.domain.processor import ProcessorAccount
from app.domain.states import PAYMENT, PaymentStatus
from app.services.accounts import account_of
from app.services.calls import call
from app.services.deps import Deps
from app.services.fees import prices_of
from app.services.idempotency import in_use, mismatch
from app.services.keys import why_refused
from app.services.payments import load, new_operation, refuse_inexact
from app.services.resolver import resolve
from app.services.settle import KeyedAnswer, is_definite, settle, written
from app.services.tokens import kept, shown
from app.store import payment_path
from app.store.payment_path import Begun, KeyClaim, NewPayment

_P = PaymentStatus


@dataclass(frozen=True)
class IdempotentRequest:
    """The caller's key on its route, what was asked, and how an answer is written.

    `is_deferred`: the answer holds more than the payment, so it is written after the outcome.
    """

    scope: str
    key: str
    request_hash: bytes
    render: Callable[[Payment], tuple[int, bytes]]
    api_key_hash: bytes | None = None
    client_address: str = ""
    request_id: str | None = None
    is_deferred: bool = False

    @property
    def client_key(self) -> str:
        """What makes the payment unique for ever, even when the key's row is gone."""
        return f"{self.scope} {self.key}"


@dataclass(frozen=True)
class CreatePayment:
    """A payment to be made; with a `payment_method_token` it is tried at once.

    `payment_method` is what it is, or is to be, paid with, as the caller named it; `method` is its kind,
    where it is not the first of `method_types`.
    """

    merchant_id: str
    amount: Money
    actor: str
    payment_method_token: str | None = None
    payment_method: str | None = None
    payment_method_id: str | None = None
    customer_id: str | None = None
    customer_reference: str | None = None
    is_off_session: bool = False
    capture_method: str = "automatic"
    session_id: str | None = None
    description: str | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    return_url: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    escrow: dict[str, Any] | None = None
    method_types: tuple[str, ...] = (CARD,)
    method: str | None = None
    said: dict[str, Any] = field(default_factory=dict)
    idempotency: IdempotentRequest | None = None


@dataclass(frozen=True)
class Replay:
    """The answer that the first request with this key was given."""

    status: int
    body: bytes
    request_id: str | None = None


def create_payment(deps: Deps, command: CreatePayment) -> Payment | Replay:
    """Write the payment and, with a token, try it. With a key: at most one payment per key, for
    ever.

    Raises AmountNotExact, IdempotencyMismatch, IdempotencyInUse, or OperationInProgress if the session has a
    payment already.
    """
    account = account_of(deps, command.merchant_id)
    refuse_inexact(deps, account.processor, command.amount)
    now = deps.clock.now()
    payment, intent = _new_payment(deps, command, account, now)
    try:
        begun = payment_path.begin_new([intent], now)[0]
    except UniqueViolation as error:
        raise OperationInProgress("This was begun already; look at its state.") from error
    if not begun.is_begun:
        return _not_begun(deps, command, begun)
    deps.failpoint("payment.intent_recorded")
    keyed = _keyed(command.idempotency, intent.claim)
    if payment.operation is None:
        return _created(deps, payment, keyed)
    return _authorize(deps, account, payment, command.actor, keyed)


def _new_payment(
    deps: Deps, command: CreatePayment, account: ProcessorAccount, now: datetime
) -> tuple[Payment, NewPayment]:
    operation = _first_try(deps, command, account.processor)
    drafts = [EventDraft(PAYMENT.created, _amount_data(command.amount))]
    status = _P.OPEN
    if operation is not None:
        status = _P.PROCESSING
        drafts.append(EventDraft(PAYMENT.event(_P.OPEN, status), _amount_data(command.amount)))
    prices = prices_of(deps, command.merchant_id, now)
    method = command.method or command.method_types[0]
    fee_class = method_of(method).fee_class
    payment = Payment(
        merchant_id=command.merchant_id,
        id=new_id("pi", now),
        version=1,
        status=status,
        amount=command.amount,
        capture_method=command.capture_method,
        authorized_minor=0,
        captured_minor=0,
        refunded_minor=0,
        refund_reserved_minor=0,
        fee_minor=0,
        fee_schedule=prices.schedule(Sale(command.amount, fee_class, made_at=now)).id,
        processor=account.processor,
        processor_account_id=account.id,
        created_at=now,
        session_id=command.session_id,
        customer_email=command.customer_email,
        customer_name=command.customer_name,
        description=command.description,
        metadata=command.metadata,
        attempt_id=operation.id if operation else None,
        customer_id=command.customer_id,
        payment_method=shown(deps, account.processor, command.payment_method),
        escrow=command.escrow,
        method=method,
        method_types=list(command.method_types),
        operation=operation,
    )
    key = command.idempotency
    intent = NewPayment(
        payment=payment,
        actor=command.actor,
        events=tuple(drafts),
        client_key=key.client_key if key else None,
        operation=operation,
        claim=_claim(deps, key) if key else None,
        lease_seconds=deps.lease_seconds,
        session_must_be_open=command.session_id is not None,
    )
    return payment, intent


def _claim(deps: Deps, key: IdempotentRequest) -> KeyClaim:
    return KeyClaim(
        scope=key.scope,
        key=key.key,
        request_hash=key.request_hash,
        lease_token=secrets.token_hex(16),
        lease_seconds=deps.lease_seconds,
        api_key_hash=key.api_key_hash,
        client_address=plain_address(key.client_address),
        request_id=key.request_id,
    )


def _first_try(deps: Deps, command: CreatePayment, processor: str) -> OperationInFlight | None:
    if command.payment_method_token is None:
        return None
    return new_operation(
        deps,
        "authorize",
        command.amount,
        token=kept(deps, processor, command.payment_method_token),
        return_url=command.return_url,
        customer_reference=command.customer_reference,
        is_off_session=command.is_off_session,
        payment_method_id=command.payment_method_id,
        details=said_of(command.method_types, command.said),
    )


def _amount_data(amount: Money) -> dict[str, Any]:
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}


def _authorize(
    deps: Deps,
    account: ProcessorAccount,
    payment: Payment,
    actor: str,
    keyed: KeyedAnswer | None,
) -> Payment:
    outcome = call(deps, account, payment)
    deps.failpoint("payment.processor_answered")
    settled = settle(
        deps,
        payment,
        outcome,
        is_live=account.is_live,
        is_answer=True,
        actor=actor,
        answer=keyed,
    )
    deps.failpoint("payment.outcome_recorded")
    if keyed is not None and not is_definite(settled):
        payment_path.release_key(payment.merchant_id, keyed.scope, keyed.key, keyed.lease_token)
    elif keyed is not None and keyed.is_deferred:
        payment_path.finish_key(payment.merchant_id, written(settled, keyed))
    return settled


def _keyed(request: IdempotentRequest | None, claim: KeyClaim | None) -> KeyedAnswer | None:
    if request is None or claim is None:
        return None
    return KeyedAnswer(
        request.scope, request.key, claim.lease_token, request.render, request.is_deferred
    )


def _created(deps: Deps, payment: Payment, keyed: KeyedAnswer | None) -> Payment:
    if keyed is not None:
        payment_path.finish_key(payment.merchant_id, written(payment, keyed))
    deps.queue.wake("events")
    return payment


def _not_begun(deps: Deps, command: CreatePayment, begun: Begun) -> Payment | Replay:
    """The key is taken, the API key may not be used, or the session is closed."""
    request = command.idempotency
    if request is None:
        raise UnexpectedState("This checkout is no longer open.")
    if not begun.is_key_valid and request.api_key_hash is not None:
        raise why_refused(deps, request.api_key_hash, request.client_address)
    if begun.state is None:
        raise in_use()
    if begun.request_hash is None or bytes(begun.request_hash) != request.request_hash:
        raise mismatch(request.key)
    if begun.state == "finished" and begun.response_status and begun.response_body is not None:
        return Replay(begun.response_status, bytes(begun.response_body), begun.request_id)
    if begun.subject_id is None or (begun.state == "started" and begun.is_leased):
        raise in_use()
    if begun.state == "finished":
        # The reply is forgotten; what the key made is not, and is told as it stands now.
        status, body = request.render(load(command.merchant_id, begun.subject_id))
        return Replay(status, body, begun.request_id)
    return _resume(deps, command, request, begun.subject_id)


def _resume(
    deps: Deps, command: CreatePayment, request: IdempotentRequest, payment_id: str
) -> Payment | Replay:
    """The first request with this key died or has no definite answer yet: finish its work, not
    ours.
    """
    keyed = KeyedAnswer(request.scope, request.key, secrets.token_hex(16), request.render)
    if not payment_path.take_over(
        command.merchant_id, keyed.scope, keyed.key, keyed.lease_token, deps.lease_seconds
    ):
        raise in_use()
    payment = load(command.merchant_id, payment_id)
    if payment.operation is not None:
        payment = resolve(deps, payment)
    if not is_definite(payment):
        payment_path.release_key(command.merchant_id, keyed.scope, keyed.key, keyed.lease_token)
        return payment
    payment_path.finish_key(command.merchant_id, written(payment, keyed))
    return payment
