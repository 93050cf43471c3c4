"""The official `stripe` package for Node, run by the Node of a pip wheel: no Node need be installed."""

import json
import os
import re
import subprocess
from contextlib import ExitStack

import pytest

from tests.faults.world import Merchant
from tests.sdk.node.packages import HERE, NODE, installed
from tests.sdk.proxy import Cut, cutting_proxy
from tests.servers import Running

pytestmark = pytest.mark.timeout(420)

CUTS: dict[str, Cut] = {
    "BEFORE_URL": "before",
    "UNANSWERED_URL": "unanswered",
    "HALFWAY_URL": "halfway",
}


def test_the_lock_file_pins_by_hash_and_names_no_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = {name: found for name, found in lock["packages"].items() if name}
    assert "node_modules/stripe" in packages
    for name, found in packages.items():
        assert found["integrity"].startswith("sha512-"), name
        assert "resolved" not in found, name


def test_the_node_sdk_works_against_us(web: Running, shop: Merchant) -> None:
    packages = installed()
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(cutting_proxy(web.url)) for name in CUTS}
        for name, proxy in proxies.items():
            proxy.arm(CUTS[name])
        done = subprocess.run(
            [NODE, HERE / "suite.mjs"],
            env={
                **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                **{name: proxy.url for name, proxy in proxies.items()},
                "API_URL": web.url,
                "API_KEY": shop.key,
                "PACKAGES": str(packages),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        cut = {name: proxy.seen[0] for name, proxy in proxies.items()}
    said = done.stdout + done.stderr
    assert re.findall(r"^not ok .*", said, re.MULTILINE) == [], said
    assert len(re.findall(r"^ok ", said, re.MULTILINE)) == int(_number(said, r"^1\.\.(\d+)"))
    assert done.returncode == 0, said
    assert cut == CUTS
    shop.settled(charges=int(_number(said, r"^# charges (\d+)")))


def _number(said: str, pattern: str) -> str:
    found = re.search(pattern, said, re.MULTILINE)
    assert found is not None, said
    return found[1]
