"""The guides' snippets do what the guides say, as they stand there."""

import base64
import contextlib
import hmac
import io
import json
import os
import re
import subprocess
import time
import types
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from app.domain.clock import SystemClock
from app.domain.deliveries import new_webhook_secret, signed_headers
from app.web.api.example_code import SETUP
from tests.codebase.project import read
from tests.faults.world import Merchant
from tests.sdk.examples.test_examples import environ
from tests.sdk.node.packages import NODE, installed
from tests.servers import Running

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}
BODY = json.dumps(EVENT).encode()


def snippets(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", read(f"docs/{name}.md"), re.DOTALL)


def test_the_sdk_guide_sets_up_as_the_reference_does() -> None:
    assert snippets("sdk", "python")[0].strip() == SETUP["python"]
    assert snippets("sdk", "js")[0].strip() == SETUP["node"]


def test_the_python_snippets_of_the_sdk_guide_work(
    web: Running, shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ(web, shop).items():
        monkeypatch.setenv(name, value)
    said = io.StringIO()
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(said):
        for snippet in snippets("sdk", "python"):
            exec(snippet, names)  # noqa: S102 - it is what is tested
    status, row = said.getvalue().splitlines()
    assert status == "succeeded"
    assert re.fullmatch(r"pi_\w+ 4999 usd", row)
    shop.settled(charges=1)


def test_the_node_snippets_of_the_sdk_guide_work(
    web: Running, shop: Merchant, tmp_path: Path
) -> None:
    script = "\n".join(snippets("sdk", "js"))
    status, row = run_node(script, tmp_path, environ(web, shop)).splitlines()
    assert status == "succeeded"
    assert re.fullmatch(r"pi_\w+ 4999 usd", row)
    shop.settled(charges=1)


def run_node(script: str, folder: Path, variables: dict[str, str]) -> str:
    (folder / "node_modules").symlink_to(installed() / "node_modules")
    file = folder / "snippet.mjs"
    file.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [NODE, file], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def secret() -> str:
    return new_webhook_secret()


@pytest.fixture
def headers(secret: str) -> dict[str, str]:
    return dict(signed_headers("evt_1", BODY, [secret], SystemClock().now()))


def test_the_python_receiver_takes_what_we_send_once_and_nothing_else(
    secret: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    module = types.ModuleType("shop")
    exec(snippets("webhooks", "python")[0], module.__dict__)  # noqa: S102 - it is what is tested
    shop: Flask = module.app
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        answers = [
            shop.test_client().post("/webhooks", data=body, headers=sent).status_code
            for body, sent in (
                (BODY, headers),
                (BODY, headers),
                (BODY + b" ", headers),
                (BODY, {}),
            )
        ]
    assert answers == [204, 204, 400, 400]
    assert said.getvalue() == "paid: pi_1\n"


def test_the_node_receiver_takes_what_we_send_once_and_nothing_else(
    secret: str, headers: dict[str, str], tmp_path: Path
) -> None:
    script = snippets("webhooks", "js")[0] + (
        'server.listen(0, "127.0.0.1", () => console.error(server.address().port));'
    )
    (tmp_path / "node_modules").symlink_to(installed() / "node_modules")
    file = tmp_path / "server.mjs"
    file.write_text(script, encoding="utf-8")
    variables = {"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret}
    with subprocess.Popen(
        [NODE, file], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        address = f"http://127.0.0.1:{int(process.stderr.readline())}/"
        answers = [
            requests.post(address, data=body, headers=headers, timeout=10).status_code
            for body in (BODY, BODY, BODY + b" ")
        ]
        process.kill()
        said = process.communicate()[0]
    assert answers == [204, 204, 400]
    assert said == "paid: pi_1\n"


def test_the_check_by_hand_believes_what_we_send_and_nothing_else(
    secret: str, headers: dict[str, str]
) -> None:
    names: dict[str, Any] = {}
    exec(snippets("webhooks", "python")[1], names)  # noqa: S102 - it is what is tested
    is_ours = names["is_ours"]
    assert is_ours(headers, BODY, secret)
    assert not is_ours(headers, BODY + b" ", secret)
    assert not is_ours(headers, BODY, new_webhook_secret())
    old = str(int(time.time()) - 600)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"evt_1.{old}.".encode() + BODY, "sha256")
    signature = "v1," + base64.b64encode(signed).decode()
    assert not is_ours(
        {**headers, "webhook-timestamp": old, "webhook-signature": signature}, BODY, secret
    )
