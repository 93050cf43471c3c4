"""Payments as the product makes them, built ahead of a window: intents, and the outcomes of captured
ones. An answer is signed, so all this needs the application's context.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from app.domain.fee_table import STANDARD_PRICES
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.payments import EventDraft, OperationInFlight, Payment, decide
from app.domain.states import OperationStatus, PaymentStatus
from app.store.path_parameters import Answer, KeyClaim, NewPayment, Recording
from app.web.api.objects.payment_intent import payment_intent
from tests.bench.product import captured
from tests.bench.stage import BenchMerchant

SCOPE = "POST /payments"


@dataclass(frozen=True, slots=True)
class Sample:
    """One payment: what is written before the processor is asked, and after it answered."""

    intent: NewPayment
    outcome: Recording


def samples(merchants: Sequence[BenchMerchant], count: int, now: datetime) -> list[Sample]:
    """Make payments, the merchants taking turns."""
    return [_sample(merchants[number % len(merchants)], number, now) for number in range(count)]


def _sample(merchant: BenchMerchant, number: int, now: datetime) -> Sample:
    amount = Money(1_000 + number % 9_000, "USD")
    payment = _payment(merchant, amount, now)
    data = {"amount_minor": amount.amount_minor, "currency": amount.currency}
    claim = KeyClaim(
        scope=SCOPE,
        key=secrets.token_hex(16),
        request_hash=secrets.token_bytes(32),
        lease_token=secrets.token_hex(16),
        lease_seconds=60,
        api_key_hash=merchant.key_hash,
        request_id=new_id("req", now),
    )
    intent = NewPayment(
        payment=payment,
        actor="api:bench",
        events=(
            EventDraft("payment.created", data),
            EventDraft("payment.processing_started", data),
        ),
        client_key=f"{SCOPE} {claim.key}",
        operation=payment.operation,
        claim=claim,
    )
    decision = decide(
        payment,
        captured(payment.id, amount, on=now.date()),
        fees=STANDARD_PRICES,
        now=now,
        is_answer=True,
    )
    body = orjson.dumps(payment_intent(decision.after, is_live=False))
    outcome = Recording(
        decision=decision,
        actor="api:bench",
        at=now,
        answer=Answer(SCOPE, claim.key, claim.lease_token, 200, body),
    )
    return Sample(intent, outcome)


def _payment(merchant: BenchMerchant, amount: Money, now: datetime) -> Payment:
    operation = OperationInFlight(
        id=new_id("op", now),
        kind="authorize",
        status=OperationStatus.REQUESTED,
        amount_minor=amount.amount_minor,
        payment_method_token="pm_card_visa",
        return_url=None,
        reason=None,
        attempts=1,
        created_at=now,
    )
    return Payment(
        merchant_id=merchant.id,
        id=new_id("pi", now),
        version=1,
        status=PaymentStatus.PROCESSING,
        amount=amount,
        capture_method="automatic",
        authorized_minor=0,
        captured_minor=0,
        refunded_minor=0,
        refund_reserved_minor=0,
        fee_minor=0,
        fee_schedule="card-standard-1",
        processor="stripe",
        processor_account_id=merchant.account_id,
        created_at=now,
        customer_email="ada@example.com",
        description="Order of a walnut tray",
        metadata={"order": "A-1001"},
        attempt_id=operation.id,
        payment_method="pm_card_visa",
        operation=operation,
    )
