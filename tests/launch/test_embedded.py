"""PostgreSQL and Valkey from their wheels: durable, behind a password, on the loopback, ours to stop."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app import embedded, host
from tests.servers import own_postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    made = host.throwaway_dir("farthing-embedded")
    yield made
    subprocess.run(["rm", "-rf", str(made)], check=True)  # noqa: S607 -- root's and farthing's files.


@pytest.fixture(scope="module")
def postgres() -> Iterator[embedded.Server]:
    with own_postgres() as server:
        yield server


def test_postgres_keeps_what_it_acknowledged(postgres: embedded.Server) -> None:
    with psycopg.connect(postgres.url) as connection:
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())

    assert settings["fsync"] == settings["synchronous_commit"] == "on"
    assert settings["full_page_writes"] == settings["data_checksums"] == "on"
    assert int(settings["server_version_num"]) >= 150000


def test_postgres_survives_a_power_cut(folder: Path) -> None:
    server = embedded.start_postgres(folder)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE facts (n int)")
        connection.execute("INSERT INTO facts VALUES (1)")
    os.killpg(server.process.pid, signal.SIGKILL)
    server.stop()

    server = embedded.start_postgres(folder)
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM facts").fetchall() == [(1,)]
    finally:
        server.stop()


def test_postgres_asks_everybody_for_the_password(postgres: embedded.Server) -> None:
    for wrong in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match=r"password"):
            psycopg.connect(host="127.0.0.1", port=postgres.port, user="farthing", password=wrong)


def test_valkey_asks_everybody_for_the_password(valkey_url: str) -> None:
    connection = redis.Redis.from_url(valkey_url)
    port = connection.connection_pool.connection_kwargs["port"]
    with connection, redis.Redis(port=port) as stranger:
        assert connection.ping()
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_servers_listen_on_the_loopback_alone(postgres: embedded.Server) -> None:
    listening = psutil.Process(postgres.process.pid).net_connections(kind="tcp")

    assert {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_postgres_never_runs_as_root(postgres: embedded.Server) -> None:
    assert psutil.Process(postgres.process.pid).uids().effective != 0


def test_secrets_are_readable_by_their_owner_alone(folder: Path) -> None:
    server = embedded.start_valkey(folder)
    server.stop()

    for name in ("password", "valkey.conf"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_two_servers_never_share_their_data(postgres: embedded.Server) -> None:
    with pytest.raises(host.HostError, match=r"in use by another running Farthing"):
        embedded.start_postgres(postgres.data_dir)

    assert postgres.is_running()


def test_a_taken_port_is_said_and_leaves_nothing_running(folder: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        for start in (embedded.start_postgres, embedded.start_valkey):
            with pytest.raises(embedded.PortTakenError):
                start(folder / start.__name__, port)

    assert not [
        child for child in psutil.Process().children(recursive=True) if _works_in(child, folder)
    ]


def test_what_a_killed_start_left_behind_is_stopped_by_the_next(folder: Path) -> None:
    left = embedded.start_valkey(folder)
    left.lock.close()  # As the end of its process would.

    server = embedded.start_valkey(folder)
    try:
        assert left.process.wait(5) is not None
        assert server.is_running()
    finally:
        server.stop()


def test_a_stranger_with_an_old_number_is_left_alone(folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:  # noqa: S607 -- any program does.
        (folder / "valkey.pid").write_text(str(stranger.pid))
        server = embedded.start_valkey(folder)
        server.stop()
        assert stranger.poll() is None
        stranger.send_signal(signal.SIGKILL)


def test_many_starts_at_once_all_succeed(folder: Path) -> None:
    servers: list[embedded.Server] = []

    def start(number: int) -> None:
        servers.append(embedded.start_valkey(folder / str(number)))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    running = [server.is_running() for server in servers]
    for server in servers:
        server.stop()

    assert running == [True] * 5
    assert len({server.port for server in servers}) == 5


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False
