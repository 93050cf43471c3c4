"""Payouts in Stripe's shape: made once a key, explained by their balance transactions, told by events."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update

from app.services import idempotency, ledger, payout_sending
from app.services.deps import Deps
from app.services.payouts import load
from app.services.publishing import publish_due
from app.store.db import transaction
from app.store.inbox import IdempotencyKey
from app.web.api.events_out import render
from tests.api.client import Api, at_once, error_of, order
from tests.contracts.schema import check
from tests.factories import FakeQueue, Shop, TestClock, verified_bank_account
from tests.services.bank import rows

ALL = "/v1/payouts"
MADE = {"amount": 2000, "currency": "usd"}


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return check(answer.json)


@pytest.fixture
def rich(api: Api, deps: Deps, shop: Shop, clock: TestClock) -> Api:
    """A shop with 48.24 dollars available and a bank account."""
    verified_bank_account(deps, shop)
    good(api.post("/v1/payment_intents", order(confirm=True)))
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)
    return api


def test_a_payout_is_made_and_explains_itself(rich: Api) -> None:
    made = good(rich.post(ALL, {**MADE, "metadata": {"month": "11"}, "description": "Rent"}))

    assert (made["status"], made["amount"], made["automatic"]) == ("pending", 2000, False)
    assert made["destination"].startswith("ba_")
    assert (made["metadata"], made["description"]) == ({"month": "11"}, "Rent")
    lines = good(rich.get(f"/v1/balance_transactions?payout={made['id']}"))["data"]
    assert [(line["type"], line["net"]) for line in lines] == [("payout", -2000), ("charge", 4824)]
    assert lines[0]["id"] == made["balance_transaction"]
    assert lines[0]["source"] == made["id"]
    balance = good(rich.get("/v1/balance"))
    assert [part["amount"] for part in balance["available"]] == [2824]
    with_source = good(rich.get(f"/v1/balance_transactions/{lines[0]['id']}?expand[]=source"))
    assert with_source["source"]["object"] == "payout"


def test_one_key_is_one_payout_however_often_it_is_sent(rich: Api) -> None:
    answers = at_once([lambda: rich.post(ALL, MADE, key="rent-11") for _ in range(8)])

    told = {answer.json["id"] for answer in answers if answer.status_code == 200}
    assert len(told) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert rows("SELECT count(*) AS n FROM payouts") == [{"n": 1}]
    assert good(rich.post(ALL, MADE, key="rent-11"))["id"] in told


def test_a_key_of_long_ago_pays_nothing_out_again(rich: Api, deps: Deps, clock: TestClock) -> None:
    first = rich.post(ALL, MADE, key="rent-11")
    for days in (2, 6):
        clock.advance(timedelta(days=days))
        idempotency.reap(deps)
        assert rich.post(ALL, MADE, key="rent-11").json["id"] == first.json["id"]

    assert rows("SELECT count(*) AS n FROM payouts") == [{"n": 1}]


def test_a_cancellation_whose_answer_was_lost_is_told_by_the_next(rich: Api) -> None:
    made = good(rich.post(ALL, MADE))
    path = f"{ALL}/{made['id']}/cancel"
    good(rich.post(path, {}, key="stop"))
    forget("stop")

    assert good(rich.post(path, {}, key="stop"))["status"] == "canceled"
    assert error_of(rich.post(path, {}, key="other"))["code"] == "payment_intent_unexpected_state"


def forget(key: str) -> None:
    """As when the process died before it could answer."""
    with transaction() as session:
        session.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.key == key)
            .values(
                state="started", leased_until=func.now(), response_status=None, response_body=None
            )
        )


@pytest.mark.parametrize(
    "body, code, param",
    [
        ({"amount": 4825, "currency": "usd"}, "balance_insufficient", "amount"),
        ({"amount": 100, "currency": "eur"}, "payouts_not_allowed", None),
        ({"amount": 0, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({**MADE, "destination": "ba_1"}, "parameter_unsupported", "destination"),
        ({**MADE, "method": "instant"}, "parameter_invalid", "method"),
        ({**MADE, "currency": "xxx"}, "currency_invalid", "currency"),
    ],
)
def test_what_cannot_be_paid_out_is_refused_and_changes_nothing(
    rich: Api, body: dict[str, Any], code: str, param: str | None
) -> None:
    answer = rich.post(ALL, body)

    error = error_of(answer)
    assert answer.status_code == 400
    assert error.get("param") == param, error
    assert error["code"] == code or param in ("currency", "method", "amount")
    assert rows("SELECT 1 FROM payouts UNION ALL SELECT 1 FROM payout_lines") == []


def test_without_a_bank_account_the_answer_says_what_to_do(
    api: Api, deps: Deps, clock: TestClock
) -> None:
    good(api.post("/v1/payment_intents", order(confirm=True)))
    clock.advance(timedelta(days=10))
    ledger.release_due(deps)

    error = error_of(api.post(ALL, MADE))
    assert error["code"] == "payouts_not_allowed"
    assert error["message"] == "Add a bank account for USD first."


def test_a_payout_is_canceled_only_before_the_bank_was_asked(
    rich: Api, deps: Deps, queue: FakeQueue
) -> None:
    first = good(rich.post(ALL, MADE))
    canceled = good(rich.post(f"{ALL}/{first['id']}/cancel"))
    second = good(rich.post(ALL, MADE))
    payout_sending.submit_due(deps)

    assert (canceled["status"], canceled["amount"]) == ("canceled", 2000)
    assert good(rich.get(f"{ALL}/{second['id']}"))["status"] in ("in_transit", "paid")
    refused = rich.post(f"{ALL}/{second['id']}/cancel")
    assert (refused.status_code, error_of(refused)["code"]) == (
        400,
        "payment_intent_unexpected_state",
    )


def test_lists_are_filtered_and_paged(rich: Api, stranger: Api) -> None:
    made = [good(rich.post(ALL, {**MADE, "amount": amount}))["id"] for amount in (500, 600, 700)]
    good(rich.post(f"{ALL}/{made[0]}/cancel"))

    assert [one["id"] for one in good(rich.get(ALL))["data"]] == made[::-1]
    page = good(rich.get(f"{ALL}?limit=1&starting_after={made[2]}"))
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([made[1]], True)
    assert [one["id"] for one in good(rich.get(f"{ALL}?status=canceled"))["data"]] == [made[0]]
    assert len(good(rich.get(f"{ALL}?arrival_date[gte]=0"))["data"]) == 0
    assert good(stranger.get(ALL))["data"] == []
    assert stranger.get(f"{ALL}/{made[0]}").status_code == 404


def test_metadata_is_changed_key_by_key(rich: Api) -> None:
    made = good(rich.post(ALL, {**MADE, "metadata": {"a": "1", "b": "2"}}))
    changed = good(rich.post(f"{ALL}/{made['id']}", {"metadata": {"a": "", "c": "3"}}))

    assert changed["metadata"] == {"b": "2", "c": "3"}


def test_events_tell_each_step_as_it_was(rich: Api, deps: Deps, shop: Shop) -> None:
    made = good(rich.post(ALL, MADE))
    payout_sending.submit_due(deps)
    status = load(shop.merchant_id, made["id"]).status
    publish_due(deps, render)

    told = good(rich.get("/v1/events?limit=100"))["data"]
    ours = [one for one in told if one["data"]["object"]["id"] == made["id"]]
    kinds = {one["type"]: one["data"]["object"]["status"] for one in ours}
    assert kinds["payout.created"] == kinds["payout.reconciliation_completed"] == "pending"
    assert kinds["payout.paid" if status == "paid" else "payout.updated"] == status
