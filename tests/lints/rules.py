"""The house's own rules, read from the syntax tree; each is one short function.

A rule takes a file's tree and yields the lines that break it. A line that has to break one says so and
why: `# house: allow <rule> - <reason>`.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ESCAPE = re.compile(r"# house: allow ([a-z-]+) - \S+")

MONEY_PATHS = ("app/domain", "app/store", "app/services", "app/adapters", "app/web", "worker")
PRODUCT = (*MONEY_PATHS, "app/reports")


@dataclass(frozen=True)
class Rule:
    """A rule, where it holds, and the files it was made for."""

    name: str
    meaning: str
    find: Callable[[ast.Module], Iterator[int]]
    folders: tuple[str, ...]
    exempt: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Tell whether the rule holds in a file, named from the root of the project."""
        return _is_below(path, self.folders) and not _is_below(path, self.exempt)

    def offences(self, source: str) -> list[int]:
        """Return the lines that break the rule and do not say why they may."""
        lines = source.splitlines()
        return [
            number for number in self.find(ast.parse(source)) if not self._allows(lines[number - 1])
        ]

    def _allows(self, line: str) -> bool:
        escape = ESCAPE.search(line)
        return escape is not None and escape[1] == self.name


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call with the dotted name that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def units_of_work(tree: ast.Module) -> Iterator[int]:
    """Find units of work."""
    yield from (n.lineno for n, name in _calls(tree) if name.rpartition(".")[2] == "transaction")


def sessions(tree: ast.Module) -> Iterator[int]:
    """Find the ORM's session."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "db.session":
            yield node.lineno


def own_clock(tree: ast.Module) -> Iterator[int]:
    """Find calls that ask the machine for the time of day."""
    asking = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.time)$")
    yield from (node.lineno for node, name in _calls(tree) if asking.search(name))


def random_ids(tree: ast.Module) -> Iterator[int]:
    """Find ids that are not ours."""
    yield from (n.lineno for n, name in _calls(tree) if re.search(r"(^|\.)uuid[1-8]$", name))


def floats(tree: ast.Module) -> Iterator[int]:
    """Find conversions to binary fractions."""
    yield from (node.lineno for node, name in _calls(tree) if name == "float")


def postings(tree: ast.Module) -> Iterator[int]:
    """Find postings that are built."""
    yield from (n.lineno for n, name in _calls(tree) if re.search(r"(^|\.)(Posting|dr)$", name))


def unasked_moves(tree: ast.Module) -> Iterator[int]:
    """Find functions that change a status without asking its table for the move's event."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        asks = any(name.endswith(".event") for _, name in _calls(function))
        if not asks:
            yield from _status_changes(function)


def _status_changes(function: ast.FunctionDef) -> Iterator[int]:
    for node in ast.walk(function):
        is_set = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if is_set and node.attr == "status":
            yield node.lineno
    for call, name in _calls(function):
        if name.split(".")[-1] == "replace" and any(k.arg == "status" for k in call.keywords):
            yield call.lineno


RULES = (
    Rule(
        "unit-of-work",
        "only use-cases open a unit of work",
        units_of_work,
        ("app", "worker"),
        ("app/services", "app/store", "app/sandbox"),
    ),
    Rule(
        "session",
        "the ORM's session stays in store, services and reports",
        sessions,
        ("app", "worker"),
        ("app/services", "app/store", "app/reports"),
    ),
    Rule(
        "clock",
        "the time comes from the clock port",
        own_clock,
        ("app", "worker"),
        ("app/domain/clock.py", "app/sandbox/clock.py"),
    ),
    Rule("ids", "ids come from domain/ids.py", random_ids, PRODUCT, ("app/domain/ids.py",)),
    Rule("float", "money is never a binary fraction", floats, MONEY_PATHS),
    Rule(
        "recipe",
        "postings are built by recipes alone",
        postings,
        (*PRODUCT, "app/demo.py", "app/demo_market.py", "app/cli.py"),
        (
            "app/domain/postings.py",
            "app/domain/recipes.py",
            "app/domain/recipes_customers.py",
            "app/domain/recipes_onward.py",
        ),
    ),
    Rule(
        "move",
        "a status changes along an edge of its table",
        unasked_moves,
        ("app/domain", "app/services", "app/store", "worker"),
    ),
)
