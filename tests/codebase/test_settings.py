import re
from dataclasses import MISSING, fields
from ipaddress import ip_network

import pytest

from app.launch.plan import VARIABLES
from app.settings import SettingMissing, Settings, nacha_parts
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
        "app/web/api/example_code.py": "words of an example, for the reader's own program",
        "app/cli.py": "where the demo's log-ins are written",
        "app/host.py": "the search path of the system's programs",
        "app/launch/__main__.py": "those of `make run`",
        "app/launch/processes.py": "handed on to the processes",
    }

    found = {name for name in texts(".py", ("app/", "worker/")) if "os.environ" in read(name)}

    assert found <= allowed.keys()


REQUIRED = {
    "DATABASE_URL": "postgresql://db",
    "REDIS_URL": "redis://queue",
    "SECRET_KEY": "s" * 32,
    "SEAL_KEY": "k" * 44,
}


@pytest.mark.parametrize(
    "variable,wrong",
    [
        ("WEBHOOK_PRIVATE_NETWORKS", "10.0.0.0/33"),
        ("WEBHOOK_PRIVATE_NETWORKS", "10.1.0.0/16,localhost"),
        ("WEBHOOK_PRIVATE_NETWORKS", "10.0.0.1/8"),
        ("WEBHOOK_PORTS", "https"),
        ("WEBHOOK_PORTS", "443,65536"),
        ("SMTP_URL", "mail.example:587"),
        ("SMTP_URL", "http://user:hidden@mail.example"),
        ("SMTP_URL", "smtp://user:hidden@"),
        ("SMTP_URL", "smtp://user:hidden@mail.example:port"),
        ("SMTP_URL", "smtp://user:hidden@[mail.example"),
        ("MAIL_FROM", "Farthing"),
        ("MAIL_FROM", "a@b.example\nBcc: c@d.example"),
        ("OPERATOR_EMAIL", "operator"),
        ("NACHA_ACCOUNT", "Farthing Inc;1234567890;091000019"),
        ("NACHA_ACCOUNT", "Farthing Inc;1234567890;091000018;First Bank"),
        ("NACHA_ACCOUNT", "Farthing Inc;12-34567890;091000019;First Bank"),
    ],
)
def test_a_wrong_setting_is_named_and_its_secret_is_not(variable: str, wrong: str) -> None:
    with pytest.raises(SettingMissing, match=f"^{variable}: ") as caught:
        Settings.read(REQUIRED | {variable: wrong})

    assert "hidden" not in str(caught.value)


def test_who_sends_nacha_files_is_told_in_one_line() -> None:
    parts = ("Farthing Inc", "1234567890", "091000019", "First Bank")

    assert nacha_parts(";".join(parts)) == (*parts, "1234567890")
    assert nacha_parts(" ; ".join((*parts, "b091000019"))) == (*parts, "B091000019")


def test_networks_and_ports_of_receivers_are_lists() -> None:
    given = {"WEBHOOK_PRIVATE_NETWORKS": "10.1.0.0/16, fd00:1::/32", "WEBHOOK_PORTS": "443, 9443"}
    settings = Settings.read(REQUIRED | given)

    assert settings.webhook_networks == (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    assert settings.webhook_port_numbers == {443, 9443}
    assert Settings.read(REQUIRED).webhook_networks == ()
