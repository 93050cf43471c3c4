"""What every answer says to a browser, and which requests of a browser are believed."""

import json
import re

import pytest
from flask import Flask

from app.services.deps import Deps
from app.web.security import checkout_csp
from tests.factories import Shop, make_payment
from tests.web.visitor import Visitor

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


def addresses(app: Flask) -> list[tuple[str, str]]:
    """Every route, its holes filled with something that does not exist."""
    return [
        (method, re.sub(r"<[^>]+>", "nothing", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_answer_carries_the_headers_errors_too(app: Flask, owner: Visitor) -> None:
    for method, address in [*addresses(app), ("GET", "/no/such/page"), ("DELETE", "/login")]:
        answer = owner._open(method, address)  # noqa: SLF001 - methods a form has not
        policy = answer.headers["Content-Security-Policy"]

        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, address
        assert answer.headers["Cross-Origin-Opener-Policy"].startswith("same-origin")
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Request-Id"].startswith("req_")
        assert answer.headers["Cache-Control"], address


def test_htmx_sets_no_style_attribute_which_the_policy_would_forbid(visitor: Visitor) -> None:
    [config] = re.findall(r"name=\"htmx-config\"\s+content='([^']+)'", visitor.get("/login").text)

    assert json.loads(config)["includeIndicatorStyles"] is False
    assert "style" not in json.loads(config)["attributesToSettle"]


def test_private_pages_are_kept_by_no_cache(owner: Visitor) -> None:
    for path in ("/dashboard/", "/dashboard/payments/", "/login"):
        assert owner.get(path).headers["Cache-Control"] == "no-store"


def test_a_file_named_by_its_content_is_kept_for_a_year(visitor: Visitor) -> None:
    page = visitor.get("/login").text
    address = re.search(r'href="(/static/css/tokens.css\?v=[^"]+)"', page)
    assert address

    with visitor.get(address.group(1)) as named, visitor.get("/static/css/tokens.css") as plain:
        assert "immutable" in named.headers["Cache-Control"]
        assert plain.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_press_our_buttons(
    owner: Visitor, deps: Deps, shop: Shop, headers: dict[str, str]
) -> None:
    payment = make_payment(deps, shop)
    address = f"/dashboard/payments/{payment.id}/refund"

    form = owner.hidden_fields(address) | {"extent": "full", "reason": "duplicate"}

    answer = owner.post_raw(address, form, **headers)

    assert answer.status_code == 403
    assert "Nothing was refunded" in owner.get(f"/dashboard/payments/{payment.id}").text


def test_a_form_without_its_token_changes_nothing(owner: Visitor, deps: Deps, shop: Shop) -> None:
    payment = make_payment(deps, shop)
    form = {"extent": "full", "reason": "duplicate"}

    answer = owner.post_raw(f"/dashboard/payments/{payment.id}/refund", form)

    assert answer.status_code == 400
    assert "Reload it and try again" in answer.text


def test_the_cookie_is_out_of_scripts_reach(visitor: Visitor) -> None:
    cookie = visitor.get("/login").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_an_error_is_a_page_for_a_browser_and_a_toast_for_htmx(owner: Visitor) -> None:
    page = owner.get("/dashboard/payments/pi_nothing")
    part = owner.htmx("/dashboard/payments/pi_nothing")

    assert (page.status_code, part.status_code) == (404, 404)
    assert "There is nothing here" in page.text
    assert page.headers["Request-Id"] in page.text
    assert "HX-Trigger" in part.headers
    assert part.headers["HX-Reswap"] == "none"


def test_an_error_of_the_api_is_json_in_stripes_shape(visitor: Visitor) -> None:
    answer = visitor.get("/v1/nothing")

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["code"] == "url_unknown"


def test_a_bug_is_told_by_its_request_id_alone(
    app: Flask, owner: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst() -> str:
        raise RuntimeError("the secret inside")

    monkeypatch.setitem(app.view_functions, "dashboard.keys.index", burst)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    answer = owner.get("/dashboard/keys/")

    assert answer.status_code == 500
    assert "the secret inside" not in answer.text
    assert answer.headers["Request-Id"] in answer.text


def test_the_checkouts_policy_names_the_processor_and_no_wildcard_of_others() -> None:
    ours = checkout_csp("http://127.0.0.1:8001/v3/")
    stripes = checkout_csp("https://js.stripe.com/v3/")

    assert "script-src 'self' http://127.0.0.1:8001;" in ours
    assert "frame-src http://127.0.0.1:8001" in ours
    assert "script-src 'self' https://js.stripe.com https://*.js.stripe.com" in stripes
    assert "connect-src 'self' https://api.stripe.com" in stripes
    assert "unsafe" not in ours + stripes


@pytest.mark.parametrize(
    "address", ["/pay/%00", "/buy/%00", "/dashboard/payments/%00", "/payments/%00"]
)
def test_an_address_with_a_nul_in_it_is_not_found(app: Flask, deps: Deps, address: str) -> None:
    assert app.test_client().get(address).status_code == 404
