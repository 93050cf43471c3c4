"""Webhook endpoints through the API: the secret once, the rest as it stands."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask

from app.adapters.http import SafeSender
from app.adapters.http_addresses import Policy
from app.services.deps import Deps
from app.services.endpoints import MOST_ENDPOINTS, reveal_secret, roll_secret
from app.web.api.version import API_VERSION
from tests.api.client import Api, count, error_of
from tests.contracts.schema import check
from tests.factories import Shop

ALL = "/v1/webhook_endpoints"
HOOK = "http://127.0.0.1:8999/hook"


def good(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = check(answer.json)
    return found


def make(api: Api, *, key: str | None = None, **changes: Any) -> dict[str, Any]:
    body = {"url": HOOK, "enabled_events": ["charge.succeeded"]} | changes
    return good(api.post(ALL, body, key=key))


def delete(api: Api, endpoint: str) -> Any:
    return api.open("DELETE", f"{ALL}/{endpoint}", {"Authorization": f"Bearer {api.secret_key}"})


def test_the_secret_is_told_once(api: Api, deps: Deps, shop: Shop) -> None:
    made = make(api, description="Shop", metadata={"shelf": "9"})
    assert made["id"].startswith("we_")
    assert made.pop("secret") == reveal_secret(deps, shop.merchant_id, made["id"])
    assert (made["status"], made["api_version"]) == ("enabled", API_VERSION)
    assert (made["description"], made["metadata"]) == ("Shop", {"shelf": "9"})
    assert good(api.get(f"{ALL}/{made['id']}")) == made
    assert good(api.get(ALL))["data"] == [made]
    assert good(api.post(f"{ALL}/{made['id']}", {"metadata": {"shelf": "9"}})) == made


def test_a_repeated_request_makes_one_endpoint(api: Api, database_url: str) -> None:
    first = make(api, key="once")
    assert make(api, key="once") == first
    assert count(database_url, "webhook_endpoints") == 1


def test_a_repeated_request_does_not_ask_about_the_address_again(
    api: Api, app: Flask, deps: Deps
) -> None:
    first = make(api, key="once")
    app.extensions["farthing"] = replace(deps, sender=SafeSender(Policy(frozenset({443}))))
    try:
        again = make(api, key="once")
        other = api.post(ALL, {"url": HOOK, "enabled_events": ["*"]}, key="other")
    finally:
        app.extensions["farthing"] = deps
    assert again == first
    assert error_of(other)["code"] == "url_invalid"


def test_a_secret_that_was_rolled_is_not_told_to_who_repeats_the_creation(
    api: Api, deps: Deps, shop: Shop
) -> None:
    made = make(api, key="once")
    new = roll_secret(deps, shop.merchant_id, made["id"])
    again = api.post(ALL, {"url": HOOK, "enabled_events": ["charge.succeeded"]}, key="once")
    assert made.pop("secret") != new
    assert good(again) == made
    assert again.headers["Idempotent-Replayed"] == "true"
    assert new not in again.text


def test_a_repeated_request_is_told_of_an_endpoint_that_was_deleted_since(api: Api) -> None:
    made = make(api, key="once")
    delete(api, made["id"])
    secret = made.pop("secret")
    assert secret
    assert make(api, key="once") == made
    assert good(api.get(ALL))["data"] == []


def test_the_secret_is_kept_nowhere_in_the_clear(api: Api, database_url: str) -> None:
    secret = make(api, key="once")["secret"].encode()
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT state, response_body FROM idempotency_keys").fetchall()
        rows = connection.execute("SELECT to_jsonb(e)::text FROM webhook_endpoints e").fetchall()
    assert kept == [("finished", None)]
    assert secret not in repr(rows).encode()


def test_a_form_makes_the_same_endpoint_as_json(api: Api) -> None:
    form = [
        ("url", HOOK), ("enabled_events[]", "charge.succeeded"),
        ("enabled_events[]", "charge.refunded"), ("api_version", API_VERSION),
    ]  # fmt: skip
    made = good(api.post(ALL, form=form))
    assert made["enabled_events"] == ["charge.succeeded", "charge.refunded"]


def test_what_is_given_is_changed_and_the_rest_stays(api: Api) -> None:
    made = make(api, description="Shop", metadata={"shelf": "9", "row": "1"})
    where = f"{ALL}/{made['id']}"
    changed = good(
        api.post(
            where,
            {"url": f"{HOOK}/2", "enabled_events": ["*"], "metadata": {"row": "", "place": "3"}},
        )
    )
    assert (changed["url"], changed["enabled_events"]) == (f"{HOOK}/2", ["*"])
    assert changed["metadata"] == {"shelf": "9", "place": "3"}
    assert changed["description"] == "Shop"
    cleared = good(api.post(where, {"description": "", "metadata": ""}))
    assert (cleared["description"], cleared["metadata"]) == (None, {})
    assert "secret" not in changed | cleared


def test_an_endpoint_is_switched_off_and_on(api: Api) -> None:
    made = make(api)
    where = f"{ALL}/{made['id']}"
    assert good(api.post(where, {"disabled": True}))["status"] == "disabled"
    assert good(api.post(where, {"disabled": "true"}))["status"] == "disabled"
    assert good(api.post(where, form={"disabled": "false"}))["status"] == "enabled"


def test_a_deleted_endpoint_is_gone(api: Api) -> None:
    made, other = make(api), make(api)
    gone = good(delete(api, made["id"]))
    assert gone == {"id": made["id"], "object": "webhook_endpoint", "deleted": True}
    assert api.get(f"{ALL}/{made['id']}").status_code == 404
    assert api.post(f"{ALL}/{made['id']}", {"disabled": True}).status_code == 404
    assert delete(api, made["id"]).status_code == 404
    assert [row["id"] for row in good(api.get(ALL))["data"]] == [other["id"]]
    assert api.get(f"{ALL}?starting_after={made['id']}").status_code == 400


def test_endpoints_are_listed_a_page_at_a_time(api: Api) -> None:
    made = [make(api)["id"] for _ in range(3)]
    first = good(api.get(f"{ALL}?limit=2"))
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (made[:0:-1], True)
    rest = good(api.get(f"{ALL}?limit=2&starting_after={made[1]}"))
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == (made[:1], False)


def test_another_merchants_endpoints_are_not_there(api: Api, stranger: Api) -> None:
    where = f"{ALL}/{make(api)['id']}"
    assert stranger.get(where).status_code == 404
    assert stranger.post(where, {"disabled": True}).status_code == 404
    assert delete(stranger, where.rpartition("/")[2]).status_code == 404
    assert good(stranger.get(ALL))["data"] == []
    assert good(api.get(where))["status"] == "enabled"


@pytest.mark.parametrize(
    "changes, code, param",
    [
        ({"url": None}, "parameter_missing", "url"),
        ({"enabled_events": None}, "parameter_missing", "enabled_events"),
        ({"enabled_events": []}, "parameter_invalid", "enabled_events"),
        ({"enabled_events": ["charge.*"]}, "parameter_invalid", "enabled_events[0]"),
        ({"enabled_events": ["*", "charge.failed"]}, "parameter_invalid", "enabled_events"),
        ({"enabled_events": "charge.failed"}, "parameter_invalid", "enabled_events"),
        ({"url": "ftp://shop.example"}, "url_invalid", "url"),
        ({"url": "http://10.0.0.1/"}, "url_invalid", "url"),
        ({"url": "http://user:pass@127.0.0.1/"}, "url_invalid", "url"),
        ({"api_version": "2020-08-27"}, "parameter_invalid", "api_version"),
        ({"connect": True}, "parameter_unsupported", "connect"),
        ({"secret": "whsec_mine"}, "parameter_unknown", "secret"),
        ({"metadata": {"a": "b" * 501}}, "parameter_invalid", "metadata[a]"),
    ],
)
def test_what_cannot_be_made_is_refused(
    api: Api, database_url: str, changes: dict[str, Any], code: str, param: str
) -> None:
    body = {"url": HOOK, "enabled_events": ["charge.succeeded"]} | changes
    answer = api.post(ALL, {name: value for name, value in body.items() if value is not None})
    error = error_of(answer)
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert count(database_url, "webhook_endpoints") == 0


def test_an_account_has_so_many_endpoints_and_no_more(api: Api) -> None:
    for _ in range(MOST_ENDPOINTS):
        make(api)
    answer = api.post(ALL, {"url": HOOK, "enabled_events": ["*"]})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "state_conflict")
