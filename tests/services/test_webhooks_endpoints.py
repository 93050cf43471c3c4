from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.errors import AddressRefused, Conflict, InvalidRequest, NotFound
from app.services import endpoints
from app.services.deps import Deps
from app.services.endpoints import CreateEndpoint, UpdateEndpoint
from tests.factories import FakeQueue, Shop, TestClock, open_shop
from tests.services.webhook_world import (
    deliveries,
    endpoint_row,
    listen,
    mark_delivered,
    statuses,
    tell,
)

URL = "http://127.0.0.1:9/hook"


def test_an_endpoint_is_made_once_however_often_it_is_asked_for(deps: Deps, shop: Shop) -> None:
    command = CreateEndpoint(
        shop.merchant_id, "we_01asked", URL, ("test.happened",), "Orders", {"team": "shop"}
    )

    first = endpoints.create_endpoint(deps, command)
    again = endpoints.create_endpoint(deps, replace(command, url=f"{URL}/other"))

    assert (again.endpoint.id, again.secret) == (first.endpoint.id, first.secret)
    row = endpoint_row(first)
    assert (row.url, row.description, row.metadata_) == (URL, "Orders", {"team": "shop"})
    assert row.status == "enabled"


def test_a_secret_is_kept_sealed_and_can_be_shown(deps: Deps, shop: Shop) -> None:
    made = listen(deps, shop, URL)

    assert made.secret.encode() not in endpoint_row(made).secret_sealed
    assert endpoints.reveal_secret(deps, shop.merchant_id, made.endpoint.id) == made.secret


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "https://169.254.169.254/latest",
        "ftp://127.0.0.1/",
        "hook",
        "http://x\n",
    ],
)
def test_an_address_of_the_inside_is_refused_when_made_and_when_changed(
    deps: Deps, shop: Shop, url: str
) -> None:
    made = listen(deps, shop, URL)

    with pytest.raises(AddressRefused):
        listen(deps, shop, url)
    with pytest.raises(AddressRefused):
        endpoints.update_endpoint(deps, UpdateEndpoint(shop.merchant_id, made.endpoint.id, url=url))
    assert endpoint_row(made).url == URL


@pytest.mark.parametrize("events", [(), ("*", "test.happened")])
def test_the_events_are_all_or_some(deps: Deps, shop: Shop, events: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        endpoints.create_endpoint(deps, CreateEndpoint(shop.merchant_id, "we_1", URL, events))
    assert refused.value.param == "enabled_events"


def test_an_account_has_sixteen_endpoints_and_no_more(deps: Deps, shop: Shop) -> None:
    made = [listen(deps, shop, URL) for _ in range(16)]

    with pytest.raises(Conflict):
        listen(deps, shop, URL)
    listen(deps, open_shop(deps), URL)
    endpoints.delete_endpoint(deps, shop.merchant_id, made[0].endpoint.id)
    listen(deps, shop, URL)


def test_what_is_given_is_changed_and_nothing_else(deps: Deps, shop: Shop) -> None:
    made = listen(deps, shop, URL)
    change = UpdateEndpoint(shop.merchant_id, made.endpoint.id)

    endpoints.update_endpoint(deps, replace(change, description="Orders", metadata={"a": "1"}))
    endpoints.update_endpoint(deps, replace(change, enabled_events=("test.wanted",)))
    endpoints.update_endpoint(deps, replace(change, url=f"{URL}/2"))

    row = endpoint_row(made)
    assert (row.url, row.enabled_events) == (f"{URL}/2", ["test.wanted"])
    assert (row.description, row.metadata_) == ("Orders", {"a": "1"})
    endpoints.update_endpoint(deps, replace(change, description=""))
    assert endpoint_row(made).description is None


def test_nobody_reaches_another_merchants_endpoint_or_a_deleted_one(deps: Deps, shop: Shop) -> None:
    made, other = listen(deps, shop, URL), open_shop(deps)
    endpoint_id = made.endpoint.id

    for call in (
        endpoints.delete_endpoint,
        endpoints.disable_endpoint,
        endpoints.enable_endpoint,
        endpoints.roll_secret,
        endpoints.reveal_secret,
    ):
        with pytest.raises(NotFound):
            call(deps, other.merchant_id, endpoint_id)
    endpoints.delete_endpoint(deps, shop.merchant_id, endpoint_id)
    with pytest.raises(NotFound):
        endpoints.delete_endpoint(deps, shop.merchant_id, endpoint_id)


def test_what_was_missed_is_sent_when_enabled_with_backfill(
    deps: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    made = listen(deps, shop, URL, "test.wanted")
    endpoint_id = made.endpoint.id
    long_before = tell(deps, shop, "test.wanted")
    mark_delivered()
    clock.advance(timedelta(hours=1))
    waiting = tell(deps, shop, "test.wanted", count=2)
    endpoints.disable_endpoint(deps, shop.merchant_id, endpoint_id)
    assert statuses(made) == ["delivered", "canceled", "canceled"]
    clock.advance(timedelta(hours=5))
    missed = tell(deps, shop, "test.wanted", count=3)
    tell(deps, shop, "test.unwanted")
    assert [row.event_id for row in deliveries(made)] == long_before + waiting

    enabled = endpoints.enable_endpoint(deps, shop.merchant_id, endpoint_id, with_backfill=True)

    assert enabled.backfilled == 5
    assert enabled.endpoint.status == "enabled"
    pending = [row for row in deliveries(made) if row.status == "pending"]
    assert [row.event_id for row in pending] == waiting + missed
    due = [row.next_attempt_at.isoformat() for row in pending if row.next_attempt_at]
    assert due == sorted(set(due))
    assert statuses(made)[0] == "delivered"
    again = endpoints.enable_endpoint(deps, shop.merchant_id, endpoint_id, with_backfill=True)
    assert again.backfilled == 0


def test_what_failed_long_before_the_endpoint_was_switched_off_is_missed_too(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    made = listen(deps, shop, URL)
    failing = tell(deps, shop, count=3)
    clock.advance(timedelta(hours=20))
    endpoints.disable_endpoint(deps, shop.merchant_id, made.endpoint.id)
    clock.advance(timedelta(hours=1))
    later = tell(deps, shop)

    enabled = endpoints.enable_endpoint(
        deps, shop.merchant_id, made.endpoint.id, with_backfill=True
    )

    assert enabled.backfilled == 4
    pending = [row.event_id for row in deliveries(made) if row.status == "pending"]
    assert pending == failing + later


def test_without_backfill_what_was_missed_stays_unsent(deps: Deps, shop: Shop) -> None:
    made = listen(deps, shop, URL)
    tell(deps, shop)
    endpoints.disable_endpoint(deps, shop.merchant_id, made.endpoint.id)
    row = endpoint_row(made)
    assert (row.status, row.disabled_reason) == ("disabled", "by_merchant")
    tell(deps, shop)

    endpoints.enable_endpoint(deps, shop.merchant_id, made.endpoint.id)

    assert statuses(made) == ["canceled"]
    row = endpoint_row(made)
    assert (row.status, row.disabled_reason, row.disabled_at) == ("enabled", None, None)


@pytest.mark.parametrize("hours", [-1, 25])
def test_an_old_secret_stays_valid_for_a_day_at_most(deps: Deps, shop: Shop, hours: int) -> None:
    made = listen(deps, shop, URL)

    with pytest.raises(InvalidRequest):
        endpoints.roll_secret(
            deps, shop.merchant_id, made.endpoint.id, valid_old_for=timedelta(hours=hours)
        )
    assert endpoints.reveal_secret(deps, shop.merchant_id, made.endpoint.id) == made.secret
