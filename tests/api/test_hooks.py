import hashlib
import hmac
import json
import time

import psycopg
import requests

from app.services.deps import Deps
from tests.api.client import Api, at_once, count
from tests.factories import FakeQueue, Shop, make_payment

SECRET = "whsec_test"


def _event(payment: str | None = "pi_1", event_id: str = "evt_1", **changes: object) -> bytes:
    thing = {"object": "payment_intent", "id": payment}
    event = {"id": event_id, "type": "payment_intent.succeeded", "livemode": False}
    return json.dumps(event | {"data": {"object": thing}} | changes).encode()


def _signed(body: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    at = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def _send(api: Api, shop: Shop, body: bytes, signature: str | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    path = f"/hooks/stripe/{shop.account_id}"
    answer = api.open("POST", path, headers, data=body, content_type="application/json")
    return answer.status_code


def test_a_signed_event_is_stored_once_and_answered_at_once(
    api: Api, shop: Shop, queue: FakeQueue, database_url: str
) -> None:
    body = _event()
    assert [_send(api, shop, body, _signed(body)) for _ in range(3)] == [200, 200, 200]
    assert count(database_url, "inbox") == 1


def test_twenty_copies_at_once_are_one(api: Api, shop: Shop, database_url: str) -> None:
    body = _event()
    jobs = [lambda: _send(api, shop, body, _signed(body))] * 20
    assert at_once(jobs) == [200] * 20
    assert count(database_url, "inbox") == 1


def test_what_is_not_proven_is_refused_and_not_stored(
    api: Api, shop: Shop, database_url: str
) -> None:
    body, now = _event(), int(time.time())
    good = _signed(body)
    other = good.partition(",")[2]
    for signature in (
        None,
        "",
        "nonsense",
        f"t={now}",
        f"t={now},v1=",
        f"t={now},v1={'0' * 64}",
        f"t={now},v0={other.removeprefix('v1=')}",
        _signed(body, secret="whsec_other"),
        _signed(body, secret=""),
        _signed(body, at=now - 301),
        _signed(body, at=now + 302),
        good.replace(f"t={now}", f"t={now - 5}"),
        f"{other}",
        f"t={now},t={now},{other}",
        f"t=-1,{other}",
        f"t={'9' * 400},{other}",
        f"t={now}," + ",".join(["v1=" + "0" * 64] * 1000) + f",{other}",
        f"t={now},v1=\u00fc",
    ):
        assert _send(api, shop, body, signature) == 400, signature
    for changed in (body + b" ", body[:-1], body.replace(b"pi_1", b"pi_2"), b"\xef\xbb\xbf" + body):
        assert _send(api, shop, changed, good) == 400, changed
    assert count(database_url, "inbox") == 0
    assert _send(api, shop, body, good) == 200


def test_a_signed_body_that_is_no_event_is_refused(api: Api, shop: Shop, database_url: str) -> None:
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    for body in (
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"\xff",
        deep,
        b'{"id":"evt_1","id":"evt_2"}',
        _event(livemode=True),
        _event().replace(b'"id": "evt_1"', b'"id": "evt_1", "id": "evt_2"'),
        _event(data={"object": "text"}),
        _event(data=None),
        _event(event_id="evt_\x00"),
        _event(payment="pi_\x00"),
    ):
        assert _send(api, shop, body, _signed(body)) == 400, body[:80]
    assert count(database_url, "inbox") == 0


def test_an_unknown_account_and_another_method_are_refused(api: Api, shop: Shop) -> None:
    body = _event()
    headers = {"Stripe-Signature": _signed(body)}
    for account in ("pac_0", "%00", "pac_" + "9" * 500):
        answer = api.open("POST", f"/hooks/stripe/{account}", headers, data=body)
        assert answer.status_code == 404, account
    path = f"/hooks/stripe/{shop.account_id}"
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert api.open(method, path, headers, data=body).status_code == 405, method


def test_fifty_megabytes_are_refused_fast(web: str, shop: Shop, database_url: str) -> None:
    address = f"{web}/hooks/stripe/{shop.account_id}"
    body = b" " * (50 * 1024 * 1024)
    headers = {"Stripe-Signature": _signed(body)}
    for sent, refusals in ((body, {413}), ((body[:1_000_000] for _ in range(50)), {400, 413})):
        begun = time.monotonic()
        answer = requests.post(address, data=sent, headers=headers, timeout=20)
        assert answer.status_code in refusals
        assert time.monotonic() - begun < 2
    assert requests.get(f"{web}/healthz", timeout=5).status_code == 200
    assert count(database_url, "inbox") == 0


def test_an_event_of_a_payment_is_handled_by_the_worker_not_the_request(
    api: Api, shop: Shop, deps: Deps, queue: FakeQueue, database_url: str
) -> None:
    payment = make_payment(deps, shop)
    body = _event(payment.processor_reference)
    assert _send(api, shop, body, _signed(body)) == 200
    with psycopg.connect(database_url) as connection:
        query = "SELECT status FROM inbox"
        assert connection.execute(query).fetchall() == [("received",)]
        assert "inbox" in queue.drain()
        assert connection.execute(query).fetchall() == [("handled",)]
