import re
from dataclasses import MISSING, fields

from app.launch.plan import VARIABLES
from app.settings import Settings
from tests.codebase.project import read, texts

ROW = re.compile(r"^\| `([A-Z_]+)` \| ([^|]*?) \| ([^|]+?) \|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, str]]:
    """Return variable → default and meaning, as the README has them."""
    return {name: (default, meaning) for name, default, meaning in ROW.findall(read("README.md"))}


def existing() -> dict[str, tuple[str, str]]:
    """Return variable → default and meaning, as the code has them."""
    return {
        field.metadata["env"]: (
            "\N{EN DASH}" if field.default in {MISSING, ""} else f"`{field.default}`",
            field.metadata["help"],
        )
        for field in fields(Settings)
    }


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    assert documented() == existing()


def test_the_guide_lists_every_variable_of_make_run() -> None:
    guide = dict(
        re.findall(r"^\| `([A-Z_]+)` \| `([^`|]+)` \|", read("docs/operating.md"), re.MULTILINE)
    )

    assert guide == {name: default for name, (default, _) in VARIABLES.items()}
    assert all(f"`{name}`" in read("README.md") for name in VARIABLES)


def test_settings_are_read_in_one_place() -> None:
    allowed = {
        "app/settings.py": "the application's",
        "app/cli.py": "where the demo's log-ins are written",
        "app/host.py": "the search path of the system's programs",
        "app/launch/__main__.py": "those of `make run`",
        "app/launch/processes.py": "handed on to the processes",
    }

    found = {name for name in texts(".py", ("app/", "worker/")) if "os.environ" in read(name)}

    assert found <= allowed.keys()
