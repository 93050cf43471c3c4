"""The key's own account, and resources of which there are no objects yet."""

from typing import Any

import pytest

from tests.api.client import Api, error_of
from tests.contracts.schema import check
from tests.factories import Shop


def good(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = check(answer.json)
    return found


def test_an_account_tells_who_it_is(api: Api, shop: Shop) -> None:
    found = good(api.get("/v1/account"))
    assert (found["id"], found["country"]) == (shop.merchant_id, "US")
    assert found["business_profile"]["name"] == "Corner Shop"
    assert (found["default_currency"], found["email"]) == ("usd", "help@shop.example")
    assert (found["charges_enabled"], found["payouts_enabled"]) == (True, False)
    assert found["capabilities"] == {"card_payments": "active"}
    assert good(api.get(f"/v1/accounts/{shop.merchant_id}")) == found


def test_another_account_is_not_told_of(api: Api, stranger: Api) -> None:
    other = good(stranger.get("/v1/account"))["id"]
    for wanted in (other, "acct_nobody"):
        answer = api.get(f"/v1/accounts/{wanted}")
        assert (answer.status_code, error_of(answer)["code"]) == (403, "account_invalid")
        assert wanted in error_of(answer)["message"]


@pytest.mark.parametrize(
    "resource, query",
    [
        ("payouts", "status=paid&created[gte]=1&arrival_date[lt]=9&destination=ba_1&limit=3"),
        ("disputes", "charge=ch_1&payment_intent=pi_1&created=5"),
        ("files", "purpose=dispute_evidence&created[gt]=1"),
    ],
)
def test_what_does_not_exist_yet_is_listed_as_nothing(api: Api, resource: str, query: str) -> None:
    for asked in ("", query):
        found = good(api.get(f"/v1/{resource}?{asked}"))
        assert (found["data"], found["has_more"]) == ([], False)
        assert found["url"] == f"/v1/{resource}"


@pytest.mark.parametrize("resource", ["payouts", "disputes", "files"])
def test_what_does_not_exist_yet_cannot_be_retrieved(api: Api, resource: str) -> None:
    answer = api.get(f"/v1/{resource}/xx_1")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "resource_missing")
    for query, code in (
        ("starting_after=xx_1", "resource_missing"),
        ("colour=red", "parameter_unknown"),
        ("limit=101", "parameter_invalid_integer"),
    ):
        refused = api.get(f"/v1/{resource}?{query}")
        assert (refused.status_code, error_of(refused)["code"]) == (400, code)
