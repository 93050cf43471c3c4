import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import escape
from playwright.sync_api import Browser, Page, expect

import app.reports
import app.services
import app.web
from app.domain.errors import FarthingError
from app.web.api.error_codes import ERRORS
from app.web.api.errors import DEBIT_CODES, DECLINE_CODES, TYPES
from app.web.api.event_types import SENT
from app.web.api.example_code import LANGUAGES
from app.web.api.reference_guide import anchor
from app.web.api.routes import ROUTES
from app.web.api.schemas import SCHEMAS
from app.web.errors import _API_CODES

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe" / "axe.min.js"
# Codes that no answer of the API has, and why.
ELSEWHERE = {
    "mail_refused": "the worker's, when it sends mail",
    "mail_unavailable": "the worker's, when it sends mail",
    "rates_unreadable": "the worker's, when it fetches exchange rates",
    "refund_too_large": "the dashboard's; the API says amount_too_large",
    "signature_invalid": "of what processors send us",
    "stale_amount": "the dashboard's dialogs",
    "too_many_attempts": "of logging in",
}


@pytest.fixture(scope="module")
def page_text(app: Flask) -> str:
    answer = app.test_client().get("/reference")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def all_errors() -> Iterator[type[FarthingError]]:
    for package in (app.web, app.services, app.reports):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    waiting = [FarthingError]
    while waiting:
        kind = waiting.pop()
        if kind.__module__.startswith("app.") and kind.__name__ != "RequestError":
            yield kind
        waiting += kind.__subclasses__()


def test_every_code_that_an_error_can_carry_is_explained() -> None:
    from_classes = {kind.code for kind in all_errors()}
    from_banks = {code for code, _ in (*DECLINE_CODES.values(), *DEBIT_CODES.values())}
    can_be = from_classes | from_banks | set(_API_CODES.values()) | {"invalid_request"}
    assert ERRORS.keys() | ELSEWHERE.keys() == can_be
    assert ERRORS.keys().isdisjoint(ELSEWHERE)
    assert TYPES.keys() <= ERRORS.keys()


def test_every_code_is_said_to_come_with_the_statuses_that_it_comes_with() -> None:
    statuses: dict[str, set[int]] = {}
    for kind in all_errors():
        statuses.setdefault(kind.code, set()).add(kind.status)
    for code, _ in (*DECLINE_CODES.values(), *DEBIT_CODES.values()):
        statuses.setdefault(code, set()).add(402)
    for status, code in _API_CODES.items():
        statuses.setdefault(code, set()).add(status)
    for code, error in ERRORS.items():
        assert statuses.get(code, {400}) == set(error.statuses), code


def test_the_page_has_everything(page_text: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page_text)
    assert len(set(ids)) == len(ids)
    for route in ROUTES:
        assert anchor(route) in ids
        assert str(escape(route.summary)) in page_text
    assert {f"error-{code}" for code in ERRORS} <= set(ids)
    assert all(name in page_text for name in SENT)
    shown = {f"object-{kind}".replace(".", "-").replace("_", "-") for kind in SCHEMAS}
    missing = shown - set(ids)
    apart = ("deleted", "payment-intent-public", "error")
    assert all(name.removeprefix("object-").startswith(apart) for name in missing), missing


def test_every_link_of_the_page_leads_somewhere(app: Flask, page_text: str) -> None:
    ids = set(re.findall(r'\sid="([^"]+)"', page_text))
    client = app.test_client()
    for link in set(re.findall(r'(?:href|src)="([^"]+)"', page_text)):
        if link.startswith("#"):
            assert link[1:] in ids, link
        else:
            with client.get(link) as answer:
                assert answer.status_code == 200, link


def test_the_address_that_errors_name_is_on_the_page(app: Flask, page_text: str) -> None:
    answer = app.test_client().get("/v1/nothing")
    error = answer.get_json()["error"]
    assert error["code"] == "url_unknown"
    place = error["doc_url"].removeprefix("http://localhost/reference#")
    assert f'id="{place}"' in page_text


def test_the_page_is_the_same_for_everybody_and_sent_once(app: Flask) -> None:
    client = app.test_client()
    first = client.get("/reference")
    again = client.get("/reference", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    client.set_cookie("theme", "dark")
    assert 'data-theme="dark"' in client.get("/reference").get_data(as_text=True)
    assert "'unsafe-inline'" not in first.headers["Content-Security-Policy"]


@pytest.fixture
def screen(chromium: Browser, web: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{web}/reference")
    yield page
    context.close()
    assert said == []


def shown(page: Page) -> set[str]:
    """Which languages can be seen."""
    blocks = page.locator("#payment_intents pre")
    return {
        name
        for block in blocks.all()
        if block.is_visible()
        for name in LANGUAGES
        if f"code-{name}" in (block.get_attribute("class") or "")
    }


def test_one_language_is_shown_chosen_by_hand_or_keyboard_and_remembered(screen: Page) -> None:
    assert shown(screen) == {"curl"}
    screen.locator(".languages label", has_text="Python").click()
    assert shown(screen) == {"python"}
    screen.keyboard.press("ArrowRight")
    assert shown(screen) == {"node"}
    screen.reload()
    assert shown(screen) == {"node"}


def test_what_is_read_stays_when_the_language_changes(screen: Page) -> None:
    screen.goto(screen.url.partition("#")[0] + "#get-balance")
    call = screen.locator("#get-balance")
    expect(call).to_be_in_viewport()
    screen.evaluate("document.fonts.ready")
    screen.wait_for_timeout(300)
    before = call.bounding_box()
    screen.locator(".languages label", has_text="Python").click()
    after = call.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2


def test_a_link_into_something_folded_opens_it(screen: Page) -> None:
    assert not screen.locator("#object-charge dl").is_visible()
    screen.locator('a[href="#object-charge"]').first.click()
    expect(screen.locator("#object-charge dl")).to_be_visible()


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1440, "light")])
def test_the_page_fits_and_is_accessible(screen: Page, width: int, scheme: str) -> None:
    screen.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    screen.set_viewport_size({"width": width, "height": 844})
    assert screen.evaluate("document.documentElement.scrollWidth") <= width
    screen.evaluate(AXE.read_text(encoding="utf-8"))
    found = screen.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wrong = {one["id"]: [n["html"][:120] for n in one["nodes"]][:3] for one in found["violations"]}
    assert wrong == {}
