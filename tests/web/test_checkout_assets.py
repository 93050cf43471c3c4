"""What the payment page weighs, and how the merchant's colour becomes readable."""

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services.deps import Deps
from app.web.checkout_brand import DEFAULT_ACCENT, accent_of, contrast, stylesheet
from tests.factories import Shop, open_checkout

BUDGET_BYTES = 60_000


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A customer's browser."""
    return app.test_client()


def test_the_page_and_its_own_assets_stay_under_sixty_kilobytes(
    deps: Deps, shop: Shop, browser: FlaskClient
) -> None:
    """Compressed, with the font; fonts are compressed already. Every file it names is there."""
    page = browser.get(f"/pay/{open_checkout(deps, shop)}")
    named = re.findall(r'(?:href|src)="(/[^"]+\.(?:css|js|woff2|svg)(?:\?[^"]*)?)"', page.text)
    assert any("checkout-card.js" in path for path in named)
    sizes = {"page": len(gzip.compress(page.data))}

    for path in named:
        with browser.get(path) as answer:
            assert answer.status_code == 200, path
            packed = answer.data if path.endswith(".woff2") else gzip.compress(answer.data)
        sizes[path] = len(packed)

    assert sum(sizes.values()) < BUDGET_BYTES, sizes


def test_every_module_that_the_script_imports_is_named_by_the_page(
    deps: Deps, shop: Shop, browser: FlaskClient
) -> None:
    """So that all of them load at once."""
    page = browser.get(f"/pay/{open_checkout(deps, shop)}").text
    script = re.search(r'src="(/static/js/checkout\.js[^"]*)"', page)
    assert script

    with browser.get(script.group(1)) as answer:
        imported = re.findall(r'from "\./([^"]+)"', answer.text)

    assert imported
    assert all(f'href="/static/js/{name}"' in page for name in imported)


@pytest.mark.parametrize(
    "accent", ["000000", "ffffff", "ffd400", "0f6b5c", "98481f", "ff0000", "3355ff", "7f7f7f"]
)
def test_any_accent_becomes_readable(accent: str) -> None:
    """As text by day and by night, and on the button."""
    css = stylesheet(accent)

    def colour(name: str, position: int = 0) -> tuple[int, int, int]:
        line = re.search(rf"--{name}: (.+);", css)
        assert line
        code = re.findall(r"#([0-9a-f]{6})", line.group(1))[position]
        return (int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16))

    assert contrast(colour("copper"), (0xF3, 0xEF, 0xE7)) >= 4.5
    assert contrast(colour("copper", 1), (0x25, 0x20, 0x1B)) >= 4.5
    assert contrast(colour("brand"), colour("on-brand")) >= 4.5


@pytest.mark.parametrize("accent", [None, "", "red", "#12", "#0f6b5c}body{}", "url(x)"])
def test_a_strange_accent_is_ours_instead(accent: str | None) -> None:
    """Nothing but six hexadecimal digits reaches a stylesheet."""
    assert accent_of({"accent": accent}) == DEFAULT_ACCENT


def test_the_brand_stylesheet_is_cached_and_takes_colours_only(
    deps: Deps, browser: FlaskClient
) -> None:
    """It depends on its address alone."""
    assert deps
    answer = browser.get("/pay/brand/0f6b5c.css")
    assert answer.mimetype == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "--brand: #0f6b5c;" in answer.text
    for wrong in ("0F6B5C", "red", "0f6b5", "0f6b5c;"):
        assert browser.get(f"/pay/brand/{wrong}.css").status_code == 404
