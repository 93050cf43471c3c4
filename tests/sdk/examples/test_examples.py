"""Every example of the reference page does what it says, typed as it stands there."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.web.api.example_code import code, name_of
from app.web.api.examples import Example
from app.web.api.routes import ROUTES
from tests.examples import NEVER, PREPARED, Story
from tests.faults.world import Merchant, until
from tests.sdk.examples.languages import Language, Node, Python, Shell, node
from tests.sdk.receiver import Receiver
from tests.servers import Running

pytestmark = pytest.mark.timeout(420)


def environ(web: Running, shop: Merchant) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "FARTHING": web.url, "API_KEY": shop.key}


def has_route(example: Example) -> bool:
    return any((r.method, r.rule) == (example.method, example.rule) for r in ROUTES)


def run_all(language: Language, name: str, receiver: Receiver, sdk: Any, shop: Merchant) -> None:
    def ask(story: Story, example: Example) -> dict[str, Any]:
        if example in PREPARED:
            made: dict[str, Any] = sdk.v1.payment_intents.create(example.params).to_dict()
            return made
        variable = name_of(example)
        if name == "node":
            variable = re.sub(r"_([a-z])", lambda found: found[1].upper(), variable)
        written = story.text(code(example, name))

        def answer() -> Any:
            found = language.run(written, variable)
            assert "error" not in found, (written, found)
            # Events are published by the worker, in a moment.
            return found if found.get("data") != [] or not example.saves else None

        found: dict[str, Any] = until(answer)
        return found

    told = Story(ask, receiver.url, shop.seller(), shop.waiting_payout()).tell(have=has_route)
    assert len(told) == len(ROUTES) - len(NEVER) + len(PREPARED)


def test_every_example_in_curl_succeeds(
    web: Running,
    shop: Merchant,
    receiver: Receiver,
    sdk: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if shutil.which("curl") is None:
        with capsys.disabled():
            print("\ncurl is not installed: the examples in curl were NOT tried\n")
        return
    run_all(Shell(environ(web, shop)), "curl", receiver, sdk, shop)
    shop.settled(charges=4)


def test_every_example_in_python_succeeds(
    web: Running,
    shop: Merchant,
    receiver: Receiver,
    sdk: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environ(web, shop).items():
        monkeypatch.setenv(name, value)
    run_all(Python(), "python", receiver, sdk, shop)
    shop.settled(charges=4)


def test_every_example_in_node_succeeds(
    web: Running, shop: Merchant, receiver: Receiver, sdk: Any, tmp_path: Path
) -> None:
    with node(environ(web, shop), tmp_path) as running:
        assert isinstance(running, Node)
        run_all(running, "node", receiver, sdk, shop)
    shop.settled(charges=4)
