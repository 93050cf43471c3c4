"""The request log and the idempotency inspector in the dashboard."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain.ids import new_id
from app.services.deps import Deps
from app.services.idempotency import KeyedRequest, claim, finish
from app.store.db import transaction
from app.store.inbox import IdempotencyKey
from tests.factories import Shop, make_payment, open_shop
from tests.web.conftest import Colleague
from tests.web.developers import SCOPE, log_request, make_event
from tests.web.visitor import Visitor

PAGE = "/dashboard/logs/"
KEYS = "/dashboard/idempotency/"


def keyed(deps: Deps, shop: Shop, key: str, *, subject: str | None = None, **more: Any) -> str:
    """A key whose first request was answered; gives that request's id."""
    line = log_request(
        deps,
        shop,
        idempotency_key=key,
        idempotency_scope=SCOPE,
        idempotency_outcome="first",
        object_id=subject,
        **more,
    )
    made = claim(deps, KeyedRequest(shop.merchant_id, SCOPE, key, b"h", line.id, subject))
    finish(deps, made, 200, b'{"id": "x"}')  # type: ignore[arg-type]
    return line.id


def repeated(deps: Deps, shop: Shop, key: str, outcome: str, **more: Any) -> str:
    sent = {"idempotency_key": key, "idempotency_scope": SCOPE, "idempotency_outcome": outcome}
    return log_request(deps, shop, **(sent | more)).id


def figures(page: str) -> dict[str, int]:
    found = re.findall(
        r'figure-name">([^<]*)</span>\s*<strong class="figure-value">(\d+)<', page, re.DOTALL
    )
    return {name: int(count) for name, count in found}


@pytest.mark.parametrize(
    "query, shown",
    [
        ("", "abcd"),
        ("?tab=failed", "cd"),
        ("?tab=succeeded", "ab"),
        ("?method=GET", "b"),
        ("?status=4xx", "c"),
        ("?status=500", "d"),
        ("?path=refunds", "cd"),
        ("?path=%25", ""),
        ("?key=key_2", "d"),
        ("?idempotency_key=order-7", "c"),
        ("?from=2020-01-01", "abcd"),
        ("?to=2020-01-01", ""),
        ("?from=nonsense&status=zzz&method=EAT", "abcd"),
    ],
)
def test_requests_are_found(owner: Visitor, deps: Deps, shop: Shop, query: str, shown: str) -> None:
    refund = {"path": "/v1/refunds", "route": "/v1/refunds"}
    made = {
        "a": log_request(deps, shop),
        "b": log_request(deps, shop, method="GET"),
        "c": log_request(deps, shop, status=402, idempotency_key="order-7", **refund),
        "d": log_request(deps, shop, status=500, key_id="key_2", **refund),
    }

    text = owner.htmx(PAGE + query).text

    assert "".join(name for name, line in made.items() if line.id in text) == shown


def test_a_request_is_found_by_its_id_and_by_the_url_in_its_error(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
    line = log_request(
        deps,
        shop,
        status=402,
        request_body={"amount": 4999},
        response_body={"error": error},
        query="expand[]=customer",
    )
    log_request(deps, shop)

    assert line.id in owner.htmx(f"{PAGE}?request_id={line.id}").text
    text = owner.get(PAGE + line.id).text
    for words in ("Your card was declined.", "card_declined", "4999", "expand[]", "203.0.113.9"):
        assert words in text


def test_a_request_leads_to_its_payment_and_its_events(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop)
    event_id = make_event(deps, shop, object_id=payment.id)
    line = log_request(deps, shop, object_id=payment.id)

    text = owner.get(PAGE + line.id).text

    assert f"/dashboard/payments/{payment.id}" in text
    assert f"/dashboard/events/{event_id}" in text


def test_bodies_are_shown_as_text(owner: Visitor, deps: Deps, shop: Shop) -> None:
    line = log_request(deps, shop, request_body={"x": "<script>alert(1)</script>"}, path="/v1/<b>")

    text = owner.get(PAGE + line.id).text + owner.get(PAGE).text

    assert "<script>alert" not in text
    assert "/v1/<b>" not in text


def test_the_inspector_tells_replays_mismatches_and_collisions(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    first = keyed(deps, shop, "order-7", request_body={"amount": 4999, "currency": "usd"})
    for _ in range(3):
        repeated(deps, shop, "order-7", "replayed")
    repeated(deps, shop, "order-7", "in_use", status=409)
    body = {"amount": 100, "currency": "usd"}
    repeated(deps, shop, "order-7", "mismatch", status=400, request_body=body)
    repeated(deps, shop, "another", "replayed")

    assert "order-7" in owner.htmx(f"{KEYS}?q=rder").text
    text = owner.get(f"{KEYS}key?scope={SCOPE}&key=order-7").text

    assert figures(text) == {
        "Requests": 6,
        "Replays": 3,
        "Other parameters": 1,
        "While it was running": 1,
        "Calls to the processor": 0,
    }
    assert first in text
    assert "as far as the log reaches (30 days)" in text
    differing = re.findall(r'<tr class="differs">.*?</tr>', text, re.DOTALL)
    assert len(differing) == 1
    assert [word in differing[0] for word in ("amount", "4999", "100")] == [True, True, True]


def test_the_inspector_says_which_request_touched_the_processor(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    before = deps.clock.now()
    key = {"idempotency_key": "once", "idempotency_scope": SCOPE}
    subject = new_id("pi", before)
    request_id = new_id("req", before)
    made = claim(deps, KeyedRequest(shop.merchant_id, SCOPE, "once", b"h", request_id, subject))
    payment = make_payment(deps, shop)
    after = deps.clock.now()
    with transaction() as session:
        row = session.get_one(IdempotencyKey, (shop.merchant_id, SCOPE, "once"))
        row.subject_id = payment.id
    finish(deps, made, 200, b"{}")  # type: ignore[arg-type]
    took = int((after - before) / timedelta(milliseconds=1))
    timed = {"at": before, "duration_ms": took, "idempotency_outcome": "first"}
    log_request(deps, shop, id=request_id, **timed, **key)
    repeated(deps, shop, "once", "replayed", at=after + timedelta(seconds=1))

    text = owner.get(f"{KEYS}key?scope={SCOPE}&key=once").text

    assert "Yes: 1 call." in " ".join(text.split())
    assert "None of the repeats made another." in text
    card = text[text.index("Was the processor touched?") :]
    assert f"/dashboard/logs/{request_id}" in card
    assert f"/dashboard/payments/{payment.id}" in card


def test_a_mismatch_without_bodies_is_told_all_the_same(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    keyed(deps, shop, "k")
    repeated(deps, shop, "k", "mismatch", status=400)

    assert "The parameters differed" in owner.get(f"{KEYS}key?scope={SCOPE}&key=k").text


def test_a_request_that_was_refused_before_is_not_the_first(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    repeated(deps, shop, "k", "first", status=400)
    keyed(deps, shop, "k")

    text = owner.get(f"{KEYS}key?scope={SCOPE}&key=k").text

    assert text.count("The first request") == 1
    assert "was refused before the key was used" in text


def test_an_unfinished_key_says_what_to_do(owner: Visitor, deps: Deps, shop: Shop) -> None:
    claim(deps, KeyedRequest(shop.merchant_id, SCOPE, "k", b"h", "req_1", None))
    with transaction() as session:
        row = session.get_one(IdempotencyKey, (shop.merchant_id, SCOPE, "k"))
        row.leased_until = deps.clock.now() - timedelta(minutes=1)

    text = owner.get(f"{KEYS}key?scope={SCOPE}&key=k").text

    assert "This request was not finished." in text


def test_keys_go_on_page_by_page_forth_and_back(owner: Visitor, deps: Deps, shop: Shop) -> None:
    names = [f"key-{number:03d}" for number in range(45)]
    for name in names:
        claim(deps, KeyedRequest(shop.merchant_id, SCOPE, name, b"h", "req_1", None))

    def page(path: str) -> tuple[list[str], dict[str, str]]:
        text = owner.htmx(path).text
        return re.findall(r">(key-\d{3})<", text), _links(text)

    first, links = page(KEYS)
    second, links = page(links["next"])
    third, last_links = page(links["next"])
    back, _ = page(last_links["prev"])

    assert first + second + third == names[::-1]
    assert back == second
    assert "next" not in last_links


def _links(text: str) -> dict[str, str]:
    found = re.findall(r'href="([^"]*)"\s+rel="(prev|next)"', text)
    return {rel: href.replace("&amp;", "&") for href, rel in found}


def test_others_have_no_logs_here(
    owner: Visitor, colleague: Colleague, deps: Deps, shop: Shop
) -> None:
    foreign = open_shop(deps, name="Foreign Shop")
    theirs = log_request(deps, foreign)
    keyed(deps, foreign, "theirs-7")
    own = log_request(deps, shop)
    analyst = colleague("analyst")

    assert owner.get(PAGE + theirs.id).status_code == 404
    assert owner.get(f"{KEYS}key?scope={SCOPE}&key=theirs-7").status_code == 404
    assert theirs.id not in owner.get(PAGE).text
    assert "theirs-7" not in owner.get(KEYS).text
    assert {analyst.get(path).status_code for path in (PAGE, PAGE + own.id, KEYS)} == {403}
