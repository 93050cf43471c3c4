import re

import pytest

from tests.codebase.project import ROOT, files, read, texts

TOP_LEVEL = {
    ".ci": "what CI runs",
    ".gitignore": "what is not kept",
    ".pre-commit-config.yaml": "the checks before a commit",
    "LICENSE": "Apache-2.0",
    "Makefile": "the commands",
    "README.md": "where to begin",
    "app": "the product",
    "docs": "decisions and guides",
    "migrations": "the schema, step by step",
    "pyproject.toml": "dependencies and tools",
    "requirements-dev.lock": "exact versions for development",
    "requirements.lock": "exact versions in service",
    "static": "what browsers load",
    "templates": "pages",
    "tests": "proofs",
    "worker": "the background process",
    "wsgi.py": "the web's entry",
}
# Written with a class of one letter here and there, so that this file does not match itself.
REGISTRIES = r"files\.pythonh[o]sted|pypi\.(o[r]g|p[y]thon)|registry\.n[p]m|deb\.d[e]bian\.org"
OPTIONS = r"--(extra-)?index-u[r]l|--find-l[i]nks"
FORBIDDEN = {
    "an address of a package registry": f"{REGISTRIES}|{OPTIONS}",
    "a path of somebody's machine": r"(?<![\w.\]])/(r[o]ot|h[o]me/[a-z]|U[s]ers/|w[o]rk/|tmp/[a-z])",
}
TEXTS = [name for name in texts() if "/vendor/" not in name and name != "LICENSE"]


def test_the_top_of_the_tree_holds_only_what_it_should() -> None:
    assert {name.split("/")[0] for name in files()} <= TOP_LEVEL.keys()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])

    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name in TEXTS
        for number, line in enumerate(read(name).splitlines(), 1)
        if pattern.search(line)
    ]

    assert found == []


def test_every_file_ends_with_one_newline_and_no_line_with_blanks() -> None:
    wrong = [
        name
        for name in TEXTS
        if (text := read(name))
        and (not text.endswith("\n") or text.endswith("\n\n") or re.search(r"[ \t]\n", text))
    ]

    assert wrong == []


def test_nothing_big_is_kept() -> None:
    big = [name for name in files() if (ROOT / name).stat().st_size > 3_000_000]

    assert big == []
