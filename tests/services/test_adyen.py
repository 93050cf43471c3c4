"""Payments through a processor that cannot be asked: every answer may be lost, every fact late or twice."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask

from app.domain.declines import DeclineReason
from app.domain.errors import InvalidRequest, NotFound, OperationInProgress
from app.domain.payments import Payment
from app.domain.processor import Declined
from app.domain.states import PaymentStatus, RefundStatus
from app.reports import payment as payment_report
from app.services import checkout, customers, inbound, methods, payments, resolver, tokens
from app.services.creation import CreatePayment, create_payment
from app.services.deps import Deps
from app.services.payments import CancelPayment, CapturePayment, ConfirmPayment
from app.services.refunds import RequestRefund, request_refund, submit_due
from app.services.settle import settle
from tests.adapters.adyen_items import item, message
from tests.factories import (
    DECLINED,
    HMAC_KEY,
    NEEDS_3DS,
    VISA,
    Shop,
    TestClock,
    make_payment,
    open_checkout,
    open_shop,
    pay_checkout,
    usd,
)
from tests.sandbox.server import SandboxServer
from tests.services.adyen_side import (
    AdyenSide,
    adyen_side,
    assert_books_equal_adyens_record,
    sealed_card,
)
from tests.services.bank import at_once, rows

P = PaymentStatus


@pytest.fixture
def shop(deps: Deps) -> Shop:
    return open_shop(deps, processor="adyen")


@pytest.fixture
def adyen(sandbox: SandboxServer, shop: Shop) -> Iterator[AdyenSide]:
    with adyen_side(sandbox, shop) as side:
        yield side


def now(payment: Payment) -> Payment:
    return payments.load(payment.merchant_id, payment.id)


def refund_statuses() -> list[str]:
    return [row["status"] for row in rows("SELECT status FROM refunds ORDER BY id")]


def test_a_payment_lives_by_what_is_told_of_it(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    held = make_payment(deps, shop, capture_method="manual")
    assert (held.status, held.card and held.card.last4) == (P.AUTHORIZED, "1111")
    take = CapturePayment(shop.merchant_id, held.id, "user:1", usd("30.00"))

    taking = payments.capture_payment(deps, take)
    assert (taking.status, taking.operation is not None) == (P.AUTHORIZED, True)
    with pytest.raises(OperationInProgress):
        payments.capture_payment(deps, take)
    shown = payment_report.detail(shop.merchant_id, held.id, now=clock.now())
    assert (shown.received, shown.can_capture) == ("capture", False)
    adyen.hear(deps, "AUTHORISATION", "CAPTURE")
    taken = now(held)
    assert (taken.status, taken.captured_minor, taken.operation) == (P.CAPTURED, 3000, None)

    request_refund(deps, RequestRefund(shop.merchant_id, held.id, usd("12.00"), "user:1"))
    submit_due(deps)
    assert refund_statuses() == [RefundStatus.PENDING]
    adyen.await_news("REFUND")
    again = list(adyen.told)
    adyen.hand_over(deps, seed=1, copies=3)
    assert refund_statuses() == [RefundStatus.SUCCEEDED]

    before = rows("SELECT id, version, status FROM payments")
    adyen.told = again
    adyen.hand_over(deps, copies=2)
    assert rows("SELECT id, version, status FROM payments") == before
    assert_books_equal_adyens_record(adyen)


def test_news_in_any_order_ends_in_the_same_state(deps: Deps, shop: Shop, adyen: AdyenSide) -> None:
    """Nothing is handed over before all is told, then all of it mixed and twice."""
    made = []
    for seed in range(4):
        held = make_payment(deps, shop, capture_method="manual")
        payments.capture_payment(deps, CapturePayment(shop.merchant_id, held.id, "user:1"))
        adyen.await_news("AUTHORISATION", "CAPTURE")
        if seed % 2:
            # Somebody gives money back in Adyen's own pages.
            adyen.give_back(held, 2000)
            adyen.await_news("AUTHORISATION", "CAPTURE", "REFUND")
        adyen.hand_over(deps, seed=seed, copies=2)
        made.append(now(held))

    assert {one.status for one in made} == {P.CAPTURED}
    # What came before it was known what was taken is looked at again.
    deps.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]
    inbound.handle_due(deps)
    assert [now(one).refunded_minor for one in made] == [0, 2000, 0, 2000]
    assert_books_equal_adyens_record(adyen)


LOST = {
    "drop_before": P.UNKNOWN,
    "drop_after": P.UNKNOWN,
    "error_before": P.UNKNOWN,
    "error_after": P.UNKNOWN,
    "malformed_body": P.UNKNOWN,
    "truncated_body": P.UNKNOWN,
    "wrong_amount": P.UNKNOWN,
    "wrong_currency": P.UNKNOWN,
    "unknown_status": P.UNKNOWN,
    "rate_limit": P.UNKNOWN,
    "unavailable": P.UNKNOWN,
    "transient_error": P.UNKNOWN,
    "no_connection": P.FAILED,
}


def test_a_lost_answer_is_made_up_for_once(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    found = {}
    for kind in LOST:
        adyen.fault(kind)
        found[kind] = make_payment(deps, shop, amount=usd("7.00"))
    assert {kind: one.status for kind, one in found.items()} == LOST
    clock.advance(timedelta(seconds=20))
    resolver.resolve_due(deps)

    assert {kind: now(one).status for kind, one in found.items()} == {
        kind: P.FAILED if status is P.FAILED else P.CAPTURED for kind, status in LOST.items()
    }
    refused = found["no_connection"]
    assert (refused.decline_reason, refused.processor_reference) == ("technical", None)
    paid = payments.confirm_payment(
        deps, ConfirmPayment(shop.merchant_id, refused.id, VISA, "api:test")
    )
    assert paid.status is P.CAPTURED
    assert adyen.totals()["charges"] == len(LOST)
    adyen.await_news(*["AUTHORISATION"] * len(LOST))
    adyen.hand_over(deps, seed=5, copies=2)
    assert_books_equal_adyens_record(adyen)


def test_what_only_news_can_tell_is_asked_for_again_and_never_called_failed(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    adyen.fault("ioexception")
    payment = make_payment(deps, shop)
    for wait in (timedelta(minutes=1), timedelta(hours=7), timedelta(days=7)):
        clock.advance(wait)
        resolver.resolve_due(deps)
        assert now(payment).status is P.UNKNOWN

    adyen.hear(deps, "AUTHORISATION")
    assert now(payment).status is P.CAPTURED
    assert adyen.totals()["charges"] == 1
    assert_books_equal_adyens_record(adyen)


def test_a_try_that_nobody_waits_for_is_let_go_and_not_made_again(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    """Of three checkouts that end before an answer came, one call was never made and two were."""
    ends, kinds = {}, ("drop_before", "drop_after", "ioexception")
    for kind in kinds:
        soon = clock.now() + timedelta(minutes=31)
        session_id = open_checkout(deps, shop, expires_at=soon, capture_method="manual")
        adyen.fault(kind)
        assert pay_checkout(deps, session_id, sealed_card()).phase == "checking"
        ends[kind] = session_id
    clock.advance(timedelta(minutes=40))
    resolver.resolve_due(deps)
    adyen.hear(deps, *["TECHNICAL_CANCEL"] * 3)

    found = {kind: checkout.session_of(shop.merchant_id, one)[1] for kind, one in ends.items()}
    assert {kind: one and one.status for kind, one in found.items()} == {
        "drop_before": P.FAILED, "drop_after": P.CANCELED, "ioexception": P.CANCELED,
    }  # fmt: skip
    record = adyen.totals()
    assert (record["authorised"], record["released"], record["captured"]) == (9998, 9998, 0)


def test_a_refused_try_leaves_nothing_behind_and_its_news_harms_no_later_one(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    refused = make_payment(deps, shop, token=DECLINED)
    assert (refused.status, refused.processor_reference) == (P.FAILED, None)
    asked = payments.confirm_payment(
        deps, ConfirmPayment(shop.merchant_id, refused.id, NEEDS_3DS, "api:test")
    )
    assert asked.status is P.REQUIRES_ACTION
    adyen.hear(deps, "AUTHORISATION")
    assert now(asked).status is P.REQUIRES_ACTION
    # Another card, while the bank's question still stands.
    paid = payments.confirm_payment(
        deps, ConfirmPayment(shop.merchant_id, refused.id, VISA, "api:test")
    )
    assert paid.status is P.CAPTURED
    adyen.hear(deps, "AUTHORISATION")
    assert now(paid).status is P.CAPTURED
    assert adyen.totals()["charges"] == 1


def test_the_refusal_of_an_earlier_try_leaves_a_later_ones_question_alone(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    before = make_payment(deps, shop, token=NEEDS_3DS)
    later = payments.confirm_payment(
        deps, ConfirmPayment(shop.merchant_id, before.id, NEEDS_3DS, "api:test")
    )
    assert later.status is P.REQUIRES_ACTION
    refused = Declined(DeclineReason.GENERIC, "2 Refused")
    for is_answer in (True, False):
        settle(deps, before, refused, is_live=False, is_answer=is_answer)
        assert now(later).status is P.REQUIRES_ACTION
    settle(deps, now(later), refused, is_live=False, is_answer=True)
    assert now(later).status is P.FAILED


def test_the_banks_answer_is_taken_on_once(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    ends = {}
    for number, answer in enumerate(("complete", "complete", "complete", "fail", "cancel")):
        session_id = open_checkout(deps, shop)
        assert pay_checkout(deps, session_id, sealed_card("4212345678910006")).phase == "action"
        _, asked = checkout.session_of(shop.merchant_id, session_id)
        assert asked is not None
        brought = adyen.answer(asked, answer)
        if number == 1:
            adyen.fault("drop_after", "POST /adyen/v71/payments/details")
        if number == 2:
            at_once([partial(checkout.finish_authentication, deps, session_id, brought)] * 3)
        view = checkout.finish_authentication(deps, session_id, brought)
        if number == 1:
            assert view.phase == "checking"
            clock.advance(timedelta(seconds=20))
            resolver.resolve_due(deps)
        ends[number] = checkout.state(deps, session_id).phase
        if answer == "fail":
            assert pay_checkout(deps, session_id, sealed_card()).phase == "paid"

    assert ends == {0: "paid", 1: "paid", 2: "paid", 3: "declined", 4: "declined"}
    assert adyen.totals()["charges"] == 4
    kinds = rows("SELECT kind, count(*) AS n FROM operations GROUP BY kind ORDER BY kind")
    assert kinds == [{"kind": "authorize", "n": 6}, {"kind": "finish", "n": 5}]
    adyen.await_news(*["AUTHORISATION"] * 6)
    adyen.hand_over(deps, seed=3)
    assert_books_equal_adyens_record(adyen)


def test_sealed_fields_are_kept_sealed_until_there_is_an_outcome(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    def kept() -> list[str]:
        return [row["payment_method_token"] for row in rows("SELECT * FROM operations ORDER BY id")]

    card = sealed_card()
    adyen.fault("drop_before")
    payment = make_payment(deps, shop, token=card)
    assert payment.status is P.UNKNOWN
    assert kept()[0].startswith("sealed:")
    clock.advance(timedelta(seconds=20))
    resolver.resolve_due(deps)
    assert now(payment).status is P.CAPTURED
    assert kept()[0].startswith("erased:")
    assert tokens.is_of(deps, kept()[0], card)
    assert kept()[0] == f"erased:{deps.sealer.fingerprint(card)[:32]}"

    adyen.fault("ioexception")
    unknown = make_payment(deps, shop, token=card)
    clock.advance(timedelta(hours=25))
    assert tokens.erase_old(deps) == 1
    resolver.resolve_due(deps)
    assert now(unknown).status is P.UNKNOWN
    assert all(one.startswith("erased:") for one in kept())
    dump = rows("SELECT string_agg(o::text, ' ') AS all FROM operations o")[0]["all"]
    assert "encryptedCardNumber" not in dump
    adyen.hear(deps, "AUTHORISATION", "AUTHORISATION")
    assert now(unknown).status is P.CAPTURED


def test_what_is_received_may_be_refused_or_undone(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    held = make_payment(deps, shop, capture_method="manual")
    take = CapturePayment(shop.merchant_id, held.id, "user:1")
    adyen.fault("capture_outcome", outcome="refused")
    payments.capture_payment(deps, take)
    adyen.hear(deps, "CAPTURE")
    assert (now(held).status, now(held).operation) == (P.AUTHORIZED, None)

    gone = payments.cancel_payment(deps, CancelPayment(shop.merchant_id, held.id, "user:1"))
    assert (gone.status, gone.operation is not None) == (P.AUTHORIZED, True)
    adyen.hear(deps, "CANCELLATION")
    assert now(held).status is P.CANCELED

    lost = make_payment(deps, shop, capture_method="manual")
    adyen.fault("capture_outcome", outcome="succeeded_then_failed")
    payments.capture_payment(deps, replace(take, payment_id=lost.id))
    adyen.hear(deps, "CAPTURE")
    assert now(lost).status is P.CAPTURED
    adyen.hear(deps, "CAPTURE_FAILED")
    assert now(lost).status is P.RETURNED

    paid = make_payment(deps, shop)
    adyen.fault("refund_outcome", outcome="succeeded_then_failed")
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("5.00"), "user:1"))
    submit_due(deps)
    adyen.await_news("REFUND", "REFUND_FAILED")
    adyen.hand_over(deps, seed=2)
    assert refund_statuses() == [RefundStatus.FAILED]
    assert (now(paid).refunded_minor, now(paid).refund_reserved_minor) == (0, 0)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "ioexception"])
def test_a_lost_capture_and_a_lost_refund_are_made_up_for_once(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock, kind: str
) -> None:
    held = make_payment(deps, shop, capture_method="manual")
    adyen.fault(kind, "POST /adyen/v71/payments/*/captures")
    payments.capture_payment(deps, CapturePayment(shop.merchant_id, held.id, "user:1"))
    clock.advance(timedelta(seconds=20))
    resolver.resolve_due(deps)
    taking = now(held).operation
    assert taking is not None
    # What was received after all is not asked for again; what was lost between Adyen and the bank is.
    assert taking.is_received is (kind != "ioexception")
    adyen.hear(deps, "CAPTURE")
    assert now(held).status is P.CAPTURED

    adyen.fault(kind, "POST /adyen/v71/payments/*/refunds")
    request_refund(deps, RequestRefund(shop.merchant_id, held.id, usd("5.00"), "user:1"))
    submit_due(deps)
    assert refund_statuses() == [RefundStatus.UNKNOWN]
    clock.advance(timedelta(minutes=2))
    submit_due(deps)
    adyen.hear(deps, "REFUND")
    assert refund_statuses() == [RefundStatus.SUCCEEDED]
    assert_books_equal_adyens_record(adyen)


def test_a_message_is_stored_whole_or_not_at_all_and_what_is_ignored_says_why(
    app: Flask, deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    payment = make_payment(deps, shop)
    adyen.sandbox.control(
        "adyen/notifications",
        merchant_account=adyen.account,
        event_code="CHARGEBACK",
        psp_reference=payment.processor_reference,
    )
    adyen.await_news("AUTHORISATION", "CHARGEBACK")
    items = [one for body in adyen.told for one in json.loads(body)["notificationItems"]]
    broken = json.loads(json.dumps(items[-1]))
    broken["NotificationRequestItem"]["amount"]["value"] += 1
    bad = json.dumps({"live": "false", "notificationItems": [*items, broken]}).encode()

    address = f"/hooks/adyen/{shop.account_id}"
    assert app.test_client().post(address, data=bad).status_code == 400
    assert rows("SELECT * FROM inbox") == []
    for body in adyen.told * 2:
        accepted = app.test_client().post(address, data=body)
        assert (accepted.status_code, accepted.data) == (200, b"[accepted]")
    inbound.handle_due(deps)
    told = rows("SELECT kind, status, error IS NOT NULL AS why FROM inbox ORDER BY kind")
    assert told == [
        {"kind": "AUTHORISATION", "status": "handled", "why": False},
        {"kind": "CHARGEBACK", "status": "ignored", "why": True},
    ]


def told_by_hand(deps: Deps, shop: Shop, *items: dict[str, Any]) -> None:
    """Items that the sandbox would never tell, signed as Adyen would, arrive and are handled."""
    ours = [{**one, "merchantAccountCode": shop.tail} for one in items]
    body = message(*ours, key=HMAC_KEY)
    inbound.receive(deps, inbound.ReceiveNews(shop.account_id, body, {}))
    inbound.handle_due(deps)


def inbox_rows() -> list[tuple[str, bool]]:
    """What became of each news, in the order of arrival, and whether it says why."""
    found = rows("SELECT status, error IS NOT NULL AS why FROM inbox ORDER BY id")
    return [(row["status"], row["why"]) for row in found]


def test_what_was_not_understood_stays_open_and_says_why(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    payment = make_payment(deps, shop)
    strange = {"currency": "XXX", "value": 1}
    ours: dict[str, Any] = {
        "merchantReference": f"{payment.id}.{payment.attempt_id}",
        "pspReference": payment.processor_reference,
    }
    gone: dict[str, Any] = {"merchantReference": "pi_gone.op_1", "pspReference": "PSPGONE"}
    told_by_hand(deps, shop, item("AUTHORISATION", amount=strange, **ours))
    told_by_hand(deps, shop, item("AUTHORISATION", amount=strange, **gone))
    assert inbox_rows() == [("received", True), ("received", True)]

    # A refusal under a name of which nothing was made is understood.
    gone["pspReference"] = "PSPNO"
    told_by_hand(deps, shop, item("AUTHORISATION", success=False, **gone))
    assert inbox_rows()[2] == ("ignored", True)
    assert inbound.oldest_unhandled(deps.clock.now()) is not None


def test_a_kept_card_is_charged_again_and_forgotten(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    me, by = shop.merchant_id, "api:test"
    customers.create_customer(deps, customers.CreateCustomer(me, "cus_ada", by))
    keep = methods.KeepMethod(me, "cus_ada", "pm_kept", VISA, by)
    card = methods.keep_method(deps, keep)
    assert (card.card_brand, card.card_last4) == ("visa", "1111")
    assert methods.keep_method(deps, keep).id == card.id

    for is_away in (False, True):
        choice = methods.method_for_payment(deps, me, "pm_kept", "cus_ada")
        paid = create_payment(
            deps,
            CreatePayment(
                me, usd("8.00"), by, choice.token,
                payment_method_id=choice.payment_method_id, customer_id="cus_ada",
                customer_reference=choice.customer_reference, is_off_session=is_away,
            ),
        )  # fmt: skip
        assert isinstance(paid, Payment)
        assert paid.status is P.CAPTURED
    methods.drop_method(deps, me, "pm_kept", by)
    assert adyen.totals()["captured"] == 1600
    gone = make_payment(deps, shop, token=card.processor_token)
    assert (gone.status, gone.decline_reason) == (P.FAILED, "absent")
    with pytest.raises(NotFound):
        methods.drop_method(deps, me, "pm_nobodys", by)


def test_what_may_not_be_kept_is_not_told_again(deps: Deps, shop: Shop, adyen: AdyenSide) -> None:
    card = sealed_card()
    command = CreatePayment(shop.merchant_id, usd("8.00"), "api:test", card, payment_method=card)
    paid = create_payment(deps, command)

    assert isinstance(paid, Payment)
    assert (paid.status, now(paid).payment_method) == (P.CAPTURED, None)


def test_what_would_be_taken_for_a_sealed_card_or_is_a_number_in_clear_is_refused_at_once(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    clear = sealed_card().replace("test_4111111111111111", "4111 1111 1111 1111")
    for token in ("sealed:x:y", "erased:x", clear):
        with pytest.raises(InvalidRequest) as refused:
            make_payment(deps, shop, token=token)
        assert "4111" not in str(refused.value)
    assert rows("SELECT id FROM operations") == []


@pytest.mark.parametrize("point", ["payment.intent_recorded", "payment.processor_answered"])
def test_a_crash_around_any_call_is_finished_once(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock, point: str
) -> None:
    dying = replace(deps, failpoint=_dies_at(point))

    def recovered(payment_id: str) -> Payment:
        clock.advance(timedelta(minutes=2))
        resolver.resolve_due(deps)
        return payments.load(shop.merchant_id, payment_id)

    session_id = open_checkout(deps, shop, capture_method="manual")
    with pytest.raises(Crash):
        pay_checkout(dying, session_id, sealed_card("4212345678910006"))
    _, begun = checkout.session_of(shop.merchant_id, session_id)
    assert begun is not None
    asked = recovered(begun.id)
    assert asked.status is P.REQUIRES_ACTION
    brought = adyen.answer(asked)
    with pytest.raises(Crash):
        checkout.finish_authentication(dying, session_id, brought)
    assert recovered(asked.id).status is P.AUTHORIZED
    with pytest.raises(Crash):
        payments.capture_payment(dying, CapturePayment(shop.merchant_id, asked.id, "user:1"))
    assert recovered(asked.id).operation is not None
    adyen.await_news("AUTHORISATION", "CAPTURE")
    for body in adyen.told:
        inbound.receive(deps, inbound.ReceiveNews(shop.account_id, body, {}))
    for inside in ("inbox.fetched", "inbox.handled"):
        inbound.handle_due(replace(deps, failpoint=_dies_at(inside)))
        clock.advance(timedelta(hours=1))
    inbound.handle_due(deps)

    done = payments.load(shop.merchant_id, asked.id)
    assert (done.status, done.operation) == (P.CAPTURED, None)
    assert (adyen.totals()["charges"], adyen.totals()["captured"]) == (1, 4999)
    assert {row["status"] for row in rows("SELECT status FROM inbox")} == {"handled"}
    assert_books_equal_adyens_record(adyen)


class Crash(BaseException):
    """The process died here."""


def _dies_at(point: str) -> Callable[[str], None]:
    def die(name: str) -> None:
        if name == point:
            raise Crash if name.startswith("payment.") else RuntimeError(name)

    return die
