"""One merchant's objects of every kind that an address of the API can name."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql
from werkzeug.test import TestResponse

from app.services import ledger, merchants, sellers
from app.services.deps import Deps
from app.web.api.call import Route
from tests.api.client import Api, basket, order
from tests.factories import VISA, FakeQueue, Shop, TestClock, verified_bank_account

HOOK = "http://127.0.0.1:8999/hook"
# What an address may name, though no account has one yet.
NOTHING_YET = frozenset({"dispute", "file"})
DAYS_UNTIL_PAYOUT = timedelta(days=10)
# What is written without a merchant doing anything: the log of the requests themselves.
LOGS = frozenset({"api_requests"})


@dataclass(frozen=True)
class Possessions:
    """Ids by the name that ROUTES gives them; the first is the one that most calls work on."""

    ids: dict[str, list[str]]
    client_secret: str

    def path(self, route: Route, **chosen: str) -> str:
        """The route's address with own objects in it, unless `chosen` says others."""
        values = {name: (self.ids.get(name) or [f"{name}_0"])[0] for name in names_of(route)}
        return route.path(values | chosen)


def names_of(route: Route) -> list[str]:
    """The names of the ids in an address."""
    return [part[1:-1] for part in route.rule.split("/") if part.startswith("{")]


def good(answer: TestResponse) -> Any:
    """The object of an answer that is one."""
    assert answer.status_code == 200, answer.text
    return answer.json


def acquire(api: Api, queue: FakeQueue, shop: Shop, clock: TestClock) -> Possessions:
    """One of each, made through the API by the shop's software."""
    payout = paid_out(api, shop, clock)
    customer = good(api.post("/v1/customers", {"name": "Ada", "email": "ada@example.com"}))["id"]
    methods = [
        good(api.post(f"/v1/payment_methods/{VISA}/attach", {"customer": customer}))["id"]
        for _ in range(2)
    ]
    kept: dict[str, Any] = {"customer": customer, "payment_method": methods[0]}
    intents = "/v1/payment_intents"
    held = good(api.post(intents, order(confirm=True, capture_method="manual", **kept)))
    fresh = good(api.post(intents, {"amount": 700, "currency": "usd"}))
    paid = good(api.post(intents, order(confirm=True, **kept)))
    refund = good(api.post("/v1/refunds", {"payment_intent": paid["id"], "amount": 100}))["id"]
    session = good(api.post("/v1/checkout/sessions", basket(customer=customer)))["id"]
    seller = connected_seller(api)
    held_one = good(
        api.post(
            intents, order(confirm=True, escrow={"enabled": True}, transfer_group="G1", **kept)
        )
    )
    body = {"amount": 900, "currency": "usd", "destination": seller}
    transfer = good(
        api.post("/v1/transfers", body | {"source_transaction": held_one["latest_charge"]})
    )["id"]
    back = good(api.post(f"/v1/transfers/{transfer}/reversals", {"amount": 100}))["id"]
    queue.drain()
    endpoint = good(api.post("/v1/webhook_endpoints", {"url": HOOK, "enabled_events": ["*"]}))["id"]
    return Possessions(
        {
            "intent": [held["id"], fresh["id"], paid["id"]],
            "charge": [paid["latest_charge"], held["latest_charge"], held_one["latest_charge"]],
            "transfer": [transfer],
            "reversal": [back],
            "hold": _first(api, "escrow_holds"),
            "payout": [payout],
            "refund": [refund],
            "customer": [customer],
            "method": methods,
            "session": [session],
            "event": [row["id"] for row in good(api.get("/v1/events?limit=2"))["data"]],
            "endpoint": [endpoint],
            "transaction": _first(api, "balance_transactions"),
            "account": [good(api.get("/v1/account"))["id"]],
        },
        held["client_secret"],
    )


def connected_seller(api: Api) -> str:
    """A merchant that is a seller of this key's merchant."""
    deps: Deps = api.app.extensions["farthing"]
    account = good(api.get("/v1/account"))["id"]
    seller = merchants.open_merchant(
        deps, merchants.OpenMerchant("Seller", "test", "US", "USD", "UTC", "s@b.example")
    )
    sellers.connect_seller(deps, sellers.ConnectSeller(account, seller))
    return seller


def paid_out(api: Api, shop: Shop, clock: TestClock) -> str:
    """A first payout to a new bank account, of the day on which what is paid today is there."""
    deps: Deps = api.app.extensions["farthing"]
    verified_bank_account(deps, shop)
    good(api.post("/v1/payment_intents", order(confirm=True, amount=900_000)))
    clock.advance(DAYS_UNTIL_PAYOUT)
    ledger.release_book(deps, shop.merchant_id)
    made = good(api.post("/v1/payouts", {"amount": 100, "currency": "usd"}))
    clock.advance(-DAYS_UNTIL_PAYOUT)
    return str(made["id"])


def _first(api: Api, plural: str) -> list[str]:
    return [row["id"] for row in good(api.get(f"/v1/{plural}?limit=2"))["data"]]


def absent(object_id: str) -> str:
    """An id that looks like this one and is nobody's."""
    return object_id[:-8] + "zzzzzzzz"


def rows_of(database_url: str, merchant_id: str) -> dict[str, list[str]]:
    """Every row of a merchant in every table that knows merchants."""
    found = {}
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT c.table_name FROM information_schema.columns c JOIN pg_tables t"
            " ON t.schemaname = c.table_schema AND t.tablename = c.table_name"
            " WHERE c.table_schema = 'public' AND c.column_name = 'merchant_id' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT to_jsonb(r)::text FROM {} r WHERE merchant_id = %s ORDER BY 1")
            rows = connection.execute(query.format(sql.Identifier(table)), (merchant_id,))
            if table not in LOGS:
                found[table] = [str(row[0]) for row in rows.fetchall()]
    assert len(found) > 15
    return found


def words_of(answer: TestResponse, *ids: str) -> tuple[int, str]:
    """Status and body, without the ids that were asked for and without the request's own."""
    body = answer.json
    assert isinstance(body, dict), answer.text
    if "error" in body:
        body["error"].pop("request_log_url")
    text = json.dumps(body, sort_keys=True)
    for one in ids:
        text = text.replace(one, "ID")
    return answer.status_code, text
