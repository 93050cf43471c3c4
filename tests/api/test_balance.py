"""The balance and its transactions: the books, in Stripe's shape."""

from datetime import timedelta
from typing import Any

from app.services import fees, ledger
from app.services.deps import Deps
from tests.api.client import Api, error_of, order
from tests.contracts.schema import check
from tests.factories import FakeQueue, Shop, TestClock
from tests.sandbox.server import SandboxServer, wait_until
from tests.services.bank import Bank, deliver, rows

ALL = "/v1/balance_transactions"
REFUND_FAILS = "pm_card_refundFail"


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return check(answer.json)


def pay(api: Api, **changes: Any) -> dict[str, Any]:
    """A paid payment with its charge."""
    body = order(confirm=True, expand=["latest_charge"], **changes)
    paid: dict[str, Any] = good(api.post("/v1/payment_intents", body))
    return paid


def refund(api: Api, payment: dict[str, Any], amount: int) -> dict[str, Any]:
    body = {"payment_intent": payment["id"], "amount": amount}
    made: dict[str, Any] = good(api.post("/v1/refunds", body))
    return made


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = good(api.get(f"{ALL}?{query}"))["data"]
    return rows


def amounts(entries: list[dict[str, Any]]) -> dict[str, int]:
    return {entry["currency"]: entry["amount"] for entry in entries}


def owned(api: Api) -> dict[str, int]:
    """Available and pending money together."""
    balance = good(api.get("/v1/balance"))
    available, pending = amounts(balance["available"]), amounts(balance["pending"])
    return {currency: available[currency] + pending[currency] for currency in available}


def test_an_account_that_took_nothing_owns_nothing(api: Api) -> None:
    balance = good(api.get("/v1/balance"))
    nothing = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
    assert (balance["available"], balance["pending"]) == (nothing, nothing)
    assert balance["livemode"] is False
    assert listed(api) == []


def test_a_charge_is_pending_until_its_day_comes(api: Api, deps: Deps, clock: TestClock) -> None:
    charge = pay(api, amount=4999)["latest_charge"]
    [found] = listed(api)
    assert found["id"] == charge["balance_transaction"]
    assert (found["type"], found["reporting_category"]) == ("charge", "charge")
    assert (found["amount"], found["fee"], found["net"]) == (4999, 175, 4824)
    assert [(fee["description"], fee["amount"]) for fee in found["fee_details"]] == [
        ("Processing fee (2.9%)", 145),
        ("Fixed fee", 30),
    ]
    assert (found["source"], found["status"]) == (charge["id"], "pending")
    assert amounts(good(api.get("/v1/balance"))["pending"]) == {"usd": 4824}
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    assert good(api.get(f"{ALL}/{found['id']}"))["status"] == "available"
    assert amounts(good(api.get("/v1/balance"))["available"]) == {"usd": 4824}


def test_the_lines_of_a_fee_add_up_to_it(
    api: Api, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    rules = {"basis_points": 500, "cap": 200, "corridors": [{"basis_points": 150, "fixed": 5}]}
    fees.set_schedule(deps, fees.SetSchedule(shop.merchant_id, "card", rules))
    clock.advance(fees.NOTICE)
    pay(api, amount=10_000, payment_method="pm_card_de")
    [found] = listed(api)
    assert {fee["type"] for fee in found["fee_details"]} == {"stripe_fee"}
    assert [(fee["description"], fee["amount"]) for fee in found["fee_details"]] == [
        ("Processing fee (5%)", 500),
        ("Reduced to the cap", -300),
        ("International fee", 155),
    ]
    assert (found["fee"], found["net"]) == (355, 9645)


def test_a_refund_takes_from_the_balance(api: Api, queue: FakeQueue) -> None:
    payment = pay(api, description="Walnut tray")
    made = refund(api, payment, 1000)
    queue.drain()
    newest = listed(api)[0]
    assert newest["id"] == good(api.get(f"/v1/refunds/{made['id']}"))["balance_transaction"]
    assert (newest["type"], newest["source"]) == ("refund", made["id"])
    assert (newest["amount"], newest["fee"], newest["net"]) == (-1000, 0, -1000)
    assert newest["fee_details"] == []
    assert newest["description"] == "REFUND FOR CHARGE (Walnut tray)"


def test_a_refund_that_fails_gives_the_money_back(
    api: Api, deps: Deps, queue: FakeQueue, sandbox: SandboxServer, shop: Shop
) -> None:
    made = refund(api, pay(api, payment_method=REFUND_FAILS), 1000)
    queue.drain()
    bank = Bank(sandbox, shop)
    wait_until(lambda: bool(bank.events("refund.failed")))
    for event in bank.events("refund.failed"):
        deliver(deps, shop, event)
    queue.drain()
    newest = listed(api, "type=refund_failure")
    assert [(row["amount"], row["source"]) for row in newest] == [(1000, made["id"])]
    failed = good(api.get(f"/v1/refunds/{made['id']}?expand[]=failure_balance_transaction"))
    assert failed["failure_balance_transaction"] == newest[0]


def test_the_transactions_add_up_to_the_balance(
    api: Api, deps: Deps, queue: FakeQueue, clock: TestClock
) -> None:
    payments = [pay(api, amount=amount) for amount in (5000, 1234)]
    pay(api, amount=777, currency="eur")
    refund(api, payments[0], 1500)
    queue.drain()
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    refund(api, payments[1], 34)
    queue.drain()
    sums: dict[str, int] = {}
    for row in listed(api, "limit=100"):
        assert row["net"] == row["amount"] - row["fee"]
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net"]
    assert sums == owned(api)


def test_transactions_are_narrowed_by_what_they_are(api: Api, clock: TestClock) -> None:
    old = pay(api, amount=5000)
    clock.advance(timedelta(days=2))
    euro = pay(api, amount=700, currency="eur")
    made = refund(api, old, 900)

    def sources(query: str) -> list[str]:
        return [row["source"] for row in listed(api, query)]

    charge, other = old["latest_charge"]["id"], euro["latest_charge"]["id"]
    assert sources("") == [made["id"], other, charge]
    assert sources("type=charge") == [other, charge]
    assert sources("type=refund") == [made["id"]]
    assert sources("type=payout") == []
    assert sources("currency=eur") == [other]
    assert sources("currency=USD") == [made["id"], charge]
    assert sources("currency=jpy") == []
    assert sources(f"source={charge}") == [charge]
    assert sources(f"source={made['id']}") == [made["id"]]
    assert sources(f"source={made['id']}&type=charge") == []
    assert sources("source=ch_01nosuchcharge") == sources("source=po_1") == []
    assert sources(f"created[gte]={euro['created']}") == [made["id"], other]
    assert sources(f"created[lt]={euro['created']}") == [charge]


def test_what_cannot_be_asked_for_is_refused(api: Api) -> None:
    for query, code, param in (
        ("type=nothing", "parameter_invalid", "type"),
        ("starting_after=txn_1&ending_before=txn_2", "parameters_exclusive", "ending_before"),
        ("starting_after=txn_1", "resource_missing", "starting_after"),
        ("ending_before=pi_1", "resource_missing", "ending_before"),
    ):
        answer = api.get(f"{ALL}?{query}")
        error = error_of(answer)
        assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert error_of(api.get(f"{ALL}?starting_after=txn_1"))["message"].startswith(
        "No such balance_transaction: 'txn_1'"
    )


def test_pages_go_back_and_forth(api: Api) -> None:
    for amount in (500, 600, 700):
        pay(api, amount=amount)
    first = good(api.get(f"{ALL}?limit=2"))
    assert ([row["amount"] for row in first["data"]], first["has_more"]) == ([700, 600], True)
    last = first["data"][-1]["id"]
    rest = good(api.get(f"{ALL}?limit=2&starting_after={last}"))
    assert ([row["amount"] for row in rest["data"]], rest["has_more"]) == ([500], False)
    back = good(api.get(f"{ALL}?limit=1&ending_before={rest['data'][0]['id']}"))
    assert ([row["amount"] for row in back["data"]], back["has_more"]) == ([600], True)


def test_another_merchants_transactions_are_not_there(api: Api, stranger: Api) -> None:
    transaction = pay(api)["latest_charge"]["balance_transaction"]
    assert stranger.get(f"{ALL}/{transaction}").status_code == 404
    assert stranger.get(f"{ALL}?starting_after={transaction}").status_code == 400
    assert listed(stranger) == []
    assert owned(stranger) == {"usd": 0}


def test_charges_and_transactions_expand_into_each_other(api: Api) -> None:
    charge = pay(api)["latest_charge"]
    path = f"{ALL}/{charge['balance_transaction']}?expand[]=source"
    assert good(api.get(path))["source"]["id"] == charge["id"]
    found = good(api.get(f"/v1/charges/{charge['id']}?expand[]=balance_transaction"))
    assert found["balance_transaction"] == listed(api)[0]


def test_a_journal_that_is_not_the_merchants_is_no_transaction(
    api: Api, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    pay(api)
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    others = rows(
        "SELECT id FROM journals WHERE merchant_id = :m AND event <> 'payment_captured'",
        m=shop.merchant_id,
    )
    assert others
    for row in others:
        assert api.get(f"{ALL}/txn_{row['id'].removeprefix('jr_')}").status_code == 404
