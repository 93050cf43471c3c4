"""The account and its money: balance, what moved it, payouts, disputes, files; and what keys may do."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from app.services.keys import CreateKey, create_key
from tests.faults.world import Merchant, World, until
from tests.sdk.conftest import client
from tests.servers import Running

PAID = {"amount": 10000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}


def test_the_balance_is_the_sum_of_what_moved_it(sdk: stripe.StripeClient) -> None:
    paid = sdk.v1.payment_intents.create(PAID)
    refund = sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 2500})
    until(lambda: sdk.v1.refunds.retrieve(refund.id).status == "succeeded")

    rows = sdk.v1.balance_transactions.list().data
    assert [(row.type, row.amount) for row in rows] == [("refund", -2500), ("charge", 10000)]
    assert [row.source for row in rows] == [refund.id, paid.latest_charge]
    assert all(row.net == row.amount - row.fee for row in rows)
    assert all(sum(part.amount for part in row.fee_details) == row.fee for row in rows)
    balance = sdk.v1.balance.retrieve()
    held = sum(part.amount for part in [*balance.pending, *balance.available])
    assert held == sum(row.net for row in rows)
    by_source = sdk.v1.balance_transactions.list({"source": paid.latest_charge}).data
    assert [row.id for row in by_source] == [rows[1].id]
    assert [r.id for r in sdk.v1.balance_transactions.list({"type": "refund"}).data] == [rows[0].id]
    found = sdk.v1.balance_transactions.retrieve(rows[1].id, {"expand": ["source"]})
    assert found.source.payment_intent == paid.id


def test_the_account_describes_itself(sdk: stripe.StripeClient, web: Running) -> None:
    account = sdk.v1.accounts.retrieve_current()
    assert (account.object, account.id[:5]) == ("account", "acct_")
    assert (account.country, account.default_currency) == ("US", "usd")
    assert account.charges_enabled is True


def test_what_comes_later_can_be_listed_from_the_start(sdk: stripe.StripeClient) -> None:
    for objects in (sdk.v1.payouts, sdk.v1.disputes, sdk.v1.files):
        page = objects.list()
        assert (page.object, page.data, page.has_more) == ("list", [], False)


def test_a_restricted_key_does_what_it_may_and_no_more(
    sdk: stripe.StripeClient, shop: Merchant, world: World, web: Running
) -> None:
    paid = sdk.v1.payment_intents.create(PAID)
    permissions = {"payment_intents": "read", "refunds": "write"}
    command = CreateKey(shop.merchant_id, "restricted", "Refunds", permissions)
    with world.app.app_context():
        key = create_key(world.deps, command)
    narrow = client(web.url, key.text)
    assert narrow.v1.payment_intents.retrieve(paid.id).id == paid.id
    assert narrow.v1.refunds.create({"payment_intent": paid.id, "amount": 100}).amount == 100
    for forbidden in (
        lambda: narrow.v1.payment_intents.create(PAID),
        narrow.v1.customers.list,
        lambda: narrow.v1.customers.create({"name": "Ada"}),
        narrow.v1.balance.retrieve,
    ):
        with pytest.raises(stripe.PermissionError) as refused:
            forbidden()
        assert refused.value.http_status == 403
    shop.settled(charges=1)


def test_too_many_calls_are_a_rate_limit_error(world: World) -> None:
    with world.web(API_CALLS_PER_SECOND="5") as narrow:
        sdk = client(narrow.url, world.merchant(narrow).key)

        def ask(_: int) -> stripe.StripeError | None:
            try:
                sdk.v1.customers.list()
            except stripe.StripeError as error:
                return error
            return None

        with ThreadPoolExecutor(8) as pool:
            errors = [error for error in pool.map(ask, range(100)) if error is not None]
        assert errors
        assert {type(error) for error in errors} == {stripe.RateLimitError}
        assert {error.http_status for error in errors} == {429}
        assert all(int(error.headers["Retry-After"]) >= 1 for error in errors)
