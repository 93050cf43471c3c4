"""Lists, as the SDK walks them: complete, without doubles, forwards and backwards, while rows arrive."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

MANY = 250


def _intent(sdk: stripe.StripeClient, number: int) -> str:
    body = {"amount": 1000 + number, "currency": "usd", "metadata": {"number": str(number)}}
    return sdk.v1.payment_intents.create(body).id


def _customer(sdk: stripe.StripeClient, number: int) -> str:
    return sdk.v1.customers.create({"name": f"Customer {number}"}).id


KINDS = [("payment_intents", _intent), ("customers", _customer)]


@pytest.mark.parametrize("service,make", KINDS)
def test_auto_paging_gives_all_once_in_both_directions(
    sdk: stripe.StripeClient, service: str, make: Callable[[stripe.StripeClient, int], str]
) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = sorted(pool.map(lambda number: make(sdk, number), range(MANY)), reverse=True)
    assert len(set(made)) == MANY
    objects = getattr(sdk.v1, service)

    forwards = [one.id for one in objects.list({"limit": 100}).auto_paging_iter()]
    assert forwards == made
    # From the oldest towards the newest.
    params = {"limit": 60, "ending_before": made[-1]}
    backwards = [one.id for one in objects.list(params).auto_paging_iter()]
    assert backwards == made[-2::-1]

    # What arrives while a list is walked neither repeats a row nor hides one.
    walked = []
    for place, one in enumerate(objects.list({"limit": 40}).auto_paging_iter()):
        walked.append(one.id)
        if place % 50 == 25:
            make(sdk, MANY + place)
    assert walked == made


def test_a_page_says_whether_there_is_more(sdk: stripe.StripeClient) -> None:
    ids = [_customer(sdk, number) for number in range(3)][::-1]
    customers = sdk.v1.customers
    first = customers.list({"limit": 2})
    assert (first.object, first.url, first.has_more) == ("list", "/v1/customers", True)
    assert [one.id for one in first.data] == ids[:2]
    last = customers.list({"limit": 2, "starting_after": ids[1]})
    assert ([one.id for one in last.data], last.has_more) == (ids[2:], False)
    newer = customers.list({"limit": 1, "ending_before": ids[2]})
    assert ([one.id for one in newer.data], newer.has_more) == ([ids[1]], True)
    assert [one.id for one in customers.list().data] == ids


@pytest.mark.parametrize(
    "params,param",
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"starting_after": "cus_a", "ending_before": "cus_b"}, None),
        ({"colour": "blue"}, "colour"),
        ({"created": {"gte": "yesterday"}}, "created[gte]"),
        ({"created": {"near": 5}}, "created[near]"),
    ],
)
def test_a_wrong_list_is_refused(
    sdk: stripe.StripeClient, params: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.customers.list(params)
    assert refused.value.http_status == 400
    if param is not None:
        assert refused.value.param == param


def test_a_range_of_moments_is_kept_to_the_second(sdk: stripe.StripeClient) -> None:
    made = sdk.v1.customers.create({"name": "Ada"})
    at = made.created

    def found(created: object) -> list[str]:
        return [one.id for one in sdk.v1.customers.list({"created": created}).data]

    assert found(at) == [made.id]
    for inside in (
        {"gte": at},
        {"lte": at},
        {"gt": at - 1},
        {"lt": at + 1},
        {"gte": at, "lte": at},
    ):
        assert found(inside) == [made.id], inside
    for outside in ({"gt": at}, {"lt": at}, {"gte": at + 1}, {"lte": at - 1}):
        assert found(outside) == [], outside


def test_metadata_is_set_changed_and_unset(sdk: stripe.StripeClient) -> None:
    customers = sdk.v1.customers
    made = customers.create({"metadata": {"order": "7", "colour": "blue", "0": "zero"}})
    assert made.metadata.to_dict() == {"order": "7", "colour": "blue", "0": "zero"}
    changed = customers.update(made.id, {"metadata": {"order": "8", "colour": ""}})
    assert changed.metadata.to_dict() == {"order": "8", "0": "zero"}
    assert customers.update(made.id, {"metadata": ""}).metadata.to_dict() == {}
    assert customers.retrieve(made.id).metadata.to_dict() == {}


def test_metadata_has_its_limits(sdk: stripe.StripeClient) -> None:
    customers = sdk.v1.customers
    full = {f"key{number}": "v" * 500 for number in range(50)}
    made = customers.create({"metadata": full})
    assert made.metadata.to_dict() == full
    for metadata in (
        {"one more": "x"},
        {"k" * 41: "x"},
        {"key1": "v" * 501},
        {"a[b]": "x"},
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            customers.update(made.id, {"metadata": metadata})
        assert "metadata" in (refused.value.param or ""), metadata
    assert customers.retrieve(made.id).metadata.to_dict() == full
