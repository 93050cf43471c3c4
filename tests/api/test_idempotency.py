import time

import psycopg

from app.services import resolver
from app.services.deps import Deps
from tests.api.client import Api, at_once, charges, count, error_of, order
from tests.factories import NO_FUNDS, VISA, Shop
from tests.sandbox.server import SandboxServer, wait_until


def test_the_same_key_and_body_replay_the_answer_byte_for_byte(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    first = api.pay("k", metadata={"a": "1", "b": "2"})
    time.sleep(1.1)  # A timestamp rendered anew would differ.
    for body in (order(metadata={"a": "1", "b": "2"}), order(metadata={"b": "2", "a": "1"})):
        again = api.post("/payments", dict(reversed(body.items())), key="k")
        assert (again.status_code, again.data) == (200, first.data)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.mimetype == "application/json"
    assert charges(sandbox, shop) == count(database_url, "payments") == 1


def test_the_answer_stays_as_it_was_given_whatever_happens_to_the_payment_later(
    api: Api, deps: Deps, shop: Shop
) -> None:
    first = api.pay("k", payment_method="pm_card_threeDSecure2Required")
    assert first.json is not None
    assert first.json["status"] == "requires_action"
    resolver.refresh_stale(deps)
    assert api.pay("k", payment_method="pm_card_threeDSecure2Required").data == first.data


def test_another_body_under_the_key_is_an_error_and_does_nothing(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    assert api.pay("k").status_code == 200
    for changes in ({"amount": 5000}, {"currency": "eur"}, {"metadata": {"a": "b"}}):
        answer = api.pay("k", **changes)
        assert answer.status_code == 400, changes
        assert error_of(answer)["type"] == "idempotency_error"
    assert charges(sandbox, shop) == 1


def test_a_request_that_failed_validation_leaves_the_key_free(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    assert api.pay("k", amount=0).status_code == 400
    assert api.pay("k", description="4242424242424242").status_code == 422
    assert count(database_url, "idempotency_keys") == 0
    answer = api.pay("k")
    assert answer.status_code == 200
    assert "Idempotent-Replayed" not in answer.headers
    assert charges(sandbox, shop) == 1


def test_a_decline_is_stored_and_never_tried_again(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    first = api.pay("k", payment_method=NO_FUNDS)
    again = api.pay("k", payment_method=NO_FUNDS)
    assert (first.status_code, again.status_code) == (402, 402)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.pay("k", payment_method=VISA).status_code == 400
    assert count(database_url, "payments") == 1
    assert charges(sandbox, shop) == 0


def test_two_merchants_keys_are_two_keys(
    api: Api, stranger: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    mine, theirs = api.pay("k"), stranger.pay("k", amount=700)
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert mine.json is not None
    assert theirs.json is not None
    assert mine.json["id"] != theirs.json["id"]
    assert theirs.json["amount"] == 700
    assert "Idempotent-Replayed" not in theirs.headers
    assert charges(sandbox, shop) == 1


def test_a_request_in_flight_is_409_with_a_time_to_come_back(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    sandbox.fault("delay_before", account=shop.sandbox_account, seconds=1.5)

    def second() -> tuple[int, str | None, str]:
        wait_until(lambda: count(database_url, "idempotency_keys"))
        answer = api.pay("k")
        mismatch = api.pay("k", amount=5000)
        assert error_of(mismatch)["type"] == "idempotency_error"
        assert mismatch.status_code == 400
        return answer.status_code, answer.headers.get("Retry-After"), error_of(answer)["code"]

    first, refused = at_once([lambda: api.pay("k").status_code, second])
    assert first == 200
    assert refused == (409, "1", "idempotency_key_in_use")
    assert api.pay("k").headers["Idempotent-Replayed"] == "true"
    assert charges(sandbox, shop) == 1


def test_a_request_that_died_is_finished_by_the_next_one_after_its_lease(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    sandbox.fault("drop_after", account=shop.sandbox_account, route="POST /v1/payment_intents")
    assert api.pay("k").status_code == 202
    _lease(database_url, "1 minute")
    assert api.pay("k").status_code == 409
    _lease(database_url, "-1 second")
    assert api.pay("k").status_code == 200
    assert charges(sandbox, shop) == 1


def _lease(database_url: str, interval: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE idempotency_keys SET leased_until = now() + %s::interval", (interval,)
        )
