"""The whole specification, asked with good, odd and wrong requests: every answer is one that it names.

Requests go over HTTP to the real web process, on a real database in which there is something to find.
The seed is fixed: what fails here fails again.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case

from app import create_app
from app.settings import Settings
from app.store import db as store
from app.web.api import openapi
from tests.faults.world import World
from tests.sandbox.server import SandboxServer
from tests.servers import Running, Servers, environment, fresh_database

pytestmark = [pytest.mark.xdist_group("fuzz"), pytest.mark.timeout(300)]

EXAMPLES = 15
# Values at their limits make ten thousand requests, of which each run sends the same third.
ONE_OF = 3
CONFIG = schemathesis.Config.from_dict(
    {
        "phases": {"coverage": {"unexpected-methods": []}, "stateful": {"enabled": False}},
        "checks": {
            # Objects that a random request names are mostly not there: 404 is a good answer.
            "positive_data_acceptance": {"enabled": False},
            # Like Stripe, we know no address for another method: it is 404 in words, not 405.
            "unsupported_method": {"enabled": False},
            "allow_header_conformance": {"enabled": False},
        },
    }
)
SCHEMA = schemathesis.openapi.from_dict(openapi.document("http://localhost"), config=CONFIG)
# What a parameter may name, or the first words of an address after /v1.
NAMES = {
    "customer": "customers",
    "payment_method": "payment_methods",
    "payment_intent": "payment_intents",
    "charge": "charges",
    "source": "charges",
}


@dataclass(frozen=True)
class Fuzzed:
    """The process, a key, and what there is to be found: ids by the resource's address."""

    web: Running
    key: str
    ids: dict[str, list[str]]

    def pick(self, resource: str, seed: int) -> str | None:
        """Mostly an object that there is; by the seed, so that a failure comes again."""
        known = self.ids.get(resource)
        return known[seed % len(known)] if known and seed % 4 else None


@pytest.fixture(scope="module")
def fuzzed(servers: Servers, valkey_url: str, sandbox: SandboxServer) -> Iterator[Fuzzed]:
    """A merchant with one of everything."""
    environ = environment(
        fresh_database(servers, "fuzz"),
        valkey_url,
        STRIPE_API_URL=sandbox.url,
        SANDBOX_BANK_URL=sandbox.url,
        STRIPE_JS_URL=f"{sandbox.url}/v3/",
        WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8",
    )
    app = create_app(Settings.read(environ))
    world = World(environ, sandbox, app)
    with world.web() as web:
        key = world.merchant(web).key
        yield Fuzzed(web, key, _one_of_everything(web.url, key))
        assert "error.unexpected" not in web.output()
    store.close(app)


def _one_of_everything(url: str, key: str) -> dict[str, list[str]]:
    """Make objects in several states; gives their ids."""
    session = requests.Session()
    session.auth = (key, "")

    def post(path: str, **form: str) -> dict[str, Any]:
        answer = session.post(f"{url}/v1/{path}", data=form, timeout=30)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    order = {"amount": "4999", "currency": "usd"}
    paying = order | {"payment_method": "pm_card_visa", "confirm": "true"}
    customers = [post("customers", name="Ada", **{"metadata[a]": "b"}) for _ in range(3)]
    kept = post("payment_methods/pm_card_visa/attach", customer=customers[0]["id"])
    paid = [post("payment_intents", **paying) for _ in range(3)]
    held = post("payment_intents", **paying, capture_method="manual")
    opened = [post("payment_intents", **order) for _ in range(2)]
    refund = post("refunds", payment_intent=paid[0]["id"], amount="100")
    post("checkout/sessions", **SESSION)
    session_id = post("checkout/sessions", **SESSION)["id"]
    endpoint = post(
        "webhook_endpoints", url="http://127.0.0.1:9/x", **{"enabled_events[]": "charge.succeeded"}
    )
    listed = session.get(f"{url}/v1/balance_transactions", timeout=30).json()["data"]
    return {
        "customers": [one["id"] for one in customers],
        "payment_methods": [kept["id"]],
        "payment_intents": [one["id"] for one in [*paid, held, *opened]],
        "payments": [one["id"] for one in paid],
        "charges": [one["latest_charge"] for one in [*paid, held]],
        "refunds": [refund["id"]],
        "checkout": [session_id],
        "webhook_endpoints": [endpoint["id"]],
        "balance_transactions": [one["id"] for one in listed],
        "balance": [one["id"] for one in listed],
    }


SESSION = {
    "mode": "payment",
    "success_url": "https://shop.example/thanks",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "1250",
    "line_items[0][price_data][product_data][name]": "Tray",
}


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_specification_names(case: Case, fuzzed: Fuzzed) -> None:
    seed = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    if case.meta is not None and case.meta.phase.name.value == "coverage" and seed % ONE_OF:
        return
    _point_at_something(case, fuzzed, seed // ONE_OF)
    case.call_and_validate(
        base_url=fuzzed.web.url, headers={"Authorization": f"Bearer {fuzzed.key}"}, timeout=30
    )


def _point_at_something(case: Case, fuzzed: Fuzzed, seed: int) -> None:
    """Put ids of what there is in the places of most random ones."""
    resource = case.operation.path.removeprefix("/v1").split("/")[1]
    for name in list(case.path_parameters or {}):
        found = fuzzed.pick(resource, seed)
        if found is not None:
            case.path_parameters[name] = found
    for container in (case.query, case.body):
        if isinstance(container, dict):
            for name in container.keys() & NAMES.keys():
                found = fuzzed.pick(NAMES[name], seed // 7)
                if found is not None:
                    container[name] = found
