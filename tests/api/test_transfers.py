"""Held payments, transfers to sellers and what comes back: Stripe's shapes over our escrow."""

from typing import Any

import pytest

from app.services import keys
from app.services.deps import Deps
from app.services.escrow import FreezeEscrow, freeze
from app.services.publishing import publish_due
from app.services.sellers import disconnect_seller
from app.web.api.events_out import render
from tests.api.client import Api, error_of, order
from tests.api.possessions import connected_seller
from tests.contracts.schema import check
from tests.factories import FakeQueue, Shop
from tests.services.bank import rows

HOLDS, TRANSFERS = "/v1/escrow_holds", "/v1/transfers"


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    body = answer.json
    return body if "escrow" in str(body.get("object")) else check(body)


def refused(answer: Any) -> tuple[int, str, str | None]:
    found = error_of(answer)
    return answer.status_code, found.get("code"), found.get("param")


@pytest.fixture
def seller(api: Api) -> str:
    return connected_seller(api)


def held(api: Api, **more: Any) -> dict[str, Any]:
    """A captured payment whose money waits."""
    body = order(confirm=True, **{"escrow": {"enabled": True}} | more)
    paid: dict[str, Any] = good(api.post("/v1/payment_intents", body))
    return paid


def hold_of(api: Api, payment: dict[str, Any]) -> dict[str, Any]:
    [found] = api.get(f"{HOLDS}?payment_intent={payment['id']}").json["data"]
    assert found == api.get(f"{HOLDS}/{found['id']}").json
    return dict(found)


def send(api: Api, payment: dict[str, Any], seller: str, amount: int, **more: Any) -> Any:
    body = {"amount": amount, "currency": "usd", "destination": seller}
    return api.post(
        TRANSFERS, body | {"source_transaction": payment["latest_charge"]} | more, key=None
    )


def test_a_payment_says_for_whom_it_is_held(api: Api, seller: str) -> None:
    payment = held(api, transfer_data={"destination": seller}, transfer_group="ORDER9")
    assert payment["transfer_data"] == {"destination": seller}
    assert payment["transfer_group"] == "ORDER9"
    found = hold_of(api, payment)
    assert (found["status"], found["amount"], found["amount_held"]) == ("held", 4824, 4824)
    assert (found["destination"], found["transfer_group"]) == (seller, "ORDER9")


def test_one_step_payments_and_checkouts_can_be_held_too(api: Api, seller: str) -> None:
    paid = api.pay("k", escrow={"enabled": True}, transfer_data={"destination": seller})
    assert hold_of(api, paid.json)["amount_held"] == 4824
    checkout = {
        "mode": "payment",
        "success_url": "https://shop.example/",
        "line_items": [
            {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}}
        ],
        "payment_intent_data": {
            "escrow": {"enabled": True, "milestones": [{"name": "All", "amount": 900}]},
            "transfer_data": {"destination": seller},
        },
    }
    good(api.post("/v1/checkout/sessions", checkout))
    [row] = rows("SELECT escrow FROM checkout_sessions")
    assert row["escrow"]["milestones"] == [
        {"name": "All", "amount_minor": 900, "destination": seller}
    ]


@pytest.mark.parametrize(
    "more, code, param",
    [
        ({"transfer_group": "A"}, "parameter_invalid", "transfer_group"),
        ({"escrow": {}}, "parameter_missing", "escrow[enabled]"),
        (
            {"transfer_data": {"destination": "acct_x"}},
            "seller_not_connected",
            "transfer_data[destination]",
        ),
        (
            {"escrow": {"enabled": True}, "transfer_data": {"destination": "acct_x"}},
            "seller_not_connected",
            "escrow",
        ),
        (
            {"escrow": {"enabled": True, "milestones": [{"name": "One", "amount": 4999}]}},
            "parameter_invalid",
            "escrow[milestones][0][destination]",
        ),
        ({"application_fee_amount": 5}, "parameter_invalid", "application_fee_amount"),
        (
            {"application_fee_amount": 5, "escrow": {"enabled": True}},
            "parameter_invalid",
            "application_fee_amount",
        ),
        (
            {"application_fee_amount": 5000, "transfer_data": {"destination": "acct_x"}},
            "parameter_invalid",
            "application_fee_amount",
        ),
        (
            {
                "application_fee_amount": 5,
                "transfer_data": {"destination": "acct_x", "amount": 7},
            },
            "parameter_invalid",
            "application_fee_amount",
        ),
        ({"on_behalf_of": "acct_x"}, "parameter_unsupported", "on_behalf_of"),
    ],
)
def test_a_plan_that_says_too_little_or_too_much_is_refused(
    api: Api, more: dict[str, Any], code: str, param: str
) -> None:
    answer = api.post("/v1/payment_intents", order(confirm=True, **more))
    assert refused(answer) == (400, code, param)
    assert rows("SELECT id FROM payments") == []


def test_milestones_add_up_to_the_price(api: Api, seller: str) -> None:
    steps = [{"name": "One", "amount": 4000}, {"name": "Two", "amount": 998}]
    answer = api.post(
        "/v1/payment_intents",
        order(
            confirm=True,
            escrow={"enabled": True, "milestones": steps},
            transfer_data={"destination": seller},
        ),
    )
    assert refused(answer) == (400, "parameter_invalid", "escrow[milestones]")


def test_an_amount_that_a_split_no_longer_fits_is_refused(api: Api, seller: str) -> None:
    """The sellers were told their parts; whoever lowers the price says how they share it anew."""
    to_seller = {"transfer_data": {"destination": seller}}
    steps = {"enabled": True, "milestones": [{"name": "All", "amount": 4999}]}
    for plan, param in (
        (to_seller | {"application_fee_amount": 900}, "application_fee_amount"),
        (
            {"transfer_data": {"destination": seller, "amount": 900}},
            "transfer_data[amount]",
        ),
        (to_seller | {"escrow": steps}, "escrow[milestones]"),
    ):
        body = {"amount": 4999, "currency": "usd"} | plan
        made = good(api.post("/v1/payment_intents", body))
        where = f"/v1/payment_intents/{made['id']}"
        answer = api.post(where, {"amount": 800})
        assert refused(answer) == (400, "parameter_invalid", param)
        assert good(api.get(where))["amount"] == 4999
        if "escrow" not in plan:
            assert good(api.post(where, {"amount": 1000}))["amount"] == 1000


def test_a_transfer_takes_its_amount_out_of_what_is_held(api: Api, seller: str) -> None:
    payment = held(api, transfer_group="G")
    made = good(send(api, payment, seller, 1200, metadata={"parcel": "1"}, description="Half"))
    assert (made["amount"], made["amount_reversed"], made["reversed"]) == (1200, 0, False)
    assert (made["destination"], made["source_transaction"]) == (seller, payment["latest_charge"])
    assert (made["transfer_group"], made["balance_transaction"]) == ("G", None)
    assert good(api.get(f"{TRANSFERS}/{made['id']}")) == made
    assert hold_of(api, payment)["amount_held"] == 3624


def test_a_group_names_the_one_payment_that_is_held_in_it(api: Api, seller: str) -> None:
    held(api, transfer_group="G")
    body = {"amount": 700, "currency": "usd", "destination": seller, "transfer_group": "G"}
    assert good(api.post(TRANSFERS, body))["amount"] == 700
    held(api, transfer_group="G")
    assert refused(api.post(TRANSFERS, body)) == (400, "escrow_not_held", "transfer_group")
    assert refused(api.post(TRANSFERS, body | {"transfer_group": "H"}))[1] == "escrow_not_held"
    del body["transfer_group"]
    assert refused(api.post(TRANSFERS, body)) == (400, "parameter_missing", "source_transaction")


def test_what_cannot_be_transferred_changes_nothing(
    api: Api, seller: str, deps: Deps, shop: Shop
) -> None:
    payment = held(api)
    assert refused(send(api, payment, seller, 4825)) == (400, "release_too_large", "amount")
    assert refused(send(api, payment, "acct_none", 1))[1] == "seller_not_connected"
    assert refused(send(api, payment, seller, 10, currency="eur"))[2] == "currency"
    plain = good(api.post("/v1/payment_intents", order(confirm=True)))
    assert refused(send(api, plain, seller, 10))[1] == "escrow_not_held"
    freeze(deps, FreezeEscrow(shop.merchant_id, hold_of(api, payment)["id"], "user:x", "Asked"))
    assert refused(send(api, payment, seller, 10))[1] == "escrow_frozen"
    assert hold_of(api, payment)["frozen_reason"] == "Asked"
    disconnect_seller(shop.merchant_id, seller)
    assert rows("SELECT id FROM transfers") == []


def test_a_repeated_request_transfers_once(api: Api, seller: str) -> None:
    payment = held(api)
    body = {
        "amount": 1200,
        "currency": "usd",
        "destination": seller,
        "source_transaction": payment["latest_charge"],
    }
    first, again = (api.post(TRANSFERS, body, key="once") for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post(TRANSFERS, body | {"amount": 1}, key="once")
    assert other.json["error"]["type"] == "idempotency_error"
    assert len(listed(api)) == 1


def test_one_release_goes_to_several_sellers(api: Api, seller: str) -> None:
    payment, other = held(api), connected_seller(api)
    path = f"{HOLDS}/{hold_of(api, payment)['id']}/release"
    parts = [
        {"destination": seller, "amount": 3000, "commission": 300},
        {"destination": other, "amount": 1824},
    ]
    stale = api.post(path, {"parts": parts, "expected_amount_held": 4823})
    assert (stale.status_code, error_of(stale)["code"]) == (400, "escrow_amount_changed")
    after = good(api.post(path, {"parts": parts, "expected_amount_held": 4824}, key="r"))
    assert (after["status"], after["amount_released"], after["amount_held"]) == (
        "released",
        4824,
        0,
    )
    amounts = {one["destination"]: one["amount"] for one in listed(api)}
    assert amounts == {seller: 2700, other: 1824}
    assert good(api.post(path, {"parts": parts, "expected_amount_held": 4824}, key="r")) == after
    assert refused(api.post(path, {}))[1] == "escrow_state_unexpected"


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(api.get(f"{TRANSFERS}?{query}"))["data"]
    return found


def test_a_milestone_is_released_by_its_name(api: Api, seller: str) -> None:
    steps = [{"name": "Design", "amount": 2000}, {"name": "Print", "amount": 2999}]
    plan = {"escrow": {"enabled": True, "milestones": steps}}
    payment = held(api, transfer_data={"destination": seller}, **plan)
    path = f"{HOLDS}/{hold_of(api, payment)['id']}/release"
    after = good(api.post(path, {"milestone": "Design"}))
    done = [(one["name"], one["released"], one["amount_released"]) for one in after["milestones"]]
    assert done == [("Design", True, 1930), ("Print", False, 0)]
    assert refused(api.post(path, {"milestone": "Design"}))[1] == "escrow_state_unexpected"
    both = {"milestone": "Print", "parts": [{"destination": seller, "amount": 1}]}
    assert refused(api.post(path, both))[2] == "milestone"
    assert good(api.post(path, {}))["status"] == "released"


def test_a_hold_is_frozen_and_let_go_by_software(api: Api, seller: str) -> None:
    path = f"{HOLDS}/{hold_of(api, held(api))['id']}"
    assert refused(api.post(f"{path}/freeze")) == (400, "parameter_missing", "reason")
    assert refused(api.post(f"{path}/freeze", {"reason": "  "}))[2] == "reason"
    for reason in ("The parcel is lost", "Another"):
        frozen = good(api.post(f"{path}/freeze", {"reason": reason}))
        assert (frozen["status"], frozen["frozen_reason"]) == ("frozen", "The parcel is lost")
    parts = [{"destination": seller, "amount": 4824}]
    assert refused(api.post(f"{path}/release", {"parts": parts}))[1] == "escrow_frozen"
    for _ in range(2):
        free = good(api.post(f"{path}/unfreeze"))
        assert (free["status"], free["frozen_reason"]) == ("held", None)
    good(api.post(f"{path}/release", {"parts": parts}))
    late = api.post(f"{path}/freeze", {"reason": "Too late"})
    assert refused(late)[1] == "escrow_state_unexpected"
    told = rows("SELECT name FROM events WHERE name LIKE 'escrow.%frozen'")
    assert sorted(row["name"] for row in told) == ["escrow.frozen", "escrow.unfrozen"]
    assert refused(api.post(f"{HOLDS}/esc_none/freeze", {"reason": "x"}))[0] == 404


def test_lists_are_filtered_and_paged(api: Api, seller: str) -> None:
    other = connected_seller(api)
    first, second = held(api, transfer_group="A"), held(api)
    ids = [
        good(send(api, first, seller, 100))["id"],
        good(send(api, first, other, 200))["id"],
        good(send(api, second, seller, 300))["id"],
    ]
    assert [one["id"] for one in listed(api)] == ids[::-1]
    assert [one["id"] for one in listed(api, f"destination={other}")] == [ids[1]]
    assert [one["id"] for one in listed(api, "transfer_group=A")] == [ids[1], ids[0]]
    assert [one["id"] for one in listed(api, f"limit=1&starting_after={ids[2]}")] == [ids[1]]
    assert listed(api, "created[lt]=1000") == []
    assert len(api.get(f"{HOLDS}?status=partly_released").json["data"]) == 2
    assert len(api.get(f"{HOLDS}?transfer_group=A&limit=1").json["data"]) == 1


def test_a_transfer_is_reversed_in_parts(api: Api, seller: str) -> None:
    made = good(send(api, held(api), seller, 2000))
    path = f"{TRANSFERS}/{made['id']}/reversals"
    back = good(api.post(path, {"amount": 500, "metadata": {"a": "1"}}, key="x"))
    assert good(api.post(path, {"amount": 500, "metadata": {"a": "1"}}, key="x")) == back
    assert (back["amount"], back["transfer"], back["metadata"]) == (500, made["id"], {"a": "1"})
    assert refused(api.post(path, {"amount": 1501})) == (400, "reversal_too_large", "amount")
    rest = good(api.post(path))
    assert rest["amount"] == 1500
    assert [one["id"] for one in good(api.get(path))["data"]] == [rest["id"], back["id"]]
    whole = good(api.get(f"{TRANSFERS}/{made['id']}"))
    assert (whole["amount_reversed"], whole["reversed"]) == (2000, True)
    assert [one["id"] for one in whole["reversals"]["data"]] == [rest["id"], back["id"]]
    changed = good(api.post(f"{path}/{back['id']}", {"metadata": {"b": "2"}}))
    assert changed["metadata"] == {"a": "1", "b": "2"}
    assert good(api.get(f"{path}/{back['id']}")) == changed


def test_words_of_a_transfer_can_be_changed(api: Api, seller: str) -> None:
    made = good(send(api, held(api), seller, 2000, description="Old"))
    path = f"{TRANSFERS}/{made['id']}"
    after = good(api.post(path, {"metadata": {"k": "v"}, "description": "New"}))
    assert (after["metadata"], after["description"]) == ({"k": "v"}, "New")
    assert good(api.post(path, {"metadata": "", "description": ""}))["metadata"] == {}


def test_both_books_list_what_moved(api: Api, seller: str, deps: Deps, shop: Shop) -> None:
    payment = held(api)
    path = f"{HOLDS}/{hold_of(api, payment)['id']}/release"
    good(api.post(path, {"parts": [{"destination": seller, "amount": 2000, "commission": 150}]}))
    [transfer] = listed(api)
    back = good(api.post(f"{TRANSFERS}/{transfer['id']}/reversals", {"amount": 350}))
    good(api.post("/v1/refunds", {"payment_intent": payment["id"], "amount": 1000}))

    found = good(api.get("/v1/balance_transactions"))["data"]
    kinds = {one["type"]: one for one in found}
    assert {kind: one["net"] for kind, one in kinds.items()} == {
        "refund": -1000,
        "reserve_release": 1000,
        "transfer_refund": 350,
        "application_fee": 150,
        "reserve_hold": -4824,
        "charge": 4824,
    }
    assert back["balance_transaction"] == kinds["transfer_refund"]["id"]
    assert transfer["balance_transaction"] == kinds["application_fee"]["id"]
    assert kinds["reserve_hold"]["source"] == payment["latest_charge"]
    [balance] = good(api.get("/v1/balance"))["pending"]
    assert balance["amount"] == sum(one["net"] for one in found) == 500
    theirs = Api(api.app, _key(deps, seller))
    own = good(theirs.get("/v1/balance_transactions"))["data"]
    assert [(one["type"], one["net"]) for one in own] == [
        ("payment_refund", -350),
        ("payment", 1850),
    ]
    assert [one["amount"] for one in good(theirs.get("/v1/balance"))["pending"]] == [1500]
    assert good(theirs.get(f"{TRANSFERS}"))["data"] == []
    by_source = good(api.get(f"/v1/balance_transactions?source={back['id']}"))["data"]
    assert [one["id"] for one in by_source] == [kinds["transfer_refund"]["id"]]


def test_what_is_sent_on_at_capture_is_told_in_stripes_shapes(
    api: Api, seller: str, deps: Deps, queue: FakeQueue
) -> None:
    plan = {"transfer_data": {"destination": seller}, "application_fee_amount": 500}
    payment = good(api.post("/v1/payment_intents", order(confirm=True, **plan)))
    assert (payment["application_fee_amount"], payment["transfer_data"]) == (
        500,
        {"destination": seller},
    )
    queue.drain()
    charge = good(api.get(f"/v1/charges/{payment['latest_charge']}?expand[]=transfer"))
    transfer = charge["transfer"]
    assert (transfer["amount"], transfer["destination"]) == (4999, seller)
    assert charge["application_fee_amount"] == 500
    assert charge["transfer_data"] == {"amount": None, "destination": seller}
    body = {"payment_intent": payment["id"], "amount": 1000, "expand": ["transfer_reversal"]}
    back = good(
        api.post("/v1/refunds", body | {"reverse_transfer": True, "refund_application_fee": True})
    )
    reversal = back["transfer_reversal"]
    assert (reversal["amount"], reversal["source_refund"]) == (1000, back["id"])
    plain = good(api.post("/v1/refunds", {"payment_intent": payment["id"], "amount": 1000}))
    assert plain["transfer_reversal"] is None

    own = good(api.get("/v1/balance_transactions"))["data"]
    theirs = good(Api(api.app, _key(deps, seller)).get("/v1/balance_transactions"))["data"]
    assert sorted((one["type"], one["net"]) for one in own) == [
        ("application_fee", 500),
        ("application_fee_refund", -100),
        ("charge", 4824),
        ("refund", -1000),
        ("refund", -1000),
        ("transfer", -4999),
        ("transfer_refund", 1000),
    ]
    assert sorted((one["type"], one["net"]) for one in theirs) == [
        ("application_fee", -500),
        ("application_fee_refund", 100),
        ("payment", 4999),
        ("payment_refund", -1000),
    ]
    assert transfer["balance_transaction"] in {one["id"] for one in own}
    wrong = api.post("/v1/refunds", {"payment_intent": held(api)["id"], "reverse_transfer": True})
    assert refused(wrong) == (400, "parameter_invalid", "reverse_transfer")


def test_a_checkout_can_be_sent_on_too(api: Api, seller: str) -> None:
    checkout = {
        "mode": "payment",
        "success_url": "https://shop.example/",
        "line_items": [
            {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}}
        ],
        "payment_intent_data": {
            "application_fee_amount": 90,
            "transfer_data": {"destination": seller},
        },
    }
    good(api.post("/v1/checkout/sessions", checkout))
    [row] = rows("SELECT escrow FROM checkout_sessions")
    assert row["escrow"] == {"destination": seller, "on_capture": {"application_fee_minor": 90}}
    checkout["payment_intent_data"] = {"transfer_data": {"destination": "acct_x"}}
    wrong = api.post("/v1/checkout/sessions", checkout)
    assert refused(wrong)[2] == "payment_intent_data[transfer_data][destination]"


def _key(deps: Deps, merchant_id: str) -> str:
    return keys.create_key(deps, keys.CreateKey(merchant_id, name="Seller")).text


def test_events_show_a_transfer_as_it_stood_then(api: Api, seller: str, deps: Deps) -> None:
    made = good(send(api, held(api), seller, 2000))
    path = f"{TRANSFERS}/{made['id']}"
    good(api.post(path, {"metadata": {"k": "v"}}))
    for amount in (500, 1500):
        good(api.post(f"{path}/reversals", {"amount": amount}))
    publish_due(deps, render)
    told = good(api.get("/v1/events?type=transfer.*"))["data"]
    seen = [
        (one["type"], one["data"]["object"]["amount_reversed"], one["data"]["object"]["reversed"])
        for one in told
    ]
    assert seen == [
        ("transfer.reversed", 2000, True),
        ("transfer.reversed", 500, False),
        ("transfer.updated", 2000, True),
        ("transfer.created", 0, False),
    ]
    assert told[0]["data"]["previous_attributes"] == {"amount_reversed": 500, "reversed": False}
    assert told[2]["data"]["previous_attributes"] == {"metadata": {}}


def test_expanding_a_transfer(api: Api, seller: str) -> None:
    payment = held(api)
    made = good(send(api, payment, seller, 2000, expand=["source_transaction"]))
    assert made["source_transaction"]["payment_intent"] == payment["id"]
    back = good(
        api.post(f"{TRANSFERS}/{made['id']}/reversals", {"amount": 1, "expand": ["transfer"]})
    )
    assert back["transfer"]["amount_reversed"] == 1
