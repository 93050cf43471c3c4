"""The receiver: keeps what comes, checks signatures, and answers as it is told to."""

import base64
import hashlib
import hmac
import secrets
import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.server import SandboxServer

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
BODY = b'{"id": "evt_1", "type": "payment_intent.succeeded"}'


@pytest.fixture
def name() -> str:
    """A receiver of this test alone."""
    return f"r{secrets.token_hex(4)}"


def signed(secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    now = str(int(time.time()))
    older = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    standard = hmac.digest(key, f"evt_1.{now}.".encode() + body, "sha256")
    return {
        "Stripe-Signature": f"t={now},v1={older}",
        "webhook-id": "evt_1",
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(standard).decode()}",
    }


def post(sandbox: SandboxServer, name: str, **options: object) -> requests.Response:
    return requests.post(  # type: ignore[arg-type]
        f"{sandbox.url}/receiver/{name}",
        data=BODY,
        timeout=10,
        allow_redirects=False,
        **{"headers": signed()} | options,
    )


def test_it_keeps_what_came_and_says_whether_the_signature_holds(
    sandbox: SandboxServer, name: str
) -> None:
    assert post(sandbox, name).status_code == 200
    [unchecked] = sandbox.call("GET", f"/control/api/receivers/{name}")["received"]
    assert unchecked["is_verified"] is None
    assert unchecked["body"].encode() == BODY
    assert unchecked["headers"]["webhook-id"] == "evt_1"

    sandbox.control(f"receivers/{name}", secret=SECRET)
    post(sandbox, name, headers=signed() | {"webhook-signature": "v1,wrong"})
    post(sandbox, name, headers={})
    found = sandbox.call("GET", f"/control/api/receivers/{name}")["received"]
    assert [row["is_verified"] for row in found] == [False, False, True]
    page = requests.get(f"{sandbox.url}/receiver/{name}", timeout=10)
    assert "signature holds" in page.text
    assert "does not hold" in page.text
    assert "payment_intent.succeeded" in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


def test_it_answers_as_it_is_told_to(sandbox: SandboxServer, name: str) -> None:
    sandbox.control(f"receivers/{name}", status=302, location="http://127.0.0.1:1/", retry_after=7)
    reply = post(sandbox, name)
    assert (reply.status_code, reply.headers["Location"]) == (302, "http://127.0.0.1:1/")
    assert reply.headers["Retry-After"] == "7"
    sandbox.control(f"receivers/{name}", status=204, location="", delay_seconds=0.3)
    began = time.monotonic()
    assert post(sandbox, name).status_code == 204
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("part", ["headers", "body"])
def test_it_can_go_on_for_ever(sandbox: SandboxServer, name: str, part: str) -> None:
    sandbox.control(f"receivers/{name}", endless=part)
    address = urlsplit(sandbox.url)
    with socket.create_connection((str(address.hostname), address.port or 0), 5) as line:
        line.sendall(
            f"POST /receiver/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        )
        read = b""
        while len(read) < 200_000:
            read += line.recv(65536)
    assert (b"\r\n\r\n" in read) == (part == "body")


@pytest.mark.parametrize(
    "wrong", [{"status": 99}, {"delay_seconds": 600}, {"endless": "loop"}, {"colour": "red"}]
)
def test_it_refuses_what_makes_no_sense(
    sandbox: SandboxServer, name: str, wrong: dict[str, object]
) -> None:
    reply = requests.post(f"{sandbox.url}/control/api/receivers/{name}", json=wrong, timeout=10)
    assert reply.status_code == 400


def test_the_page_takes_a_secret_from_itself_only(sandbox: SandboxServer, name: str) -> None:
    address = f"{sandbox.url}/receiver/{name}/settings"
    form = {"secret": SECRET, "status": "500"}
    foreign = requests.post(
        address, data=form, headers={"Origin": "http://evil.example"}, timeout=10
    )
    assert foreign.status_code == 400
    assert SECRET in requests.post(address, data=form, timeout=10).text
    assert post(sandbox, name).status_code == 500
    requests.post(address, data={"forget": "1"}, timeout=10)
    assert sandbox.call("GET", f"/control/api/receivers/{name}")["received"] == []
