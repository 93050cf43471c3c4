"""The tables of docs/ are what the code says; after a change on purpose, have them written anew:

UPDATE_SNAPSHOTS=1 python -m pytest tests/codebase/test_docs_api.py
"""

import os
import re
from collections.abc import Callable

import pytest

from app.web.api.fields import Refused
from app.web.api.parameter_table import event_table, tables
from app.web.api.parameters import flat
from app.web.api.resource_guide import RESOURCES, ordered
from app.web.api.routes import ROUTES
from tests.codebase.project import ROOT, read

TABLES = {
    "docs/api.md": (tables, "table"),
    "docs/webhooks.md": (event_table, "event types"),
}
LINKED = ("docs/api.md", "docs/sdk.md", "docs/webhooks.md")


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_what_the_code_says(name: str) -> None:
    make, called = TABLES[name]
    text = read(name)
    written = _with_table(text, called, make)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        (ROOT / name).write_text(written, encoding="utf-8")

    assert written == text or os.environ.get("UPDATE_SNAPSHOTS")


def _with_table(text: str, called: str, make: Callable[[], str]) -> str:
    begin = re.search(rf"<!-- {called}: .* -->\n", text)
    end = f"<!-- end of {called} -->"
    assert begin is not None
    return f"{text[: begin.end()]}\n{make()}\n{end}{text.rpartition(end)[2]}"


def test_every_call_stands_under_one_heading() -> None:
    assert sorted(route.name for route in ordered()) == sorted(route.name for route in ROUTES)
    assert len({resource.slug for resource in RESOURCES}) == len(RESOURCES)


def test_every_refusal_gives_a_reason_in_a_sentence() -> None:
    for route in ROUTES:
        for name, field in route.spec.items():
            if isinstance(field, Refused):
                assert field.why.endswith("."), (route.name, name)


def test_every_parameter_of_ours_is_in_the_table() -> None:
    text = read("docs/api.md")
    for route in ROUTES:
        for one in flat(route.takes):
            assert f"`{one.name}`" in text, (route.name, one.name)


@pytest.mark.parametrize("name", LINKED)
def test_links_between_the_guides_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", read(name)):
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
            assert anchor in slugs, target
    assert f"({name})" in read("README.md")
