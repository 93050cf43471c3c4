"""Payment intents: taking money, in one call or step by step."""

import orjson

from app.domain.declines import DeclineReason
from app.domain.errors import (
    InvalidRequest,
    NotFound,
    OperationInProgress,
    ParameterMissing,
    UnexpectedState,
)
from app.domain.money import Money, parse_amount
from app.domain.payments import Payment, is_accepted
from app.domain.states import PaymentStatus
from app.reports.objects import payments as reads
from app.services import customers, methods, updates
from app.services.creation import CreatePayment, IdempotentRequest, Replay, create_payment
from app.services.methods import MethodChoice
from app.services.payments import (
    CancelPayment,
    CapturePayment,
    ConfirmPayment,
    cancel_payment,
    capture_payment,
    confirm_payment,
    load,
    was_begun,
)
from app.services.resolver import resolve
from app.services.updates import UpdatePayment
from app.web.api.call import Answered, Call, Json, Listing, Route
from app.web.api.errors import card_error, method_absent
from app.web.api.expansion import expand
from app.web.api.fields import merged
from app.web.api.objects.payment_intent import decline_message, payment_intent, status_of
from app.web.api.resources import intent_params as params
from app.web.api.resources.escrow_params import stored_plan
from app.web.api.resources.intent_methods import given_for, said_of, types_of
from app.web.api.resources.method_data import given_in, made_by
from app.web.api.resources.paging import created, cut
from app.web.client_secrets import is_client_secret

PUBLIC = (
    "id", "object", "amount", "canceled_at", "cancellation_reason", "capture_method",
    "client_secret", "confirmation_method", "created", "currency", "last_payment_error", "livemode",
    "next_action", "payment_method_types", "status",
)  # fmt: skip


def create(call: Call) -> Answered:
    """Make a payment; with `confirm`, try it at once: at most one payment per idempotency key."""
    found = call.params
    amount = parse_amount(found["amount"], found["currency"])
    customer_id = _customer(call)
    is_tried = found.get("confirm", False)
    method, given = found.get("payment_method"), given_in(call, amount.currency)
    if not is_tried:
        for name in ("return_url", "off_session", "payment_method_data"):
            if found.get(name):
                raise InvalidRequest(
                    f"{name} can only be sent together with confirm=true.", param=name
                )
    elif method is None and given is None:
        raise _no_method()
    plan = stored_plan(call, found, amount)
    is_held = found.get("capture_method") == "manual" or plan is not None
    types = types_of(call, amount, is_held=is_held, given=given)
    choice = made_by(call, given, customer_id) or (
        _chosen(call, method, customer_id) if method else None
    )
    command = CreatePayment(
        merchant_id=call.merchant_id,
        amount=amount,
        actor=call.actor,
        payment_method_token=choice.token if choice and is_tried else None,
        payment_method=_named(choice, method),
        payment_method_id=choice.payment_method_id if choice else None,
        customer_id=customer_id,
        customer_reference=choice.customer_reference if choice else None,
        is_off_session=bool(found.get("off_session")),
        capture_method=found.get("capture_method") or "automatic",
        description=found.get("description"),
        customer_email=given.email if given else found.get("receipt_email"),
        customer_name=given.payer if given else found.get("customer_name"),
        return_url=found.get("return_url"),
        metadata=dict(merged({}, found.get("metadata"))),
        escrow=plan,
        method_types=types,
        method=given.name if given else None,
        said=said_of(call, types, given),
        idempotency=_idempotency(call),
    )
    result = create_payment(call.deps, command)
    if isinstance(result, Replay):
        return Answered(
            result.status, raw=result.body, is_replay=True, original_request=result.request_id
        )
    return _told(call, result)


def pay(call: Call) -> Answered:
    """`POST /payments`: create and confirm in one step, always under an idempotency key."""
    if call.key is None:
        raise InvalidRequest(
            "Send an Idempotency-Key header, so that a repeated request cannot charge twice.",
            param="Idempotency-Key",
        )
    if not call.params.get("payment_method") and not call.params.get("payment_method_data"):
        raise ParameterMissing("payment_method")
    call.params["confirm"] = True
    return create(call)


def _customer(call: Call) -> str | None:
    customer_id: str | None = call.params.get("customer")
    if customer_id is not None:
        customers.load(call.merchant_id, customer_id, param="customer")
    return customer_id


def _chosen(call: Call, method: str, customer_id: str | None) -> MethodChoice:
    """What the method means; a token of somebody who is no customer of ours needs no look-up."""
    if customer_id is None and not method.startswith("pm_0"):
        return MethodChoice(method)
    return methods.method_for_payment(call.deps, call.merchant_id, method, customer_id)


def _named(choice: MethodChoice | None, method: str | None) -> str | None:
    return choice.payment_method_id or method if choice else method


def _no_method() -> UnexpectedState:
    return UnexpectedState(
        "You cannot confirm this PaymentIntent because it's missing a payment method. Send"
        " payment_method.",
        param="payment_method",
    )


def _idempotency(call: Call) -> IdempotentRequest | None:
    if call.key is None:
        return None

    def render(payment: Payment) -> tuple[int, bytes]:
        told = _told(call, payment)
        return told.status, told.raw or b""

    return IdempotentRequest(
        scope=call.scope,
        key=call.key,
        request_hash=call.request_hash,
        render=render,
        api_key_hash=call.caller.key_hash,
        client_address=call.client_address,
        request_id=call.request_id,
        is_deferred=bool(call.expand),
    )


def _told(call: Call, payment: Payment) -> Answered:
    """How a payment answers the request that tried it: 402 when declined, 400 where the processor
    knows no such method; the direct call says 202 while the outcome is unknown.
    """
    is_failed = payment.status is PaymentStatus.FAILED
    if is_failed and payment.decline_reason is DeclineReason.ABSENT:
        return Answered(400, raw=orjson.dumps(method_absent(payment, call.request_id)))
    intent = expand(call, payment_intent(payment, is_live=call.is_live))
    if is_failed:
        message = decline_message(payment.decline_reason, payment.method)
        body = card_error(payment, intent, message, call.request_id)
        return Answered(402, raw=orjson.dumps(body))
    is_open = payment.status in (PaymentStatus.PROCESSING, PaymentStatus.UNKNOWN)
    status = 202 if is_open and call.route.rule == "/payments" else 200
    # A debit that its bank has is answered: what is missing comes in days, as an event.
    is_final = not is_open or is_accepted(payment)
    return Answered(status, raw=orjson.dumps(intent), is_final=is_final)


def confirm(call: Call) -> Answered:
    """Try the payment; a repeated request under one key is one try."""
    payment = load(call.merchant_id, call.path["intent"])
    again = _begun_before(call, payment)
    if again is not None:
        return _told(call, again)
    given = given_for(call, payment)
    method = None if given else call.params.get("payment_method") or payment.payment_method
    if method is None and given is None:
        raise _no_method()
    choice = made_by(call, given, payment.customer_id) or _chosen(
        call, method or "", payment.customer_id
    )
    tried = confirm_payment(
        call.deps,
        ConfirmPayment(
            merchant_id=call.merchant_id,
            payment_id=payment.id,
            payment_method_token=choice.token,
            actor=call.actor,
            return_url=call.params.get("return_url"),
            customer_email=given.email if given else call.params.get("receipt_email"),
            customer_name=given.payer if given else None,
            payment_method=_named(choice, method),
            payment_method_id=choice.payment_method_id,
            customer_reference=choice.customer_reference,
            is_off_session=bool(call.params.get("off_session")),
            operation_id=call.subject(),
            method=given.name if given else None,
            said=said_of(call, payment.method_types, given),
        ),
    )
    return _told(call, tried)


def capture(call: Call) -> Json:
    """Take what is held, or part of it; the rest is let go."""
    payment = load(call.merchant_id, call.path["intent"])
    again = _begun_before(call, payment)
    if again is None:
        amount = call.params.get("amount_to_capture")
        money = None if amount is None else Money(amount, payment.currency)
        again = capture_payment(
            call.deps,
            CapturePayment(call.merchant_id, payment.id, call.actor, money, call.subject()),
        )
    _must_be(again, (PaymentStatus.CAPTURED,), "captured")
    return payment_intent(again, is_live=call.is_live)


def cancel(call: Call) -> Json:
    """Let go of what is held, or end a payment that was not made."""
    payment = load(call.merchant_id, call.path["intent"])
    again = payment if _ended_here(call, payment) else _begun_before(call, payment)
    if again is None:
        reason = call.params.get("cancellation_reason") or "requested_by_customer"
        again = cancel_payment(
            call.deps,
            CancelPayment(call.merchant_id, payment.id, call.actor, reason, call.subject()),
        )
    _must_be(again, (PaymentStatus.CANCELED, PaymentStatus.EXPIRED), "canceled")
    return payment_intent(again, is_live=call.is_live)


def _ended_here(call: Call, payment: Payment) -> bool:
    """Whether this is a repeat, and the payment was canceled without the processor: no call was
    recorded that would tell of it.
    """
    is_repeat = call.claim is not None and call.claim.is_resumed
    is_ours_alone = payment.processor_reference is None and payment.operation is None
    return is_repeat and is_ours_alone and payment.status is PaymentStatus.CANCELED


def _must_be(payment: Payment, wanted: tuple[PaymentStatus, ...], word: str) -> None:
    """What did not happen is no success: refused, or not known yet and to be asked for again. What the
    processor has received is answered with the payment as it stands; an event tells when it is done.
    """
    if payment.operation is not None and payment.operation.is_received:
        return
    if payment.operation is not None:
        raise OperationInProgress(
            "The processor has not answered yet. Repeat the request with the same idempotency key,"
            " or retrieve the payment intent in a moment."
        )
    if payment.status not in wanted:
        raise UnexpectedState(
            f"The processor refused: this payment was not {word}. Its status is"
            f" {status_of(payment)}."
        )


def _begun_before(call: Call, payment: Payment) -> Payment | None:
    """The payment after what the first request with this key began, if it began something."""
    claim = call.claim
    if claim is None or not claim.is_resumed or claim.subject_id is None:
        return None
    if not was_begun(call.merchant_id, claim.subject_id):
        if not claim.lease_token:
            raise UnexpectedState("The answer under this idempotency key is forgotten.")
        return None
    if payment.operation is not None and payment.operation.id == claim.subject_id:
        return resolve(call.deps, payment)
    return payment


def retrieve(call: Call) -> Json:
    """How the payment stands now; browsers with its client secret see the part that concerns them."""
    payment = load(call.merchant_id, call.path["intent"])
    secret = call.params.get("client_secret")
    is_right = secret is not None and is_client_secret(secret, payment.id)
    if (secret is not None or call.caller.kind == "publishable") and not is_right:
        raise NotFound("payment_intent", payment.id)
    body = payment_intent(payment, is_live=call.is_live)
    if call.caller.kind == "publishable":
        return {name: body[name] for name in PUBLIC}
    return body


def update(call: Call) -> Json:
    """Change what may still change: notes always, amount and customer until it is tried."""
    found = call.params
    changes = {
        column: found[name] for name, column in params.UPDATED_COLUMNS.items() if name in found
    }
    payment = updates.update_payment(
        call.deps,
        UpdatePayment(
            merchant_id=call.merchant_id,
            payment_id=call.path["intent"],
            actor=call.actor,
            changes=changes,
            amount=found.get("amount"),
            currency=found.get("currency"),
            metadata=found.get("metadata") if "metadata" in found else {},
        ),
    )
    return payment_intent(payment, is_live=call.is_live)


def list_(call: Call) -> Listing:
    """Payments, newest first."""
    chosen = cut(call, lambda one: reads.payment(call.merchant_id, one) is not None)
    rows, has_more = reads.payments(
        call.merchant_id, chosen, created(call), call.params.get("customer")
    )
    return Listing([payment_intent(row, is_live=call.is_live) for row in rows], has_more)


_ONE = "/v1/payment_intents/{intent}"
_R, _KIND = "payment_intents", "payment_intent"

ROUTES = (
    Route("POST", "/v1/payment_intents", create, params.CREATE, _R, "write", _KIND,
          "Create a payment intent", "critical", owns_key=True),
    Route("GET", "/v1/payment_intents", list_, params.LIST, _R, "read", f"list:{_KIND}",
          "List payment intents"),
    Route("GET", _ONE, retrieve, {}, _R, "read", _KIND, "Retrieve a payment intent",
          is_public=True),
    Route("POST", _ONE, update, params.UPDATE, _R, "write", _KIND, "Update a payment intent",
          "standard"),
    Route("POST", f"{_ONE}/confirm", confirm, params.CONFIRM, _R, "write", _KIND,
          "Confirm a payment intent", "critical", creates="op"),
    Route("POST", f"{_ONE}/capture", capture, params.CAPTURE, _R, "write", _KIND,
          "Capture a payment intent", "critical", creates="op"),
    Route("POST", f"{_ONE}/cancel", cancel, params.CANCEL, _R, "write", _KIND,
          "Cancel a payment intent", "critical", creates="op"),
    Route("POST", "/payments", pay, params.PAY, _R, "write", _KIND,
          "Take a payment in one step", "critical", owns_key=True),
    Route("GET", "/payments/{intent}", retrieve, {}, _R, "read", _KIND, "Retrieve a payment"),
)  # fmt: skip
