"""Events as the API tells them: what was sent, for thirty days."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.services.deps import Deps
from app.services.publishing import publish_due
from app.store.db import transaction
from app.store.webhooks import Delivery
from tests.api.client import Api, error_of, order
from tests.contracts.schema import check
from tests.factories import FakeQueue, Shop, TestClock
from tests.services import webhook_world as world

ALL = "/v1/events"


def good(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    found: dict[str, Any] = answer.json
    return found


def ids(api: Api, query: str = "") -> list[str]:
    return [row["id"] for row in good(api.get(f"{ALL}?limit=100&{query}"))["data"]]


def test_a_payment_tells_its_story_in_events(api: Api, queue: FakeQueue) -> None:
    paid = check(api.post("/v1/payment_intents", order(confirm=True)).json)
    queue.drain()
    found = check(good(api.get(ALL)))["data"]
    assert [event["type"] for event in found][-1] == "payment_intent.created"
    assert {"payment_intent.succeeded", "charge.succeeded"} <= {event["type"] for event in found}
    for event in found:
        assert check(good(api.get(f"{ALL}/{event['id']}"))) == event
        assert (event["pending_webhooks"], event["livemode"]) == (0, False)
        assert paid["id"] in json.dumps(event["data"]["object"])
    [succeeded] = check(good(api.get(f"{ALL}?type=payment_intent.succeeded")))["data"]
    assert succeeded["data"]["object"]["status"] == "succeeded"


@pytest.fixture
def told(deps: Deps, shop: Shop) -> dict[str, list[str]]:
    """Events of three types, oldest first."""
    return {
        name: world.tell(deps, shop, name, count)
        for name, count in (
            ("charge.succeeded", 3),
            ("charge.refunded", 2),
            ("payment_intent.succeeded", 1),
        )
    }


def test_events_are_narrowed_by_type(api: Api, told: dict[str, list[str]]) -> None:
    paid, refunded, intents = (list(reversed(found)) for found in told.values())
    assert ids(api) == intents + refunded + paid
    assert ids(api, "type=*") == intents + refunded + paid
    assert ids(api, "type=charge.succeeded") == paid
    assert ids(api, "type=charge.*") == refunded + paid
    assert ids(api, "type=*.succeeded") == intents + paid
    assert ids(api, "type=payout.paid") == ids(api, "type=nothing.*") == []
    several = "types[]=charge.refunded&types[]=payment_intent.succeeded"
    assert ids(api, several) == intents + refunded
    assert ids(api, "types[0]=charge.refunded&types[1]=charge.refunded") == refunded


def test_pages_of_several_types_go_back_and_forth(api: Api, told: dict[str, list[str]]) -> None:
    paid, refunded, _ = (list(reversed(found)) for found in told.values())
    first = good(api.get(f"{ALL}?type=charge.*&limit=3"))
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (
        [*refunded, paid[0]],
        True,
    )
    rest = good(api.get(f"{ALL}?type=charge.*&limit=3&starting_after={paid[0]}"))
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == (paid[1:], False)
    back = good(api.get(f"{ALL}?type=charge.*&limit=1&ending_before={paid[1]}"))
    assert ([row["id"] for row in back["data"]], back["has_more"]) == ([paid[0]], True)


def test_events_are_narrowed_by_time(
    api: Api, deps: Deps, shop: Shop, clock: TestClock, told: dict[str, list[str]]
) -> None:
    clock.advance(timedelta(hours=1))
    since = int(clock.now().timestamp())
    [later] = world.tell(deps, shop, "charge.succeeded")
    assert ids(api, f"created[gte]={since}") == [later]
    assert later not in ids(api, f"created[lt]={since}")
    assert ids(api, f"created[gte]={since}&type=charge.refunded") == []
    assert len(ids(api, f"created[lt]={since}&type=charge.succeeded")) == 3
    del told


def test_events_are_shown_for_thirty_days(
    api: Api, clock: TestClock, told: dict[str, list[str]]
) -> None:
    [event] = told["payment_intent.succeeded"]
    clock.advance(timedelta(days=29))
    assert good(api.get(f"{ALL}/{event}"))["id"] == event
    clock.advance(timedelta(days=2))
    assert api.get(f"{ALL}/{event}").status_code == 404
    assert ids(api) == ids(api, "type=charge.*") == []


def test_how_many_endpoints_wait_is_told_as_of_now(api: Api, deps: Deps, shop: Shop) -> None:
    endpoint = world.listen(deps, shop, "http://127.0.0.1:9/hook", "charge.succeeded").endpoint
    world.listen(deps, shop, "http://127.0.0.1:9/other")
    [event] = world.tell(deps, shop, "charge.succeeded")
    [other] = world.tell(deps, shop, "charge.refunded")
    assert good(api.get(f"{ALL}/{event}"))["pending_webhooks"] == 2
    assert good(api.get(f"{ALL}/{other}"))["pending_webhooks"] == 1
    assert ids(api, "delivery_success=true") == []
    _deliver(shop, other, "delivered")
    _deliver(shop, event, "failed", endpoint.id)
    assert [row["pending_webhooks"] for row in good(api.get(ALL))["data"]] == [0, 1]
    assert ids(api, "delivery_success=true") == [other]
    assert ids(api, "delivery_success=false") == [event]
    assert ids(api, "delivery_success=false&type=charge.refunded") == []


def _deliver(shop: Shop, event_id: str, status: str, endpoint_id: str | None = None) -> None:
    with transaction() as session:
        wanted = session.query(Delivery).filter_by(merchant_id=shop.merchant_id, event_id=event_id)
        for row in wanted:
            if endpoint_id in (None, row.endpoint_id):
                row.status, row.next_attempt_at = status, None


def test_another_merchants_events_are_not_there(stranger: Api, told: dict[str, list[str]]) -> None:
    [event] = told["payment_intent.succeeded"]
    assert stranger.get(f"{ALL}/{event}").status_code == 404
    assert stranger.get(f"{ALL}?starting_after={event}").status_code == 400
    assert ids(stranger) == ids(stranger, "type=charge.*") == []


@pytest.mark.parametrize(
    "query, code, param",
    [
        ("type=a&types[]=b", "parameters_exclusive", "types"),
        ("types[]=charge.*", "parameter_invalid", "types"),
        ("&".join(f"types[]=t{n}" for n in range(21)), "parameter_invalid", "types"),
        ("starting_after=evt_1", "resource_missing", "starting_after"),
        ("delivery_success=perhaps", "parameter_invalid", "delivery_success"),
        ("created[since]=1", "parameter_unknown", "created[since]"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(api: Api, query: str, code: str, param: str) -> None:
    answer = api.get(f"{ALL}?{query}")
    error = error_of(answer)
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


def test_events_wait_in_the_outbox_until_they_are_published(
    api: Api, deps: Deps, shop: Shop
) -> None:
    [event] = world.happen(deps, shop, "charge.succeeded")
    assert api.get(f"{ALL}/{event}").status_code == 404
    publish_due(deps, world.render)
    assert good(api.get(f"{ALL}/{event}"))["id"] == event
