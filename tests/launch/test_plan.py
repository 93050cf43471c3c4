"""`make run` decides before it starts anything, and says in one sentence what will not do."""

import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.host import HostError, throwaway_dir
from app.launch import plan as planning
from app.launch import servers
from app.launch.plan import Plan
from app.launch.words import banner
from app.settings import Settings
from tests.servers import Servers


@pytest.fixture
def data_dir() -> Iterator[Path]:
    made = throwaway_dir("farthing-plan")
    yield made
    shutil.rmtree(made)


def read(data_dir: Path, **more: str) -> Plan:
    return planning.read({"FARTHING_DATA_DIR": str(data_dir), **more})


def test_without_any_configuration_everything_stays_on_this_machine(data_dir: Path) -> None:
    plan = read(data_dir)

    assert plan.host == "127.0.0.1"
    assert plan.web_url == "http://127.0.0.1:8000"
    assert plan.sandbox_url == "http://127.0.0.1:8001"


@pytest.mark.parametrize("wrong", ["0", "65536", "-1", "80 80", "http", "٨٠٨٠", "8000.0"])
def test_a_port_that_is_none_is_said(data_dir: Path, wrong: str) -> None:
    with pytest.raises(HostError, match=r"^SANDBOX_PORT is .* not a port"):
        read(data_dir, SANDBOX_PORT=wrong)


def test_two_servers_on_one_port_are_said(data_dir: Path) -> None:
    with pytest.raises(HostError, match=r"PORT and SANDBOX_PORT are both 8001"):
        read(data_dir, PORT="8001")


def test_a_taken_port_is_said_with_its_purpose_and_the_way_out(data_dir: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = str(stranger.getsockname()[1])

        with pytest.raises(HostError, match=rf"Port {port}, meant for the web, is taken.* PORT="):
            planning.check_ports(read(data_dir, PORT=port))


def test_the_processes_get_settings_that_the_application_accepts(data_dir: Path) -> None:
    plan = read(data_dir)

    settings = Settings.read(plan.environment("postgresql://db", "redis://queue"))

    assert settings.stripe_api_url == plan.sandbox_url
    assert settings.base_url == plan.web_url
    assert settings.smtp_url == "smtp+plain://127.0.0.1:1025"
    assert Fernet(settings.seal_key)


def test_secrets_are_made_once_and_kept_from_others(data_dir: Path) -> None:
    first = read(data_dir).environment("a", "b")
    second = read(data_dir).environment("a", "b")

    assert first == second
    assert stat.S_IMODE((data_dir / "secrets.env").stat().st_mode) == 0o600


def test_what_the_operator_set_goes_first(data_dir: Path) -> None:
    key = "k" * 40

    environ = read(data_dir, SECRET_KEY=key, SESSION_HOURS="1").environment("a", "b")

    assert (environ["SECRET_KEY"], environ["SESSION_HOURS"]) == (key, "1")


def test_what_posts_to_the_outside_is_a_process_of_its_own(data_dir: Path) -> None:
    plan = read(data_dir)

    assert plan.commands()["outside"][-3:] == ["-m", "worker", "outside"]
    # The demo's receivers are on this machine; in service nothing of the inside may be posted to.
    environ = plan.environment("postgresql://db", "redis://queue")
    assert environ["WEBHOOK_PRIVATE_NETWORKS"] == "127.0.0.0/8"


def test_the_web_never_runs_in_debug_mode(data_dir: Path) -> None:
    command = " ".join(read(data_dir).commands()["web"])

    assert "granian" in command
    assert "reload" not in command
    assert "debug" not in command


def test_a_second_demo_on_the_same_data_is_refused(data_dir: Path) -> None:
    plan = read(data_dir)

    with (
        servers.only_one(plan),
        pytest.raises(servers.AlreadyRunningError, match=r"already runs"),
        servers.only_one(plan),
    ):
        pass


def test_given_servers_are_used_and_none_is_started(
    data_dir: Path, servers: Servers, valkey_url: str
) -> None:
    from app.launch import servers as starting  # noqa: PLC0415 -- the fixture has the name.

    plan = read(data_dir, DATABASE_URL=servers.admin_url, REDIS_URL=valkey_url)

    with starting.started(plan) as (environ, started):
        assert started == []
        assert environ["DATABASE_URL"] == servers.admin_url


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, r"^DATABASE_URL names a PostgreSQL that"),
        ({"DATABASE_URL": "nonsense"}, r"^DATABASE_URL names a PostgreSQL that"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, r"^REDIS_URL names a server that cannot"),
        ({"REDIS_URL": "nonsense"}, r"^REDIS_URL names a server that cannot"),
    ],
)
def test_a_given_server_that_cannot_be_reached_is_said(
    data_dir: Path, servers: Servers, valkey_url: str, given: dict[str, str], sentence: str
) -> None:
    from app.launch import servers as starting  # noqa: PLC0415 -- the fixture has the name.

    working = {"DATABASE_URL": servers.admin_url, "REDIS_URL": valkey_url}

    with (
        pytest.raises(HostError, match=sentence),
        starting.started(read(data_dir, **working | given)),
    ):
        pass


def test_the_banner_says_where_everything_is(data_dir: Path) -> None:
    (data_dir / "demo.json").write_text(
        '{"payment_link": "http://127.0.0.1:8000/buy/plink_1", "dashboard_login": "o@example.com",'
        ' "dashboard_password": "secret words"}'
    )

    words = banner(read(data_dir))

    for part in (
        "/shop",
        "/buy/plink_1",
        "/dashboard",
        "o@example.com",
        "secret words",
        "/control",
    ):
        assert part in words
    for card in ("4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 9995"):
        assert card in words
