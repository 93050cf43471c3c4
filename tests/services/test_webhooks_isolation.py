"""One dead merchant with a hundred thousand events: everybody else is told at once."""

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network

import psycopg
import pytest
from flask import Flask

from app.adapters.http import SafeSender
from app.adapters.http_addresses import Policy
from app.services.deliveries import deliver_due
from app.services.deps import Deps
from tests.factories import Shop, open_shop
from tests.receivers import black_hole, receiving
from tests.services.webhook_world import endpoint_row, listen, statuses, tell

MANY = 100_000


@pytest.fixture
def hasty(deps: Deps) -> Deps:
    """A product that waits two seconds for an answer, not ten."""
    policy = Policy(frozenset({443}), (ip_network("127.0.0.0/8"),))
    return replace(deps, sender=SafeSender(policy, total_seconds=2))


def pile_up(database_url: str, merchant_id: str, endpoint_id: str, failures: int) -> None:
    """A hundred thousand events that wait for one endpoint, all older than anybody else's."""
    values = {"merchant": merchant_id, "endpoint": endpoint_id, "many": MANY, "failures": failures}
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            INSERT INTO public_events (merchant_id, id, type, object_id, source_event_id, body,
                                       created_at, published_at)
            SELECT %(merchant)s, 'evt_pile' || lpad(n::text, 22, '0'), 'test.happened', 'tst_1', '-',
                   '{}', now(), now()
            FROM generate_series(1, %(many)s) n
            """,
            values,
        )
        connection.execute(
            """
            INSERT INTO deliveries (merchant_id, id, endpoint_id, event_id, event_type, status,
                                    next_attempt_at, created_at)
            SELECT merchant_id, 'dlv_' || id, %(endpoint)s, id, type, 'pending',
                   now() - interval '1 hour', now()
            FROM public_events WHERE merchant_id = %(merchant)s
            """,
            values,
        )
        connection.execute(
            "UPDATE webhook_endpoints SET consecutive_failures = %(failures)s,"
            " failing_since = now() WHERE id = %(endpoint)s",
            values,
        )


def test_a_dead_endpoint_with_100_000_events_slows_nobody_down(
    app: Flask, deps: Deps, hasty: Deps, shop: Shop, database_url: str
) -> None:
    healthy = [open_shop(deps) for _ in range(5)]
    with ExitStack() as stack:
        hole, taken = stack.enter_context(black_hole())
        dead = listen(deps, shop, hole)
        pile_up(database_url, shop.merchant_id, dead.endpoint.id, failures=0)
        receivers = [stack.enter_context(receiving()) for _ in healthy]
        made = [listen(deps, one, to.url) for one, to in zip(healthy, receivers, strict=True)]
        ids = [tell(deps, one, count=10) for one in healthy]
        began = time.monotonic()

        def work() -> None:
            with app.app_context():
                deliver_due(hasty, run_seconds=6)

        worker = threading.Thread(target=work)
        worker.start()
        while not all(len(to.came) == 10 for to in receivers):
            assert time.monotonic() - began < 20, "the healthy wait for the dead one"
            time.sleep(0.02)
        # And what happens later, while the dead one is still being waited for, is told as well.
        later = tell(deps, healthy[0])
        while later[0] not in receivers[0].ids():
            assert time.monotonic() - began < 20
            time.sleep(0.02)
        worker.join()
        for to, wanted in zip(receivers, ids, strict=True):
            assert set(wanted) <= set(to.ids())
        assert [set(statuses(one)) for one in made] == [{"delivered"}] * 5
        # Four posts at first, and with each failure known, one at a time and with pauses.
        assert 4 <= taken() <= 10
        assert endpoint_row(dead).consecutive_failures == taken()


def test_failing_endpoints_share_a_few_posts_and_take_turns(
    deps: Deps, hasty: Deps, database_url: str
) -> None:
    shops = [open_shop(deps) for _ in range(8)]
    with ExitStack() as stack:
        holes = [stack.enter_context(black_hole()) for _ in shops]
        for one, (url, _) in zip(shops, holes, strict=True):
            made = listen(deps, one, url)
            tell(deps, one, count=6)
            with psycopg.connect(database_url) as connection:
                connection.execute(
                    "UPDATE webhook_endpoints SET consecutive_failures = 5, failing_since = now()"
                    " WHERE id = %s",
                    (made.endpoint.id,),
                )

        deliver_due(hasty, run_seconds=1)
        first = [taken() for _, taken in holes]
        assert sorted(first) == [0, 0, 0, 0, 1, 1, 1, 1]

        deliver_due(hasty, run_seconds=1)
        assert [taken() for _, taken in holes] == [1] * 8, "who waited longest is next"
