"""PostgreSQL and Valkey of a demo: ours, or those that `DATABASE_URL` and `REDIS_URL` name."""

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import redis

from app import embedded, host
from app.host import HostError
from app.launch.plan import PORTS, Plan, taken
from app.launch.words import say

OLDEST_POSTGRES = 150000  # As PostgreSQL writes its version 15.0.


class AlreadyRunningError(HostError):
    """Another process runs a demo on the same data."""


@contextlib.contextmanager
def only_one(plan: Plan) -> Iterator[None]:
    """Hold the data folder for the block: two demos on one would fight over it."""
    host.make_data_dir(plan.data_dir)
    with (plan.data_dir / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"Farthing already runs on the data in {plan.data_dir}: stop it first."
            raise AlreadyRunningError(message) from None
        yield


@contextlib.contextmanager
def started(plan: Plan) -> Iterator[tuple[dict[str, str], list[embedded.Server]]]:
    """Start the servers that no URL was given for; check the others. All stop with the block."""
    with contextlib.ExitStack() as stack:
        servers: list[embedded.Server] = []
        starters: dict[str, Callable[[Path, int], embedded.Server]] = {
            "POSTGRES_PORT": embedded.start_postgres,
            "VALKEY_PORT": embedded.start_valkey,
        }
        for name, start in starters.items():
            if plan.needs(name):
                say(f"Starting {PORTS[name]} …")
                folder = plan.data_dir / PORTS[name].lower()
                try:
                    server = start(folder, plan.ports[name])
                except embedded.PortTakenError:
                    raise taken(plan, name) from None
                stack.callback(server.stop)
                servers.append(server)
        database_url, redis_url = urls(plan)
        _check_given(plan, database_url, redis_url)
        yield plan.environment(database_url, redis_url), servers


def urls(plan: Plan) -> tuple[str, str]:
    """Return the URLs of database and queue: given, or of the embedded servers."""
    database = plan.given.get("DATABASE_URL") or embedded.postgres_url(
        plan.data_dir / "postgresql", plan.ports["POSTGRES_PORT"]
    )
    queue = plan.given.get("REDIS_URL") or embedded.valkey_url(
        plan.data_dir / "valkey", plan.ports["VALKEY_PORT"]
    )
    return database, queue


def _check_given(plan: Plan, database_url: str, redis_url: str) -> None:
    """Say in one sentence when a server given by its URL will not do."""
    if not plan.needs("POSTGRES_PORT"):
        try:
            url = database_url.replace("postgresql+psycopg://", "postgresql://")
            with psycopg.connect(url, connect_timeout=5) as connection:
                version = connection.info.server_version
        except psycopg.Error as error:
            message = f"DATABASE_URL names a PostgreSQL that cannot be reached: {_first(error)}."
            raise HostError(message) from None
        if version < OLDEST_POSTGRES:
            message = (
                f"DATABASE_URL names PostgreSQL {version // 10000}; Farthing needs 15 or newer."
            )
            raise HostError(message)
    if not plan.needs("VALKEY_PORT"):
        try:
            with contextlib.closing(redis.Redis.from_url(redis_url, socket_timeout=5)) as client:
                client.ping()
        except (redis.RedisError, ValueError) as error:
            message = f"REDIS_URL names a server that cannot be reached: {_first(error)}."
            raise HostError(message) from None


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
