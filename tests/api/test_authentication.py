import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from app.services import keys
from app.services.audit import By
from app.services.deps import Deps, Remembered
from tests.api.client import Api, basket, charges, error_of, order
from tests.factories import Shop, TestClock, make_payment, open_checkout
from tests.sandbox.server import SandboxServer

ROUTES = [
    ("POST", "/payments"),
    ("GET", "/payments/pi_0000000000000000"),
    ("POST", "/v1/checkout/sessions"),
    ("GET", "/v1/checkout/sessions/cs_test_0"),
    ("POST", "/v1/checkout/sessions/cs_test_0/expire"),
]


HEADERS = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer sk_test_wrong",
    "Basic !!!",
    "Basic " + base64.b64encode(b"sk_test_wrong:").decode(),
    "Digest username=x",
    "Bearer sk_test_\u00e9",
]


def test_without_a_valid_key_nothing_is_answered(api: Api) -> None:
    for method, path in ROUTES:
        for header in HEADERS:
            headers = {} if header is None else {"Authorization": header}
            answer = api.open(method, path, headers, json=order())
            assert answer.status_code == 401, (method, path, header)
            assert error_of(answer)["type"] == "invalid_request_error"
            assert error_of(answer)["code"] == "authentication_required"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_publishable_key_opens_nothing(api: Api, deps: Deps, shop: Shop) -> None:
    command = keys.CreateKey(shop.merchant_id, kind="publishable", name="Page")
    key = keys.create_key(deps, command).text
    for method, path in ROUTES:
        answer = api.open(method, path, {"Authorization": f"Bearer {key}"}, json=order())
        # What a browser may see of a payment opens by its client secret alone.
        expected = (
            404 if (method, path.rpartition("/")[0]) == ("GET", "/v1/payment_intents") else 403
        )
        assert answer.status_code == expected, (method, path)
        assert key not in answer.text


def test_the_key_is_taken_as_bearer_and_as_basic(api: Api, deps: Deps, shop: Shop) -> None:
    session = open_checkout(deps, shop)
    login = base64.b64encode(f"{shop.secret_key}:".encode()).decode()
    for header in (f"Bearer {shop.secret_key}", f"Basic {login}"):
        path = f"/v1/checkout/sessions/{session}"
        answer = api.open("GET", path, {"Authorization": header})
        assert answer.status_code == 200


def test_a_revoked_key_is_refused_at_once_and_for_replays_too(
    api: Api, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    assert api.pay("before").status_code == 200
    _revoke_all(deps, shop)
    assert api.pay("after").status_code == 401
    assert api.pay("before").status_code == 401
    assert api.post("/v1/checkout/sessions", basket()).status_code == 401
    assert charges(sandbox, shop) == 1


def test_a_revoked_key_is_refused_by_a_process_that_still_remembers_it(
    api: Api, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    assert api.pay("before").status_code == 200
    remembered = deps.callers.get(keys.key_hash(shop.secret_key), lambda: None)
    assert remembered is not None
    _revoke_all(deps, shop)
    deps.callers.get(keys.key_hash(shop.secret_key), lambda: remembered)
    assert api.pay("after").status_code == 401
    assert api.pay("before").status_code == 401
    assert charges(sandbox, shop) == 1


def elsewhere(deps: Deps) -> Deps:
    """Another process on the same database: what it changes, this one still remembers."""
    return replace(deps, callers=Remembered(30))


def narrow(deps: Deps, shop: Shop, *networks: str) -> None:
    """Allow the shop's key from these networks only, by somebody in another process."""
    caller = keys.authenticate_key(deps, shop.secret_key, "127.0.0.1")
    keys.change_key(
        elsewhere(deps), keys.ChangeKey(shop.merchant_id, caller.key_id, "Shop", {}, networks, By())
    )


def test_a_narrowed_list_of_addresses_holds_at_once_in_every_process(
    api: Api, deps: Deps, shop: Shop, sandbox: SandboxServer
) -> None:
    assert api.pay("before").status_code == 200
    narrow(deps, shop, "203.0.113.0/24", "2001:db8::/32")

    for key in ("after", "before"):
        answer = api.pay(key)
        assert (answer.status_code, error_of(answer)["code"]) == (403, "permission_denied")
        assert "127.0.0.1" in error_of(answer)["message"]
    assert charges(sandbox, shop) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "2001:db8::7"])
def test_a_listed_address_is_served(api: Api, deps: Deps, shop: Shop, address: str) -> None:
    narrow(deps, shop, "127.0.0.0/8", "2001:db8::/32")
    headers = {"Authorization": f"Bearer {api.secret_key}", "Idempotency-Key": "k"}
    environ = {"REMOTE_ADDR": address}

    for _ in range(2):
        answer = api.open("POST", "/payments", headers, json=order(), environ_base=environ)
        assert answer.status_code == 200, answer.text


def test_a_key_that_was_rolled_elsewhere_is_told_to_have_been_revoked(
    api: Api, deps: Deps, shop: Shop
) -> None:
    assert api.pay("before").status_code == 200
    caller = keys.authenticate_key(deps, shop.secret_key, "127.0.0.1")
    keys.roll_key(elsewhere(deps), keys.RollKey(shop.merchant_id, caller.key_id, 0, By()))

    answer = api.pay("after")
    assert (answer.status_code, error_of(answer)["code"]) == (401, "authentication_required")
    assert error_of(answer)["message"] == "This API key was revoked."


def test_a_rolled_keys_overlap_ends_in_every_process(
    api: Api, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    assert api.pay("before").status_code == 200
    caller = keys.authenticate_key(deps, shop.secret_key, "127.0.0.1")
    keys.roll_key(elsewhere(deps), keys.RollKey(shop.merchant_id, caller.key_id, 3600, By()))
    assert api.pay("during").status_code == 200
    clock.advance(timedelta(hours=2))

    answer = api.pay("after")
    assert (answer.status_code, error_of(answer)["code"]) == (401, "api_key_expired")


def _revoke_all(deps: Deps, shop: Shop) -> None:
    caller = keys.authenticate_key(deps, shop.secret_key, "127.0.0.1")
    keys.revoke_key(deps, shop.merchant_id, caller.key_id, By())


def test_another_merchants_object_is_as_unknown_as_none(
    deps: Deps, api: Api, stranger: Api, shop: Shop
) -> None:
    payment, session = make_payment(deps, shop).id, open_checkout(deps, shop)
    for there, nowhere in (
        (f"/payments/{payment}", "/payments/pi_0000"),
        (f"/v1/checkout/sessions/{session}", "/v1/checkout/sessions/cs_test_0"),
    ):
        assert api.get(there).status_code == 200
        foreign, absent = stranger.get(there), stranger.get(nowhere)
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert _same_words(foreign, there) == _same_words(absent, nowhere)


def test_another_merchants_checkout_cannot_be_expired(
    deps: Deps, api: Api, stranger: Api, shop: Shop
) -> None:
    session = open_checkout(deps, shop)
    answer = stranger.post(f"/v1/checkout/sessions/{session}/expire", form={})
    absent = stranger.post("/v1/checkout/sessions/cs_test_0/expire", form={})
    assert (answer.status_code, absent.status_code) == (404, 404)
    assert _same_words(answer, session) == _same_words(absent, "cs_test_0")
    found = api.get(f"/v1/checkout/sessions/{session}").json
    assert found is not None
    assert found["status"] == "open"


def _same_words(answer: TestResponse, path: str) -> dict[str, str]:
    found = error_of(answer)
    object_id = path.rpartition("/")[2]
    words = {name: str(value).replace(object_id, "ID") for name, value in found.items()}
    words.pop("request_log_url")
    return words


def test_every_answer_carries_its_request_id(api: Api) -> None:
    refused = api.post("/payments", order(amount=0), key="k")
    assert refused.headers["Request-Id"] == error_of(refused)["request_log_url"].rpartition("/")[2]
    assert refused.headers["Request-Id"] != api.pay("k").headers["Request-Id"]
