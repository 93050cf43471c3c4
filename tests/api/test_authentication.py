import base64

from werkzeug.test import TestResponse

from app.services import keys
from app.services.audit import By
from app.services.deps import Deps
from tests.api.client import Api, basket, charges, error_of, order
from tests.factories import Shop, make_payment, open_checkout
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
