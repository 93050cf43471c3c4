import logging
import threading

import pytest
from flask import Flask

from app.services import refunds
from app.services.deps import Deps
from app.services.endpoints import delete_endpoint, disable_endpoint
from app.services.publishing import publish_due
from app.services.refunds import RequestRefund
from app.store.db import db
from app.store.outbox import OutboxRow, PublicEvent
from app.store.payments import Event
from tests.factories import FakeQueue, Shop, make_payment, open_checkout, open_shop, usd
from tests.services.webhook_world import deliveries, happen, listen, render, statuses, tell

URL = "http://127.0.0.1:9/hook"


def outbox() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(db.select(OutboxRow.event_id).order_by(OutboxRow.event_id)))


def published() -> list[PublicEvent]:
    db.session.rollback()
    return list(db.session.scalars(db.select(PublicEvent).order_by(PublicEvent.id)))


def test_what_happens_is_published_once_and_delivered_to_who_wants_it(
    deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    everything = listen(deps, shop, URL)
    some = listen(deps, shop, URL, "test.wanted", "test.other")
    none = listen(deps, shop, URL, "test.other")
    wanted, happened = happen(deps, shop, "test.wanted"), happen(deps, shop)

    assert publish_due(deps, render) == 2
    assert publish_due(deps, render) == 0

    assert [row.id for row in published()] == wanted + happened
    assert [row.event_id for row in deliveries(everything)] == wanted + happened
    assert [row.event_id for row in deliveries(some)] == wanted
    assert deliveries(none) == []
    assert outbox() == []


def test_an_event_may_become_two_or_none(deps: Deps, shop: Shop) -> None:
    made = listen(deps, shop, URL)
    [twice] = happen(deps, shop, "test.twice")

    assert publish_due(deps, render) == 1
    assert [row.event_id for row in deliveries(made)] == [twice, f"{twice}b"]

    happen(deps, shop)
    assert publish_due(deps, lambda _sources: []) == 1
    assert outbox() == []
    assert len(published()) == 2


def test_an_event_that_cannot_be_rendered_waits_and_holds_up_no_other(
    deps: Deps, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    made = listen(deps, shop, URL)
    broken = happen(deps, shop, "test.broken", count=5)
    sound = happen(deps, shop, count=3)

    with caplog.at_level(logging.ERROR):
        assert publish_due(deps, render, limit=2) == 3

    assert outbox() == broken
    assert [row.event_id for row in deliveries(made)] == sound
    said = [record for record in caplog.records if record.getMessage() == "event.not_published"]
    assert len(said) == 5
    # When the renderer is mended, they follow.
    assert publish_due(deps, lambda sources: []) == 5
    assert outbox() == []


def test_two_workers_publish_each_event_once(app: Flask, deps: Deps, shop: Shop) -> None:
    made = listen(deps, shop, URL)
    ids = happen(deps, shop, count=60)
    counts: list[int] = []

    def work() -> None:
        with app.app_context():
            counts.append(publish_due(deps, render, limit=7))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) + publish_due(deps, render) == 60
    assert [row.event_id for row in deliveries(made)] == ids
    assert [row.id for row in published()] == ids


def test_a_merchant_is_told_of_its_own_events_only(deps: Deps, shop: Shop) -> None:
    other = open_shop(deps)
    mine, theirs = listen(deps, shop, URL), listen(deps, other, URL)
    ids = tell(deps, shop)

    assert [row.event_id for row in deliveries(mine)] == ids
    assert deliveries(theirs) == []


def test_a_disabled_or_deleted_endpoint_gets_nothing(deps: Deps, shop: Shop) -> None:
    disabled, deleted = listen(deps, shop, URL), listen(deps, shop, URL)
    tell(deps, shop, count=2)
    disable_endpoint(deps, shop.merchant_id, disabled.endpoint.id)
    delete_endpoint(deps, shop.merchant_id, deleted.endpoint.id)
    tell(deps, shop)

    assert statuses(disabled) == ["canceled", "canceled"]
    assert statuses(deleted) == ["canceled", "canceled"]


def test_every_event_goes_through_the_outbox(deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)
    open_checkout(deps, shop)
    refunds.request_refund(
        deps, RequestRefund(shop.merchant_id, payment.id, usd("5.00"), "user:test")
    )
    refunds.submit_due(deps)

    db.session.rollback()
    events = list(db.session.scalars(db.select(Event.id).order_by(Event.id)))
    assert outbox() == events
    assert len(events) >= 5
