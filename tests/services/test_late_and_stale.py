"""What came too late, twice or out of turn: each of these once moved money wrongly or told a lie."""

import threading
import time
from typing import Any

import psycopg
import pytest
from flask import Flask

from app.adapters.processors import stripe_words
from app.domain.declines import DeclineReason
from app.domain.errors import OperationInProgress
from app.domain.payments import Payment
from app.domain.processor import (
    Authorized,
    Captured,
    Declined,
    Facts,
    Outcome,
    Query,
    RefundAccepted,
    RefundRefused,
    Unknown,
)
from app.domain.states import PaymentStatus
from app.services import checkout, expiry, foreign, payments, refunds, reversals
from app.services.accounts import account_of
from app.services.deps import Deps
from app.services.settle import settle
from app.store import payment_path
from app.store.db import path
from tests.factories import NEEDS_3DS, VISA, Shop, make_payment, open_checkout, pay_checkout, usd
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank


def rows(query: str, *values: object) -> list[tuple[Any, ...]]:
    with path() as connection:
        return connection.execute(query, values).fetchall()


def payment_of(shop: Shop, session_id: str) -> Payment:
    found = payment_path.load_by_session(shop.merchant_id, session_id)
    assert found is not None
    return found


def asked(deps: Deps, payment: Payment) -> Outcome:
    account = account_of(deps, payment.merchant_id)
    query = Query(payment.merchant_id, payment.id, payment.processor_reference, payment.created_at)
    return deps.processors["stripe"].query(account, query)


def captured(payment: Payment) -> Captured:
    reference = payment.processor_reference or "pi_there"
    facts = Facts(reference, payment.amount, False, payment.merchant_id, payment.id)
    return Captured(facts, payment.amount)


def test_a_pending_refund_made_at_the_processor_is_never_sent_again(
    deps: Deps, shop: Shop, sandbox: SandboxServer, bank: Bank
) -> None:
    payment = make_payment(deps, shop)
    sandbox.fault(
        "refund_outcome", account=shop.sandbox_account, outcome="pending_then_succeeded", count=1
    )
    bank.client.v1.refunds.create(
        {"payment_intent": str(payment.processor_reference), "amount": 1000}
    )
    foreign.sync_refunds(deps, account_of(deps, shop.merchant_id), payment)

    refunds.submit_due(deps)

    there = bank.client.v1.refunds.list({"payment_intent": str(payment.processor_reference)})
    assert len(there.data) == 1


def test_a_cancellation_does_not_end_a_try_that_began_meanwhile(
    deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    session_id = open_checkout(deps, shop)
    pay_checkout(deps, session_id, "pm_nonexistent_123")
    seen = payment_of(shop, session_id)
    assert seen.processor_reference is None
    operation = payments.new_operation(deps, "authorize", seen.amount, token=VISA)
    begun = payments.begin(deps, seen, operation, target=PaymentStatus.PROCESSING, actor="customer")

    command = payments.CancelPayment(shop.merchant_id, seen.id, "user:robin")
    with pytest.raises(OperationInProgress):
        payments._cancel_here(deps, seen, command)  # noqa: SLF001 - as it had read the row before

    assert payments.perform(deps, begun, actor="customer").status is PaymentStatus.CAPTURED


def test_a_refund_called_failed_but_made_is_booked_to_suspense_once(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    payment = make_payment(deps, shop)
    refund_id = refunds.request_refund(
        deps, refunds.RequestRefund(shop.merchant_id, payment.id, usd("10.00"), "user:robin")
    )
    refused = RefundRefused("not_processed", refund_id=refund_id)
    refunds.apply_update(deps, refunds.RefundUpdate(shop.merchant_id, refund_id, refused))
    made = RefundAccepted(
        "re_there", usd("10.00"), True, str(payment.processor_reference), refund_id
    )

    for _ in range(2):
        refunds.apply_update(deps, refunds.RefundUpdate(shop.merchant_id, refund_id, made))

    booked = rows("SELECT source_id FROM journals WHERE event = 'unmatched_refund'")
    assert booked == [("re_there",)]


def test_a_customer_who_pays_after_the_checkout_was_expired_gets_the_money_back(
    deps: Deps, shop: Shop, bank: Bank, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = open_checkout(deps, shop)
    pay_checkout(deps, session_id, NEEDS_3DS)
    payment = payment_of(shop, session_id)
    with monkeypatch.context() as dying:
        # The process dies between the expiry's commit and the cancellation at the processor.
        dying.setattr(expiry, "_end_payment", lambda *_: None)
        expiry.expire_session(deps, shop.merchant_id, session_id, actor="system")

    bank.answer_challenge(payment)
    settle(deps, payment, asked(deps, payment), is_live=False, is_answer=False)

    assert payment_of(shop, session_id).needs_reversal
    assert checkout.state(deps, session_id).phase == "returned"
    names = {name for (name,) in rows("SELECT name FROM events WHERE subject_id = %s", session_id)}
    assert "checkout.completed_late" in names
    reversals.reverse_due(deps)
    queue.drain()
    assert payment_of(shop, session_id).refunded_minor == payment.amount.amount_minor


def test_the_checkouts_row_is_locked_before_the_payments(
    app: Flask, deps: Deps, shop: Shop, database_url: str
) -> None:
    session_id = open_checkout(deps, shop)
    pay_checkout(deps, session_id, NEEDS_3DS)
    payment = payment_of(shop, session_id)
    ended: list[object] = []

    def write() -> None:
        with app.app_context():
            found = settle(deps, payment, captured(payment), is_live=False, is_answer=False)
            ended.append(found.status)

    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM checkout_sessions WHERE id = %s FOR UPDATE", (session_id,))
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.5)
        # Were the payment locked by the waiting writer, this would be a deadlock.
        other.execute("SET LOCAL lock_timeout = '2s'")
        other.execute("SELECT FROM payments WHERE id = %s FOR UPDATE", (payment.id,))
    writer.join(10)
    assert ended == [PaymentStatus.CAPTURED]


@pytest.mark.parametrize(
    "movement",
    [
        {"id": "txn_1", "fee": 1465, "currency": "isk", "available_on": 1},
        {"id": "txn_1", "fee": 1465, "currency": "zzz", "available_on": 1},
        {"id": "txn_1"},
    ],
)
def test_money_taken_is_known_even_where_its_fee_is_not(movement: dict[str, Any]) -> None:
    intent = {
        "id": "pi_1",
        "amount": 50500,
        "currency": "isk",
        "livemode": False,
        "status": "succeeded",
        "amount_received": 50500,
        "latest_charge": {
            "id": "ch_1",
            "balance_transaction": movement,
            "payment_method_details": {"card": {"last4": "4242", "brand": "visa"}},
        },
    }

    outcome = stripe_words.outcome_of(intent)

    assert isinstance(outcome, Captured)
    assert outcome.amount.amount_minor == 505
    assert outcome.processor_fee is None


def test_a_late_hold_that_turns_out_captured_is_refunded(
    deps: Deps, shop: Shop, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = make_payment(deps, shop, capture_method="manual")
    rows("UPDATE payments SET needs_reversal = true WHERE id = %s RETURNING id", payment.id)
    with monkeypatch.context() as answering:
        answering.setattr(
            deps.processors["stripe"], "cancel", lambda _account, _request: captured(payment)
        )
        reversals.reverse_due(deps)

    reversals.reverse_due(deps)

    kept = rows("SELECT origin, amount_minor FROM refunds WHERE payment_id = %s", payment.id)
    assert kept == [("late_payment", payment.amount.amount_minor)]


def test_a_foreign_refund_found_by_two_workers_is_recorded_once(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    payment = make_payment(deps, shop)
    bank.client.v1.refunds.create({"payment_intent": str(payment.processor_reference)})
    account = account_of(deps, shop.merchant_id)
    known = deps.processors["stripe"].refunds_of(account, str(payment.processor_reference))
    assert isinstance(known, list)
    assert isinstance(known[0], RefundAccepted)

    for _ in range(2):
        foreign._record_foreign(deps, payment, known[0])  # noqa: SLF001 - both looked before either wrote

    events = rows("SELECT event FROM journals WHERE event ~ 'refund' ORDER BY event")
    assert events == [("refund_requested",), ("refund_settled",)]


def test_old_news_of_a_hold_does_not_revive_a_canceled_payment(deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop, capture_method="manual")
    stale = asked(deps, payment)
    assert isinstance(stale, Authorized)
    payments.cancel_payment(deps, payments.CancelPayment(shop.merchant_id, payment.id, "user:r"))

    settle(deps, payment, stale, is_live=False, is_answer=False)

    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CANCELED


def test_old_news_of_a_question_does_not_close_a_call_under_way(deps: Deps, shop: Shop) -> None:
    session_id = open_checkout(deps, shop)
    pay_checkout(deps, session_id, NEEDS_3DS)
    payment = payment_of(shop, session_id)
    news = asked(deps, payment)
    operation = payments.new_operation(deps, "authorize", payment.amount, token=VISA)
    begun = payments.begin(
        deps, payment, operation, target=PaymentStatus.PROCESSING, actor="customer"
    )

    settle(deps, begun, news, is_live=False, is_answer=False)
    payments.call(deps, account_of(deps, shop.merchant_id), begun)
    settle(deps, begun, Unknown("timeout"), is_live=False, is_answer=True)

    still = payment_of(shop, session_id)
    assert still.status is PaymentStatus.UNKNOWN
    assert still.operation is not None


def test_a_cancellation_that_is_refused_is_not_asked_for_at_every_sweep(
    deps: Deps, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = open_checkout(deps, shop)
    pay_checkout(deps, session_id, "pm_card_chargeDeclined")
    rows("UPDATE checkout_sessions SET expires_at = now() - interval '1 minute' RETURNING id")
    refused = Declined(DeclineReason.TECHNICAL, "processor_credentials")
    with monkeypatch.context() as refusing:
        refusing.setattr(deps.processors["stripe"], "cancel", lambda *_: refused)
        for _ in range(5):
            expiry.expire_due(deps)

    assert rows("SELECT count(*) FROM operations WHERE kind = 'cancel'") == [(1,)]


def test_a_checkout_is_opened_once_per_idempotency_key(app: Flask, deps: Deps, shop: Shop) -> None:
    body = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 4999,
                    "product_data": {"name": "Tray"},
                },
            }
        ],
    }
    headers = {"Authorization": f"Bearer {shop.secret_key}", "Idempotency-Key": "order-7"}
    client = app.test_client()

    first = client.post("/v1/checkout/sessions", json=body, headers=headers)
    again = client.post("/v1/checkout/sessions", json=body, headers=headers)
    other = client.post("/v1/checkout/sessions", json=body | {"locale": "de"}, headers=headers)

    assert first.status_code == again.status_code == 200
    assert first.data == again.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.get_json()["error"]["type"] == "idempotency_error"
    assert rows("SELECT count(*) FROM checkout_sessions") == [(1,)]
