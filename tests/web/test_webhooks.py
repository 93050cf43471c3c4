"""Webhook endpoints in the dashboard: made, watched, switched, and their secrets."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.domain.deliveries import signed_headers
from app.services.deps import Deps
from app.store.db import db
from app.store.merchants import AuditEntry
from app.store.webhooks import Delivery, WebhookEndpoint
from tests.factories import Shop, open_shop
from tests.web.conftest import Colleague
from tests.web.developers import OpenSender, make_delivery, make_endpoint, make_event
from tests.web.visitor import Visitor

PAGE = "/dashboard/webhooks/"


@pytest.fixture(autouse=True)
def open_sender(app: Flask, deps: Deps) -> Iterator[None]:
    """Names are not looked up in these tests."""
    app.extensions["farthing"] = replace(deps, sender=OpenSender())
    yield
    app.extensions["farthing"] = deps


def rows() -> list[WebhookEndpoint]:
    db.session.commit()
    return list(db.session.execute(select(WebhookEndpoint)).scalars())


def deliveries(status: str) -> int:
    db.session.commit()
    return db.session.query(Delivery).filter(Delivery.status == status).count()


def test_an_endpoint_is_made_for_chosen_events(owner: Visitor) -> None:
    sent = {"url": "https://a.example/hooks", "extent": "part", "events": "charge.refunded"}

    answer = owner.post(f"{PAGE}new", sent)

    (row,) = rows()
    assert answer.status_code == 303
    assert (row.url, row.enabled_events) == ("https://a.example/hooks", ["charge.refunded"])
    assert "charge.refunded" in owner.get(f"{PAGE}{row.id}").text


@pytest.mark.parametrize(
    "sent, words",
    [
        ({"url": ""}, "Enter the address"),
        ({"url": "https://a.example", "extent": "part"}, "Choose at least one event"),
        ({"url": "https://a.example", "extent": "part", "events": "no.such"}, "no.such"),
        ({"url": "https://a.example/" + "a" * 2000}, "longer than 2000"),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_said(
    owner: Visitor, sent: dict[str, str], words: str
) -> None:
    answer = owner.post(f"{PAGE}new", sent, htmx=True)

    assert answer.status_code == 422
    assert words in answer.text
    assert rows() == []


def test_a_refused_address_is_said_at_its_field(app: Flask, deps: Deps, owner: Visitor) -> None:
    app.extensions["farthing"] = deps  # The real sender, which asks nobody about a bare address.

    answer = owner.post(f"{PAGE}new", {"url": "https://10.0.0.1/hooks"}, htmx=True)

    assert answer.status_code == 400
    assert 'id="url-error"' in answer.text
    assert rows() == []


def test_an_endpoint_is_edited(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)
    assert "checked" in owner.htmx(f"{PAGE}{made.id}/edit").text

    owner.post(f"{PAGE}{made.id}/edit", {"url": "https://b.example", "description": "Till"})

    (row,) = rows()
    assert (row.url, row.description, row.enabled_events) == ("https://b.example", "Till", ["*"])


def test_a_secret_is_shown_when_asked_for_and_that_is_written_down(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    made = make_endpoint(deps, shop)
    before = owner.get(f"{PAGE}{made.id}").text + owner.get(PAGE).text

    shown = owner.post(f"{PAGE}{made.id}/secret", htmx=True).text

    assert made.secret not in before
    assert made.secret.replace("+", "&#43;") in shown or made.secret in shown
    latest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)
    entry = db.session.execute(latest).scalar_one()
    assert (entry.action, entry.subject_id) == ("webhook_endpoint.secret_shown", made.id)
    assert entry.actor == f"user:{shop.email}"


def test_rolling_keeps_the_old_secret_for_as_long_as_was_chosen(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    made = make_endpoint(deps, shop)

    owner.post(f"{PAGE}{made.id}/do/roll", {"overlap": "1"})

    (row,) = rows()
    assert deps.sealer.open(row.secret_sealed) != made.secret
    assert row.old_secret_until is not None
    assert abs(row.old_secret_until - deps.clock.now() - timedelta(hours=1)) < timedelta(minutes=1)
    assert "we sign with both" in owner.get(f"{PAGE}{made.id}").text


def test_an_endpoint_is_switched_off_and_on_with_what_it_missed(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    made = make_endpoint(deps, shop)
    event_id = make_event(deps, shop)
    make_delivery(deps, shop, made, event_id, status="pending", codes=())

    owner.post(f"{PAGE}{made.id}/do/disable")
    assert (rows()[0].status, deliveries("canceled")) == ("disabled", 1)

    owner.post(f"{PAGE}{made.id}/do/enable", {"backfill": "y"})
    assert (rows()[0].status, deliveries("pending")) == ("enabled", 1)


def test_a_deleted_endpoint_is_gone(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)

    owner.post(f"{PAGE}{made.id}/do/delete")

    assert owner.get(f"{PAGE}{made.id}").status_code == 404
    assert "No endpoints yet" in owner.get(PAGE).text


def test_the_last_24_hours_are_counted(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)
    make_delivery(deps, shop, made, make_event(deps, shop))
    make_delivery(deps, shop, made, make_event(deps, shop), status="pending", codes=(500, None))

    text = " ".join(owner.get(PAGE).text.split())

    assert "3 sent in 24 hours, 2 failed" in text
    assert "41 ms" in text


def test_deliveries_are_listed_by_their_state(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)
    good = make_delivery(deps, shop, made, make_event(deps, shop))
    bad = make_delivery(deps, shop, made, make_event(deps, shop), status="failed", codes=(500,))

    failed = owner.htmx(f"{PAGE}{made.id}?tab=failed").text
    everything = owner.htmx(f"{PAGE}{made.id}").text

    assert (good in failed, bad in failed) == (False, True)
    assert (good in everything, bad in everything) == (True, True)
    assert re.search(r'Failed\s*<span class="count">1<', everything)


def test_a_delivery_shows_every_try_and_no_markup_of_the_receiver(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    made = make_endpoint(deps, shop)
    event_id = make_event(deps, shop)
    answer = "<script>alert(1)</script>"
    codes = (500, None, 302)
    one = make_delivery(deps, shop, made, event_id, status="failed", codes=codes, answer=answer)

    text = owner.get(f"{PAGE}{made.id}/deliveries/{one}").text

    assert answer not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "Attempt 3" in text
    assert "The receiver did not answer in time." in text
    assert event_id in text


def test_a_delivery_is_sent_again(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)
    one = make_delivery(deps, shop, made, make_event(deps, shop), status="failed", codes=(500,))
    path = f"{PAGE}{made.id}/deliveries/{one}"
    token = owner.hidden_fields(path)

    answer = owner.post_raw(f"{path}/resend", token, HX_Request="true")

    assert answer.status_code == 200
    assert deliveries("pending") == 1


def test_a_range_is_sent_again(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)
    for status in ("failed", "delivered", "failed"):
        make_delivery(deps, shop, made, make_event(deps, shop), status=status)
    form = owner.htmx(f"{PAGE}{made.id}/redeliver").text
    moments = dict(re.findall(r'name="(since|until)"[^>]*?value="([^"]+)"', form, re.DOTALL))

    owner.post(f"{PAGE}{made.id}/redeliver", {**moments, "extent": "failed"})

    assert (deliveries("pending"), deliveries("delivered")) == (2, 1)


@pytest.mark.parametrize(
    "since, until, status",
    [
        ("", "", 422),
        ("soon", "2026-01-01T00:00", 422),
        ("2026-01-02T00:00", "2026-01-01T00:00", 400),
    ],
)
def test_a_range_that_is_none_is_refused(
    owner: Visitor, deps: Deps, shop: Shop, since: str, until: str, status: int
) -> None:
    made = make_endpoint(deps, shop)

    answer = owner.post(f"{PAGE}{made.id}/redeliver", {"since": since, "until": until}, htmx=True)

    assert answer.status_code == status


def test_the_debugger_names_what_is_wrong_and_keeps_nothing(
    owner: Visitor, deps: Deps, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    made, other = make_endpoint(deps, shop), make_endpoint(deps, shop, "https://b.example/x")
    event_id = make_event(deps, shop)
    one = make_delivery(deps, shop, made, event_id)
    prefilled = owner.get(f"{PAGE}debugger?webhook={made.id}&delivery={one}").text
    body = re.search(r'name="body"[^>]*>\n?([^<]*)<', prefilled, re.DOTALL)
    assert body is not None
    text = body.group(1).replace("&#34;", '"')
    headers = signed_headers(event_id, text.encode(), [made.secret], deps.clock.now())
    sent = {"header": headers["Stripe-Signature"], "body": text, "endpoint": made.id}

    def titled(**changes: str) -> str:
        page = owner.post(f"{PAGE}debugger", sent | changes, htmx=True).text
        found = re.search(r"<h2>([^<]*)</h2>", page)
        assert found is not None
        return found.group(1)

    assert titled() == "The signature verifies"
    assert titled(secret=other.secret).startswith("The secret is another endpoint")
    assert titled(body=text.replace("payment_intent", "charge")) == "The body was altered"
    assert titled(body=text + "\r\n") == "The body was altered"
    assert titled(header="t=1") == "The header has no v1 signature"
    assert other.secret not in caplog.text
    assert text not in caplog.text


def test_the_secrets_that_are_tried_stay_secret(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)

    page = owner.post(f"{PAGE}debugger", {"header": "t=1,v1=2", "body": "{}", "endpoint": made.id})

    assert made.secret not in page.text


@pytest.mark.parametrize("role", ["analyst", "support"])
def test_who_is_no_developer_sees_no_endpoint_and_no_secret(
    colleague: Colleague, deps: Deps, shop: Shop, role: str
) -> None:
    made = make_endpoint(deps, shop)
    person = colleague(role)
    token = {"csrf_token": person.hidden_fields("/dashboard/settings/")["csrf_token"]}

    pages = ("", "debugger", "new", made.id, f"{made.id}/edit", f"{made.id}/do/roll")
    acts = (f"{made.id}/secret", f"{made.id}/do/delete", f"{made.id}/redeliver", "debugger", "new")
    statuses = [person.get(PAGE + page).status_code for page in pages]
    statuses += [person.post_raw(PAGE + act, token).status_code for act in acts]

    assert set(statuses) == {403}


def test_another_merchants_endpoints_do_not_exist(owner: Visitor, deps: Deps, shop: Shop) -> None:
    foreign = open_shop(deps, name="Foreign Shop")
    theirs = make_endpoint(deps, foreign)
    one = make_delivery(deps, foreign, theirs, make_event(deps, foreign))
    own = make_endpoint(deps, shop)
    token = owner.hidden_fields(f"{PAGE}new")

    pages = [theirs.id, f"{theirs.id}/edit", f"{theirs.id}/do/roll", f"{theirs.id}/redeliver"]
    pages += [f"{theirs.id}/deliveries/{one}", f"{own.id}/deliveries/{one}"]
    acts = [f"{theirs.id}/secret", f"{theirs.id}/do/delete", f"{theirs.id}/do/roll"]
    acts += [f"{theirs.id}/deliveries/{one}/resend", f"{own.id}/deliveries/{one}/resend"]
    statuses = [owner.get(PAGE + page).status_code for page in pages]
    statuses += [owner.post_raw(PAGE + act, token).status_code for act in acts]

    assert set(statuses) == {404}
    assert theirs.id not in owner.get(PAGE).text


def test_a_form_without_its_token_changes_nothing(owner: Visitor, deps: Deps, shop: Shop) -> None:
    made = make_endpoint(deps, shop)

    answer = owner.post_raw(f"{PAGE}{made.id}/do/delete", {})

    assert answer.status_code == 400
    assert rows()[0].deleted_at is None
