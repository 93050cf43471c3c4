from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.domain.errors import Conflict, InvalidRequest, NotFound
from app.services import endpoints, retention
from app.services.deliveries import deliver_due
from app.services.deps import Deps
from app.services.redelivery import RedeliverRange, redeliver, redeliver_range
from app.store.db import db
from app.store.outbox import PublicEvent
from app.store.webhooks import Delivery, DeliveryAttempt
from tests.factories import Shop, TestClock, open_shop
from tests.receivers import Receiver, receiving
from tests.services.webhook_world import deliveries, endpoint_row, listen, statuses, tell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The merchant's software."""
    with receiving() as running:
        yield running


def ranged(shop: Shop, made: endpoints.CreatedEndpoint, clock: TestClock) -> RedeliverRange:
    now = clock.now()
    day = timedelta(days=1)
    return RedeliverRange(shop.merchant_id, made.endpoint.id, now - day, now + day)


def test_a_delivery_is_sent_again_at_once_under_its_id(
    deps: Deps, shop: Shop, receiver: Receiver
) -> None:
    made = listen(deps, shop, receiver.url)
    [event_id] = tell(deps, shop)
    deliver_due(deps)
    [row] = deliveries(made)

    redeliver(deps, shop.merchant_id, row.id)
    assert statuses(made) == ["pending"]
    assert deliver_due(deps) == 1

    assert receiver.ids() == [event_id, event_id]
    assert statuses(made) == ["delivered"]
    rows = db.session.scalars(db.select(DeliveryAttempt).order_by(DeliveryAttempt.number))
    assert [one.is_manual for one in rows] == [False, True]


def test_what_a_person_asks_for_goes_before_all_that_waits(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    receiver.status = 500
    ids = tell(deps, shop, count=12)
    while endpoint_row(made).consecutive_failures < 12:
        deliver_due(deps)
        clock.advance(timedelta(minutes=2))
    receiver.came.clear()
    receiver.status = 200
    last = deliveries(made)[-1]

    redeliver(deps, shop.merchant_id, last.id)
    # The endpoint is being left alone for a while, but not by a person who wants to know.
    deliver_due(deps)

    assert receiver.ids()[0] == ids[-1]


def test_what_is_asked_for_again_is_tried_for_three_days_again(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    tell(deps, shop)
    deliver_due(deps)
    clock.advance(timedelta(days=5))
    receiver.status = 500
    redeliver(deps, shop.merchant_id, deliveries(made)[0].id)
    deliver_due(deps)

    [row] = deliveries(made)
    assert (row.status, row.attempts, row.tries) == ("pending", 2, 1)
    assert row.next_attempt_at is not None
    assert row.next_attempt_at - clock.now() < timedelta(seconds=7)


def test_a_disabled_endpoint_or_another_merchant_gets_nothing_again(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made, other = listen(deps, shop, receiver.url), open_shop(deps)
    tell(deps, shop)
    [row] = deliveries(made)

    with pytest.raises(NotFound):
        redeliver(deps, other.merchant_id, row.id)
    with pytest.raises(NotFound):
        redeliver_range(deps, ranged(other, made, clock))
    endpoints.disable_endpoint(deps, shop.merchant_id, made.endpoint.id)
    with pytest.raises(Conflict):
        redeliver(deps, shop.merchant_id, row.id)
    with pytest.raises(Conflict):
        redeliver_range(deps, ranged(shop, made, clock))
    assert statuses(made) == ["canceled"]


def test_a_range_is_sent_again_in_the_order_of_events(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url, "test.happened")
    before = tell(deps, shop)
    clock.advance(timedelta(days=2))
    during = [tell(deps, shop)[0] for _ in range(3)] + tell(deps, shop, count=3)
    tell(deps, shop, "test.unwanted")
    deliver_due(deps)
    receiver.came.clear()
    wanted = ranged(shop, made, clock)

    assert redeliver_range(deps, wanted) == 0, "nothing failed"
    everything = RedeliverRange(
        wanted.merchant_id, wanted.endpoint_id, wanted.since, wanted.until, only_failed=False
    )
    assert redeliver_range(deps, everything) == 6
    due = [row for row in deliveries(made) if row.next_attempt_at is not None]
    due.sort(key=lambda row: row.next_attempt_at or row.created_at)
    assert [row.event_id for row in due] == during
    deliver_due(deps)
    assert sorted(receiver.ids()) == during
    assert before[0] not in receiver.ids()


def test_only_what_failed_is_sent_again(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    made = listen(deps, shop, receiver.url)
    tell(deps, shop)
    deliver_due(deps)
    failed = tell(deps, shop, count=2)
    endpoints.disable_endpoint(deps, shop.merchant_id, made.endpoint.id)
    tell(deps, shop)  # Never meant for this endpoint: it was disabled.
    endpoints.enable_endpoint(deps, shop.merchant_id, made.endpoint.id)

    assert redeliver_range(deps, ranged(shop, made, clock)) == 2
    receiver.came.clear()
    clock.advance(timedelta(seconds=1))
    deliver_due(deps)
    assert sorted(receiver.ids()) == failed


def test_an_endless_range_is_refused(deps: Deps, shop: Shop, clock: TestClock) -> None:
    made = listen(deps, shop, "http://127.0.0.1:9/")
    now = clock.now()

    with pytest.raises(InvalidRequest):
        redeliver_range(deps, RedeliverRange(shop.merchant_id, made.endpoint.id, now, now))


def test_after_thirty_days_what_is_over_is_forgotten_and_nothing_else(
    deps: Deps, shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    listen(deps, shop, receiver.url)
    tell(deps, shop, count=3)
    deliver_due(deps)
    waiting = listen(deps, shop, "http://127.0.0.1:9/")
    [kept] = tell(deps, shop)
    clock.advance(timedelta(days=31))
    [fresh] = tell(deps, shop)
    deliver_due(deps)

    assert retention.reap_events(deps, batch=2) == 6
    db.session.rollback()
    assert sorted(db.session.scalars(db.select(PublicEvent.id))) == [kept, fresh]
    assert {row.event_id for row in deliveries(waiting)} == {kept, fresh}
    assert db.session.scalar(
        db.select(db.func.count())
        .select_from(DeliveryAttempt)
        .join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
    ) == db.session.scalar(db.select(db.func.count()).select_from(DeliveryAttempt))
    with pytest.raises(NotFound):
        redeliver(deps, shop.merchant_id, "dlv_gone")
