"""Every address of the dashboard against everybody who may ask for it, in one table written by hand.

The table repeats what the code says about permissions in order to disagree with it when somebody
changes one of them by mistake. A route or a role that is not in it fails.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.permissions import ROLES
from app.web.dashboard.webhooks import ACTS
from tests.api.possessions import absent
from tests.digest import changed, digest
from tests.factories import PASSWORD, FakeQueue, TestClock
from tests.sandbox.server import SandboxServer
from tests.web.members import KEY, SCOPE, Team, gather
from tests.worlds import emptied

EVERYBODY = frozenset({"owner", "admin", "developer", "support", "analyst"})
TILL = frozenset({"owner", "admin", "support"})
SOFTWARE = frozenset({"owner", "admin", "developer"})
HEADS = frozenset({"owner", "admin"})
FINANCE = frozenset({"owner", "admin", "analyst"})

READ = {"GET": EVERYBODY}
MONEY = {"GET": TILL, "POST": TILL}
LOOK = {"GET": SOFTWARE}
MAKE = {"GET": SOFTWARE, "POST": SOFTWARE}
PRESS = {"POST": SOFTWARE}
RULE = {"GET": HEADS, "POST": HEADS}
BOOKS = {"GET": FINANCE}

WHO_MAY: dict[str, dict[str, frozenset[str]]] = {
    "/dashboard/": READ,
    "/dashboard/chart.json": READ,
    "/dashboard/payments/": READ,
    "/dashboard/payments/<payment_id>": READ,
    "/dashboard/payments/<payment_id>/refund": MONEY,
    "/dashboard/payments/<payment_id>/refund/cost": {"GET": TILL},
    "/dashboard/payments/<payment_id>/capture": MONEY,
    "/dashboard/payments/<payment_id>/cancel": MONEY,
    "/dashboard/refunds/": READ,
    "/dashboard/balances/": READ,
    "/dashboard/balances/statement": READ,
    "/dashboard/balances/statement.csv": READ,
    "/dashboard/payouts/": READ,
    "/dashboard/payouts/<payout_id>": READ,
    "/dashboard/payouts/<payout_id>/waterfall.json": READ,
    "/dashboard/payouts/<payout_id>/cancel": {"POST": HEADS},
    "/dashboard/payouts/new": RULE,
    "/dashboard/payouts/schedule/<currency>": RULE,
    "/dashboard/bank-accounts/": {"GET": HEADS},
    "/dashboard/bank-accounts/new": RULE,
    "/dashboard/bank-accounts/<account_id>/verify": RULE,
    "/dashboard/bank-accounts/<account_id>/default": RULE,
    "/dashboard/bank-accounts/<account_id>/remove": RULE,
    "/dashboard/bank-transfers/": READ,
    "/dashboard/bank-transfers/<payer_id>": READ,
    "/dashboard/bank-transfers/<payer_id>/return/<currency>": MONEY,
    "/dashboard/escrow/": READ,
    "/dashboard/escrow/automatic": RULE,
    "/dashboard/escrow/<payment_id>/release": RULE,
    "/dashboard/escrow/<payment_id>/release/preview": {"GET": HEADS},
    "/dashboard/escrow/<payment_id>/freeze": RULE,
    "/dashboard/escrow/<payment_id>/unfreeze": {"POST": HEADS},
    "/dashboard/transfers/": READ,
    "/dashboard/fees/": READ,
    "/dashboard/methods/": {"GET": EVERYBODY, "POST": HEADS},
    "/dashboard/settlement/": {"GET": EVERYBODY, "POST": HEADS},
    "/dashboard/ledger/": BOOKS,
    "/dashboard/ledger/accounts/<code>/<currency>": BOOKS,
    "/dashboard/ledger/accounts/<code>/<currency>/entries.csv": BOOKS,
    "/dashboard/ledger/journals": BOOKS,
    "/dashboard/ledger/journals/<journal_id>": BOOKS,
    "/dashboard/proof/": BOOKS,
    "/dashboard/proof/verify": {"POST": FINANCE},
    "/dashboard/proof/download": BOOKS,
    "/dashboard/links/": READ,
    "/dashboard/links/new": MAKE,
    "/dashboard/keys/": LOOK,
    "/dashboard/keys/new": MAKE,
    "/dashboard/keys/<key_id>/change": MAKE,
    "/dashboard/keys/<key_id>/roll": MAKE,
    "/dashboard/keys/<key_id>/revoke": MAKE,
    "/dashboard/webhooks/": LOOK,
    "/dashboard/webhooks/new": MAKE,
    "/dashboard/webhooks/debugger": MAKE,
    "/dashboard/webhooks/<endpoint_id>": LOOK,
    "/dashboard/webhooks/<endpoint_id>/edit": MAKE,
    "/dashboard/webhooks/<endpoint_id>/secret": PRESS,
    "/dashboard/webhooks/<endpoint_id>/do/<act>": MAKE,
    "/dashboard/webhooks/<endpoint_id>/redeliver": MAKE,
    "/dashboard/webhooks/<endpoint_id>/deliveries/<delivery_id>": LOOK,
    "/dashboard/webhooks/<endpoint_id>/deliveries/<delivery_id>/resend": PRESS,
    "/dashboard/events/": LOOK,
    "/dashboard/events/<event_id>": LOOK,
    "/dashboard/events/<event_id>/deliveries/<delivery_id>/resend": PRESS,
    "/dashboard/logs/": LOOK,
    "/dashboard/logs/<request_id>": LOOK,
    "/dashboard/idempotency/": LOOK,
    "/dashboard/idempotency/key": LOOK,
    "/dashboard/settings/": READ,
    "/dashboard/settings/sessions/revoke": {"POST": EVERYBODY},
    "/switch/<merchant_id>": {"POST": EVERYBODY},
}

# Where an address wants another object than the usual one.
INSTEAD = {
    "/dashboard/payments/<payment_id>/capture": {"payment_id": "held"},
    "/dashboard/payments/<payment_id>/cancel": {"payment_id": "held"},
    "/dashboard/keys/<key_id>/revoke": {"key_id": "spare"},
    "/dashboard/escrow/<payment_id>/release": {"payment_id": "escrowed"},
    "/dashboard/escrow/<payment_id>/release/preview": {"payment_id": "escrowed"},
    "/dashboard/escrow/<payment_id>/freeze": {"payment_id": "escrowed"},
    "/dashboard/escrow/<payment_id>/unfreeze": {"payment_id": "escrowed"},
    "/dashboard/bank-accounts/<account_id>/verify": {"account_id": "unverified"},
}
# Objects that are named behind the question mark.
ASKED = {
    "/dashboard/idempotency/key": f"?scope={SCOPE}&key={KEY}",
    "/dashboard/payouts/new": "?currency=USD",
    "/dashboard/webhooks/debugger": "?webhook=<endpoint_id>&delivery=<delivery_id>",
}
# Sent by those who may: wrong enough to change nothing that another test needs.
HARMLESS = {
    "/dashboard/bank-transfers/<payer_id>/return/<currency>": {
        "extent": "part",
        "amount": "nothing",
    },
    "/dashboard/payments/<payment_id>/refund": {"extent": "part", "amount": "nothing"},
    "/dashboard/payments/<payment_id>/capture": {"extent": "part", "amount": "nothing"},
    "/dashboard/payments/<payment_id>/cancel": {"reason": "no reason at all"},
    "/dashboard/settings/sessions/revoke": {"handle": "others"},
}
# Sent by those who may not: what would do harm if it were let through.
HARMFUL = {
    "/dashboard/bank-transfers/<payer_id>/return/<currency>": {"extent": "full", "token": "1"},
    "/dashboard/payments/<payment_id>/refund": {"extent": "full", "reason": "other", "token": "1"},
    "/dashboard/payments/<payment_id>/capture": {"extent": "full"},
    "/dashboard/payments/<payment_id>/cancel": {"reason": "abandoned"},
    "/dashboard/payouts/new": {"currency": "USD", "amount": "5.00", "token": "1"},
    "/dashboard/payouts/schedule/<currency>": {"schedule": "manual", "password": PASSWORD},
    "/dashboard/bank-accounts/<account_id>/remove": {"password": PASSWORD},
    "/dashboard/escrow/automatic": {"days": "1"},
    "/dashboard/escrow/<payment_id>/freeze": {"reason": "Mine"},
    "/dashboard/settlement/": {"currencies": "EUR"},
    "/dashboard/links/new": {"title": "Mine", "amount": "5.00", "currency": "USD"},
    "/dashboard/keys/new": {"kind": "secret", "name": "Mine", "password": PASSWORD},
    "/dashboard/keys/<key_id>/change": {"name": "Mine", "preset": "read", "password": PASSWORD},
    "/dashboard/keys/<key_id>/roll": {"overlap": "0", "password": PASSWORD},
    "/dashboard/webhooks/new": {"url": "http://127.0.0.1:8999/mine", "extent": "full"},
    "/dashboard/webhooks/debugger": {"endpoint": "<endpoint_id>", "header": "t=1,v1=0"},
    "/dashboard/webhooks/<endpoint_id>/edit": {"url": "http://127.0.0.1:8999/m", "extent": "full"},
    "/dashboard/webhooks/<endpoint_id>/redeliver": {
        "since": "2000-01-01T00:00",
        "until": "2100-01-01T00:00",
        "extent": "all",
    },
}
# What cannot be done once more; the role before has done it.
DONE = {"/dashboard/payouts/<payout_id>/cancel": 400, "/dashboard/payouts/new": 400}
# How an answer to somebody who may looks: done, already so, or a form that says what is wrong.
HEARD = {200, 204, 303, 409, 412, 422}
HOLE = re.compile(r"<(\w+)>")
# Parts of addresses that are the same for every merchant.
WORDS = {"code": "merchant_pending", "currency": "USD"}


@pytest.fixture(scope="module")
def team(
    app: Flask, queue: FakeQueue, clock: TestClock, database_url: str, sandbox: SandboxServer
) -> Iterator[Team]:
    """One shop for the whole table; no test here changes what another one needs."""
    with emptied(app, queue, clock, database_url) as deps:
        yield gather(app, deps, queue, clock, sorted(EVERYBODY), sandbox)


def filled(text: str, ids: Mapping[str, str]) -> str:
    return HOLE.sub(lambda hole: ids[hole[1]], text)


def addresses(rule: str, ids: Mapping[str, str], *, act: str = "enable") -> str:
    """The address with real ids in it."""
    swapped = {name: ids[other] for name, other in INSTEAD.get(rule, {}).items() if other in ids}
    return filled(rule + ASKED.get(rule, ""), {**ids, **swapped, **WORDS, "act": act})


def rows(method: str) -> list[str]:
    return [rule for rule, row in WHO_MAY.items() if method in row]


def presses(team: Team) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each change, with what would do harm: rule, address, form."""
    for rule in rows("POST"):
        form = {k: filled(v, team.ids) for k, v in HARMFUL.get(rule, {}).items()}
        for act in ACTS if "<act>" in rule else ("",):
            yield rule, addresses(rule, team.ids, act=act), form


def is_sent_to_log_in(answer: TestResponse) -> bool:
    return answer.status_code == 303 and answer.headers["Location"].startswith("/login")


def test_every_route_and_every_role_is_in_the_table(app: Flask) -> None:
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/dashboard", "/switch")):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found.setdefault(rule.rule, set()).update(methods)

    assert found == {rule: set(row) for rule, row in WHO_MAY.items()}
    assert set(ROLES) == EVERYBODY


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_role_opens_what_it_may_and_nothing_else(team: Team, role: str) -> None:
    found = {rule: team.get(role, addresses(rule, team.ids)).status_code for rule in rows("GET")}

    assert found == {rule: 200 if role in WHO_MAY[rule]["GET"] else 403 for rule in rows("GET")}


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_role_is_heard_where_it_may_change_something(team: Team, role: str) -> None:
    allowed = [rule for rule in rows("POST") if role in WHO_MAY[rule]["POST"]]

    answers = {
        rule: team.post(role, addresses(rule, team.ids), HARMLESS.get(rule, {})) for rule in allowed
    }

    unheard = {
        rule: answer.status_code
        for rule, answer in answers.items()
        if answer.status_code not in HEARD | {DONE.get(rule)} or is_sent_to_log_in(answer)
    }
    assert unheard == {}


def test_who_may_not_change_something_changes_nothing(team: Team, database_url: str) -> None:
    before = digest(database_url)

    heard = [
        (role, address, answer.status_code)
        for rule, address, form in presses(team)
        for role in sorted(EVERYBODY - WHO_MAY[rule]["POST"])
        if (answer := team.post(role, address, form)).status_code != 403
    ]

    assert heard == []
    assert changed(before, digest(database_url)) == set()


def test_who_is_not_signed_in_is_sent_to_log_in_and_changes_nothing(
    team: Team, database_url: str
) -> None:
    before = digest(database_url)

    answers = {
        f"GET {rule}": team.get("nobody", addresses(rule, team.ids)) for rule in rows("GET")
    } | {
        f"POST {address}": team.post("nobody", address, form) for _, address, form in presses(team)
    }

    assert [name for name, answer in answers.items() if not is_sent_to_log_in(answer)] == []
    assert changed(before, digest(database_url)) == set()


def test_another_merchants_object_is_as_unknown_as_one_that_never_was(
    team: Team, database_url: str
) -> None:
    before = digest(database_url)
    nowhere = {name: absent(value) for name, value in team.ids.items()}

    for rule in [one for one in rows("GET") if objects(one + ASKED.get(one, ""))]:
        got = team.get("stranger", addresses(rule, team.ids))
        expected = team.get("stranger", addresses(rule, nowhere))
        assert (got.status_code, plain(got)) == (404, plain(expected)), rule
        assert [mark for mark in team.marks if mark in got.text] == []
    for rule, address, form in presses(team):
        if not names_an_object(rule):
            continue
        got = team.post("stranger", address, form)
        unknown = {name: absent(value) if "<" in value else value for name, value in form.items()}
        expected = team.post("stranger", addresses(rule, nowhere), unknown)
        assert (got.status_code, plain(got)) == (404, plain(expected)), address
        assert [mark for mark in team.marks if mark in got.text] == []

    assert changed(before, digest(database_url)) == set()


def names_an_object(rule: str) -> bool:
    form = HARMFUL.get(rule, {})
    return bool(objects(rule) or objects("".join(form.values())))


def objects(text: str) -> set[str]:
    """What in it names something that is a merchant's own."""
    return set(HOLE.findall(text)) - set(WORDS) - {"act"}


def plain(answer: TestResponse) -> str:
    """The page without the id of its own request."""
    return re.sub(r"req_[0-9a-z]+", "", answer.text)


def test_another_merchants_object_below_ones_own_is_unknown_and_the_other_way_round(
    team: Team, database_url: str
) -> None:
    before = digest(database_url)
    below = [rule for rule in WHO_MAY if len(objects(rule)) > 1]
    assert len(below) == 3

    found = {}
    for rule, method in product(below, ("GET", "POST")):
        for foreign in HOLE.findall(rule) if method in WHO_MAY[rule] else []:
            path = addresses(rule, team.own | {foreign: team.ids[foreign]})
            send = team.post if method == "POST" else lambda who, path, _: team.get(who, path)
            found[f"{method} {rule} {foreign}"] = send("stranger", path, {}).status_code

    assert found == dict.fromkeys(found, 404)
    assert changed(before, digest(database_url)) == set()


def test_another_merchants_lists_and_searches_show_nothing_of_the_shop(team: Team) -> None:
    lists = [rule for rule in rows("GET") if not objects(rule) and rule not in ASKED]
    asked = [f"{filled(rule, WORDS)}{ask}" for rule in lists for ask in ("", *searches(team))]

    shown = {
        path: [mark for mark in team.marks if mark in without_its_address(answer.text, path)]
        for path in asked
        if (answer := team.get("stranger", path)).status_code < 500
    }

    assert len(shown) == len(asked)
    assert {path: marks for path, marks in shown.items() if marks} == {}


def searches(team: Team) -> list[str]:
    ids = team.ids
    return [
        f"?q={ids['payment_id']}&object={ids['payment_id']}&request_id={ids['request_id']}",
        f"?after={ids['payment_id']}&before={ids['held']}",
    ]


def without_its_address(text: str, path: str) -> str:
    """What was asked for stands in the search field and in links; that is no answer."""
    for value in re.findall(r"=([^&]+)", path):
        text = text.replace(value, "")
    return text


def test_nobody_signs_out_the_browser_of_somebody_else(team: Team, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT token_hash FROM user_sessions").fetchall()
    before = digest(database_url)

    statuses = {
        team.post(who, "/dashboard/settings/sessions/revoke", {"handle": handle}).status_code
        for who in ("stranger", *sorted(EVERYBODY))
        for (handle,) in found
    }

    # One's own session is the one that asks: the button for it is "Sign out".
    assert len(found) == len(EVERYBODY) + 1
    assert statuses == {404}
    assert changed(before, digest(database_url)) == set()
