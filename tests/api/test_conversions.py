"""Conversions as software sees them: balance transactions with the rate that was used."""

from decimal import Decimal

import orjson

from app.services import fx
from app.services.audit import SYSTEM
from app.services.deps import Deps
from app.services.merchants import ChooseSettlement, choose_settlement
from tests.api.client import Api
from tests.factories import FakeQueue, Shop


def test_a_conversion_is_two_transactions_with_the_charges_source(
    api: Api, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    choose_settlement(deps, ChooseSettlement(shop.merchant_id, (), SYSTEM))
    fx.fetch_rates(deps)
    deps.rates.forget()
    assert api.pay("k", amount=10000, currency="eur").status_code == 200

    answer = api.get("/v1/balance_transactions")
    listed = orjson.loads(answer.data)["data"]
    gained, given, charge = listed
    assert [one["type"] for one in listed] == ["adjustment", "adjustment", "charge"]
    assert {one["source"] for one in listed} == {charge["source"]}
    assert (given["currency"], given["net"]) == ("eur", -charge["net"])
    assert (gained["currency"], gained["amount"], gained["fee"]) == ("usd", 10387, 0)
    assert b'"exchange_rate":1.0842' in answer.data.replace(b" ", b"")
    assert (given["exchange_rate"], charge["exchange_rate"]) == (None, None)
    assert "CONVERSION AT 1.0842 (fxr_" in gained["description"]
    exact = Decimal(-given["amount"]) * Decimal("1.0842")
    assert abs(exact - gained["amount"]) <= Decimal("0.5")

    one = api.get(f"/v1/balance_transactions/{gained['id']}").json
    assert one == gained
    of_charge = api.get(f"/v1/balance_transactions?source={charge['source']}").json
    assert of_charge is not None
    assert len(of_charge["data"]) == 3
    dollars = api.get("/v1/balance_transactions?currency=usd").json
    assert dollars is not None
    assert [row["id"] for row in dollars["data"]] == [gained["id"]]


def test_a_refund_is_taken_from_the_balance_of_settlement(
    api: Api, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    choose_settlement(deps, ChooseSettlement(shop.merchant_id, (), SYSTEM))
    fx.fetch_rates(deps)
    deps.rates.forget()
    api.pay("k", amount=10000, currency="eur")
    charge = orjson.loads(api.get("/v1/charges").data)["data"][0]

    refund = api.post("/v1/refunds", form={"charge": charge["id"], "amount": "5000"}, key="r")
    assert refund.status_code == 200, refund.text

    assert refund.json is not None
    moved = api.get(f"/v1/balance_transactions?source={refund.json['id']}").json
    assert moved is not None
    assert sorted((row["currency"], row["net"]) for row in moved["data"]) == [
        ("eur", -5000),
        ("eur", 5000),
        ("usd", -5421),
    ]
    [paid] = [row for row in moved["data"] if row["currency"] == "usd"]
    assert paid["exchange_rate"] == orjson.loads(b"1.0842")
