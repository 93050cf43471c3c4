"""News from the processor: verified, stored once, applied once, in whatever order it comes."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import NotFound, SignatureInvalid
from app.domain.states import PaymentStatus
from app.services import inbound, payments, polling
from app.services.accounts import set_webhook_secrets
from app.services.deps import Deps
from app.services.inbound import ReceiveNews
from tests.factories import (
    NEEDS_3DS,
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    open_shop,
)
from tests.services.bank import Bank, assert_books_equal_record, at_once, deliver, rows, sign

CREATE = "POST /v1/payment_intents"


def inbox() -> list[tuple[str, str]]:
    found = rows("SELECT kind, status FROM inbox ORDER BY kind, status")
    return [(row["kind"], row["status"]) for row in found]


def event(**more: Any) -> dict[str, Any]:
    """An event about a payment that nobody knows."""
    return {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"id": "pi_nobody", "object": "payment_intent"}},
        **more,
    }


def send(deps: Deps, shop: Shop, body: bytes, signature: str) -> bool:
    return inbound.receive(
        deps, ReceiveNews(shop.account_id, body, {"Stripe-Signature": signature})
    )


def signature_of(deps: Deps, body: bytes, **more: Any) -> str:
    return sign(body, deps.clock.now(), **more)


def test_a_signed_event_is_stored_and_wakes_the_worker(
    deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    assert deliver(deps, shop, event())
    assert inbox() == [("payment_intent.succeeded", "received")]
    assert queue.drain() == ["inbox"]


def forgeries(deps: Deps, body: bytes) -> dict[str, str]:
    """Headers that do not prove the sender, by what is wrong with them."""
    now = deps.clock.now()
    good = sign(body, now)
    stamp, mac = good.split(",v1=")
    return {
        "no header": "",
        "no signature": stamp,
        "no time": f"v1={mac}",
        "wrong secret": sign(body, now, "whsec_other"),
        "empty secret": sign(body, now, ""),
        "another scheme": f"{stamp},v0={mac}",
        "several times": f"{stamp},{stamp},v1={mac}",
        "stale": sign(body, now - timedelta(seconds=302)),
        "from the future": sign(body, now + timedelta(seconds=302)),
        "time changed": f"t={int(now.timestamp()) - 1},v1={mac}",
        "time not a number": f"t=abc,v1={mac}",
        "time in other digits": f"t=１２３,v1={mac}",  # noqa: RUF001
        "eleven signatures": ",".join([stamp, *[f"v1={mac}"] * 11]),
        "not text": f"{stamp},v1=é{mac}",
        "cut": good[:-1],
        "rubbish": "=,=,=",
    }


def test_what_is_not_proved_to_be_the_processors_is_not_stored(
    deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    body = json.dumps(event()).encode()

    for kind, signature in forgeries(deps, body).items():
        with pytest.raises(SignatureInvalid):
            assert send(deps, shop, body, signature) is None, kind
    assert inbox() == []
    assert queue.drain() == []


def test_a_body_altered_by_one_byte_is_refused(deps: Deps, shop: Shop) -> None:
    body = json.dumps(event()).encode()
    signature = signature_of(deps, body)

    for altered in (
        body.replace(b"pi_nobody", b"pi_nobodz"),
        body + b" ",
        b"\xef\xbb\xbf" + body,
        json.dumps(json.loads(body), indent=2).encode(),
        b"",
    ):
        with pytest.raises(SignatureInvalid):
            send(deps, shop, altered, signature)
    assert inbox() == []


def test_a_signed_body_that_is_not_an_event_is_refused(deps: Deps, shop: Shop) -> None:
    head = b'"id":"evt_1","type":"x","livemode":false'
    for body in (
        b'{"id":"evt_1",' + head + b',"data":{"object":{"object":"y"}}}',
        b"{" + head + b',"data":{"object":{"id":1,"id":2,"object":"y"}}}',
        b"{" + head + b',"data":null}',
        b"{" + head + b',"data":{"object":[]}}',
        b"{" + head + b',"data":{"object":"pi_1"}}',
        b"{" + head + b',"data":{"object":{"object":"payment_intent"}}}',
        b"{" + head + b"}",
        b"[]",
        b"null",
        b'"event"',
        b"{}",
        b"not json",
        b"\xff\xfe",
        b"[" * 20_000,
        b"",
    ):
        with pytest.raises(SignatureInvalid):
            send(deps, shop, body, signature_of(deps, body))
    assert inbox() == []


def test_a_secret_can_be_changed_without_losing_an_event(deps: Deps, shop: Shop) -> None:
    set_webhook_secrets(deps, shop.account_id, ("whsec_new", "whsec_test"))
    old, new = (json.dumps(event(id=name)).encode() for name in ("evt_1", "evt_2"))
    assert send(deps, shop, old, signature_of(deps, old, secret="whsec_test"))
    assert send(deps, shop, new, signature_of(deps, new, secret="whsec_new"))

    set_webhook_secrets(deps, shop.account_id, ("whsec_new",))
    with pytest.raises(SignatureInvalid):
        send(deps, shop, old, signature_of(deps, old, secret="whsec_test"))


def test_two_signatures_during_a_change_of_secrets_are_fine(deps: Deps, shop: Shop) -> None:
    body = json.dumps(event()).encode()
    first = signature_of(deps, body, secret="whsec_old")
    second = signature_of(deps, body).partition(",")[2]

    assert send(deps, shop, body, f"{first},{second}")


def test_no_event_comes_to_an_account_that_does_not_exist(deps: Deps, shop: Shop) -> None:
    with pytest.raises(NotFound):
        deliver(deps, replace(shop, account_id="pac_nobody"), event())


def test_a_live_event_does_not_come_to_a_test_account(deps: Deps, shop: Shop) -> None:
    with pytest.raises(SignatureInvalid):
        deliver(deps, shop, event(livemode=True))
    assert inbox() == []


def test_the_same_event_twenty_times_at_once_has_one_effect(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    bank.fault("drop_after", CREATE)
    payment = make_payment(deps, shop)
    [told] = bank.events("payment_intent.succeeded")

    answers = at_once([lambda: deliver(deps, shop, told) for _ in range(20)])
    assert answers.count(True) == 1
    assert answers.count(False) == 19
    at_once([lambda: inbound.handle_due(deps) for _ in range(4)])
    assert inbox() == [("payment_intent.succeeded", "handled")]
    assert payments.load(shop.merchant_id, payment.id).captured_minor == 5000
    assert_books_equal_record(bank)


def test_a_replayed_event_has_no_second_effect(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    make_payment(deps, shop)
    [told] = bank.events("payment_intent.succeeded")
    assert deliver(deps, shop, told)
    queue.drain()
    assert not deliver(deps, shop, told)
    assert queue.drain() == []
    assert inbox() == [("payment_intent.succeeded", "handled")]


def books(shop: Shop) -> list[dict[str, Any]]:
    return rows(
        """SELECT account, currency, sum(signed_minor)::bigint AS total FROM ledger_entries
           WHERE merchant_id = :m GROUP BY 1, 2 ORDER BY 1, 2""",
        m=shop.merchant_id,
    )


def test_an_event_that_lies_is_not_believed(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    waiting = make_payment(deps, shop, token=NEEDS_3DS)
    lie = bank.sandbox.control(
        "events", account=shop.sandbox_account, payment_intent=waiting.processor_reference
    )
    assert lie["data"]["object"]["status"] == "succeeded"

    deliver(deps, shop, lie)
    queue.drain()
    now = payments.load(shop.merchant_id, waiting.id)
    assert (now.status, now.captured_minor) == (PaymentStatus.REQUIRES_ACTION, 0)


@pytest.mark.parametrize(
    "thing",
    [
        {"id": "pi_nobody", "object": "payment_intent"},
        {"id": "cus_1", "object": "customer"},
        {"id": "ch_1", "object": "charge", "payment_intent": None},
    ],
    ids=["no such payment", "not about a payment", "a charge without a payment"],
)
def test_an_event_that_is_none_of_our_business_is_ignored(
    deps: Deps, shop: Shop, queue: FakeQueue, thing: dict[str, Any]
) -> None:
    deliver(deps, shop, event(data={"object": thing}))
    queue.drain()

    assert inbox() == [("payment_intent.succeeded", "ignored")]


def test_a_payment_made_at_the_processor_without_us_is_ignored(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    made_there(bank, {})
    for told in bank.events("payment_intent.succeeded"):
        deliver(deps, shop, told)
    queue.drain()
    assert inbox() == [("payment_intent.succeeded", "ignored")]


def made_there(bank: Bank, metadata: dict[str, str]) -> Any:
    return bank.client.v1.payment_intents.create(
        {
            "amount": 1234,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "allowed_payment_method_types": ["card"],
            "metadata": metadata,
        }
    )


def test_money_for_a_payment_that_never_appears_goes_to_suspense(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue, clock: TestClock
) -> None:
    made_there(
        bank, {"farthing_merchant": shop.merchant_id, "farthing_payment": "pi_lost_in_a_restore"}
    )
    [told] = bank.events("payment_intent.succeeded")
    deliver(deps, shop, told)
    queue.drain()
    assert inbox() == [("payment_intent.succeeded", "unmatched")]
    assert books(shop) == []

    for _ in range(12):
        clock.advance(timedelta(hours=2))
        inbound.handle_due(deps)
    assert inbox() == [("payment_intent.succeeded", "failed")]
    assert [(row["account"], row["total"]) for row in books(shop)] == [
        ("processor_receivable:stripe", 1234),
        ("suspense", -1234),
    ]


def test_an_object_that_names_another_merchant_is_never_applied(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    victim = open_shop(deps, name="Victim")
    theirs = make_payment(deps, victim, token=NEEDS_3DS)
    made_there(bank, {"farthing_merchant": victim.merchant_id, "farthing_payment": theirs.id})
    for told in bank.events("payment_intent.succeeded"):
        deliver(deps, shop, told)
    queue.drain()

    assert inbox() == [("payment_intent.succeeded", "failed")]
    assert payments.load(victim.merchant_id, theirs.id).status is PaymentStatus.REQUIRES_ACTION
    assert books(victim) == []


def test_an_object_that_does_not_match_our_row_is_never_applied(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    waiting = make_payment(deps, shop, token=NEEDS_3DS)
    made_there(bank, {"farthing_merchant": shop.merchant_id, "farthing_payment": waiting.id})
    [told] = bank.events("payment_intent.succeeded")
    deliver(deps, shop, told)
    queue.drain()

    assert inbox() == [("payment_intent.succeeded", "failed")]
    assert payments.load(shop.merchant_id, waiting.id).status is PaymentStatus.REQUIRES_ACTION
    [noted] = rows("SELECT data FROM events WHERE name = 'payment.integrity_failed'")
    assert "another reference" in noted["data"]["why"]


def test_an_event_waits_while_the_processor_cannot_be_asked(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue, clock: TestClock
) -> None:
    bank.fault("drop_after", CREATE)
    payment = make_payment(deps, shop)
    [told] = bank.events("payment_intent.succeeded")
    bank.fault("unavailable", "GET /v1/payment_intents/*", count=None)
    deliver(deps, shop, told)
    queue.drain()
    assert inbox() == [("payment_intent.succeeded", "received")]
    assert inbound.oldest_unhandled(deps.clock.now()) is not None

    bank.sandbox.clear_faults()
    clock.advance(timedelta(minutes=1))
    inbound.handle_due(deps)
    assert inbox() == [("payment_intent.succeeded", "handled")]
    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED
    assert inbound.oldest_unhandled(deps.clock.now()) is None


@pytest.mark.parametrize("point", ["inbox.received", "inbox.fetched", "inbox.handled"])
def test_a_worker_that_died_in_the_middle_loses_no_event(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock, point: str
) -> None:
    from app.adapters.failpoints import failpoint  # noqa: PLC0415

    bank.fault("drop_after", CREATE)
    payment = make_payment(deps, shop)
    [told] = bank.events("payment_intent.succeeded")
    failing = replace(deps, failpoint=failpoint(f"{point}:raise"))
    if point == "inbox.received":
        with pytest.raises(RuntimeError):
            deliver(failing, shop, told)
        assert not deliver(deps, shop, told)
    else:
        deliver(deps, shop, told)
        inbound.handle_due(failing)

    clock.advance(timedelta(minutes=1))
    inbound.handle_due(deps)
    assert inbox() == [("payment_intent.succeeded", "handled")]
    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED
    assert_books_equal_record(bank)


def test_news_that_no_webhook_brought_is_fetched(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue
) -> None:
    payment = make_payment(deps, shop, token=NEEDS_3DS)
    bank.answer_challenge(payment)  # No webhook address is registered: nobody tells us.

    assert polling.poll_due(deps) > 0
    queue.drain()

    assert payments.load(shop.merchant_id, payment.id).status is PaymentStatus.CAPTURED
    assert polling.poll_due(deps, every=timedelta()) == 0


def test_news_is_asked_for_again_while_the_processor_does_not_answer(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    make_payment(deps, shop)
    bank.fault("error_before", "GET /v1/events*")

    assert polling.poll_due(deps) == 0
    assert polling.poll_due(deps) > 0
