import re

import pytest
from flask import Flask
from jinja2 import nodes

from tests.codebase.project import ROOT, read, texts

TEMPLATES = [name.removeprefix("templates/") for name in texts(".html", ("templates/",))]
PYTHON = "".join(read(name) for name in texts(".py", ("app/",)))
LAYOUTS = "layouts/"
INLINE = {
    "a script in the page": r"<script(?![^>]*\bsrc=)[^>]*>",
    "a style in the page": r"<style\b|\sstyle=[\"']",
    "a handler in the page": r"\son[a-z]+=[\"']|javascript:",
}


def parsed(app: Flask, name: str) -> nodes.Template:
    return app.jinja_env.parse(read(f"templates/{name}"))


def blocks(app: Flask, name: str) -> dict[str, nodes.Block]:
    return {block.name: block for block in parsed(app, name).find_all(nodes.Block)}


def parent(app: Flask, name: str) -> str:
    """Return the template that a template extends, or nothing."""
    for extends in parsed(app, name).find_all(nodes.Extends):
        assert isinstance(extends.template, nodes.Const), f"{name} extends something computed"
        return str(extends.template.value)
    return ""


def ancestors(app: Flask, name: str) -> list[str]:
    found = parent(app, name)
    return [found, *ancestors(app, found)] if found else []


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_template_compiles(app: Flask, name: str) -> None:
    assert app.jinja_env.get_template(name)


def test_every_block_is_used(app: Flask) -> None:
    """A block is a fragment that Python asks for, fills a layout's, or is a layout's that is filled."""
    filled = {block for name in TEMPLATES if parent(app, name) for block in blocks(app, name)}
    unused = []
    for name in TEMPLATES:
        offered = {block for above in ancestors(app, name) for block in blocks(app, above)}
        for block in blocks(app, name):
            is_fragment = f'"{block}"' in PYTHON
            is_filled = not parent(app, name) and block in filled
            if not (is_fragment or is_filled or block in offered):
                unused.append(f"{name}: {block}")

    assert unused == []


def test_every_template_is_rendered_extended_or_included(app: Flask) -> None:
    sources = "".join(read(f"templates/{name}") for name in TEMPLATES) + PYTHON

    def is_named(name: str) -> bool:
        # `checkout/phases/{phase}.html` names all files of its folder.
        folder = name.rpartition("/")[0]
        return f'"{name}"' in sources or bool(re.search(rf"{folder}/[\"'{{]", sources))

    assert [name for name in TEMPLATES if not is_named(name)] == []


def test_every_macro_is_called() -> None:
    sources = "".join(read(f"templates/{name}") for name in TEMPLATES) + PYTHON
    macros = [
        macro
        for name in TEMPLATES
        for macro in re.findall(r"{%-?\s*macro\s+(\w+)\(", read(f"templates/{name}"))
    ]

    assert [macro for macro in macros if len(re.findall(rf"\b{macro}\(", sources)) < 2] == []


@pytest.mark.parametrize("what", INLINE)
def test_no_template_has(what: str) -> None:
    found = [
        f"{name}: {match[0]}"
        for name in TEMPLATES
        for match in re.finditer(INLINE[what], read(f"templates/{name}"))
    ]

    assert found == []


def test_macros_live_in_components_or_in_the_block_that_calls_them(app: Flask) -> None:
    # A macro beside the blocks is undefined when one block is rendered by itself.
    beside = [
        f"{name}: {macro.name}"
        for name in TEMPLATES
        if not name.startswith("components/")
        for macro in parsed(app, name).find_all(nodes.Macro)
        if not any(macro in list(b.find_all(nodes.Macro)) for b in blocks(app, name).values())
    ]

    assert beside == []


def test_every_file_named_by_a_template_exists() -> None:
    named = re.findall(
        r"url_for\(\s*['\"]static['\"],\s*filename=['\"]([^'\"]+)['\"]",
        "".join(read(f"templates/{name}") for name in TEMPLATES),
    )

    assert [name for name in named if not (ROOT / "static" / name).is_file()] == []
