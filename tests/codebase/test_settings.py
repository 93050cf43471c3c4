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
    of_application = {
        field.metadata["env"]: (
            "required" if field.default is MISSING else f"`{field.default}`".replace("``", "empty"),
            field.metadata["help"],
        )
        for field in fields(Settings)
    }
    of_launch = {name: (f"`{default}`", meaning) for name, (default, meaning) in VARIABLES.items()}
    return of_application | of_launch


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    assert documented() == existing()


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
