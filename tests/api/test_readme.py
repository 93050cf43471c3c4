"""The README's commands do what the README says: each `curl` is read as a shell would and sent for real."""

import base64
import re
import shlex
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.services.deps import Deps
from tests.factories import Shop

README = Path(__file__).resolve().parents[2] / "README.md"
COMMANDS = [
    block
    for block in re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    if "curl" in block
]


def send(client: FlaskClient, command: str, key: str) -> TestResponse:
    words = shlex.split(command.replace("\\\n", " ").replace("$API_KEY", key))
    assert words.pop(0) == "curl"
    headers: dict[str, str] = {}
    data: list[str] = []
    url = ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-u":
            headers["Authorization"] = "Basic " + base64.b64encode(words.pop(0).encode()).decode()
        elif word == "-d":
            data.append(words.pop(0))
        elif not word.startswith("-"):
            url = word
    headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return client.post(url.removeprefix("$FARTHING"), data="&".join(data), headers=headers)


@pytest.mark.parametrize("place, expected", [(0, "succeeded"), (1, "open")])
def test_the_readmes_commands_work(
    app: Flask, deps: Deps, shop: Shop, place: int, expected: str
) -> None:
    answer = send(app.test_client(), COMMANDS[place], shop.secret_key)

    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["status"] == expected
    assert body.get("amount", body.get("amount_total")) == 4999


def test_both_commands_are_there() -> None:
    assert len(COMMANDS) == 2
