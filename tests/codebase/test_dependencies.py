import re
import tomllib

import pytest

from tests.codebase.project import read

LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads(read("pyproject.toml"))


def pins(lock: str) -> dict[str, str]:
    """Return package → version of a lock file."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", read(lock), re.MULTILINE))


def wanted(requirements: list[str]) -> dict[str, str]:
    """Return package → pinned version, empty where any will do."""
    found = (re.match(r"([a-z0-9-]+)(?:\[[^]]*])?(?:==(\S+))?$", line) for line in requirements)
    return {match[1]: match[2] or "" for match in found if match}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hashes_and_nothing_else(lock: str) -> None:
    entry = re.compile(
        r"[a-z0-9][a-z0-9._-]*==[^\s\\]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    )

    assert entry.sub("", read(lock)) == ""
    assert len(entry.findall(read(lock))) > 40


@pytest.mark.parametrize(
    "lock, requirements",
    [
        (LOCKS[0], PROJECT["project"]["dependencies"]),
        (LOCKS[1], PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_the_lock_holds_what_the_project_asks_for(lock: str, requirements: list[str]) -> None:
    locked = pins(lock)

    assert len(wanted(requirements)) == len(requirements)
    for package, version in wanted(requirements).items():
        assert locked.get(package), package
        assert version in {"", locked[package]}, package


def test_development_has_the_very_packages_of_service() -> None:
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


def test_every_package_is_listed_with_its_licence() -> None:
    rows = re.findall(r"^\| ([a-z0-9._-]+) \| [^|]+ \|$", read("docs/third-party.md"), re.MULTILINE)

    assert sorted(name for name in rows if name != "package") == sorted(pins(LOCKS[1]))
