import ast

import pytest

from tests.codebase.project import read, texts

LONGEST_FILE = 350
LONGEST_FUNCTION = 60
# Name and reason of what may be longer. The list is empty, and is meant to stay so.
LONGER_FILES: dict[str, str] = {}
LONGER_FUNCTIONS: dict[str, str] = {}

CODE = texts(".py", ("app/", "worker/", "wsgi.py"))
PYTHON = texts(".py")


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    sizes = {name: len(read(name).splitlines()) for name in CODE}

    too_long = {name: size for name, size in sizes.items() if size > LONGEST_FILE}

    assert too_long.keys() == LONGER_FILES.keys(), too_long


def test_no_function_is_longer_than_a_screen() -> None:
    # Migrations are one statement in one string; their length is the schema's.
    sizes = {
        f"{name}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name in PYTHON
        if not name.startswith("migrations/")
        for function in ast.walk(ast.parse(read(name)))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    too_long = {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION}

    assert too_long.keys() == LONGER_FUNCTIONS.keys(), too_long


@pytest.mark.parametrize("name", CODE)
def test_every_module_opens_with_what_it_owns(name: str) -> None:
    assert ast.get_docstring(ast.parse(read(name))) or not read(name).strip()


def test_nothing_is_put_off() -> None:
    unfinished = ("TO" + "DO", "FIX" + "ME", "Not" + "ImplementedError")

    found = [f"{name}: {word}" for name in PYTHON for word in unfinished if f"{word}" in read(name)]

    assert found == []


def test_no_test_is_skipped() -> None:
    words = ("pytest." + "skip(", "mark." + "skip", "mark." + "xfail", "unittest." + "mock")

    found = [
        f"{name}: {word}"
        for name in texts(".py", ("tests/",))
        for word in words
        if word in read(name)
    ]

    assert found == []
