import os
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.codebase.project import ROOT

SNAPSHOT = ROOT / "tests" / "codebase" / "routes.txt"
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}

# Endpoint → why anybody may use it. Every other route must turn strangers away.
PUBLIC = {
    "static": "style sheets, scripts and fonts",
    "healthz": "process managers and load balancers ask it",
    "auth.root": "leads to the dashboard, which is closed",
    "auth.login": "where one signs in",
    "auth.sign_in": "where one signs in",
    "auth.logout": "does nothing for those who are not signed in",
    "reference.page": "developers read it before they have a key",
    "reference.specification": "tools read it",
    "proof_keys.published": "whoever verifies a proof needs the key, and need not know us",
    "hooks.receive": "processors sign what they send",
    "api.unknown": "there is no such call, which is no secret",
    "checkout.*": "the customer holds the session's unguessable address",
    "authentication.*": "the customer holds the payment's client secret",
}


def is_public(endpoint: str) -> bool:
    return endpoint in PUBLIC or f"{endpoint.split('.', maxsplit=1)[0]}.*" in PUBLIC


def routes(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def address(rule: Rule) -> str:
    """Fill the holes of a route with something that does not exist."""
    filled = re.sub(r"<int:[^>]+>", "1", rule.rule)
    return re.sub(r"<[^>]+>", "nothing", filled)


def turns_away(client: FlaskClient, rule: Rule, method: str) -> bool:
    answer = client.open(address(rule), method=method)
    to_sign_in = answer.status_code in {302, 303} and "/login" in answer.headers["Location"]
    return to_sign_in or answer.status_code in {401, 403}


def test_every_route_turns_strangers_away_or_is_known_to_be_public(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without this the missing token of a form would answer first.
    monkeypatch.setitem(app.config, "WTF_CSRF_METHODS", set())
    client = app.test_client()

    open_to_all = [
        f"{method} {rule.rule} ({rule.endpoint})"
        for rule, method in routes(app)
        if not is_public(rule.endpoint) and not turns_away(client, rule, method)
    ]

    assert open_to_all == []


def test_every_change_from_a_browser_needs_the_forms_token(app: Flask) -> None:
    client = app.test_client()
    machines = ("/v1/", "/payments", "/hooks/")

    unguarded = [
        f"{method} {rule.rule}"
        for rule, method in routes(app)
        if method in CHANGING and not rule.rule.startswith(machines)
        if client.open(address(rule), method=method).status_code != 400
    ]

    assert unguarded == []


def test_the_list_of_public_routes_names_only_routes_that_exist(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    blueprints = {f"{endpoint.split('.')[0]}.*" for endpoint in endpoints}

    assert PUBLIC.keys() <= endpoints | blueprints


def test_a_route_appears_or_goes_only_on_purpose(app: Flask) -> None:
    # Routes are promises to merchants' software and people's bookmarks. After a change on purpose:
    # UPDATE_SNAPSHOTS=1 python -m pytest tests/codebase/test_routes.py
    now = "".join(sorted(f"{rule.rule}  {method}\n" for rule, method in routes(app)))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(now, encoding="utf-8")

    assert now == SNAPSHOT.read_text(encoding="utf-8")
