"""Events in the dashboard: found, read, and sent again."""

import pytest

from app.services.deps import Deps
from app.store.db import db
from app.store.webhooks import Delivery
from tests.factories import Shop, open_shop
from tests.web.conftest import Colleague
from tests.web.developers import make_delivery, make_endpoint, make_event
from tests.web.visitor import Visitor, toast_of

PAGE = "/dashboard/events/"


def test_events_are_found_by_type_and_by_object(owner: Visitor, deps: Deps, shop: Shop) -> None:
    paid = make_event(deps, shop)
    back = make_event(deps, shop, "charge.refunded", "ch_0000000000000000000000000a")

    def shown(query: str) -> tuple[bool, bool]:
        text = owner.htmx(PAGE + query).text
        return paid in text, back in text

    assert shown("") == (True, True)
    assert shown("?type=payment_intent") == (True, False)
    assert shown("?type=charge_refunded") == (False, False)
    assert shown("?object=ch_0000000000000000000000000a") == (False, True)


def test_the_list_goes_on_page_by_page(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = [make_event(deps, shop) for _ in range(25)]

    first = owner.htmx(PAGE).text
    older = owner.htmx(f"{PAGE}?after={made[5]}").text

    assert [one in first for one in (made[24], made[5], made[4])] == [True, True, False]
    assert [one in older for one in (made[5], made[4], made[0])] == [False, True, True]
    assert f"before={made[4]}" in older


def test_an_event_shows_its_body_and_where_it_arrived(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    event_id = make_event(deps, shop)
    first, second = make_endpoint(deps, shop), make_endpoint(deps, shop, "https://b.example/x")
    make_delivery(deps, shop, first, event_id)
    make_delivery(deps, shop, second, event_id, status="failed", codes=(500, None))

    text = owner.get(PAGE + event_id).text

    assert f"&#34;id&#34;: &#34;{event_id}&#34;" in text
    assert text.index("Delivered") < text.index("https://b.example/x") < text.index("Failed")


def test_an_event_is_sent_again_to_one_endpoint(owner: Visitor, deps: Deps, shop: Shop) -> None:
    event_id = make_event(deps, shop)
    kept, asked = make_endpoint(deps, shop), make_endpoint(deps, shop)
    make_delivery(deps, shop, kept, event_id)
    one = make_delivery(deps, shop, asked, event_id)
    token = owner.hidden_fields(PAGE + event_id)

    path = f"{PAGE}{event_id}/deliveries/{one}/resend"
    answer = owner.post_raw(path, token, HX_Request="true")

    db.session.commit()
    found = {row.id: row.status for row in db.session.query(Delivery)}
    assert toast_of(answer) == "On its way again"
    assert sorted(found.values()) == ["delivered", "pending"]
    assert found[one] == "pending"


def test_others_have_no_events_here(
    owner: Visitor, colleague: Colleague, deps: Deps, shop: Shop
) -> None:
    foreign = open_shop(deps, name="Foreign Shop")
    theirs = make_event(deps, foreign)
    one = make_delivery(deps, foreign, make_endpoint(deps, foreign), theirs)
    own = make_event(deps, shop)
    token = owner.hidden_fields("/dashboard/settings/")

    assert owner.get(PAGE + theirs).status_code == 404
    assert theirs not in owner.get(PAGE).text
    resend = f"{PAGE}{own}/deliveries/{one}/resend"
    assert owner.post_raw(resend, token).status_code == 404
    assert colleague("analyst").get(PAGE + own).status_code == 403


@pytest.mark.parametrize("path", [PAGE + "evt_none", f"{PAGE}%00"])
def test_an_unknown_event_is_not_found(owner: Visitor, path: str) -> None:
    assert owner.get(path).status_code == 404
