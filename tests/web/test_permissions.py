"""Who may do what: every role against every page and action, and one merchant against another."""

import pytest
from flask import Flask

from app.domain.permissions import ROLES, allows
from app.services import merchants
from app.services.deps import Deps
from app.services.refunds import RequestRefund, request_refund
from app.web.dashboard import PAGES
from tests.factories import Shop, make_payment, open_shop, usd
from tests.web.conftest import Colleague
from tests.web.visitor import Visitor

ACTIONS = ("refund", "capture", "cancel")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_pages_it_may_and_no_other(colleague: Colleague, role: str) -> None:
    person = colleague(role)

    statuses = {page.path: person.get(f"/dashboard{page.path}/").status_code for page in PAGES}

    expected = {page.path: 200 if allows(role, page.permission) else 403 for page in PAGES}
    assert statuses == expected


@pytest.mark.parametrize("role", ROLES)
def test_the_navigation_shows_what_a_role_may_open(colleague: Colleague, role: str) -> None:
    text = colleague(role).get("/dashboard/").text

    shown = {page.title: f"/dashboard{page.path}/" in text for page in PAGES if page.path}

    assert shown == {
        page.title: allows(role, page.permission) or page.permission == "view"
        for page in PAGES
        if page.path
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_what_it_may_and_nothing_else(
    colleague: Colleague, deps: Deps, shop: Shop, role: str
) -> None:
    person = colleague(role)
    payment = make_payment(deps, shop)
    token = {"csrf_token": person.hidden_fields("/dashboard/settings/")["csrf_token"]}

    refused = {
        action: person.post_raw(f"/dashboard/payments/{payment.id}/{action}", token).status_code
        == 403
        for action in ACTIONS
    }

    assert refused == {action: not allows(role, action) for action in ACTIONS}


@pytest.mark.parametrize("role", ["developer", "analyst"])
def test_who_may_not_refund_is_not_offered_it(
    colleague: Colleague, deps: Deps, shop: Shop, role: str
) -> None:
    payment = make_payment(deps, shop)

    text = colleague(role).get(f"/dashboard/payments/{payment.id}").text

    assert f"/dashboard/payments/{payment.id}/refund" not in text


def test_another_merchants_objects_do_not_exist(
    app: Flask, owner: Visitor, deps: Deps, shop: Shop
) -> None:
    foreign = open_shop(deps, name="Foreign Shop")
    payment = make_payment(deps, foreign)
    token = {"csrf_token": owner.hidden_fields("/dashboard/settings/")["csrf_token"]}
    address = f"/dashboard/payments/{payment.id}"

    answers = [owner.get(address), *(owner.get(f"{address}/{action}") for action in ACTIONS)]
    answers += [owner.post_raw(f"{address}/{action}", token) for action in ACTIONS]
    absent = owner.get("/dashboard/payments/pi_00000000000000000000000000")

    assert {answer.status_code for answer in answers} == {404}
    assert _without_ids(answers[0].text) == _without_ids(absent.text)


def test_lists_and_figures_show_only_ones_own(owner: Visitor, deps: Deps, shop: Shop) -> None:
    foreign = open_shop(deps, name="Foreign Shop")
    theirs = make_payment(deps, foreign, amount=usd("777.77"))
    refund_id = request_refund(
        deps, RequestRefund(foreign.merchant_id, theirs.id, usd("333.33"), "user:them")
    )
    link = merchants.create_link(deps, foreign.merchant_id, title="Theirs", amount=usd("5.00"))

    texts = "".join(
        owner.get(f"/dashboard{path}").text
        for path in (
            "/", "/payments/", f"/payments/?q={theirs.id}", f"/payments/?q={refund_id}",
f"/payments/?after={'pi_' + 'z' * 26}", "/refunds/",
            "/balances/", "/links/", "/keys/",
        )
    )  # fmt: skip

    for secret in ("777.77", "333.33", link, "Theirs", foreign.secret_key[-4:] + "<"):
        assert secret not in texts
    assert "No payments match" in owner.get("/dashboard/payments/?q=777.77").text


def _without_ids(text: str) -> str:
    start = text.index('<span class="id">')
    return text[:start] + text[text.index("</span>", start) :]
