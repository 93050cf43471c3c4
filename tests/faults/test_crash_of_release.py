"""kill -9 around a release and a reversal: the same key gives the same transfer, and money moves once."""

from typing import Any

import pytest
import requests

from tests.faults.world import Merchant, World, until
from tests.servers import Running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("background")]


def post(web: Running, shop: Merchant, path: str, key: str, **body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": key}
    return requests.post(f"{web.url}{path}", json=body, headers=headers, timeout=60)


def until_answered(web: Running, shop: Merchant, path: str, key: str, **body: Any) -> Any:
    """Repeat the request until its answer is definite."""

    def definite() -> list[Any]:
        answer = post(web, shop, path, key, **body)
        assert answer.status_code in (200, 409), answer.text
        return [answer.json()] if answer.status_code == 200 else []

    return until(definite)[0]


def test_a_release_and_a_reversal_that_died_are_made_once(
    world: World, web: Running, shop: Merchant
) -> None:
    seller = shop.seller()
    paid = shop.pay(web, "order-1", escrow={"enabled": True}).json()
    order = {
        "amount": 1200,
        "currency": "usd",
        "destination": seller,
        "source_transaction": paid["latest_charge"],
    }
    with world.dying_web("escrow.released") as doomed:
        post(doomed, shop, "/v1/transfers", "send", **order)
    made = until_answered(web, shop, "/v1/transfers", "send", **order)
    assert shop.rows("transfers", "id", "amount_minor") == [(made["id"], 1200)]

    path = f"/v1/transfers/{made['id']}/reversals"
    with world.dying_web("transfer.reversed") as doomed:
        post(doomed, shop, path, "back", amount=200)
    back = until_answered(web, shop, path, "back", amount=200)
    assert shop.rows("transfer_reversals", "id", "amount_minor") == [(back["id"], 200)]
    assert shop.rows("escrow_holds", "released_minor", "refunded_minor") == [(1200, 0)]
    shop.settled(charges=1)


def test_a_held_payment_that_died_is_held_once(world: World, web: Running, shop: Merchant) -> None:
    for step in ("payment.processor_answered", "payment.outcome_recorded"):
        with world.dying_web(step) as doomed:
            shop.pay(doomed, step, escrow={"enabled": True})
        shop.pay_until_answered(web, step, escrow={"enabled": True})
    assert shop.rows("escrow_holds", "status", "held_minor") == [("held", 4824), ("held", 4824)]
    shop.settled(charges=2)
