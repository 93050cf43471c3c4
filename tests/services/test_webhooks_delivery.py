"""Deliveries over real sockets, through the product's own sender."""

import base64
import hmac
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import stripe
from flask import Flask

from app.services import endpoints
from app.services.deliveries import deliver_due
from app.services.deps import Deps
from app.store.db import db
from app.store.mails import Mail
from app.store.webhooks import DeliveryAttempt
from tests.factories import FakeQueue, Shop, TestClock, open_shop
from tests.receivers import Came, Receiver, receiving
from tests.services.webhook_world import deliveries, endpoint_row, listen, statuses, tell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The merchant's software."""
    with receiving() as running:
        yield running


def verified(came: Came, secret: str) -> Any:
    return stripe.Webhook.construct_event(came.body, came.headers["stripe-signature"], secret)  # type: ignore[no-untyped-call]


def is_standard(came: Came, secret: str) -> bool:
    signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, signed + came.body, "sha256")).decode()
    given = [part.partition(",") for part in came.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and mac == wanted for version, _, mac in given)


def attempts() -> list[DeliveryAttempt]:
    db.session.rollback()
    return list(db.session.scalars(db.select(DeliveryAttempt).order_by(DeliveryAttempt.at)))


def test_the_official_sdk_and_the_standard_verify_what_arrives(
    deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    made = listen(deps, shop, f"{receiver.url}/hook")
    [event_id] = tell(deps, shop)

    assert deliver_due(deps) == 1

    [came] = receiver.came
    assert came.path == "/hook"
    assert verified(came, made.secret)["id"] == event_id
    assert is_standard(came, made.secret)
    assert not is_standard(came, endpoints.new_webhook_secret())
    assert came.id == event_id
    assert came.headers["user-agent"] == "Farthing/1.0"
    assert statuses(made) == ["delivered"]
    [attempt] = attempts()
    assert (attempt.response_code, attempt.response_body, attempt.error) == (200, "thanks", None)
    assert deliver_due(deps) == 0


def test_while_a_secret_is_rolled_both_verify_and_then_only_the_new_one(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    new = endpoints.roll_secret(
        deps, shop.merchant_id, made.endpoint.id, valid_old_for=timedelta(hours=1)
    )
    tell(deps, shop)
    deliver_due(deps)
    clock.advance(timedelta(hours=1, seconds=1))
    tell(deps, shop)
    deliver_due(deps)

    during, after = receiver.came
    for secret in (new, made.secret):
        assert verified(during, secret)
        assert is_standard(during, secret)
    assert is_standard(after, new)
    assert not is_standard(after, made.secret)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(after, made.secret)


def test_a_secret_rolled_at_once_ends_the_old_one(
    deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    made = listen(deps, shop, receiver.url)
    new = endpoints.roll_secret(deps, shop.merchant_id, made.endpoint.id)
    tell(deps, shop)
    deliver_due(deps)

    [came] = receiver.came
    assert verified(came, new)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(came, made.secret)


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_what_is_not_taken_comes_again_under_its_id(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock, status: int
) -> None:
    made = listen(deps, shop, receiver.url)
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}/elsewhere"}
    [event_id] = tell(deps, shop)
    deliver_due(deps)

    assert len(receiver.came) == 1, "a redirect is not followed, and nothing is tried at once"
    [row] = deliveries(made)
    assert (row.status, row.attempts, row.last_code) == ("pending", 1, status)
    assert row.next_attempt_at is not None
    wait = row.next_attempt_at - clock.now()
    assert timedelta(seconds=2) < wait < timedelta(seconds=7)
    assert endpoint_row(made).consecutive_failures == 1

    receiver.status = 204
    receiver.body = b""
    clock.advance(timedelta(seconds=7))
    deliver_due(deps)
    assert receiver.ids() == [event_id, event_id]
    assert statuses(made) == ["delivered"]
    assert [one.number for one in attempts()] == [1, 2]
    assert endpoint_row(made).consecutive_failures == 0
    assert endpoint_row(made).failing_since is None


def test_nobody_there_is_a_failure_in_words(deps: Deps, shop: Shop) -> None:
    with receiving() as gone:
        pass
    made = listen(deps, shop, gone.url)
    tell(deps, shop)
    deliver_due(deps)

    [row] = deliveries(made)
    assert (row.status, row.last_code) == ("pending", None)
    assert row.last_error


def test_a_receiver_that_asks_to_wait_is_left_alone_so_long(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    receiver.status, receiver.headers = 429, {"Retry-After": "900"}
    tell(deps, shop)
    deliver_due(deps)
    clock.advance(timedelta(seconds=890))
    assert deliver_due(deps) == 0
    receiver.status, receiver.headers = 200, {}
    clock.advance(timedelta(seconds=15))
    assert deliver_due(deps) == 1
    assert statuses(made) == ["delivered"]


def test_an_endpoint_that_is_gone_is_disabled_and_its_people_are_told(
    deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    made = listen(deps, shop, receiver.url)
    receiver.status = 410
    tell(deps, shop)
    deliver_due(deps)

    row = endpoint_row(made)
    assert (row.status, row.disabled_reason) == ("disabled", "gone")
    assert statuses(made) == ["canceled"]
    [mail] = db.session.scalars(db.select(Mail))
    assert (mail.recipient, mail.status) == (shop.email, "pending")
    assert receiver.url in mail.body


def test_three_days_of_failure_end_the_delivery_and_the_endpoint(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock, queue: FakeQueue
) -> None:
    made = listen(deps, shop, receiver.url)
    receiver.status = 500
    tell(deps, shop)
    began = clock.now()
    while endpoint_row(made).status == "enabled" and clock.now() < began + timedelta(days=5):
        deliver_due(deps)
        clock.advance(timedelta(hours=1))
        if clock.now() > began + timedelta(days=2, hours=20):
            tell(deps, shop)

    row = endpoint_row(made)
    assert (row.status, row.disabled_reason) == ("disabled", "failing")
    assert clock.now() - began >= timedelta(days=3)
    assert deliveries(made)[0].status in ("failed", "canceled")
    assert "pending" not in statuses(made)
    [mail] = db.session.scalars(db.select(Mail))
    assert mail.recipient == shop.email
    count = len(receiver.came)
    tell(deps, shop)
    deliver_due(deps)
    assert len(receiver.came) == count


def test_a_delivery_is_given_up_after_three_days(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    other = listen(deps, shop, f"{receiver.url}/other", "test.other")
    receiver.status = 500
    tell(deps, shop)
    began = clock.now()
    while statuses(made) == ["pending"]:
        deliver_due(deps)
        assert clock.now() - began < timedelta(days=4)
        clock.advance(timedelta(minutes=30))

    assert statuses(made)[0] in ("failed", "canceled")
    assert clock.now() - began > timedelta(days=2, hours=14)
    assert 12 <= len(receiver.came) <= 20
    assert endpoint_row(other).consecutive_failures == 0


def test_two_workers_never_post_the_same_lease(
    app: Flask, deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    made = listen(deps, shop, receiver.url)
    receiver.delay_seconds = 0.02
    ids = tell(deps, shop, count=80)
    counts: list[int] = []

    def work() -> None:
        with app.app_context():
            counts.append(deliver_due(deps))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 80
    assert sorted(receiver.ids()) == ids
    assert set(statuses(made)) == {"delivered"}
    assert receiver.most_at_once <= 4, "the limit holds over all workers"


def test_a_result_that_comes_after_its_lease_was_lost_changes_nothing(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    made = listen(deps, shop, receiver.url)
    [event_id] = tell(deps, shop)

    def meanwhile(name: str) -> None:
        # This worker slept past its lease; another one delivered.
        if name == "webhook.delivered":
            clock.advance(timedelta(seconds=31))
            assert deliver_due(deps) == 1

    with caplog.at_level(logging.WARNING):
        assert deliver_due(replace(deps, failpoint=meanwhile)) == 1

    assert receiver.ids() == [event_id, event_id]
    [row] = deliveries(made)
    assert (row.status, row.attempts) == ("delivered", 1)
    assert "delivery.lease_lost" in [record.getMessage() for record in caplog.records]


def test_a_crash_before_the_record_means_the_same_event_again(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    [event_id] = tell(deps, shop)

    def crash(name: str) -> None:
        raise RuntimeError(name)

    with pytest.raises(RuntimeError):
        deliver_due(replace(deps, failpoint=crash))
    assert statuses(made) == ["pending"]
    assert deliver_due(deps) == 0, "the lease still stands"
    clock.advance(timedelta(seconds=31))
    assert deliver_due(deps) == 1
    assert receiver.ids() == [event_id, event_id]
    assert receiver.came[0].body == receiver.came[1].body
    assert statuses(made) == ["delivered"]


def test_one_secret_that_cannot_be_opened_holds_up_no_other(
    deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    spoilt, sound = listen(deps, shop, receiver.url), listen(deps, open_shop(deps), receiver.url)
    endpoint_row(spoilt).secret_sealed = b"not sealed"
    db.session.commit()
    tell(deps, shop)
    other = Shop(sound.endpoint.merchant_id, "", "", "", "")
    tell(deps, other)

    assert deliver_due(deps) == 1
    assert statuses(sound) == ["delivered"]
    assert statuses(spoilt) == ["pending"]


def test_an_endpoint_disabled_while_posting_keeps_the_truth(
    deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    made = listen(deps, shop, receiver.url)
    tell(deps, shop)

    def meanwhile(_name: str) -> None:
        endpoints.disable_endpoint(deps, shop.merchant_id, made.endpoint.id)

    deliver_due(replace(deps, failpoint=meanwhile))
    assert statuses(made) == ["delivered"]
