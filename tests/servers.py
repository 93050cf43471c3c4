"""Servers for tests: PostgreSQL, Valkey, and the product's own processes, all thrown away after.

`tests/conftest.py` says `pytest_plugins = ["tests.servers"]`; then any test may ask for

    servers         session: `servers.admin_url`, the PostgreSQL that all test processes share
    valkey_url      session: a Valkey of this test process alone, so FLUSHALL disturbs nobody
    database_url    session: this process's own database, made from the migrated template

and call these, whose names are promises to the other test files:

    fresh_database(servers, "name") -> url      one more migrated, empty database
    empty_database(servers, "name") -> url      one more database without any table
    truncate_all(database_url)                  empties it, append-only tables too
    environment(database_url, valkey_url)       every variable that the product's processes need
    with web_server(environ) as web             granian with wsgi:app: `web.url`, `web.kill()`
    with worker_process(environ) as worker      `python -m worker`: `worker.kill()`, `.output()`
    with python_process(environ, ["-m", "x"])   any other of our processes
    with own_postgres(durable=True) as server   a PostgreSQL that a test may crash
    wait_healthy(url)                           returns when GET answers 200

The rule kept: everything listens on 127.0.0.1 on a free port, and nothing outlives the test run.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from app import embedded, host
from app.store import migrate

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "farthing_template"
HEALTHY_SECONDS = 30
# Known to everybody, and of use to nobody: no test key opens anything but a test's own database.
SECRET_KEY = "tests-only-secret-key-of-forty-characters"
SEAL_KEY = "dGVzdHMtb25seS1zZWFsLWtleS1vZi0zMi1ieXRlcyE="


@dataclass(frozen=True, slots=True)
class Servers:
    """The PostgreSQL shared by a test run: the owner's URL of its first database."""

    admin_url: str
    worker: str

    def url_of(self, database: str) -> str:
        """Return the owner's URL of a database."""
        return f"{self.admin_url.rsplit('/', 1)[0]}/{database}"


@dataclass
class Running:
    """One of our processes in a test's hands."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, as an operator would, and insist after ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def output(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text(errors="replace")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """With xdist: start PostgreSQL once, and tell each test process where it is."""
    node.workerinput["farthing_admin_url"] = _started().url  # type: ignore[attr-defined]


def pytest_unconfigure() -> None:
    """Stop what this process started, and leave no file of it."""
    while _owners:
        _owners.popitem()[1].close()
    if _started.cache_info().currsize:
        _started().stop()
        _started.cache_clear()
    if _scratch.cache_info().currsize:
        shutil.rmtree(_scratch(), ignore_errors=True)
        _scratch.cache_clear()


@cache
def _scratch() -> Path:
    return host.throwaway_dir("farthing-tests")


@cache
def _started() -> embedded.Server:
    """Start the shared PostgreSQL and migrate its template, once in a run."""
    server = embedded.start_postgres(_scratch() / "postgres", durable=False)
    try:
        servers = Servers(server.url, "main")
        migrate.upgrade(empty_database(servers, TEMPLATE))
    except BaseException:
        server.stop()
        raise
    return server


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """Return the PostgreSQL of this run, started by the first who asks."""
    given = getattr(request.config, "workerinput", None)
    if given is None:
        return Servers(_started().url, "main")
    return Servers(given["farthing_admin_url"], given["workerid"])


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> str:
    """Return the owner's URL of this test process's own database."""
    return fresh_database(servers, "main")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Return the URL of a Valkey that no other test process uses."""
    server = embedded.start_valkey(_scratch() / "valkey")
    yield server.url
    server.stop()


def fresh_database(servers: Servers, name: str) -> str:
    """Make (again) a migrated database of this test process and return its owner's URL."""
    return _create_database(servers, f"farthing_{servers.worker}_{name}", TEMPLATE)


def empty_database(servers: Servers, name: str) -> str:
    """Make (again) a database without tables and return its owner's URL."""
    return _create_database(servers, name, "template0")


def _create_database(servers: Servers, name: str, template: str) -> str:
    with psycopg.connect(servers.admin_url, autocommit=True) as connection:
        # Two test processes may copy the template at once; PostgreSQL refuses that, so they queue.
        connection.execute("SELECT pg_advisory_lock(820331)")
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    return servers.url_of(name)


def truncate_all(database_url: str) -> None:
    """Empty every table, past the guards of the append-only ones; what migrations put in stays."""
    connection = owner(database_url)
    with connection.transaction():
        # Triggers and foreign keys sleep: only the owner may say this.
        connection.execute("SET LOCAL session_replication_role = replica")
        statements = [
            sql.SQL("DELETE FROM {}").format(sql.Identifier(t)) for t in _tables(database_url)
        ]
        connection.execute(sql.SQL("; ").join(statements))


def owner(database_url: str) -> psycopg.Connection:
    """One connection for all tests of this process: each new one would learn every table anew."""
    known = _owners.get(database_url)
    if known is None or known.closed:
        known = _owners[database_url] = psycopg.connect(database_url, autocommit=True)
    return known


_owners: dict[str, psycopg.Connection] = {}


@cache
def _tables(database_url: str) -> tuple[str, ...]:
    """Name the tables to empty: those that were empty after the migrations."""
    template = f"{database_url.rsplit('/', 1)[0]}/{TEMPLATE}"
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    with psycopg.connect(template) as connection:
        names = [row[0] for row in connection.execute(query).fetchall()]
        filled = sql.SQL("SELECT EXISTS (SELECT FROM {})")
        return tuple(
            name
            for name in names
            if connection.execute(filled.format(sql.Identifier(name))).fetchone() == (False,)
        )


@contextlib.contextmanager
def own_postgres(*, durable: bool = True) -> Iterator[embedded.Server]:
    """Lend a PostgreSQL of the test's own, which it may crash and start again on `data_dir`."""
    folder = host.throwaway_dir("farthing-crash")
    server = embedded.start_postgres(folder / "postgres", durable=durable)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def environment(database_url: str, valkey_url: str, **more: str) -> dict[str, str]:
    """Return the variables for the product's processes; `more` adds to them or overrides."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "SECRET_KEY": SECRET_KEY,
        "SEAL_KEY": SEAL_KEY,
        "PYTHONUNBUFFERED": "1",
        "API_CALLS_PER_SECOND": "0",
        "FX_RATES_URL": "demo",
    }
    return kept | ours | more


@contextlib.contextmanager
def web_server(environ: Mapping[str, str], port: int = 0) -> Iterator[Running]:
    """Run the web process on a free port, with `BASE_URL` saying so, until the block ends."""
    port = port or host.free_port()
    url = f"http://{host.LOOPBACK}:{port}"
    command = ["-m", "granian", "--interface", "wsgi", "wsgi:app"]
    command += ["--host", host.LOOPBACK, "--port", str(port), "--workers", "1"]
    command += ["--blocking-threads", "5", "--no-ws", "--workers-kill-timeout", "3"]
    with python_process({"BASE_URL": url, **environ}, command, url) as running:
        wait_healthy(f"{url}/healthz", running)
        yield running


@contextlib.contextmanager
def worker_process(environ: Mapping[str, str], *arguments: str) -> Iterator[Running]:
    """Run a worker until the block ends; `"schedule"` makes it the scheduler."""
    with python_process(environ, ["-m", "worker", *arguments]) as running:
        yield running


@contextlib.contextmanager
def python_process(
    environ: Mapping[str, str], arguments: list[str], url: str = ""
) -> Iterator[Running]:
    """Run Python in the project's folder until the block ends."""
    name = "-".join(arguments[:3])
    log = _scratch() / f"{name.replace('/', '_')}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(name, url, process, log)
    try:
        yield running
    finally:
        running.stop()
        running.kill()  # What a killed parent left behind.


def wait_healthy(url: str, running: Running | None = None) -> None:
    """Return when the URL answers 200; raise with the process's last words when it does not."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    problem: object = "it was never asked"
    while time.monotonic() < deadline and not (running and running.process.poll() is not None):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
                problem = answer.status
        except (urllib.error.URLError, OSError) as error:
            problem = error
        time.sleep(0.05)
    said = running.output()[-4000:] if running else ""
    message = f"{url} is not healthy ({problem}).\n{said}"
    raise AssertionError(message)
