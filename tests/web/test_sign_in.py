"""Getting in and out."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask

from app.services import merchants
from app.services.deps import Deps
from app.services.identity import MOST_FAILURES, WRONG
from tests.factories import PASSWORD, Shop, TestClock, open_shop
from tests.web.visitor import Visitor


def test_a_person_signs_in_and_sees_their_shop(visitor: Visitor, shop: Shop) -> None:
    answer = visitor.sign_in(shop.email)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/")
    assert "Corner Shop" in visitor.get("/dashboard/").text


@pytest.mark.parametrize("email, password", [("", PASSWORD), ("nobody@shop.example", PASSWORD)])
def test_a_wrong_address_and_a_wrong_password_read_the_same(
    visitor: Visitor, shop: Shop, email: str, password: str
) -> None:
    wrong_password = visitor.sign_in(shop.email, "not this one")
    unknown = visitor.sign_in(email or "other@shop.example", password)

    assert WRONG in wrong_password.text
    assert WRONG in unknown.text
    assert wrong_password.status_code == unknown.status_code == 401


def test_an_empty_form_names_what_is_missing(visitor: Visitor) -> None:
    answer = visitor.post("/login", {"email": "", "password": ""})

    assert answer.status_code == 422
    assert 'href="#email"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "<title>Error:" in " ".join(answer.text.split()).replace("<title> ", "<title>")


def test_guessing_is_slowed_down_and_says_so(visitor: Visitor, shop: Shop) -> None:
    for _ in range(MOST_FAILURES):
        visitor.sign_in(shop.email, "guess")

    answer = visitor.sign_in(shop.email)

    assert answer.status_code == 429
    assert "Too many tries" in answer.text


def test_the_password_is_never_sent_back(visitor: Visitor, shop: Shop) -> None:
    assert "hunter2hunter2" not in visitor.sign_in(shop.email, "hunter2hunter2").text


@pytest.mark.parametrize(
    "wanted, led_to",
    [
        ("/dashboard/payments/?tab=failed", "/dashboard/payments/?tab=failed"),
        ("https://evil.example/dashboard", "/dashboard/"),
        ("//evil.example/dashboard", "/dashboard/"),
        ("/dashboard\\@evil.example", "/dashboard/"),
        ("/logout", "/dashboard/"),
    ],
)
def test_signing_in_leads_where_one_wanted_to_go_but_never_away(
    visitor: Visitor, shop: Shop, wanted: str, led_to: str
) -> None:
    token = visitor.hidden_fields("/login")["csrf_token"]
    form = {"csrf_token": token, "email": shop.email, "password": PASSWORD}

    answer = visitor.post_raw(f"/login?next={quote(wanted)}", form)

    assert answer.headers["Location"] == led_to


def test_a_stranger_is_led_to_the_log_in_and_back(visitor: Visitor) -> None:
    answer = visitor.get("/dashboard/refunds/")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/dashboard/refunds/"


def test_the_session_changes_at_sign_in(visitor: Visitor, shop: Shop) -> None:
    visitor.get("/login")
    before = visitor.cookie("farthing")

    visitor.sign_in(shop.email)

    assert visitor.cookie("farthing") != before


def test_signing_out_ends_the_session_on_the_server(app: Flask, owner: Visitor) -> None:
    stolen = Visitor(app)
    stolen._client.set_cookie("farthing", owner.cookie("farthing"))  # noqa: SLF001 - a thief has it too
    assert stolen.get("/dashboard/").status_code == 200

    answer = owner.post("/logout")

    assert answer.headers["Clear-Site-Data"]
    assert stolen.get("/dashboard/").status_code == 303


def test_a_session_left_alone_ends(owner: Visitor, deps: Deps, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=deps.session_idle_minutes + 1))

    assert owner.get("/dashboard/").status_code == 303


def test_other_browsers_can_be_signed_out(app: Flask, owner: Visitor, shop: Shop) -> None:
    other = Visitor(app)
    other.sign_in(shop.email)

    answer = owner.post("/dashboard/settings/sessions/revoke", {"handle": "others"})

    assert answer.status_code == 303
    assert other.get("/dashboard/").status_code == 303
    assert owner.get("/dashboard/").status_code == 200


def test_nobody_signs_out_somebody_else(app: Flask, owner: Visitor, deps: Deps) -> None:
    stranger = open_shop(deps, name="Another Shop")
    other = Visitor(app)
    other.sign_in(stranger.email)
    handle = other.hidden_fields("/dashboard/settings/").get("handle", "0" * 64)

    answer = owner.post("/dashboard/settings/sessions/revoke", {"handle": handle})

    assert answer.status_code == 404
    assert other.get("/dashboard/").status_code == 200


def test_a_person_switches_between_their_shops_and_to_no_other(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    second, foreign = open_shop(deps, name="Second Shop"), open_shop(deps, name="Foreign Shop")
    user_id = merchants.add_user(deps, email="two@shop.example", name="Two", password=PASSWORD)
    for merchant_id in (shop.merchant_id, second.merchant_id):
        merchants.add_member(deps, user_id=user_id, merchant_id=merchant_id, role="owner")
    owner.post("/logout")
    owner.sign_in("two@shop.example")

    assert owner.post(f"/switch/{second.merchant_id}").status_code == 303
    assert "Second Shop · Farthing" in owner.get("/dashboard/").text
    assert owner.post(f"/switch/{foreign.merchant_id}").status_code == 404
